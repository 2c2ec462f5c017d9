//! `rolling`, `max_unavailable` and `reload` of a process: how it takes part in a rolling restart, and by what it reloads
//! itself in place of one.

use super::block::Block;
use super::keys::RELOAD;
use super::numbering;
use super::report::{Finding, Findings, Path};
use super::tree::Node;
use phpeek_core::command::{CommandLine, OutputSpec};
use phpeek_core::hook::{HookSpec, Hooks, OnError, Stage};
use phpeek_core::program::{Handover, Program, Speaking};
use phpeek_core::spec::{AtOnce, Reload, RollingSpec};
use std::sync::Arc;
use std::time::Duration;

/// How it takes part in rolling restarts; none when that is the usual way, written or not.
pub(crate) fn compile(block: Block<'_>, node: &Node) -> Option<Box<RollingSpec>> {
    if !["rolling", "max_unavailable", "reload"].iter().any(|key| node.get(key).is_some()) {
        return None;
    }
    let share = block.text("max_unavailable")?;
    let at_once = match share.strip_suffix('%') {
        Some(percent) => AtOnce::Percent(percent.trim().parse().ok()?),
        None => AtOnce::Count(share.trim().parse().ok()?),
    };
    let written = node.get("reload");
    let signal = Block::new(written, RELOAD).signal("signal").map(Reload::Signal);
    let reload = signal.or(written.and_then(|reload| reload.get("command")).map(|_| Reload::Command));
    let reload_timeout = reload.and(timeout(written)).unwrap_or_default();
    let spec = RollingSpec { at_once, takes_part: block.truth("rolling")?, reload, reload_timeout };
    let usual = matches!(spec.at_once, AtOnce::Count(one) if one.get() == 1)
        && spec.takes_part
        && spec.reload.is_none();
    (!usual).then(|| Box::new(spec))
}

/// How long the command may take, and an instance that was told to be ready again; 0 is the default.
fn timeout(reload: Option<&Node>) -> Option<Duration> {
    let written = Block::new(reload, RELOAD).time("timeout").filter(|time| !time.is_zero());
    written.or_else(|| Block::unwritten(RELOAD).time("timeout"))
}

/// The command by which it reloads itself, beside its hooks: with its directory, its variables, as its user.
pub(crate) fn with_reload(
    hooks: Option<Box<Hooks>>,
    own: &Program,
    node: &Node,
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<Box<Hooks>> {
    let Some((reload, written)) = node.get("reload").and_then(|r| Some((r, r.get("command")?))) else {
        return hooks;
    };
    let path = path.key("reload");
    let argv = written.items().iter().map(|item| item.text().unwrap_or_default().to_owned()).collect();
    let Some(command) = CommandLine::new(argv) else {
        let message = "the program of the command is empty";
        let fault = Finding::error(path.key("command"), written.place.clone(), message);
        findings.push(fault.advice("write command: [\"program\", \"argument\"]"));
        return hooks;
    };
    let name: Arc<str> = Stage::Reload.as_str().into();
    let mut program = Program {
        hook: Some(name.clone()),
        command,
        output: OutputSpec { stdout: true, stderr: true },
        handover: Handover::Parent,
        speaks: Speaking::default(),
        ..own.clone()
    };
    program.numbering = numbering::of(program.texts(), own.numbering.port_base, reload, &path, findings);
    let hook = HookSpec {
        name,
        program: Arc::new(program),
        timeout: timeout(Some(reload))?,
        retries: 0,
        retry_delay: Duration::ZERO,
        on_error: OnError::Stop,
    };
    let mut hooks = hooks.unwrap_or_default();
    hooks.reload = [Arc::new(hook)].into_iter().collect();
    Some(hooks)
}
