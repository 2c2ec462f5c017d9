//! One pass through a list of hooks, as a pure machine: one after the other, each tried until it succeeds or has no
//! try left. Each try is a run of the lifecycle machine of a oneshot, so that it is stopped, killed and left like any
//! run. Used by whoever the hooks belong to; never knows whose success depends on it.
//!
//! # The laws
//! * **R1** hooks begin in their order, one task at a time; each has at most `retries` + 1 tries, and one more only
//!   after a try that failed.
//! * **R2** after a failure that counts, or a stop, nothing begins.
//! * **R3** a try is pressed to end when its timeout is over, and not before, unless the pass is stopped.
//! * **R4** between two tries the delay is waited out.
//! * **R5** every hook that began is told to have ended, once, before the next begins and before the pass is over.
//! * **R6** the verdict is what happened: `Done` when each hook succeeded or was allowed to fail, `Failed` with the last
//!   fault of the hook that failed, `Interrupted` after a stop that came before either.
//! * **R7** a pass that is stopped is over within the grace and a little, whatever its hook does.

use super::words::Effect;
use super::{GRACE, HookFailure, HookList, HookSpec, OnError, Stage};
use crate::backoff::Backoff;
use crate::budget::Attempts;
use crate::command::ProcessKind;
use crate::facts::{Fact, HookEnd, HookFact, HookOutcome, Outbox};
use crate::ids::{HookTask, InstanceId, TaskId};
use crate::lifecycle::{self, Machine, Now, Policy, Rest, SignalStep, State, Urgency};
use crate::member::Member;
use crate::outcome::{Exit, HookFault};
use crate::program::{Label, Launch, TaskEvent};
use crate::signal::Signal;
use crate::spec::{Ends, KillMode, RestartPolicy, RestartSpec, StopSpec};
use std::time::Duration;

/// A try is the run of a oneshot that is never restarted by itself.
const POLICY: Policy = Policy {
    kind: ProcessKind::Oneshot,
    restart: RestartSpec {
        policy: RestartPolicy::Never,
        attempts: Attempts::AtMost(0),
        backoff: Backoff::NONE,
        stable_after: None,
        ends: Ends::USUAL,
    },
    stop: StopSpec {
        signal: Signal::TERM,
        grace: GRACE,
        kill_signal: Signal::KILL,
        kill_grace: GRACE,
        mode: KillMode::Group,
    },
};

/// How a pass ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every hook has succeeded, or was allowed to fail.
    Done,
    /// This hook has failed, and those after it did not run.
    Failed(HookFailure),
    /// It was stopped.
    Interrupted,
}

/// What a pass waits for beside its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Nothing,
    /// The try may take until then.
    Timeout(Duration),
    /// The next try begins then.
    Again(Duration),
}

/// What has become of the current try beside its end.
#[derive(Debug, Clone, Default)]
struct Try {
    pid: Option<i32>,
    timed_out: bool,
    exit: Option<Exit>,
    /// Why it never began.
    refused: Option<String>,
    /// SIGKILL has not helped, and its leader lives.
    left: bool,
}

/// A pass under way.
#[derive(Debug, Clone)]
pub struct Pass {
    of: Option<InstanceId>,
    number: Option<u32>,
    stage: Stage,
    list: HookList,
    /// The place of the current hook.
    at: usize,
    /// Tries of the current hook.
    tries: u32,
    /// How many tasks the owner had before the current hook.
    given: u64,
    machine: Machine,
    current: Try,
    wait: Wait,
    stopped: bool,
    verdict: Option<Verdict>,
}

impl Pass {
    /// A pass that has not begun, of this instance and its number, or of the system; its owner has given so many tasks
    /// before.
    #[must_use]
    pub fn new(of: Option<(InstanceId, u32)>, stage: Stage, list: HookList, given: u64) -> Self {
        Self {
            of: of.map(|(instance, _)| instance),
            number: of.map(|(_, number)| number),
            stage,
            list,
            at: 0,
            tries: 0,
            given,
            machine: Machine::default(),
            current: Try::default(),
            wait: Wait::Nothing,
            stopped: false,
            verdict: None,
        }
    }

    /// Begins with the first hook; of an empty list it is done at once.
    pub fn begin<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        self.begin_hook(now, out);
    }

    /// Something has happened to a task. One that is not the current one changes nothing.
    pub fn observe<E: From<Effect>>(
        &mut self,
        now: Now,
        task: HookTask,
        event: TaskEvent,
        out: &mut Outbox<E>,
    ) {
        let run = task.serial.saturating_sub(self.given);
        if self.verdict.is_some() || task.of != self.of || run == 0 || run != self.machine.run() {
            return;
        }
        let event = match event {
            TaskEvent::Spawned { pid } => {
                self.current.pid.get_or_insert(pid);
                lifecycle::Event::Spawned { run }
            }
            TaskEvent::SpawnFailed(failure) => {
                self.current.refused = Some(failure.message);
                lifecycle::Event::SpawnFailed { run, kind: failure.kind }
            }
            TaskEvent::Exited(autopsy) => {
                if let Wait::Timeout(_) = self.wait {
                    self.wait = Wait::Nothing; // what it has left has a time of its own
                }
                lifecycle::Event::Exited { run, exit: autopsy.exit }
            }
            TaskEvent::Left(members) => {
                self.tell(now.at, HookFact::Daemonised(members), out);
                lifecycle::Event::Left { run }
            }
            TaskEvent::OutOfReach => lifecycle::Event::OutOfReach { run },
            TaskEvent::GroupEmpty => lifecycle::Event::GroupEmpty { run },
        };
        self.feed(now, event, out);
    }

    /// Begin nothing more, and end what runs.
    pub fn stop<E: From<Effect>>(&mut self, now: Now, urgency: Urgency, out: &mut Outbox<E>) {
        if self.verdict.is_some() {
            return;
        }
        self.stopped = true;
        if let Wait::Again(_) = self.wait {
            return self.end(now.at, HookOutcome::Interrupted, Verdict::Interrupted, out);
        }
        self.wait = Wait::Nothing;
        self.feed(now, lifecycle::Event::Stop(urgency), out);
    }

    /// Time has passed. Before the deadline it changes nothing.
    pub fn tick<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        match self.wait {
            Wait::Timeout(due) if due <= now.at => {
                self.wait = Wait::Nothing;
                self.current.timed_out = true;
                self.feed(now, lifecycle::Event::Stop(Urgency::Graceful), out);
            }
            Wait::Again(due) if due <= now.at => self.try_once(now, out),
            Wait::Nothing | Wait::Timeout(_) | Wait::Again(_) => {}
        }
        if self.verdict.is_none() {
            self.feed(now, lifecycle::Event::Tick, out);
        }
    }

    /// When a tick is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let own = match self.wait {
            Wait::Nothing => None,
            Wait::Timeout(due) | Wait::Again(due) => Some(due),
        };
        let all = own.into_iter().chain(self.machine.deadline());
        all.min().filter(|_| self.verdict.is_none())
    }

    /// How it ended, once it is over.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// When its hooks run.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// How many tasks its owner has given so far.
    #[must_use]
    pub fn given(&self) -> u64 {
        self.given.saturating_add(self.machine.run())
    }

    /// The task that is not over, for whoever must look after it when this machine is lost.
    #[must_use]
    pub fn task(&self) -> Option<HookTask> {
        let live = self.verdict.is_none() && !self.machine.at_rest();
        live.then(|| self.task_of(self.machine.run()))
    }

    /// Nobody will see its end: what is under way is told as interrupted.
    pub fn abandon<E: From<Effect>>(&mut self, at: Duration, out: &mut Outbox<E>) {
        if self.verdict.is_none() {
            self.end(at, HookOutcome::Interrupted, Verdict::Interrupted, out);
        }
    }

    fn task_of(&self, run: u64) -> HookTask {
        HookTask { of: self.of, serial: self.given.saturating_add(run) }
    }

    fn tell<E>(&self, at: Duration, fact: HookFact, out: &mut Outbox<E>) {
        out.tell(at, Fact::Hook(self.of, fact));
    }

    fn begin_hook<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        let Some(hook) = self.list.get(self.at).cloned() else {
            self.verdict = Some(Verdict::Done);
            return;
        };
        // A new machine for each: what a hook has put into the background is not part of the next.
        self.given = self.given();
        self.machine = Machine::default();
        self.tries = 0;
        self.tell(now.at, HookFact::Began { hook, stage: self.stage }, out);
        self.try_once(now, out);
    }

    fn try_once<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        let Some(timeout) = self.list.get(self.at).map(|hook| hook.timeout) else { return };
        self.tries = self.tries.saturating_add(1);
        self.current = Try::default();
        self.wait = Wait::Timeout(now.at.saturating_add(timeout));
        self.feed(now, lifecycle::Event::Start, out);
    }

    /// Takes a step of the run under way, and all that follows from it.
    fn feed<E: From<Effect>>(&mut self, now: Now, event: lifecycle::Event, out: &mut Outbox<E>) {
        let mut effects = Vec::new();
        self.machine.step(&POLICY, now, event, &mut effects);
        let mut rested = None;
        for effect in effects {
            match effect {
                lifecycle::Effect::Spawn { run } => self.launch(now.at, run, out),
                lifecycle::Effect::Signal { run, signal, step, .. } => {
                    out.act(Effect::Signal { task: self.task_of(run), signal, step }.into());
                }
                lifecycle::Effect::Cancel { run } => out.act(Effect::Cancel(self.task_of(run)).into()),
                lifecycle::Effect::Leave { run } => {
                    self.current.left = matches!(self.machine.state(), State::Stopping { .. });
                    out.act(Effect::Leave(self.task_of(run)).into());
                }
                lifecycle::Effect::RunStarted { run, .. } => {
                    let (task, attempt, pid) = (self.task_of(run), self.tries, self.current.pid);
                    self.tell(now.at, HookFact::Started { task, attempt, pid }, out);
                }
                lifecycle::Effect::RunEnded { exit, .. } => self.current.exit = Some(exit),
                lifecycle::Effect::Rested(rest) => rested = Some(rest),
                // Of what is restarted by itself.
                lifecycle::Effect::Restarting { .. }
                | lifecycle::Effect::Exhausted(_)
                | lifecycle::Effect::BackoffBegan { .. } => {}
            }
        }
        match rested {
            Some(rest) => self.tried(now, rest, out),
            None if self.current.left && self.verdict.is_none() => self.tried(now, Rest::Stopped, out),
            None => {}
        }
    }

    fn launch<E: From<Effect>>(&mut self, at: Duration, run: u64, out: &mut Outbox<E>) {
        let Some(hook) = self.list.get(self.at).cloned() else { return };
        self.tell(at, HookFact::Ordered { attempt: self.tries }, out);
        let label = Label { number: self.number, incarnation: None };
        let program = self.number.map_or_else(|| hook.program.clone(), |n| hook.program.of_instance(n));
        let task = TaskId::Hook(self.task_of(run));
        out.act(Effect::Launch(Launch { task, label, program }).into());
    }

    /// A try is over.
    fn tried<E: From<Effect>>(&mut self, now: Now, rest: Rest, out: &mut Outbox<E>) {
        self.wait = Wait::Nothing;
        let Some(hook) = self.list.get(self.at).cloned() else { return };
        if self.stopped {
            return self.end(now.at, HookOutcome::Interrupted, Verdict::Interrupted, out);
        }
        let fault = match rest {
            _ if self.current.timed_out => HookFault::TimedOut,
            Rest::Failed(lifecycle::Failure::Exit(exit) | lifecycle::Failure::GaveUp(exit)) => {
                HookFault::Exit(exit)
            }
            Rest::Failed(lifecycle::Failure::Spawn(kind)) => HookFault::refused(kind),
            // Nobody asks for the health of a hook, or bounds its memory.
            Rest::Failed(_) | Rest::Completed | Rest::Stopped => {
                self.tell_end(now.at, HookOutcome::Succeeded, None, out);
                return self.next(now, out);
            }
        };
        let why = self.why(&hook, fault);
        if self.tries <= hook.retries && !self.current.left {
            let delay = hook.retry_delay;
            self.tell(now.at, HookFact::TriedInVain { attempt: self.tries, fault, why, delay }, out);
            if delay.is_zero() {
                return self.try_once(now, out);
            }
            self.wait = Wait::Again(now.at.saturating_add(delay));
            return;
        }
        let outcome = HookOutcome::Failed(fault, why.clone());
        if hook.on_error == OnError::Continue {
            self.tell_end(now.at, outcome, None, out);
            return self.next(now, out);
        }
        let failure = HookFailure { hook: hook.name.clone(), stage: self.stage, fault, why };
        self.end(now.at, outcome, Verdict::Failed(failure), out);
    }

    fn why(&self, hook: &HookSpec, fault: HookFault) -> String {
        match (fault, &self.current.refused) {
            (HookFault::TimedOut, _) => format!("it took longer than {:?}", hook.timeout),
            (HookFault::Exit(exit), _) => exit.to_string(),
            (_, Some(message)) => message.clone(),
            (_, None) => "it could not be started".to_owned(),
        }
    }

    fn next<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        self.at += 1;
        self.begin_hook(now, out);
    }

    fn end<E>(&mut self, at: Duration, outcome: HookOutcome, verdict: Verdict, out: &mut Outbox<E>) {
        self.tell_end(at, outcome, Some(self.rest()), out);
        self.verdict = Some(verdict);
    }

    /// How many hooks there are after the current one.
    fn rest(&self) -> usize {
        self.list.len().saturating_sub(self.at.saturating_add(1))
    }

    fn tell_end<E>(&self, at: Duration, outcome: HookOutcome, skipped: Option<usize>, out: &mut Outbox<E>) {
        let Try { pid, exit, .. } = self.current;
        let (last, skipped) = (skipped.is_some() || self.rest() == 0, skipped.unwrap_or(0));
        let end = HookEnd { outcome, attempts: self.tries, pid, exit, skipped, last };
        self.tell(at, HookFact::Ended(end), out);
    }
}

/// What came of an [`Effect::Signal`]: the fact that tells of it.
#[must_use]
pub fn signalled(task: HookTask, signal: Signal, step: SignalStep, delivered: bool) -> Fact {
    Fact::Hook(task.of, HookFact::Signalled { signal, step, delivered })
}

/// What came of an [`Effect::Leave`]: the fact that tells of it.
#[must_use]
pub fn left_alone(task: HookTask, members: Vec<Member>) -> Fact {
    Fact::Hook(task.of, HookFact::LeftAlone(members))
}

/// Those of a list that will not run because there is no time.
pub fn skip<E>(of: Option<InstanceId>, stage: Stage, hooks: usize, at: Duration, out: &mut Outbox<E>) {
    if hooks > 0 {
        out.tell(at, Fact::Hook(of, HookFact::Skipped { stage, hooks }));
    }
}
