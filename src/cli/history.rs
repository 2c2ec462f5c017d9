//! The `history` command: what jobs and oneshots have done, and each restart with its cause. Asks over the control socket, and
//! shows what is remembered, and what the spool has beside that.

use super::ask::Target;
use super::control::{Asked, client, encoded, field, read};
use super::fault::Fault;
use super::past;
use super::say::{complain, say};
use super::table::{draw, left, moment, right, span, stamp};
use crate::exit;
use clap::Args;
use jiff::Timestamp;
use phpeek_core::causes::chain;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// Options of `history`.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// The process; without it, all of them.
    pub name: Option<String>,
    /// Only what began within this time: 90s, 15m, 6h, 7d.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<Duration>,
    /// Read this spool directory, and ask nobody.
    #[arg(long, value_name = "DIR")]
    pub spool: Option<PathBuf>,
    /// Only what failed, did not run when it was to, or was restarted for a fault.
    #[arg(long)]
    pub errors: bool,
    /// Whom to ask.
    #[command(flatten)]
    pub asked: Asked,
}

/// Runs the command. 0: it was told, whatever there was.
pub(super) fn run(config: Option<PathBuf>, arguments: &HistoryArguments) -> Result<u8, Fault> {
    let oldest = arguments.since.and_then(|since| Timestamp::now().checked_sub(since).ok());
    let runs = known(config, arguments)?;
    let runs: Vec<Value> = runs.into_iter().filter(|run| is_wanted(run, arguments, oldest)).collect();
    if arguments.asked.json {
        say(format!("{}\n", json!({ "runs": runs })));
        return Ok(exit::OK);
    }
    let columns = [
        left("BEGAN"),
        left("PROCESS"),
        left("TRIGGER"),
        left("OUTCOME"),
        right("CODE"),
        right("TOOK"),
        left("ERROR OR LAST LINE"),
    ];
    say(draw(columns, &runs.iter().map(row).collect::<Vec<_>>()));
    Ok(exit::OK)
}

/// What a running supervisor remembers, and what its spool has beside that; or what a spool has.
fn known(config: Option<PathBuf>, arguments: &HistoryArguments) -> Result<Vec<Value>, Fault> {
    if let Some(folder) = &arguments.spool {
        return Ok(past::entries(folder, arguments.since)?);
    }
    let target = Target { socket: arguments.asked.socket.clone(), config: config.clone() };
    let asked = client(config, &arguments.asked).map_err(Fault::from).and_then(|client| {
        let answer = read(&client, client.get("/api/v1/history?limit=10000"))?;
        Ok((client, answer))
    });
    let (client, answer) = match asked {
        Ok(asked) => asked,
        // Nobody runs: the disk may know all the same.
        Err(fault) => {
            let folder = past::configured_spool(&target).filter(|_| fault.code() == exit::NOT_RUNNING);
            return folder.map_or(Err(fault), |folder| Ok(past::entries(&folder, arguments.since)?));
        }
    };
    let kept = match past::spool_of(&client) {
        Some(folder) => past::entries(&folder, arguments.since).unwrap_or_else(|error| {
            complain(&format!("only what the supervisor remembers is shown: {}", chain(&error)));
            Vec::new()
        }),
        None => {
            if arguments.since.is_some() {
                complain(
                    "restarts, and runs before this supervisor, are kept where tracing has a spool (tracing_spool_dir)",
                );
            }
            Vec::new()
        }
    };
    let named = |entry: &Value| arguments.name.as_ref().is_some_and(|name| field(entry, "process") == name);
    if let Some(name) = arguments.name.as_ref().filter(|_| !kept.iter().any(named)) {
        // One that is not there has no history, and that is worth a word.
        read(&client, client.get(&format!("/api/v1/processes/{}", encoded(name))))?;
    }
    let runs = field(&answer, "runs").as_array().cloned().unwrap_or_default();
    Ok(past::behind(runs, kept, stamp))
}

fn is_wanted(run: &Value, arguments: &HistoryArguments, oldest: Option<Timestamp>) -> bool {
    let named = arguments.name.as_deref().is_none_or(|name| field(run, "process") == name);
    let fresh = oldest.is_none_or(|oldest| stamp(field(run, "start_time")).is_some_and(|at| at >= oldest));
    named && fresh && !(arguments.errors && past::is_well(run))
}

fn row(run: &Value) -> [String; 7] {
    let text = |key: &str| field(run, key).as_str().unwrap_or_default().to_owned();
    let who =
        Some(text("instance")).filter(|instance| !instance.is_empty()).unwrap_or_else(|| text("process"));
    let code = field(run, "exit_code").as_u64();
    // Restarts of a crash loop that have no span of their own, and this one.
    let folded = field(run, "folded").as_u64().map(|folded| folded + 1);
    let ticks = field(run, "skipped_ticks").as_u64().or(folded).filter(|ticks| *ticks > 1);
    let (error, output) = (text("error"), text("output"));
    let why = match (error.is_empty(), output.is_empty()) {
        (true, _) => output,
        (false, true) => error,
        (false, false) => format!("{error}: {output}"),
    };
    [
        moment(field(run, "start_time")),
        who,
        text("triggered"),
        ticks.map_or_else(|| text("outcome"), |ticks| format!("{} x{ticks}", text("outcome"))),
        code.map_or_else(|| "-".to_owned(), |code| code.to_string()),
        took(run),
        why,
    ]
}

/// How long it took.
pub(super) fn took(run: &Value) -> String {
    match field(run, "duration_ms").as_u64() {
        None => "-".to_owned(),
        Some(ms) if ms < 1000 => format!("{ms}ms"),
        Some(ms) if ms < 60_000 => format!("{:.1}s", ms as f64 / 1000.0),
        Some(ms) => span(ms as f64 / 1000.0),
    }
}

/// A span of time: a number and s, m, h or d.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let unit = |(unit, seconds)| Some((text.strip_suffix(unit)?.parse::<u64>().ok()?, seconds));
    let found = units.into_iter().find_map(unit);
    let seconds = found.and_then(|(number, seconds): (u64, u64)| number.checked_mul(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "a time is wanted: 90s, 15m, 6h, 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("7d"), Ok(Duration::from_secs(604_800)));
        for no in ["", "5", "h", "-1h", "1.5h", "99999999999999999999d", "99999999999999999d"] {
            assert!(time(no).is_err(), "{no}");
        }
    }

    #[test]
    fn a_row_says_why_it_failed_and_what_it_said_last() {
        let run = json!({
            "start_time": null, "process": "job", "triggered": "schedule", "outcome": "skipped",
            "exit_code": null, "error": "as many run as may", "output": null, "skipped_ticks": 3,
        });
        let wanted = ["-", "job", "schedule", "skipped x3", "-", "-", "as many run as may"];
        assert_eq!(row(&run), wanted.map(str::to_owned));
        assert_eq!(row(&json!({"outcome": "crash", "folded": 16}))[3], "crash x17");
        let failed = json!({"outcome": "failed", "exit_code": 3, "error": "exit code 3", "output": "no disk", "duration_ms": 1500});
        let shown = row(&failed);
        assert_eq!(
            (shown[4].as_str(), shown[5].as_str(), shown[6].as_str()),
            ("3", "1.5s", "exit code 3: no disk")
        );
        assert!(stamp(&json!("2026-11-28T10:00:00.000Z")) == stamp(&json!(1_795_860_000)));
    }
}
