//! Whether all is up, or will be: a fold of facts, for whoever waits for it. Owns what has to be up and what is hopeless.
//! Asks for nothing.
//!
//! Every instance has to be up of each process that is started with the system, but for those that somebody has stopped;
//! and of those that somebody has started. What goes by the clock never has to be: it runs when its time has come.
//!
//! # The laws (`tests/outlook.rs`)
//! * **O1** it is `Ready` exactly while the boot has succeeded, no rolling restart is under way, no shutdown has begun,
//!   and each instance that has to be up runs or has completed.
//! * **O2** it is `Never` exactly when a shutdown has begun, or while an instance that has to be up has failed for good
//!   and no rolling restart is under way.
//! * **O3** each change of it is told once, when it happens.

use crate::ends::RestartEnd;
use crate::facts::{Fact, InstanceFact, ProcessFact, SystemFact};
use crate::ids::{InstanceId, ProcessId};
use crate::lifecycle::InstanceState;
use crate::list_map::{ListMap, Serials};
use crate::operation::{Cause, Operation};
use crate::spec::{ProcessKind, ProcessSpec};

/// What those who wait for "all up" wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outlook {
    /// Not all is up.
    #[default]
    Coming,
    /// All is up.
    Ready,
    /// It will not be, as far as the supervisor goes by itself: waiting longer brings nothing.
    Never,
}

/// What the system does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Course {
    #[default]
    Booting,
    Running,
    Restarting,
    Stopping,
}

/// A process, as far as others wait for it.
#[derive(Debug, Clone, Default)]
struct Awaited {
    /// As it is configured: whether it is started with the system, and whether it goes by the clock.
    starts: bool,
    by_clock: bool,
    /// What became of it since: whether it was started, or somebody has stopped it.
    wanted: Option<bool>,
    instances: Serials<InstanceState>,
}

impl Awaited {
    /// Whether it has to be up.
    fn is_expected(&self) -> bool {
        !self.by_clock && self.wanted.unwrap_or(self.starts)
    }

    fn configure(&mut self, spec: &ProcessSpec) {
        let starts = spec.starts_with_the_system();
        self.by_clock = spec.kind == ProcessKind::Scheduled;
        // What somebody has stopped stays so when something else of it changes.
        if std::mem::replace(&mut self.starts, starts) != starts {
            self.wanted = None;
        }
    }

    fn count(&self, of: impl Fn(InstanceState) -> bool) -> usize {
        let expected = self.is_expected();
        self.instances.values().filter(|state| expected && of(**state)).count()
    }
}

/// What is known of all that has to be up.
#[derive(Debug, Clone, Default)]
pub struct Forecast {
    course: Course,
    processes: ListMap<ProcessId, Awaited>,
    /// How many instances have to be up and are not. Counted along: a look at all for each change would cost n^2 over a
    /// start.
    missing: usize,
    /// Of these, how many have failed for good.
    failed: usize,
    told: Outlook,
}

/// Whether an instance is as it shall be.
fn is_up(state: InstanceState) -> bool {
    matches!(state, InstanceState::Running | InstanceState::Completed)
}

fn is_missing(state: InstanceState) -> bool {
    !is_up(state)
}

fn has_failed(state: InstanceState) -> bool {
    state == InstanceState::Failed
}

impl Forecast {
    /// This has happened. Gives the outlook when it has changed.
    pub fn hear(&mut self, fact: &Fact) -> Option<Outlook> {
        match fact {
            Fact::System(fact) => self.hear_of_system(fact),
            Fact::Process(process, fact) => self.hear_of_process(*process, fact),
            Fact::Instance(instance, fact) => self.hear_of_instance(*instance, fact),
            Fact::Hook(..) | Fact::Health(..) | Fact::Schedule(..) => return None,
        }
        let now = self.outlook();
        (std::mem::replace(&mut self.told, now) != now).then_some(now)
    }

    /// Whether all is up, or will be.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self.course {
            Course::Stopping => Outlook::Never,
            // What has failed for good comes back only when somebody asks for it, as a rolling restart does.
            Course::Booting | Course::Running if self.failed > 0 => Outlook::Never,
            Course::Running if self.missing == 0 => Outlook::Ready,
            Course::Booting | Course::Running | Course::Restarting => Outlook::Coming,
        }
    }

    fn hear_of_system(&mut self, fact: &SystemFact) {
        self.course = match (self.course, fact) {
            (Course::Stopping, _) => return, // nothing comes after it
            (_, SystemFact::BootBegan { .. }) => Course::Booting,
            (_, SystemFact::RestartBegan { .. }) => Course::Restarting,
            (_, SystemFact::RestartEnded { end: RestartEnd::Interrupted, .. }) => return, // a shutdown follows
            (_, SystemFact::BootSucceeded { .. } | SystemFact::RestartEnded { .. }) => Course::Running,
            (_, SystemFact::ShutdownBegan { .. } | SystemFact::Over(_)) => Course::Stopping,
            (_, _) => return,
        };
    }

    fn hear_of_process(&mut self, process: ProcessId, fact: &ProcessFact) {
        match fact {
            ProcessFact::Added(spec) | ProcessFact::Changed(spec) => {
                if self.processes.get(process).is_none() {
                    self.processes.insert(process, Awaited::default());
                }
                self.change(process, |awaited| awaited.configure(spec));
            }
            // What somebody has stopped need not be up until somebody starts it again.
            ProcessFact::StopBegan(Operation { cause: Cause::Request, .. }) => {
                self.change(process, |awaited| awaited.wanted = Some(false));
            }
            ProcessFact::StartBegan { .. } => self.change(process, |awaited| awaited.wanted = Some(true)),
            ProcessFact::Removed => {
                self.change(process, |awaited| awaited.instances.clear());
                self.processes.remove(process);
            }
            _ => {}
        }
    }

    fn hear_of_instance(&mut self, id: InstanceId, fact: &InstanceFact) {
        let Some(awaited) = self.processes.get_mut(id.process) else { return };
        let (expected, instances) = (awaited.is_expected(), &mut awaited.instances);
        let (was, is) = match fact {
            InstanceFact::Added { .. } => {
                (instances.insert(id.serial, InstanceState::Stopped), Some(InstanceState::Stopped))
            }
            InstanceFact::Changed(change, _) => match instances.get_mut(id.serial) {
                Some(state) => (Some(std::mem::replace(state, change.to)), Some(change.to)),
                None => return, // it is gone
            },
            InstanceFact::Removed => (instances.remove(id.serial), None),
            _ => return,
        };
        self.recount(expected, was, is);
    }

    /// One instance has changed from this to that.
    fn recount(&mut self, expected: bool, was: Option<InstanceState>, is: Option<InstanceState>) {
        let one = |state: Option<InstanceState>, of: fn(InstanceState) -> bool| {
            usize::from(expected && state.is_some_and(of))
        };
        self.missing = (self.missing + one(is, is_missing)).saturating_sub(one(was, is_missing));
        self.failed = (self.failed + one(is, has_failed)).saturating_sub(one(was, has_failed));
    }

    /// A whole process has changed.
    fn change(&mut self, process: ProcessId, change: impl FnOnce(&mut Awaited)) {
        let Some(awaited) = self.processes.get_mut(process) else { return };
        let was = (awaited.count(is_missing), awaited.count(has_failed));
        change(awaited);
        self.missing = (self.missing + awaited.count(is_missing)).saturating_sub(was.0);
        self.failed = (self.failed + awaited.count(has_failed)).saturating_sub(was.1);
    }
}
