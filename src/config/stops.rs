//! Stops that the shutdown of the whole would cut short: `shutdown` of a process against `global.shutdown_timeout`. Warnings
//! only, and none about what nobody has written.

use super::report::{Finding, Findings, Path};
use super::tree::Node;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{StopSpec, SystemSpec};
use std::time::Duration;

/// Warns of each process that is given more time for its end than all of them together.
pub(crate) fn check(root: &Node, spec: &SystemSpec, findings: &mut Findings) {
    let whole = root.at(&["global", "shutdown_timeout"]).and_then(Node::text);
    let default = if whole.is_none_or(str::is_empty) { ", the default" } else { "" };
    for process in &spec.processes {
        let takes = longest(&process.stop);
        let Some(own) = root.at(&["processes", process.name.as_str(), "shutdown"]) else { continue };
        let written = ["timeout", "kill_timeout"].into_iter().find_map(|key| Some((key, own.get(key)?)));
        let Some((key, node)) = written.filter(|_| takes > spec.shutdown_timeout) else { continue };
        let path = Path::PROCESSES;
        let path = path.key(process.name.as_str());
        let path = path.key("shutdown");
        let parts = match takes == process.stop.grace {
            true => String::new(),
            false => {
                format!(" (timeout {:?} and kill_timeout {:?})", process.stop.grace, process.stop.kill_grace)
            }
        };
        let message = format!(
            "its stop may take {takes:?}{parts}, and the shutdown of everything {:?} (global.shutdown_timeout{default}): \
             it is killed before its time is over",
            spec.shutdown_timeout
        );
        let advice = format!("raise global.shutdown_timeout above {takes:?}, or lower this");
        findings.push(Finding::warning(path.key(key), node.place.clone(), message).advice(advice));
    }
}

/// How long a stop may take: another signal than SIGKILL is followed by that one after a while.
fn longest(stop: &StopSpec) -> Duration {
    if stop.signal == Signal::KILL {
        return Duration::ZERO;
    }
    let after = if stop.kill_signal == Signal::KILL { Duration::ZERO } else { stop.kill_grace };
    stop.grace.saturating_add(after)
}
