//! `health_check`, and the blocks of `health`, to what each instance is asked. What a check must hold is judged by `rules`.

use super::block::Block;
use super::keys::CHECK;
use super::numbering::{self, Numbered};
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Value};
use super::value;
use phpeek_core::command::{CommandLine, OutputSpec};
use phpeek_core::program::{Handover, Numbering, Program};
use phpeek_core::spec::{CheckSpec, Checks, GrpcQuestion, HttpQuestion, Question, Role};
use std::sync::Arc;

/// The types that are announced.
const LATER: [&str; 2] = ["notify", "log"];

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
    written(node)
        .any(|(_, role, check)| role.gates() && kind(check).is_some_and(|kind| !LATER.contains(&kind)))
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
        later if LATER.contains(&later) => {
            let message = format!("a check of type {later} is announced, and asks nothing yet");
            findings.push(Finding::warning(path.key("type"), check.place.clone(), message));
            return None;
        }
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
    if timeout > period && !period.is_zero() {
        let message =
            format!("a probe may take longer ({timeout:?}) than the period of its check ({period:?})");
        let place = check.get("timeout").or(check.get("period")).unwrap_or(check).place.clone();
        findings.push(Finding::suggestion(path.key("timeout"), place, message));
    }
    let threshold = |key: &str| block.int(key).and_then(|n| u32::try_from(n).ok()).unwrap_or(1).max(1);
    Some(CheckSpec {
        role,
        question,
        initial_delay: block.time("initial_delay")?,
        period,
        timeout,
        failure_threshold: threshold("failure_threshold"),
        success_threshold: threshold("success_threshold"),
    })
}

fn headers(check: &Node) -> Vec<(String, String)> {
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
        output: OutputSpec { stdout: false, stderr: false },
        handover: Handover::Parent,
        numbering: Numbering::default(),
    };
    program.numbering = numbering::of(&program, process.port_base, check, path, findings);
    Some(program)
}
