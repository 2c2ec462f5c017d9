//! The `schedule` command: what goes by the clock in a running supervisor, and pausing, resuming and triggering it. Asks
//! over the control socket; decides nothing.

use super::control::{Asked, Until, ask, client, encoded, field, read, wait_for};
use super::fault::Fault;
use super::history::took;
use super::say::say;
use super::table::{draw, left, moment, right};
use crate::exit;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Options of `schedule`.
#[derive(Debug, Args)]
pub struct ScheduleArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: ScheduleCommand,
}

/// What to do with schedules.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// List the processes that go by the clock: when each runs next, and how it ran last.
    List {
        /// Whom to ask.
        #[command(flatten)]
        asked: Asked,
    },
    /// Run a job now, and wait for its end.
    ///
    /// The exit code is 0 when it succeeded, 1 when it was refused or failed, 3 when no supervisor runs, 4 when it cannot be asked.
    Trigger(ScheduledArguments),
    /// Begin no job by the clock until the schedule is resumed; what runs goes on.
    Pause(ScheduledArguments),
    /// Begin jobs by the clock again; what was missed runs as schedule_catch_up says.
    Resume(ScheduledArguments),
}

/// Which schedule.
#[derive(Debug, Args)]
pub struct ScheduledArguments {
    /// The process.
    pub name: String,
    /// Whom to ask.
    #[command(flatten)]
    pub asked: Asked,
}

/// Runs the command. 0: it is so, or the job succeeded. 1: refused, or the job failed.
pub(super) fn run(config: Option<PathBuf>, arguments: &ScheduleArguments) -> Result<u8, Fault> {
    match &arguments.command {
        ScheduleCommand::List { asked } => list(config, asked),
        ScheduleCommand::Trigger(one) => trigger(config, one),
        ScheduleCommand::Pause(one) => change(config, one, "schedule/pause"),
        ScheduleCommand::Resume(one) => change(config, one, "schedule/resume"),
    }
}

fn change(config: Option<PathBuf>, one: &ScheduledArguments, action: &str) -> Result<u8, Fault> {
    ask(config, &one.asked, Until::default(), &one.name, (action, &json!({})))
}

fn list(config: Option<PathBuf>, asked: &Asked) -> Result<u8, Fault> {
    let client = client(config, asked)?;
    let answer = read(&client, client.get("/api/v1/processes"))?;
    let processes = field(&answer, "processes").as_array().cloned().unwrap_or_default();
    let scheduled: Vec<Value> = processes.into_iter().filter(|p| !field(p, "schedule").is_null()).collect();
    if asked.json {
        say(format!("{}\n", json!({ "schedules": scheduled })));
    } else {
        let columns = [
            left("NAME"),
            left("SCHEDULE"),
            left("STATE"),
            left("NEXT RUN"),
            left("LAST RUN"),
            left("LAST RESULT"),
            right("RUNS"),
            right("SUCCESS"),
        ];
        say(draw(columns, &scheduled.iter().map(row).collect::<Vec<_>>()));
    }
    Ok(exit::OK)
}

fn row(process: &Value) -> [String; 8] {
    let text = |key: &str| field(process, key).as_str().unwrap_or("-").to_owned();
    let runs = field(process, "run_count").as_u64().unwrap_or_default();
    let outcome = text("last_outcome");
    let rate = field(process, "success_rate").as_f64().filter(|_| outcome != "-");
    let last = match field(process, "last_exit_code").as_u64() {
        Some(code) if code > 0 => format!("{outcome} ({code})"),
        _ => outcome,
    };
    [
        text("name"),
        text("schedule"),
        text("schedule_state"),
        moment(field(process, "next_run")),
        moment(field(process, "last_run")),
        last,
        runs.to_string(),
        rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0} %")),
    ]
}

fn trigger(config: Option<PathBuf>, one: &ScheduledArguments) -> Result<u8, Fault> {
    let client = client(config, &one.asked)?;
    let path = format!("/api/v1/processes/{}/schedule", encoded(&one.name));
    let begun = read(&client, client.order(&format!("{path}/trigger"), String::new()))?;
    let operation = field(&begun, "operation").as_u64();
    let end = operation
        .map_or_else(|| Ok(begun.clone()), |operation| wait_for(&client, Until::default(), operation))?;
    let past = read(&client, client.get(&format!("{path}/history?limit=10000")))?;
    let runs = field(&past, "history").as_array().map(Vec::as_slice).unwrap_or_default();
    let run = runs.iter().find(|run| field(run, "operation").as_u64() == operation);
    let done = field(&end, "status") == "done";
    if one.asked.json {
        say(format!("{}\n", run.unwrap_or(&end)));
        return Ok(if done { exit::OK } else { exit::FAILURE });
    }
    let what = match run {
        Some(run) if done => format!("succeeded in {}", took(run)),
        Some(run) => format!("failed: {}", field(run, "error").as_str().unwrap_or_default()),
        None => field(&end, "error").as_str().unwrap_or("it did not run").to_owned(),
    };
    if !done {
        return Err(Fault::Nothing(format!("{}: {what}", one.name)));
    }
    say(format!("{}: {what}\n", one.name));
    Ok(exit::OK)
}
