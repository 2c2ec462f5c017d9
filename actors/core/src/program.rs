//! What is exec'd, as whom, where and with which streams: all that a launcher knows of what it starts. Values only,
//! made by the configuration and shared; never changed after they were built.

use crate::autopsy::Autopsy;
use crate::command::{CommandLine, OutputSpec, ProcessKind};
use crate::ids::TaskId;
use crate::member::Member;
use crate::name::ProcessName;
use crate::outcome::SpawnFailure;
use crate::privilege::Privilege;
use crate::template::{self, Place};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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
    /// What each instance has of its own.
    pub numbering: Numbering,
    /// By which ways it may say how it is.
    pub speaks: Speaking,
}

/// By which ways a program may say how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Speaking {
    /// A socket that NOTIFY_SOCKET names.
    pub socket: bool,
    /// A pipe on this descriptor.
    pub descriptor: Option<u16>,
    /// How long its silence may last, as WATCHDOG_USEC tells it.
    pub watchdog: Option<Duration>,
}

/// In what a program differs from instance to instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbering {
    /// Instance N has the port `port_base + N`; `None`: none has one.
    pub port_base: Option<NonZeroU16>,
    /// Whether command, directory or variables hold a [`template`]. When none does, it is the same for all.
    pub templates: bool,
}

impl Numbering {
    /// The port of the instance of this number; `None` above the last that there is, too.
    #[must_use]
    pub fn port(&self, number: u32) -> Option<u16> {
        self.port_base?.get().checked_add(u16::try_from(number).ok()?)
    }
}

impl Program {
    /// The same for the instance of this number.
    #[must_use]
    pub fn of_instance(self: &Arc<Self>, number: u32) -> Arc<Self> {
        if !self.numbering.templates {
            return self.clone();
        }
        let place = Place { name: self.name.as_str(), number, port: self.numbering.port(number) };
        let fill = |text: &str| template::fill(text, &place);
        let argv = self.command.argv().iter().map(|argument| fill(argument)).collect();
        // A text that is not empty is not filled to an empty one.
        let command = CommandLine::new(argv).unwrap_or_else(|| self.command.clone());
        let directory = |path: &PathBuf| path.to_str().map_or_else(|| path.clone(), |text| fill(text).into());
        Arc::new(Self {
            command,
            working_dir: self.working_dir.as_ref().map(directory),
            env: self.env.iter().map(|(key, value)| (key.clone(), fill(value))).collect(),
            ..Self::clone(self)
        })
    }

    /// The texts that may be templates.
    pub fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        let directory = self.working_dir.as_ref().and_then(|path| path.to_str());
        let values = self.env.iter().map(|(_, value)| value.as_str());
        self.command.argv().iter().map(String::as_str).chain(directory).chain(values)
    }
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
    #![allow(clippy::expect_used, reason = "a test may fail")]
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

    #[test]
    fn an_instance_finds_its_own_and_what_is_the_same_for_all_is_shared() {
        let program = |argument: &str, port_base| {
            let argv = vec!["/bin/x".to_owned(), argument.to_owned()];
            let templates = template::is_template(argument);
            Arc::new(Program {
                name: ProcessName::new("web").expect("a plain name"),
                hook: None,
                command: CommandLine::new(argv).expect("a program"),
                working_dir: Some("/srv/{{instance}}".into()),
                user: None,
                group: None,
                env: vec![("HERE".to_owned(), "{{name}}".to_owned())],
                privilege: None,
                output: OutputSpec { stdout: false, stderr: false },
                handover: Handover::Nothing,
                numbering: Numbering { port_base: NonZeroU16::new(port_base), templates },
                speaks: Speaking::default(),
            })
        };
        let second = program("--port={{port}}", 3000).of_instance(1);
        assert_eq!(second.command.argv(), ["/bin/x", "--port=3001"]);
        assert_eq!(second.working_dir, Some("/srv/1".into()));
        assert_eq!(second.env, [("HERE".to_owned(), "web".to_owned())]);
        let same = program("plain", 0);
        assert!(Arc::ptr_eq(&same, &same.of_instance(7)));
        let last = program("", u16::MAX).numbering;
        assert_eq!((last.port(0), last.port(1), Numbering::default().port(0)), (Some(u16::MAX), None, None));
    }
}
