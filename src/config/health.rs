//! `health_check`, and the blocks of `health`, to what each instance is asked. What a check must hold is judged by `rules`.

use super::block::Block;
use super::keys::CHECK;
use super::numbering::{self, Numbered};
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Value};
use super::value;
use phpeek_core::command::{CommandLine, OutputSpec};
use phpeek_core::health::Numbered as OfInstances;
use phpeek_core::program::{Handover, Numbering, Program, Speaking};
use phpeek_core::spec::{
    CheckSpec, Checks, GrpcQuestion, HttpQuestion, LogQuestion, NotifyQuestion, Protocol, Question, Role,
};
use std::sync::Arc;

/// What `stream` means: standard output, standard error.
const STREAMS: [(&str, [bool; 2]); 3] =
    [("any", [true, true]), ("stdout", [true, false]), ("stderr", [false, true])];

/// What `mode` means.
const MODES: [(&str, Role); 3] =
    [("both", Role::Both), ("readiness", Role::Readiness), ("liveness", Role::Liveness)];

/// The checks of a process as they are written, each with its key and what it is for.
fn written(node: &Node) -> impl Iterator<Item = (&'static str, Role, &Node)> {
    let single = node.get("health_check").map(|check| {
        let role = Block::new(Some(check), CHECK).word("mode", &MODES).unwrap_or(Role::Both);
        ("", role, check)
    });
    let below = [("startup", Role::Startup), ("readiness", Role::Readiness), ("liveness", Role::Liveness)];
    let several = below.into_iter().filter_map(|(key, role)| Some((key, role, node.at(&["health", key])?)));
    single.into_iter().chain(several).filter(|(_, _, check)| !check.is_nothing())
}

fn kind(check: &Node) -> Option<&str> {
    check.get("type").and_then(Node::text)
}

/// Whether an instance that runs is not ready by that alone.
pub(crate) fn gates(node: &Node) -> bool {
    written(node).any(|(_, role, check)| role.gates() && kind(check).is_some())
}

/// What each instance is asked; none when nothing is.
pub(crate) fn compile(
    node: &Node,
    process: Numbered<'_>,
    env: &[(String, String)],
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<Checks> {
    let mut checks = Vec::new();
    for (key, role, check) in written(node) {
        let block = path.key(if key.is_empty() { "health_check" } else { "health" });
        let below = if key.is_empty() { block } else { block.key(key) };
        checks.extend(one(check, role, process, env, &below, findings));
    }
    (!checks.is_empty()).then(|| checks.into())
}

fn one(
    check: &Node,
    role: Role,
    process: Numbered<'_>,
    env: &[(String, String)],
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<CheckSpec> {
    let block = Block::new(Some(check), CHECK);
    let text = |key: &str| check.filled(key).map(str::to_owned);
    let question = match kind(check)? {
        "notify" => Question::Notify(notify(check, role, path, findings)?),
        "log" if role == Role::Liveness => {
            let message = "a line says that it is ready, and never that it is ill: this check does nothing";
            let fault = Finding::warning(path.key("type"), check.place.clone(), message);
            findings.push(fault.advice("look for a line as startup or readiness"));
            return None;
        }
        "log" => Question::Log(Arc::new(LogQuestion {
            pattern: text("pattern")?,
            streams: block.word("stream", &STREAMS).unwrap_or([true; 2]),
        })),
        "tcp" => Question::Tcp(text("address")?.into()),
        "http" => Question::Http(Arc::new(HttpQuestion {
            url: text("url")?,
            headers: headers(check),
            statuses: statuses(check),
        })),
        "grpc" => Question::Grpc(Arc::new(GrpcQuestion {
            address: text("address")?,
            service: text("service").unwrap_or_default(),
        })),
        "exec" => Question::Exec(Arc::new(program(check, process, env, path, findings)?)),
        _ => return None, // the check of types has told that it is none
    };
    let (period, timeout) = (block.time("period")?, block.time("timeout")?);
    if timeout > period && !period.is_zero() && !question.is_told() {
        let message =
            format!("a probe may take longer ({timeout:?}) than the period of its check ({period:?})");
        let place = check.get("timeout").or(check.get("period")).unwrap_or(check).place.clone();
        findings.push(Finding::suggestion(path.key("timeout"), place, message));
    }
    let threshold = |key: &str| block.int(key).and_then(|n| u32::try_from(n).ok()).unwrap_or(1).max(1);
    Some(CheckSpec {
        role,
        numbered: numbered(&question, process, check, path, findings),
        question,
        initial_delay: block.time("initial_delay")?,
        period,
        timeout,
        failure_threshold: threshold("failure_threshold"),
        success_threshold: threshold("success_threshold"),
    })
}

/// In what a question differs from instance to instance, if it does.
fn numbered(
    question: &Question,
    process: Numbered<'_>,
    check: &Node,
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<Arc<OfInstances>> {
    let numbering = numbering::of(question.texts(), process.port_base, check, path, findings);
    let name = process.name.clone();
    numbering.templates.then(|| Arc::new(OfInstances { name, numbering }))
}

/// What is listened to of a program that speaks for itself.
fn notify(check: &Node, role: Role, path: &Path<'_>, findings: &mut Findings) -> Option<NotifyQuestion> {
    let block = Block::new(Some(check), CHECK);
    let s6 = check.get("protocol").and_then(Node::text) == Some("s6");
    let watchdog = check.get("watchdog").and_then(|_| block.time("watchdog")).filter(|time| !time.is_zero());
    let place = |key: &str| check.get(key).unwrap_or(check).place.clone();
    if s6 && watchdog.is_some() {
        let message = "there is no sign of life by the protocol of s6";
        let fault = Finding::error(path.key("watchdog"), place("watchdog"), message);
        findings.push(fault.advice("remove watchdog, or protocol: s6"));
    } else if role == Role::Startup && watchdog.is_some() {
        let message = "a startup check is over once it has passed: its watchdog does nothing";
        let fault = Finding::warning(path.key("watchdog"), place("watchdog"), message);
        findings.push(fault.advice("write it below liveness"));
    }
    if s6 && role == Role::Liveness {
        let message = "a newline says that it is ready, and never that it is ill: this check does nothing";
        let fault = Finding::warning(path.key("type"), place("type"), message);
        findings.push(fault.advice("write it below readiness"));
        return None;
    }
    if !s6 && check.get("fd").is_some() {
        let message = "fd is for the protocol of s6: that of systemd has a socket";
        let fault = Finding::suggestion(path.key("fd"), place("fd"), message);
        findings.push(fault.advice("write protocol: s6, or remove fd"));
    }
    let descriptor = u16::try_from(block.int("fd")?).ok()?;
    let protocol = if s6 { Protocol::S6(descriptor) } else { Protocol::Systemd };
    Some(NotifyQuestion { protocol, watchdog })
}

/// By which ways a program with these checks may say how it is. Several descriptors are an error.
pub(crate) fn speaks(
    checks: &[CheckSpec],
    node: &Node,
    path: &Path<'_>,
    findings: &mut Findings,
) -> Speaking {
    let mut speaks = Speaking::default();
    for check in checks {
        let Question::Notify(notify) = &check.question else { continue };
        match (notify.protocol, speaks.descriptor) {
            (Protocol::Systemd, _) => speaks.socket = true,
            (Protocol::S6(new), Some(old)) if new != old => {
                let message = format!(
                    "a program has one descriptor for its newline, and this asks for {old} and {new}"
                );
                let fault = Finding::error(path.key("health"), node.place.clone(), message);
                findings.push(fault.advice("write the same fd in both"));
            }
            (Protocol::S6(new), _) => speaks.descriptor = Some(new),
        }
        speaks.watchdog = speaks.watchdog.into_iter().chain(notify.watchdog).min();
    }
    speaks
}

/// The patterns of checks of the log, each with the role of its check.
pub(crate) fn patterns(node: &Node) -> impl Iterator<Item = (Role, &Node)> {
    let logs = written(node).filter(|(_, _, check)| kind(check) == Some("log"));
    logs.filter_map(|(_, role, check)| Some((role, check.get("pattern")?)))
}

/// The headers of a request.
pub(crate) fn headers(check: &Node) -> Vec<(String, String)> {
    let entries = check.get("headers").map(Node::entries).unwrap_or_default();
    entries.iter().map(|e| (e.key.clone(), e.node.text().unwrap_or_default().to_owned())).collect()
}

/// One status or range, or a list of them.
fn statuses(check: &Node) -> Vec<(u16, u16)> {
    let usual = || Block::unwritten(CHECK).usual("expected_status");
    let read = |text: &str| value::statuses(text).unwrap_or_default();
    match check.get("expected_status") {
        Some(Node { value: Value::List(items), .. }) if !items.is_empty() => {
            items.iter().filter_map(Node::text).flat_map(read).collect()
        }
        Some(node) => node.text().map_or_else(|| read(usual()), read),
        None => read(usual()),
    }
}

/// What an exec probe runs. It sees the variables of the process, and those of its instance.
fn program(
    check: &Node,
    process: Numbered<'_>,
    env: &[(String, String)],
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<Program> {
    let argv = check.get("command")?.items().iter();
    let argv = argv.map(|item| item.text().unwrap_or_default().to_owned()).collect();
    let mut program = Program {
        name: process.name.clone(),
        hook: None,
        command: CommandLine::new(argv)?,
        working_dir: None,
        user: check.filled("user").map(str::to_owned),
        group: check.filled("group").map(str::to_owned),
        env: env.to_vec(),
        privilege: None,
        output: OutputSpec { stdout: true, stderr: true }, // for the answer of one that fails, and for no log
        handover: Handover::Parent,
        numbering: Numbering::default(),
        speaks: Speaking::default(),
    };
    program.numbering = numbering::of(program.texts(), process.port_base, check, path, findings);
    Some(program)
}
