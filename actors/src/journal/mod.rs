//! The journal: a listener that makes log records of facts. Owns which fact is a record, how much it matters and what
//! it says. Decides nothing, keeps nothing but names and numbers, never waits.

mod fields;
mod health;
mod hooks;
mod known;
mod memory;
mod reload;
mod schedule;

use crate::clock::Moment;
use crate::listeners::Listener;
use crate::phrases::{DEADLINE_MISSED, gave_up, restart_reason, shutdown_reason};
use crate::ports::{Level, LogRecord, LogSink, Value};
use crate::trace::names;
pub use fields::sender_fields;
use fields::{Fields, autopsy_fields, count, int, millis, path_of};
use known::{Known, KnownInstance};
use phpeek_core::facts::{Asked, Death, Fact, InstanceFact, Obituary, ProcessFact, SystemFact, Told};
use phpeek_core::fleet::{BootFailure, BootFailureCause, Outcome, RestartEnd, RestartOutcome, RestartScope};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::{Failure, Rest, SignalStep};
use phpeek_core::member::{Member, list};
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::outcome::{SpawnFailure, SpawnFailureKind};
use phpeek_core::signal::Signal;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

/// The records of a supervisor.
pub struct Journal {
    log: Arc<dyn LogSink>,
    known: RefCell<Known>,
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
            Fact::Hook(of, fact) => self.hook(told.at, *of, fact),
            Fact::Health(instance, fact) => self.health(told.at, *instance, fact),
            Fact::Schedule(process, fact) => self.schedule(told.at, *process, fact),
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
            SystemFact::BootSucceeded { stopped: 0 } => {
                self.say(at, Level::Info, "all processes are up", Vec::new());
            }
            SystemFact::BootSucceeded { stopped } => {
                let text = "all processes are up but those that were stopped meanwhile";
                self.say(at, Level::Info, text, vec![("stopped", count(*stopped).into())]);
            }
            SystemFact::BootFailed(failure) => self.boot_failed(at, failure),
            SystemFact::RestartBegan { operation, scope } => self.restart_began(at, operation, scope),
            SystemFact::RestartEnded { scope, end } => self.restart_ended(at, scope, *end),
            SystemFact::ReloadBegan { operation, plan } => self.reload_began(at, operation, plan),
            SystemFact::ReloadFailed(name) => self.reload_failed(at, name),
            SystemFact::ReloadEnded(_, end) => self.reload_ended(at, end),
            SystemFact::ReloadReplaced(_) => self.reload_replaced(at),
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
            SystemFact::Refused(_, refusal) => {
                let why = self.known.borrow().names.refusal(refusal);
                self.say(at, Level::Warn, format!("nothing was done: {why}"), Vec::new());
            }
            // What was done was told, and what is wrong with a file by who has read it; a signal is when it finds nobody.
            SystemFact::Over(_)
            | SystemFact::RestartJoined { .. }
            | SystemFact::ReloadRefused(..)
            | SystemFact::Relayed(..)
            | SystemFact::Answered(..) => {}
        }
    }

    /// What could not be started was told by its instance, a hook by itself, and the program's last line says all of it again.
    fn boot_failed(&self, at: Moment, failure: &BootFailure) {
        if matches!(failure.cause, BootFailureCause::Spawn(_) | BootFailureCause::Hook(_)) {
            return;
        }
        let text = self.known.borrow().names.boot_failure(failure);
        self.say(at, Level::Error, format!("boot failed: {text}"), Vec::new());
    }

    fn shutdown_fields(&self, cause: &Cause) -> Fields {
        let mut fields = vec![("reason", shutdown_reason(cause, None).into())];
        fields.extend(sender_fields(cause.sender()));
        fields
    }

    fn restart_began(&self, at: Moment, operation: &Operation, scope: &RestartScope) {
        let reason = restart_reason(&operation.cause);
        let mut fields = vec![("scope", self.scope(scope)), ("reason", reason.into())];
        fields.extend(sender_fields(operation.cause.sender()));
        fields.extend(path_of(&operation.cause));
        self.say(at, Level::Info, "rolling restart", fields);
    }

    fn restart_ended(&self, at: Moment, scope: &RestartScope, end: RestartEnd) {
        let fields = vec![("scope", self.scope(scope))];
        let (level, message): (_, Cow<'static, str>) = match end {
            // Left out of the boot (`initial_state: stopped`), or no process of the kind at all.
            RestartEnd::Nothing => {
                (Level::Warn, "nothing was restarted: no long-running process was started".into())
            }
            RestartEnd::Complete => (Level::Info, "rolling restart is complete".into()),
            RestartEnd::Interrupted => (Level::Warn, "rolling restart was interrupted by a shutdown".into()),
            RestartEnd::StoppedAt(process) => {
                let name = self.known.borrow().names.text(process).to_owned();
                (Level::Warn, format!("rolling restart ends: {name:?} was stopped in its turn").into())
            }
            RestartEnd::FailedAt(process) => {
                let why = self.known.borrow().names.restart_failure(process);
                (Level::Error, format!("rolling restart failed: {why}").into())
            }
        };
        self.say(at, level, message, fields);
    }

    fn scope(&self, scope: &RestartScope) -> Value {
        self.known.borrow().names.scope(scope).into()
    }

    fn process(&self, at: Moment, process: ProcessId, fact: &ProcessFact) {
        let about = About::Process(process);
        match fact {
            ProcessFact::Added(spec) => self.known.borrow_mut().names.add(process, spec.name.clone()),
            ProcessFact::StopBegan(Operation { cause: Cause::Dependency(on), .. }) => {
                let on = self.known.borrow().names.text(*on).to_owned();
                self.record(at, Level::Warn, about, "stopping until what it needs is there again", || {
                    vec![("dependency", on.into())]
                });
            }
            ProcessFact::ScaleBegan { from, to, .. } => {
                self.record(at, Level::Info, about, "scaling", || {
                    vec![("from", i64::from(*from).into()), ("to", i64::from(*to).into())]
                });
            }
            ProcessFact::ScaleEnded(outcome) => self.scaled(at, about, *outcome),
            ProcessFact::ReloadBegan { by, .. } => self.told_to_reload(at, about, *by),
            ProcessFact::ReloadEnded(end) => self.reloaded_itself(at, about, end),
            ProcessFact::Removed => self.known.borrow_mut().names.remove(process),
            ProcessFact::StopBegan(_) => self.record(at, Level::Info, about, "stopping", Vec::new),
            ProcessFact::Stopped => self.record(at, Level::Info, about, "stopped", Vec::new),
            ProcessFact::EdgeGivenUp(on) => {
                let on = self.known.borrow().names.text(*on).to_owned();
                let message = format!("is started without {on:?}, which took too long");
                self.record(at, Level::Warn, about, message, Vec::new);
            }
            ProcessFact::EdgeFailed(on, cause) => {
                let failure = BootFailure { process: Some(*on), cause: cause.clone() };
                let why = self.known.borrow().names.boot_failure(&failure);
                self.record(at, Level::Error, about, format!("was not started: {why}"), Vec::new);
            }
            ProcessFact::Lost => {
                let name = self.known.borrow().names.text(process).to_owned();
                let message = "internal error: the actor of a process is lost; shutting down";
                self.say(at, Level::Error, message, vec![("process", name.into())]);
            }
            ProcessFact::NotReadyInTime => {
                let message = "not ready within dependency_timeout: nobody waits for it any longer";
                self.record(at, Level::Warn, about, message, Vec::new);
            }
            // Told by what its instances do, or by the boot.
            ProcessFact::Changed(_)
            | ProcessFact::StartBegan { .. }
            | ProcessFact::EdgeMet(_)
            | ProcessFact::EdgeLost(_)
            | ProcessFact::Up
            | ProcessFact::Ready
            | ProcessFact::Unready
            | ProcessFact::StartFailed(_)
            | ProcessFact::StartInterrupted
            | ProcessFact::Ended(_)
            | ProcessFact::RestartAbandoned
            | ProcessFact::Abandoned => {}
        }
    }

    fn scaled(&self, at: Moment, about: About, outcome: RestartOutcome) {
        let (level, message) = match outcome {
            RestartOutcome::Up => (Level::Info, "scaled"),
            RestartOutcome::Failed => (Level::Error, "scaling failed: a new instance could not be started"),
        };
        self.record(at, level, about, message, Vec::new);
    }

    fn instance(&self, at: Moment, instance: InstanceId, fact: &InstanceFact) {
        let about = About::Instance(instance);
        match fact {
            InstanceFact::Added { number } => {
                let known = KnownInstance { number: *number, pid: None, left: None };
                self.known.borrow_mut().instances.insert(instance, known);
            }
            InstanceFact::Removed => {
                let known = &mut *self.known.borrow_mut();
                known.instances.remove(instance);
                known.hooks.remove(&Some(instance));
            }
            InstanceFact::Restarting { left, .. } => self.note(instance, |known| known.left = *left),
            InstanceFact::Started { run, pid } => self.started(at, instance, *run, *pid),
            // A hook that came before it has told of itself.
            InstanceFact::SpawnFailed {
                failure: SpawnFailure { kind: SpawnFailureKind::Hook(_), .. },
                ..
            } => {}
            InstanceFact::SpawnFailed { failure, .. } => {
                let kind = failure.kind.as_str();
                let message = failure.message.clone();
                self.record(at, Level::Error, about, message, || vec![(names::ERROR_TYPE, kind.into())]);
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
            InstanceFact::OverLimit { run, breach } => self.over_limit(at, about, *run, breach),
            InstanceFact::Died(death) => self.died(at, instance, death),
            InstanceFact::Autopsied(obituary) => self.last_words(at, about, obituary),
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
            | InstanceFact::Ended(_)
            | InstanceFact::RestartBegan(_)
            | InstanceFact::ToldToReload
            | InstanceFact::ReloadTurnOver
            | InstanceFact::StopTakenOver
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

    fn note(&self, instance: InstanceId, change: impl FnOnce(&mut KnownInstance)) {
        if let Some(known) = self.known.borrow_mut().instances.get_mut(instance) {
            change(known);
        }
    }

    fn started(&self, at: Moment, instance: InstanceId, run: u64, pid: Option<i32>) {
        let mut left = None;
        self.note(instance, |known| {
            known.pid = pid;
            left = known.left.take();
        });
        self.record(at, Level::Info, About::Instance(instance), "started", || {
            let mut fields = vec![("pid", i64::from(pid.unwrap_or(0)).into()), ("run", int(run).into())];
            fields.extend(left.map(|left| ("restarts_left", i64::from(left).into())));
            fields
        });
    }

    /// Told when the leader dies, whatever it has left still does: what follows from it is told after it.
    fn died(&self, at: Moment, instance: InstanceId, death: &Death) {
        let quiet = death.asked == Asked::Yes || death.fine;
        let level = if quiet { Level::Info } else { Level::Warn };
        if !self.log.enabled(level) {
            return;
        }
        let pid = self.known.borrow().instances.get(instance).and_then(|known| known.pid);
        let message = format!("ended: {}", death.autopsy.exit);
        self.record(at, level, About::Instance(instance), message, || {
            let mut fields: Fields = pid.map(|pid| ("pid", i64::from(pid).into())).into_iter().collect();
            fields.push(("run", int(death.run).into()));
            fields.extend(autopsy_fields(&death.autopsy, death.uptime));
            fields
        });
    }

    /// They come from another thread, a moment after the death, and may come after what follows it: they say which run
    /// they are of.
    fn last_words(&self, at: Moment, about: About, obituary: &Obituary) {
        let Obituary { death, words, .. } = obituary;
        if words.is_empty() || death.fine {
            return;
        }
        self.record(at, Level::Warn, about, format!("last words of run {}", death.run), || {
            let mut fields: Fields = vec![("run", int(death.run).into())];
            for (key, lines) in [("stdout", &words.stdout), ("stderr", &words.stderr)] {
                if !lines.is_empty() {
                    fields.push((key, lines.join("\n").into()));
                }
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
                    (known.names.get(id.process).cloned(), known.instances.get(id).map(|k| k.number))
                }
            }
        };
        let message = message.into();
        self.log.log(LogRecord { at, level, message, process, instance, fields: fields() });
    }
}
