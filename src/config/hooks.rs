//! Lists of hooks to what runs: those of the whole, and those of a process with the one that stands below `shutdown`.
//! What a hook must hold is judged by `rules`.

use super::block::Block;
use super::environment::Environments;
use super::keys::HOOK;
use super::numbering::{self, Numbered};
use super::report::{Finding, Findings, Path};
use super::tree::Node;
use phpeek_core::command::{CommandLine, OutputSpec};
use phpeek_core::hook::{HookList, HookSpec, Hooks, OnError, Stage};
use phpeek_core::name::ProcessName;
use phpeek_core::program::{Handover, Numbering, Program, Speaking};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What `timeout: 0` means: a hook that is never over would hold everything up.
const USUAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Who hooks belong to.
pub(crate) struct Owner<'a> {
    /// The block of their lists, if it is written.
    pub(crate) lists: Option<&'a Node>,
    /// How a list of a stage is spelled there.
    pub(crate) spelled: fn(Stage) -> &'static str,
    /// The process; `None`: the whole.
    pub(crate) process: Option<Numbered<'a>>,
}

/// With a hyphen, as at the top level.
pub(crate) fn hyphenated(stage: Stage) -> &'static str {
    match stage {
        Stage::PreStart => "pre-start",
        Stage::PostStart => "post-start",
        Stage::PreStop => "pre-stop",
        Stage::PostStop => "post-stop",
        Stage::Reload => "reload", // no list has it: a process has a block for that
    }
}

/// All hooks of an owner.
pub(crate) fn compile(
    owner: &Owner<'_>,
    path: &Path<'_>,
    env: &mut Environments<'_>,
    findings: &mut Findings,
) -> Hooks {
    let mut list = |stage: Stage| -> HookList {
        let key = (owner.spelled)(stage);
        let path = path.key(key);
        let written = owner.lists.and_then(|lists| lists.get(key)).map(Node::items).unwrap_or_default();
        let named = |(place, node)| {
            one(node, format!("{key}-{place}"), owner.process, &path.index(place), env, findings)
        };
        written.iter().enumerate().filter_map(named).collect()
    };
    Hooks {
        pre_start: list(Stage::PreStart),
        post_start: list(Stage::PostStart),
        pre_stop: list(Stage::PreStop),
        post_stop: list(Stage::PostStop),
        reload: HookList::default(),
    }
}

/// One hook; `None` when it cannot be built (an error was added).
pub(crate) fn one(
    node: &Node,
    usual_name: String,
    process: Option<Numbered<'_>>,
    path: &Path<'_>,
    env: &mut Environments<'_>,
    findings: &mut Findings,
) -> Option<Arc<HookSpec>> {
    let written = node.get("command")?;
    let argv = written.items().iter().map(|item| item.text().unwrap_or_default().to_owned()).collect();
    let Some(command) = CommandLine::new(argv) else {
        let fault =
            Finding::error(path.key("command"), written.place.clone(), "the program of the hook is empty");
        findings.push(fault.advice("write command: [\"program\", \"argument\"]"));
        return None;
    };
    let owned = |key: &str| node.filled(key).map(str::to_owned);
    let name = owned("name").unwrap_or(usual_name);
    let block = Block::new(Some(node), HOOK);
    let timeout = block.time("timeout").filter(|time| !time.is_zero()).unwrap_or(USUAL_TIMEOUT);
    let name: Arc<str> = name.into();
    let mut program = Program {
        name: match process {
            Some(process) => process.name.clone(),
            None => ProcessName::new(&name).or_else(|_| ProcessName::new("hook")).ok()?,
        },
        hook: Some(name.clone()),
        command,
        working_dir: owned("working_dir").map(PathBuf::from),
        user: owned("user"),
        group: owned("group"),
        env: env.of(node, path, findings),
        privilege: None,
        output: OutputSpec { stdout: true, stderr: true },
        handover: Handover::Parent,
        numbering: Numbering::default(),
        speaks: Speaking::default(),
    };
    if let Some(process) = process {
        program.numbering = numbering::of(program.texts(), process.port_base, node, path, findings);
    }
    let goes_on = block.truth("continue_on_error").unwrap_or(false);
    Some(Arc::new(HookSpec {
        name,
        program: Arc::new(program),
        timeout,
        retries: block.int("retry").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        retry_delay: block.time("retry_delay").unwrap_or_default(),
        on_error: if goes_on { OnError::Continue } else { OnError::Stop },
    }))
}
