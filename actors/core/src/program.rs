//! What is exec'd, as whom, where and with which streams: all that a launcher knows of what it starts. Values only,
//! made by the configuration and shared; never changed after they were built.

use crate::autopsy::Autopsy;
use crate::command::{CommandLine, OutputSpec, ProcessKind};
use crate::ids::TaskId;
use crate::member::Member;
use crate::name::ProcessName;
use crate::outcome::SpawnFailure;
use crate::privilege::Privilege;
use std::path::PathBuf;
use std::sync::Arc;

/// A program, ready to be started as often as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The process that it belongs to; for a hook of the system, the hook itself.
    pub name: ProcessName,
    /// The name of the hook, when it is one.
    pub hook: Option<Arc<str>>,
    /// Program and arguments; exec'd as they are, no shell.
    pub command: CommandLine,
    /// Where it runs; the supervisor's own directory when absent.
    pub working_dir: Option<PathBuf>,
    /// User name or number.
    pub user: Option<String>,
    /// Group name or number.
    pub group: Option<String>,
    /// Variables over the inherited environment, in the order of their names.
    pub env: Vec<(String, String)>,
    /// What it may use and do, where anything is configured.
    pub privilege: Option<Arc<Privilege>>,
    /// Which streams are captured.
    pub output: OutputSpec,
    /// What it is told of the span that starts it.
    pub handover: Handover,
}

/// What a task is called, towards itself and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// The number of the instance that it is, or works for: `NAME-number`. None when it works for the system.
    pub number: Option<u32>,
    /// Which run of the instance it is, from 1, when it is one.
    pub incarnation: Option<u64>,
}

/// A task that is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The task to be.
    pub task: TaskId,
    /// What it is called.
    pub label: Label,
    /// What to run.
    pub program: Arc<Program>,
}

/// What happened to a program that was started for a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEvent {
    /// The program runs: exec has succeeded.
    Spawned {
        /// The leader, which is also the id of its process group.
        pid: i32,
    },
    /// The program never ran.
    SpawnFailed(SpawnFailure),
    /// The leader has ended. Others of the task may be left.
    Exited(Autopsy),
    /// The leader has ended and nobody is left of the task.
    GroupEmpty,
    /// The leader has ended, and all that is left of it are daemons in sessions of their own. Told once; `GroupEmpty`
    /// follows when they are gone.
    Left(Vec<Member>),
    /// The leader has ended, and nothing of what is left may be signalled. Told once.
    OutOfReach,
}

/// Which trace context a process is configured to be given by its environment (design 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContextPolicy {
    /// `Parent` for what ends by itself, `Link` for what is meant to stay: a daemon that reads a parent at its start
    /// would parent its work for weeks.
    #[default]
    Auto,
    /// The span that starts the run is the parent of its work.
    Parent,
    /// No parent; the resource of its spans names the trace that started it.
    Link,
    /// Nothing.
    None,
}

impl ContextPolicy {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 4] =
        [("auto", Self::Auto), ("parent", Self::Parent), ("link", Self::Link), ("none", Self::None)];
}

/// What a program is told of the span that starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    /// Nothing.
    Nothing,
    /// Which trace started it, as an attribute of its resource.
    Link,
    /// That the span is the parent of its work.
    Parent,
}

impl Handover {
    /// What the policy means for a program of this kind.
    #[must_use]
    pub fn of(policy: ContextPolicy, kind: ProcessKind) -> Self {
        match (policy, kind) {
            (ContextPolicy::None, _) => Self::Nothing,
            (ContextPolicy::Parent, _) => Self::Parent,
            (ContextPolicy::Link, _) | (ContextPolicy::Auto, ProcessKind::LongRun) => Self::Link,
            (ContextPolicy::Auto, ProcessKind::Oneshot | ProcessKind::Scheduled) => Self::Parent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ends_by_itself_gets_a_parent_unasked() {
        let auto = |kind| Handover::of(ContextPolicy::Auto, kind);
        assert_eq!(auto(ProcessKind::LongRun), Handover::Link);
        assert_eq!(
            (auto(ProcessKind::Oneshot), auto(ProcessKind::Scheduled)),
            (Handover::Parent, Handover::Parent)
        );
        for kind in [ProcessKind::LongRun, ProcessKind::Oneshot, ProcessKind::Scheduled] {
            assert_eq!(Handover::of(ContextPolicy::None, kind), Handover::Nothing);
            assert_eq!(Handover::of(ContextPolicy::Link, kind), Handover::Link);
            assert_eq!(Handover::of(ContextPolicy::Parent, kind), Handover::Parent);
        }
    }
}
