//! One entry of `processes` to a `ProcessSpec`, with the rules that span its keys.

use super::block::Block;
use super::environment::Environments;
use super::keys::{PROCESS, SHUTDOWN};
use super::names::{Names, int, truth};
use super::numbering::{self, Numbered};
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Place, Value};
use super::{depends, health, hooks, jobs, memory, privilege, restart, rolling, rules, watch};
use phpeek_core::name::ProcessName;
use phpeek_core::program::{ContextPolicy, Handover, Numbering, Program};
use phpeek_core::spec::{
    CommandLine, Hooks, InitialState, KillMode, OutputSpec, ProcessKind, ProcessSpec, RestartSpec, Stage,
    StopSpec,
};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a process takes over from `global`, and what it is by the key table when nothing is written.
pub(crate) struct Defaults {
    pub(crate) restart: RestartSpec,
    pub(crate) max_scale: i64,
    scale: i64,
    stdout: bool,
    stderr: bool,
    stop: StopSpec,
    essential: bool,
}

impl Defaults {
    /// The table is read once, not for each process.
    pub(crate) fn new(restart: RestartSpec, max_scale: i64) -> Option<Self> {
        let process = Block::unwritten(PROCESS);
        Some(Self {
            restart,
            max_scale,
            scale: process.int("scale")?,
            stdout: process.truth("stdout")?,
            stderr: process.truth("stderr")?,
            stop: stop(Block::unwritten(SHUTDOWN))?,
            essential: process.truth("essential")?,
        })
    }
}

/// What its end means, by `schedule` and `type`.
pub(crate) fn kind(node: &Node) -> ProcessKind {
    if node.filled("schedule").is_some() {
        ProcessKind::Scheduled
    } else {
        // The table has a default.
        Block::new(Some(node), PROCESS).word("type", &ProcessKind::WORDS).unwrap_or(ProcessKind::LongRun)
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
    // What is no mapping was told of.
    if matches!(node.value, Value::Scalar(_) | Value::List(_)) {
        return None;
    }
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
    envs: &mut Environments<'_>,
    findings: &mut Findings,
) -> Option<ProcessSpec> {
    let path = Path::PROCESSES;
    let path = path.key(name);
    let kind = kind(node);
    let command = check_command(name, node, &node.place, &path, findings);
    let restart = restart::process(node, kind, &defaults.restart, &path, findings);
    let scale = scale(node, kind, &path, defaults, findings);
    let depends_on = node
        .get("depends_on")
        .map(|list| depends::compile(list, name, &path.key("depends_on"), names, findings))
        .unwrap_or_default();
    let env = jobs::environment(name, node, envs.of(node, &path, findings));
    rules::check(node, &path, findings);
    let owned = |key: &str| node.filled(key).map(str::to_owned);
    let stop = match node.get("shutdown") {
        Some(block) => stop(Block::new(Some(block), SHUTDOWN))?,
        None => defaults.stop,
    };
    let block = Block::new(Some(node), PROCESS);
    let context = block.word("tracing_context", &ContextPolicy::WORDS)?;
    let name = ProcessName::new(name).ok()?;
    let port_base = numbering::port_base(node, scale.get(), &path, findings);
    let hooks = hooks(node, Numbered { name: &name, port_base }, &path, envs, findings);
    let health = health::compile(node, Numbered { name: &name, port_base }, &env, &path, findings);
    let speaks = health::speaks(health.as_deref().unwrap_or_default(), node, &path, findings);
    let mut program = Program {
        name: name.clone(),
        hook: None,
        command: command?,
        working_dir: owned("working_dir").filter(|directory| !directory.is_empty()).map(PathBuf::from),
        user: owned("user"),
        group: owned("group"),
        env,
        privilege: privilege::compile(node, &path, findings).map(Arc::new),
        output: output(node, defaults),
        handover: Handover::of(context, kind),
        numbering: Numbering::default(),
        speaks,
    };
    program.numbering = numbering::of(program.texts(), port_base, node, &path, findings);
    let hooks = rolling::with_reload(hooks, &program, node, &path, findings);
    Some(ProcessSpec {
        name,
        kind,
        initial: block.word("initial_state", &InitialState::WORDS)?,
        program: Arc::new(program),
        scale,
        max_scale: most(node, defaults),
        depends_on,
        restart: restart?,
        stop,
        essential: block.truth("essential").unwrap_or(defaults.essential),
        rolling: rolling::compile(block, node),
        hooks,
        health,
        memory: memory::compile(node, (kind, restart.map(|restart| restart.policy)), &path, findings),
        watch: watch::compile(node, kind, envs.folder(), &path, findings),
        schedule: jobs::compile(node),
    })
}

/// Which streams are captured: neither of the two places says no.
fn output(node: &Node, defaults: &Defaults) -> OutputSpec {
    let stream = |key: &str, usual: bool| {
        let own = truth(node, key).unwrap_or(usual);
        own && node.get("logging").and_then(|l| truth(l, key)).unwrap_or(true)
    };
    OutputSpec { stdout: stream("stdout", defaults.stdout), stderr: stream("stderr", defaults.stderr) }
}

/// What runs around its starts and stops, the one below `shutdown` last; none when nothing does.
fn hooks(
    node: &Node,
    process: Numbered<'_>,
    path: &Path<'_>,
    env: &mut Environments<'_>,
    findings: &mut Findings,
) -> Option<Box<Hooks>> {
    let (lists, own) = (node.get("hooks"), node.at(&["shutdown", "pre_stop_hook"]));
    if lists.is_none() && own.is_none() {
        return None;
    }
    let owner = hooks::Owner { lists, spelled: Stage::as_str, process: Some(process) };
    let mut hooks = hooks::compile(&owner, &path.key("hooks"), env, findings);
    let path = path.key("shutdown");
    let usual = "pre_stop_hook".to_owned();
    let one =
        own.and_then(|own| hooks::one(own, usual, Some(process), &path.key("pre_stop_hook"), env, findings));
    hooks.pre_stop = hooks.pre_stop.iter().cloned().chain(one).collect();
    (!hooks.is_empty()).then(|| Box::new(hooks))
}

fn scale(
    node: &Node,
    kind: ProcessKind,
    path: &Path<'_>,
    defaults: &Defaults,
    findings: &mut Findings,
) -> NonZeroU32 {
    let scale = int(node, "scale").unwrap_or(defaults.scale);
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

/// How many instances may be asked for: 0 is "no limit", as documented, and there is one for all.
fn most(node: &Node, defaults: &Defaults) -> u32 {
    let own = int(node, "max_scale").filter(|max| *max > 0);
    let most = own.map_or(defaults.max_scale, |own| own.min(defaults.max_scale));
    u32::try_from(most).unwrap_or(u32::MAX)
}

/// How it is stopped; nothing is missing, because the table has a default for each key.
fn stop(shutdown: Block<'_>) -> Option<StopSpec> {
    Some(StopSpec {
        signal: shutdown.signal("signal")?,
        grace: shutdown.time("timeout")?,
        kill_signal: shutdown.signal("kill_signal")?,
        kill_grace: match shutdown.time("kill_timeout")? {
            Duration::ZERO => Block::unwritten(SHUTDOWN).time("kill_timeout")?, // as Cbox Init has it
            wait => wait,
        },
        mode: shutdown.word("kill_mode", &KillMode::WORDS)?,
    })
}
