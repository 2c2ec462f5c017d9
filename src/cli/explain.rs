//! The `explain` command: what the configuration says about the start, without starting anything: who is started when,
//! what each waits for, and what its end means. Reads and tells; the order is the supervisor's own. Of one process while
//! a supervisor runs `why` tells.

use super::ask::Target;
use super::check::{self, Detail};
use super::fault::Fault;
use super::say::{report_faults, say};
use super::source::source;
use super::why;
use crate::app::load;
use crate::exit;
use clap::Args;
use phpeek_config::{Loaded, ProcessEnv, Strictness};
use phpeek_core::order::start_order;
use phpeek_core::spec::{
    Condition, Dependency, InitialState, OnTimeout, ProcessKind, ProcessSpec, RestartPolicy, SystemSpec,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// This process: as it is in the supervisor that runs, and why; with --config, or where none runs, by the file.
    pub name: Option<String>,
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// One JSON object instead of a text.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command. 0: told. 1: there is no such process. 4: the supervisor gives no answer. 78: the configuration is wrong.
pub(super) fn run(file: Option<PathBuf>, arguments: &ExplainArguments) -> Result<u8, Fault> {
    if let (Some(name), true) = (&arguments.name, file.is_none() || arguments.socket.is_some()) {
        let target = Target { socket: arguments.socket.clone(), config: file.clone() };
        if let Some(code) = why::run(&target, name, arguments.json)? {
            return Ok(code);
        }
    }
    let Loaded { configuration, report } = load(&source(file), &ProcessEnv);
    let Some(configuration) = configuration else {
        report_faults(&check::human(&report, Detail::Full, Strictness::Usual));
        return Ok(exit::CONFIG);
    };
    let all = steps(&configuration.spec);
    let told = match &arguments.name {
        None => all,
        Some(name) => {
            let wanted = needed(&configuration.spec, name);
            if wanted.is_empty() {
                let known: Vec<&str> = all.iter().map(|process| process.name.as_str()).collect();
                let known = known.join(", ");
                return Err(Fault::Nothing(format!(
                    "there is no process {name:?} that is enabled; there are: {known}"
                )));
            }
            all.into_iter().filter(|process| wanted.contains(process.name.as_str())).collect()
        }
    };
    say(match arguments.json {
        true => format!("{}\n", object(&configuration.spec, &told)),
        false => text(&configuration.spec, &told),
    });
    Ok(exit::OK)
}

/// The processes in the order of their start.
fn steps(spec: &SystemSpec) -> Vec<Arc<ProcessSpec>> {
    let place = |of: &Dependency| spec.processes.iter().position(|process| process.name == of.process);
    let edges: Vec<Vec<usize>> =
        spec.processes.iter().map(|process| process.depends_on.iter().filter_map(place).collect()).collect();
    // A cycle was refused with the configuration.
    let order = start_order(&edges).unwrap_or_default();
    order.into_iter().filter_map(|place| spec.processes.get(place).cloned()).collect()
}

/// The process of this name and all that it waits for; none when it is not there.
fn needed<'a>(spec: &'a SystemSpec, name: &str) -> BTreeSet<&'a str> {
    let find = |name: &str| spec.processes.iter().find(|process| process.name.as_str() == name);
    let (mut wanted, mut open) = (BTreeSet::new(), vec![name]);
    while let Some(next) = open.pop() {
        let Some(process) = find(next) else { continue };
        if wanted.insert(process.name.as_str()) {
            open.extend(process.depends_on.iter().map(|needs| needs.process.as_str()));
        }
    }
    wanted
}

/// Who waits for this one.
fn dependents<'a>(spec: &'a SystemSpec, of: &ProcessSpec) -> Vec<&'a str> {
    let needs = |process: &&Arc<ProcessSpec>| process.depends_on.iter().any(|edge| edge.process == of.name);
    spec.processes.iter().filter(needs).map(|process| process.name.as_str()).collect()
}

fn starts(process: &ProcessSpec) -> &'static str {
    match (process.kind, process.initial) {
        (ProcessKind::Scheduled, _) => "schedule",
        (_, InitialState::Stopped) => "request",
        (_, InitialState::Running) => "boot",
    }
}

fn policy(process: &ProcessSpec) -> &'static str {
    // What goes by the clock is started again by that alone.
    let scheduled = process.kind == ProcessKind::Scheduled;
    let policy = if scheduled { RestartPolicy::Never } else { process.restart.policy };
    let words = RestartPolicy::WORDS.iter().find(|(_, meant)| *meant == policy);
    words.map_or("never", |(word, _)| word)
}

fn timeout(spec: &SystemSpec, edge: &Dependency) -> Duration {
    edge.timeout.unwrap_or(spec.dependency_timeout)
}

fn object(spec: &SystemSpec, told: &[Arc<ProcessSpec>]) -> Value {
    let wait = |edge: &Dependency| {
        json!({
            "process": edge.process.as_str(),
            "condition": edge.condition.as_str(),
            "timeout_s": timeout(spec, edge).as_secs_f64(),
            "on_timeout": match edge.on_timeout { OnTimeout::Fail => "fail", OnTimeout::Start => "start" },
            "restart": edge.restart,
        })
    };
    let process = |process: &Arc<ProcessSpec>| {
        json!({
            "name": process.name.as_str(),
            "type": process.kind.as_str(),
            "scale": process.scale.get(),
            "starts": starts(process),
            "waits_for": process.depends_on.iter().map(wait).collect::<Vec<_>>(),
            "waited_for_by": dependents(spec, process),
            "has_readiness": process.has_readiness(),
            "restart": policy(process),
            "essential": process.essential,
        })
    };
    json!({ "order": told.iter().map(process).collect::<Vec<_>>() })
}

fn text(spec: &SystemSpec, told: &[Arc<ProcessSpec>]) -> String {
    let mut text = String::new();
    for (number, process) in (1..).zip(told) {
        let instances = match process.scale.get() {
            1 => String::new(),
            many => format!(", {many} instances"),
        };
        text += &format!("{number}. {} ({}{instances})\n", process.name, process.kind.as_str());
        let mut line = |words: String| text += &format!("     {words}\n");
        line(match (starts(process), process.depends_on.is_empty()) {
            ("schedule", _) => "is started by its schedule".to_owned(),
            ("request", _) => "is started on request (initial_state: stopped)".to_owned(),
            (_, true) => "starts at once".to_owned(),
            (_, false) => "starts when:".to_owned(),
        });
        for edge in &process.depends_on {
            line(format!("- {}", waits(spec, edge)));
        }
        line(match (process.kind, process.has_readiness()) {
            (ProcessKind::Oneshot, _) => "is up when it has ended".to_owned(),
            (_, true) => "is ready when its health checks say so".to_owned(),
            (_, false) => "is ready when it runs".to_owned(),
        });
        let dependents = dependents(spec, process);
        if !dependents.is_empty() {
            line(format!("is waited for by {}", dependents.join(", ")));
        }
        line(format!(
            "when it ends: {}{}",
            match process.restart.policy {
                _ if process.kind == ProcessKind::Scheduled => "its schedule starts it again",
                RestartPolicy::Always => "it is started again",
                RestartPolicy::OnFailure => "it is started again if that was a failure",
                RestartPolicy::Never => "it is not started again",
            },
            if process.essential { "; its end for good is the end of everything" } else { "" }
        ));
    }
    text
}

fn waits(spec: &SystemSpec, edge: &Dependency) -> String {
    let what = match edge.condition {
        Condition::Started => "runs",
        Condition::Ready => "is ready",
        Condition::Completed => "has ended",
        Condition::CompletedSuccessfully => "has ended well",
    };
    let late = match edge.on_timeout {
        OnTimeout::Fail => "or the start fails",
        OnTimeout::Start => "or it starts without",
    };
    let restart = if edge.restart { "; started again with it" } else { "" };
    format!("{} {what}, within {:?} {late}{restart}", edge.process, timeout(spec, edge))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_config::Source;
    use std::collections::BTreeMap;

    const FILE: &str = "
processes:
  aaa: {command: [sleep, \"9\"], depends_on: [mid], scale: 2}
  mid: {command: [sleep, \"9\"], depends_on: {zzz: {condition: completed, timeout: 5s, on_timeout: start}}}
  other: {command: [sleep, \"9\"], initial_state: stopped}
  zzz: {type: oneshot, command: [\"true\"]}
";

    fn spec() -> SystemSpec {
        let loaded = load(&Source::Text(FILE.to_owned()), &BTreeMap::new());
        loaded.configuration.expect("it is sound").spec
    }

    #[test]
    fn processes_are_told_in_the_order_of_their_start_with_what_each_waits_for() {
        let spec = spec();
        let all = steps(&spec);
        let names: Vec<&str> = all.iter().map(|process| process.name.as_str()).collect();
        assert_eq!(names, ["other", "zzz", "mid", "aaa"]);
        let told = object(&spec, &all);
        let mid = &told["order"][2];
        assert_eq!(mid["waits_for"][0]["condition"], "completed");
        assert_eq!(
            (&mid["waits_for"][0]["timeout_s"], &mid["waits_for"][0]["on_timeout"]),
            (&json!(5.0), &json!("start"))
        );
        assert_eq!(
            (&mid["waited_for_by"], &told["order"][0]["starts"]),
            (&json!(["aaa"]), &json!("request"))
        );
        let text = text(&spec, &all);
        for part in [
            "3. mid (longrun)",
            "- zzz has ended, within 5s or it starts without",
            "4. aaa (longrun, 2 instances)",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn what_goes_by_the_clock_is_started_again_by_its_schedule() {
        let file = "processes:\n  cron: {command: [\"true\"], schedule: \"0 3 * * *\"}\n";
        let loaded = load(&Source::Text(file.to_owned()), &BTreeMap::new());
        let spec = loaded.configuration.expect("it is sound").spec;
        let all = steps(&spec);
        let told = text(&spec, &all);
        assert!(told.contains("when it ends: its schedule starts it again"), "{told}");
        assert_eq!(object(&spec, &all)["order"][0]["restart"], "never");
    }

    #[test]
    fn one_is_told_with_all_that_it_waits_for() {
        assert_eq!(needed(&spec(), "mid"), BTreeSet::from(["mid", "zzz"]));
        assert!(needed(&spec(), "nobody").is_empty());
    }
}
