//! One entry of `processes` to a `ProcessSpec`, with the rules that span its keys. Called by `compile`.

use super::compile::{Names, int, policy, span, truth};
use super::depends;
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Place};
use phpeek_core::name::ProcessName;
use phpeek_core::program::{ContextPolicy, Handover, Program};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{
    CommandLine, InitialState, OutputSpec, ProcessKind, ProcessSpec, RestartPolicy, RestartSpec, StopSpec,
};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a process takes over from `global`.
pub(crate) struct Defaults {
    pub(crate) restart: RestartSpec,
    pub(crate) max_scale: i64,
}

/// What its end means, by `schedule` and `type`.
pub(crate) fn kind(node: &Node) -> ProcessKind {
    if node.filled("schedule").is_some() {
        ProcessKind::Scheduled
    } else if node.get("type").and_then(Node::text) == Some("oneshot") {
        ProcessKind::Oneshot
    } else {
        ProcessKind::LongRun
    }
}

/// Says when there is no command; gives it otherwise.
pub(crate) fn check_command(
    name: &str,
    node: &Node,
    place: &Place,
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<CommandLine> {
    let path = path.key("command");
    let Some(command) = node.get("command") else {
        let fault = Finding::error(path, place.clone(), format!("the process {name:?} has no command"));
        findings.push(fault.advice("write command: [\"program\", \"argument\"]"));
        return None;
    };
    let argv: Vec<String> = command.items().iter().map(|i| i.text().unwrap_or_default().to_owned()).collect();
    let empty = argv.first().is_some_and(String::is_empty);
    let found = CommandLine::new(argv);
    if found.is_none() && empty {
        let fault = Finding::error(path, command.place.clone(), "the program of the command is empty");
        findings.push(fault.advice("write command: [\"program\", \"argument\"]"));
    }
    found
}

/// Reads one process; `None` when it cannot be built (an error was added).
pub(crate) fn compile(
    name: &str,
    node: &Node,
    defaults: &Defaults,
    names: &Names<'_>,
    findings: &mut Findings,
) -> Option<ProcessSpec> {
    let path = Path::PROCESSES;
    let path = path.key(name);
    let kind = kind(node);
    let command = check_command(name, node, &node.place, &path, findings);
    let restart = RestartSpec { policy: restart(node, kind, &path, defaults, findings), ..defaults.restart };
    let scale = scale(node, kind, &path, defaults, findings);
    let depends_on = node
        .get("depends_on")
        .map(|list| depends::compile(list, name, &path.key("depends_on"), names, findings))
        .unwrap_or_default();
    let env = env(node, &path, findings);
    health(node, &path, findings);
    let owned = |key: &str| node.filled(key).map(str::to_owned);
    let stream = |key: &str| {
        let own = truth(node, key).unwrap_or(true);
        own && node.get("logging").and_then(|l| truth(l, key)).unwrap_or(true)
    };
    let stopped = node.get("initial_state").and_then(Node::text) == Some("stopped");
    let name = ProcessName::new(name).ok()?;
    let program = Program {
        name: name.clone(),
        command: command?,
        working_dir: owned("working_dir").map(PathBuf::from),
        user: owned("user"),
        group: owned("group"),
        env,
        output: OutputSpec { stdout: stream("stdout"), stderr: stream("stderr") },
        handover: Handover::of(context(node), kind),
    };
    Some(ProcessSpec {
        name,
        kind,
        initial: if stopped { InitialState::Stopped } else { InitialState::Running },
        program: Arc::new(program),
        scale,
        depends_on,
        restart,
        stop: stop(node),
    })
}

fn context(node: &Node) -> ContextPolicy {
    match node.get("tracing_context").and_then(Node::text) {
        Some("parent") => ContextPolicy::Parent,
        Some("link") => ContextPolicy::Link,
        Some("none") => ContextPolicy::None,
        _ => ContextPolicy::Auto,
    }
}

fn restart(
    node: &Node,
    kind: ProcessKind,
    path: &Path<'_>,
    defaults: &Defaults,
    findings: &mut Findings,
) -> RestartPolicy {
    let own = policy(node, "restart");
    if kind != ProcessKind::Oneshot {
        return own.unwrap_or(defaults.restart.policy);
    }
    if own == Some(RestartPolicy::Always) {
        let place = node.get("restart").map_or(node.place.clone(), |n| n.place.clone());
        let fault = Finding::error(path.key("restart"), place, "a oneshot cannot be restarted always");
        findings.push(fault.advice("write never or on-failure, or make it a longrun"));
    }
    own.unwrap_or(RestartPolicy::Never)
}

fn scale(
    node: &Node,
    kind: ProcessKind,
    path: &Path<'_>,
    defaults: &Defaults,
    findings: &mut Findings,
) -> NonZeroU32 {
    let written = int(node, "scale");
    let scale = written.unwrap_or(1);
    let place = || node.get("scale").or_else(|| node.get("max_scale")).unwrap_or(node).place.clone();
    let path = path.key("scale");
    let mut fault = |message: String, advice: &str| {
        findings.push(Finding::error(path, place(), message).advice(advice.to_owned()));
    };
    // 0 is "no limit", as documented.
    let max = int(node, "max_scale").filter(|max| *max > 0);
    if let Some(max) = max.filter(|max| scale > *max) {
        fault(format!("scale is {scale}, and max_scale is {max}"), "raise max_scale, or lower scale");
    }
    if scale > defaults.max_scale && scale <= 1000 {
        let message = format!("scale is {scale}, and global.max_process_scale is {}", defaults.max_scale);
        fault(message, "raise global.max_process_scale, or lower scale");
    }
    if kind == ProcessKind::Oneshot && scale > 1 {
        fault(format!("a oneshot runs once, and its scale is {scale}"), "remove scale");
    }
    u32::try_from(scale).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

fn env(node: &Node, path: &Path<'_>, findings: &mut Findings) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for entry in node.get("env").map(Node::entries).unwrap_or_default() {
        if entry.key.is_empty() || entry.key.contains(['=', '\0']) {
            let fault = Finding::error(
                format_args!("{path}.env.{}", entry.key),
                entry.place.clone(),
                format!("{:?} is no name of a variable", entry.key),
            );
            findings.push(fault.advice("a name is not empty and holds no ="));
        }
        all.push((entry.key.clone(), entry.node.text().unwrap_or_default().to_owned()));
    }
    all.sort();
    all
}

fn stop(node: &Node) -> StopSpec {
    let signal = |key| node.at(&["shutdown", key]).and_then(Node::text).and_then(|t| Signal::parse(t).ok());
    StopSpec {
        signal: signal("signal").unwrap_or(Signal::TERM),
        grace: node.get("shutdown").and_then(|s| span(s, "timeout")).unwrap_or(Duration::from_secs(30)),
        kill_signal: signal("kill_signal").unwrap_or(Signal::KILL),
    }
}

/// A health check needs the key that its type asks.
fn health(node: &Node, path: &Path<'_>, findings: &mut Findings) {
    let Some(health) = node.get("health_check") else { return };
    let path = path.key("health_check");
    let mut fault = |message: String, advice: &str| {
        findings.push(Finding::error(path, health.place.clone(), message).advice(advice.to_owned()));
    };
    let needed = match health.get("type").and_then(Node::text) {
        Some("tcp") => "address",
        Some("http") => "url",
        Some("exec") => "command",
        Some(_) => return,
        None => return fault("a health check needs a type".to_owned(), "write type: tcp, http or exec"),
    };
    if health.get(needed).is_none() {
        fault(
            format!("a health check of this type needs {needed}"),
            "tcp takes address, http url, exec command",
        );
    }
    if needed == "address"
        && let Some(address) = health.get("address").and_then(Node::text)
    {
        let port = address
            .rsplit_once(':')
            .filter(|(host, _)| !host.is_empty())
            .and_then(|(_, p)| p.parse::<u16>().ok());
        if port.is_none_or(|p| p == 0) {
            fault(format!("the address {address:?} is not host:port"), "write 127.0.0.1:6379");
        }
    }
}
