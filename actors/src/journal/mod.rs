//! The journal: a listener that makes log records of facts. Owns which fact is a record, how much it matters and what
//! it says. Decides nothing, keeps nothing but names and numbers, never waits.

mod fields;

use crate::clock::Moment;
use crate::listeners::Listener;
use crate::phrases::{DEADLINE_MISSED, Names, gave_up, restart_reason, shutdown_reason};
use crate::ports::{Level, LogRecord, LogSink, Value};
pub use fields::sender_fields;
use fields::{autopsy_fields, count, millis};
use phpeek_core::facts::{
    Asked, Death, Fact, InstanceFact, Obituary, ProcessFact, Refusal, SystemFact, Told,
};
use phpeek_core::fleet::{BootFailure, Outcome, RestartEnd, RestartScope};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::{Failure, Rest, SignalStep};
use phpeek_core::member::{Member, list};
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::signal::Signal;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

type Fields = Vec<(&'static str, Value)>;

/// The records of a supervisor.
pub struct Journal {
    log: Arc<dyn LogSink>,
    known: RefCell<Known>,
}

#[derive(Default)]
struct Known {
    names: Names,
    numbers: BTreeMap<InstanceId, u32>,
    boot_failure: Option<String>,
}

/// What a record is about.
#[derive(Debug, Clone, Copy)]
enum About {
    System,
    Process(ProcessId),
    Instance(InstanceId),
}

impl Listener for Journal {
    fn hear(&self, told: &Told) {
        match &told.fact {
            Fact::System(fact) => self.system(told.at, fact),
            Fact::Process(process, fact) => self.process(told.at, *process, fact),
            Fact::Instance(instance, fact) => self.instance(told.at, *instance, fact),
        }
    }
}

impl Journal {
    /// A journal that writes there.
    #[must_use]
    pub fn new(log: Arc<dyn LogSink>) -> Self {
        Self { log, known: RefCell::default() }
    }

    fn system(&self, at: Moment, fact: &SystemFact) {
        match fact {
            SystemFact::BootBegan { processes, .. } => {
                self.say(at, Level::Info, "starting", vec![("processes", count(*processes).into())]);
            }
            SystemFact::BootSucceeded => self.say(at, Level::Info, "all processes are up", Vec::new()),
            SystemFact::BootFailed(failure) => self.boot_failed(at, failure),
            SystemFact::RestartBegan { operation, scope } => self.restart_began(at, operation, *scope),
            SystemFact::RestartEnded { scope, end } => self.restart_ended(at, *scope, *end),
            SystemFact::ShutdownBegan { operation, .. } => {
                self.say(at, Level::Info, "shutting down", self.shutdown_fields(&operation.cause));
            }
            SystemFact::ShutdownHurried(operation) => {
                let message = "asked to stop again: killing everything";
                self.say(at, Level::Warn, message, self.shutdown_fields(&operation.cause));
            }
            SystemFact::Over(Outcome::DeadlineMissed) => {
                self.say(at, Level::Error, DEADLINE_MISSED, Vec::new())
            }
            SystemFact::Refused(_, Refusal::NoSuchProcess(name)) => {
                let message = format!("nothing was done: no process is named {:?}", name.as_str());
                self.say(at, Level::Warn, message, Vec::new());
            }
            SystemFact::Over(_) | SystemFact::RestartJoined { .. } => {}
        }
    }

    fn boot_failed(&self, at: Moment, failure: &BootFailure) {
        let text = self.known.borrow().names.boot_failure(failure);
        self.say(at, Level::Error, format!("boot failed: {text}"), Vec::new());
        self.known.borrow_mut().boot_failure = Some(text);
    }

    fn shutdown_fields(&self, cause: &Cause) -> Fields {
        let reason = shutdown_reason(cause, self.known.borrow().boot_failure.as_deref());
        let mut fields = vec![("reason", reason.into())];
        fields.extend(sender_fields(cause.sender()));
        fields
    }

    fn restart_began(&self, at: Moment, operation: &Operation, scope: RestartScope) {
        let reason = restart_reason(&operation.cause);
        let mut fields = vec![("scope", self.scope(scope)), ("reason", reason.into())];
        fields.extend(sender_fields(operation.cause.sender()));
        self.say(at, Level::Info, "rolling restart", fields);
    }

    fn restart_ended(&self, at: Moment, scope: RestartScope, end: RestartEnd) {
        let fields = vec![("scope", self.scope(scope))];
        let (level, message): (_, Cow<'static, str>) = match end {
            // Left out of the boot (`initial_state: stopped`), or no process of the kind at all.
            RestartEnd::Nothing => {
                (Level::Warn, "nothing was restarted: no long-running process was started".into())
            }
            RestartEnd::Complete => (Level::Info, "rolling restart is complete".into()),
            RestartEnd::Interrupted => (Level::Warn, "rolling restart was interrupted by a shutdown".into()),
            RestartEnd::FailedAt(process) => {
                let why = self.known.borrow().names.restart_failure(process);
                (Level::Error, format!("rolling restart failed: {why}").into())
            }
        };
        self.say(at, level, message, fields);
    }

    fn scope(&self, scope: RestartScope) -> Value {
        self.known.borrow().names.scope(scope).into()
    }

    fn process(&self, at: Moment, process: ProcessId, fact: &ProcessFact) {
        let about = About::Process(process);
        match fact {
            ProcessFact::Added(spec) => self.known.borrow_mut().names.add(process, spec.name.clone()),
            ProcessFact::StopBegan(_) => self.record(at, Level::Info, about, "stopping", Vec::new),
            ProcessFact::Stopped => self.record(at, Level::Info, about, "stopped", Vec::new),
            ProcessFact::Lost => {
                let name = self.known.borrow().names.text(process).to_owned();
                let message = "internal error: the actor of a process is lost; shutting down";
                self.say(at, Level::Error, message, vec![("process", name.into())]);
            }
            // Told by what its instances do, or by the boot.
            ProcessFact::StartBegan { .. }
            | ProcessFact::EdgeMet(_)
            | ProcessFact::EdgeLost(_)
            | ProcessFact::EdgeFailed(..)
            | ProcessFact::Up
            | ProcessFact::StartFailed(_)
            | ProcessFact::StartInterrupted
            | ProcessFact::Ended(_)
            | ProcessFact::Abandoned => {}
        }
    }

    fn instance(&self, at: Moment, instance: InstanceId, fact: &InstanceFact) {
        let about = About::Instance(instance);
        match fact {
            InstanceFact::Added { number } => {
                self.known.borrow_mut().numbers.insert(instance, *number);
            }
            InstanceFact::Started { run, pid } => self.record(at, Level::Info, about, "started", || {
                let run = i64::try_from(*run).unwrap_or(i64::MAX);
                vec![("pid", i64::from(pid.unwrap_or(0)).into()), ("run", run.into())]
            }),
            InstanceFact::SpawnFailed { failure, .. } => {
                let kind = failure.kind.as_str();
                let message = failure.message.clone();
                self.record(at, Level::Error, about, message, || vec![("error.type", kind.into())]);
            }
            InstanceFact::Signalled { signal, step: SignalStep::Escalation, .. } => {
                self.escalated(at, about, *signal);
            }
            InstanceFact::LeftAlone(members) => {
                let message = "cannot be ended, and is left alone";
                self.record(at, Level::Error, about, message, || vec![("left", list(members).into())]);
            }
            InstanceFact::Daemonised { members, advice } => self.daemonised(at, about, members, *advice),
            InstanceFact::BackoffBegan { delay } => {
                self.record(at, Level::Info, about, "waiting before the next run", || {
                    vec![("delay_ms", millis(*delay).into())]
                });
            }
            InstanceFact::Ended(death) if death.asked == Asked::Yes => {
                self.ended(at, about, death, None, &[]);
            }
            InstanceFact::Autopsied(Obituary { death, over, left, words }) => {
                self.ended(*over, about, death, *left, words);
            }
            // A first spawn that failed has a record of its own.
            InstanceFact::Rested { rest: Rest::Failed(Failure::Spawn(_)), restarts: 0, .. } => {}
            InstanceFact::Rested { rest: Rest::Failed(failure), restarts, .. } => {
                if let Some(message) = gave_up(*failure, *restarts) {
                    self.record(at, Level::Error, about, message, Vec::new);
                }
            }
            InstanceFact::RelayFailed(signal) => {
                let message = format!("{signal} was not relayed: nothing runs");
                self.record(at, Level::Warn, about, message, Vec::new);
            }
            InstanceFact::Signalled { .. }
            | InstanceFact::Changes(_)
            | InstanceFact::Changed(..)
            | InstanceFact::Ordered { .. }
            | InstanceFact::Died(_)
            | InstanceFact::Ended(_)
            | InstanceFact::RestartBegan(_)
            | InstanceFact::StopTakenOver
            | InstanceFact::Restarting { .. }
            | InstanceFact::Unfolded(_)
            | InstanceFact::Rested { .. } => {}
        }
    }

    fn daemonised(&self, at: Moment, about: About, members: &[Member], advice: Option<&str>) {
        let (level, message): (_, Cow<'static, str>) = match advice {
            None => (Level::Info, "has left daemons, they are stopped with it".into()),
            Some(advice) => {
                let what = "has put itself into the background, where it is not looked after";
                (Level::Warn, format!("{what}: {advice}").into())
            }
        };
        self.record(at, level, about, message, || vec![("left", list(members).into())]);
    }

    fn escalated(&self, at: Moment, about: About, signal: Signal) {
        let message = "did not stop in time, or there is no time: sending a stronger signal";
        self.record(at, Level::Warn, about, message, || vec![("signal", signal.to_string().into())]);
    }

    fn ended(&self, at: Moment, about: About, death: &Death, left: Option<u32>, words: &[String]) {
        let quiet = death.asked == Asked::Yes || death.autopsy.exit.is_success();
        let level = if quiet { Level::Info } else { Level::Warn };
        if !self.log.enabled(level) {
            return;
        }
        let message = format!("ended: {}", death.autopsy.exit);
        self.record(at, level, about, message, || {
            let mut fields = autopsy_fields(&death.autopsy, death.uptime);
            fields.extend(left.map(|left| ("restarts_left", i64::from(left).into())));
            if !words.is_empty() {
                fields.push(("stderr", words.join("\n").into()));
            }
            fields
        });
    }

    fn say(&self, at: Moment, level: Level, message: impl Into<Cow<'static, str>>, fields: Fields) {
        self.record(at, level, About::System, message, || fields);
    }

    fn record(
        &self,
        at: Moment,
        level: Level,
        about: About,
        message: impl Into<Cow<'static, str>>,
        fields: impl FnOnce() -> Fields,
    ) {
        if !self.log.enabled(level) {
            return;
        }
        let (process, instance) = {
            let known = self.known.borrow();
            match about {
                About::System => (None, None),
                About::Process(process) => (known.names.get(process).cloned(), None),
                About::Instance(id) => {
                    (known.names.get(id.process).cloned(), known.numbers.get(&id).copied())
                }
            }
        };
        let message = message.into();
        self.log.log(LogRecord { at, level, message, process, instance, fields: fields() });
    }
}
