//! The laws of one instance, kept by an observer that knows only what was told and what was answered. It sees every
//! step of a machine and what time it is; it never looks into the machine's fields to excuse it.

mod restarts;

use super::plan::ms;
use phpeek_core::lifecycle::{
    Effect, Event, KILL_PATIENCE, LINGER, Machine, Policy, Reach, SignalStep, State, Urgency, Want,
};
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{KillMode, ProcessKind};
use std::time::Duration;

/// A broken law: its name and what was seen.
pub(crate) type Broken = (&'static str, String);

/// How long is waited before a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Next {
    #[default]
    Usual,
    /// The run before was to be followed at once.
    Recycled,
    /// The budget is spent, and that is no end.
    Slow,
}

/// What has been seen of one instance.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// The latest run that was asked for.
    asked: u64,
    /// Whether that run is known to have lived, and to be over.
    born: bool,
    over: bool,
    exited_at: Option<Duration>,
    exit: Option<Exit>,
    request_at: Option<Duration>,
    urged_at: Option<Duration>,
    killed: bool,
    /// When SIGKILL was sent to the leader alone.
    struck_at: Option<Duration>,
    killed_at: Option<Duration>,
    /// What is left of the run may not be signalled.
    unreachable: bool,
    /// What is left of the run are daemons of a oneshot that has done its work.
    left: bool,
    told_to_go: bool,
    urgent: bool,
    /// The run between `RunStarted` and `RunEnded`.
    open: Option<u64>,
    started: u64,
    ended_exit: Option<Exit>,
    wanted: Option<Want>,
    stopped_at: Option<Duration>,
    /// A run of at least this number must have been asked for by then.
    owed: Option<(u64, Duration)>,
    failures: u32,
    restarts: u32,
    recycled: u32,
    /// What the next run follows, as far as its delay goes.
    next: Next,
    exhausted: bool,
    uptime: Duration,
    /// Whether a wait must come before the next run.
    owes_wait: bool,
    waiting: Option<(Duration, Duration)>,
}

/// How much longer it takes when SIGKILL goes to the leader alone at first.
fn alone(policy: &Policy) -> Duration {
    if policy.stop.mode == KillMode::Leader { KILL_PATIENCE } else { Duration::ZERO }
}

/// How long a run may take to end after it was told to: both graces, and what the world needs to deliver.
fn patience(policy: &Policy) -> Duration {
    policy.stop.grace + policy.stop.kill_grace + alone(policy) + LINGER + ms(60)
}

impl Book {
    /// Whether anything was ever started, and how often.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    /// Notes what the machine is told, before it hears it.
    pub(crate) fn told(&mut self, policy: &Policy, now: Duration, event: Event, before: &Machine) {
        let command = matches!(event, Event::Start | Event::Restart | Event::Stop(_));
        if command && before.has_left() {
            self.exited_at = Some(now); // what lived on by right does so no longer
        }
        match event {
            Event::Start | Event::Restart => {
                let was = self.wanted.replace(Want::Up);
                self.stopped_at = None;
                let afresh = before.at_rest()
                    || matches!(before.state(), State::Stopping { .. })
                    || event == Event::Restart;
                if afresh {
                    (self.failures, self.restarts, self.recycled) = (0, 0, 0);
                }
                let starting = matches!(before.state(), State::Starting { .. });
                if before.at_rest() && !before.has_left() {
                    self.owed = Some((before.run() + 1, now));
                } else if before.has_left() || event == Event::Restart && !starting || was == Some(Want::Down)
                {
                    self.owed = Some((before.run() + 1, now + patience(policy)));
                }
                self.told_to_go |= event == Event::Restart || before.has_left();
                if event == Event::Restart {
                    self.waiting = None;
                }
            }
            Event::Stop(urgency) => {
                self.wanted = Some(Want::Down);
                self.owed = None;
                self.stopped_at.get_or_insert(now);
                self.told_to_go = true;
                self.urgent |= urgency == Urgency::Now;
                self.waiting = None;
            }
            Event::Spawned { run } if run == self.asked => self.born = true,
            Event::Exited { run, exit } if run == self.asked => {
                self.born = true;
                self.exit = Some(exit);
                self.exited_at = Some(now);
            }
            Event::SpawnFailed { run, .. } | Event::GroupEmpty { run } if run == self.asked => {
                self.over = true
            }
            Event::OutOfReach { run } if run == self.asked => self.unreachable = true,
            Event::Left { run } if run == self.asked && policy.kind == ProcessKind::Oneshot => {
                self.left = self.exit.is_some_and(|exit| policy.succeeded(exit));
            }
            _ => {}
        }
    }

    /// Checks what the machine answered.
    pub(crate) fn answered(
        &mut self,
        policy: &Policy,
        now: Duration,
        event: Event,
        (before, after): (&Machine, &Machine),
        effects: &[Effect],
    ) -> Vec<Broken> {
        let mut broken = Vec::new();
        let stop = before.has_left() && matches!(event, Event::Stop(_));
        let command = stop || matches!(event, Event::Start | Event::Restart);
        let gone = before.has_left() && after.state().shown() == before.state().shown() && effects.is_empty();
        if before.at_rest() && !command && !gone && (before.state() != after.state() || !effects.is_empty()) {
            broken.push(("P9", format!("rest left by {event:?}")));
        }
        for effect in effects {
            self.effect(policy, now, *effect, &mut broken);
        }
        if let Event::Stop(Urgency::Now) = event
            && self.born
            && !self.over
            && !self.killed
        {
            broken.push(("P7", "an urgent stop did not kill".to_owned()));
        }
        broken
    }

    fn effect(&mut self, policy: &Policy, now: Duration, effect: Effect, broken: &mut Vec<Broken>) {
        match effect {
            Effect::Spawn { run } => self.spawn(now, run, broken),
            Effect::Signal { run, signal, step, reach } => {
                self.whom(policy, (signal, step), reach, broken);
                self.signal(policy, now, (run, signal, step), reach, broken);
            }
            Effect::RunStarted { run } => {
                if run != self.asked || !self.born || self.open.is_some() {
                    broken.push(("P10", format!("run {run} started out of turn")));
                }
                self.open = Some(run);
                self.started += 1;
            }
            Effect::RunEnded { run, exit, uptime } => {
                let left = self.left && self.wanted == Some(Want::Up);
                if self.open.take() != Some(run) || self.exit != Some(exit) || !(self.over || left) {
                    broken.push(("P10", format!("run {run} ended out of turn or with another exit")));
                }
                (self.ended_exit, self.uptime) = (Some(exit), uptime);
                if policy.restart.stable_after.is_some_and(|window| uptime >= window) {
                    (self.failures, self.restarts, self.recycled) = (0, 0, 0);
                }
            }
            Effect::Cancel { run } => {
                if run != self.asked || self.born || self.wanted != Some(Want::Down) {
                    broken.push(("P3", format!("run {run} was cancelled out of turn")));
                }
            }
            Effect::Leave { run } => self.leave(now, run, broken),
            Effect::Restarting { after, attempt } => self.restarting(policy, after, attempt, broken),
            Effect::BackoffBegan { delay } => {
                let (most, least) = self.delay(policy);
                if delay > most || delay < least {
                    broken.push(("P5", format!("a delay of {delay:?} where {most:?} is due")));
                }
                (self.waiting, self.owes_wait) = (Some((now, delay)), false);
            }
            Effect::Exhausted(_) => self.exhausted = true,
            Effect::Rested(rest) => self.rested(policy, rest, broken),
        }
    }

    /// While the leader lives a signal is for whom the mode says; what is left, and when there is no time, for all.
    fn whom(
        &self,
        policy: &Policy,
        (signal, step): (Signal, SignalStep),
        reach: Reach,
        broken: &mut Vec<Broken>,
    ) {
        let mode = match policy.stop.mode {
            KillMode::Group => false,
            KillMode::Mixed => step == SignalStep::Request,
            KillMode::Leader => true,
        };
        let last = signal == Signal::KILL && (self.urgent || self.struck_at.is_some());
        if (reach == Reach::Leader) != (mode && self.exited_at.is_none() && !last) {
            broken.push(("P13", format!("{signal} to {reach:?} by {:?}", policy.stop.mode)));
        }
    }

    /// Only what was killed long enough ago, or may not be signalled, is given up.
    fn leave(&mut self, now: Duration, run: u64, broken: &mut Vec<Broken>) {
        let killed = self.killed_at.is_some_and(|t| now >= t + KILL_PATIENCE);
        if run != self.asked || self.over || !killed && !self.unreachable {
            broken.push(("P12", format!("run {run} was left while something could be done about it")));
        }
        self.over |= self.exited_at.is_some();
    }

    fn spawn(&mut self, now: Duration, run: u64, broken: &mut Vec<Broken>) {
        if self.asked != 0 && !self.over {
            broken.push(("P1", format!("run {run} was asked for while run {} is not over", self.asked)));
        }
        if run <= self.asked {
            broken.push(("P1", format!("run {run} follows run {}", self.asked)));
        }
        if self.wanted != Some(Want::Up) {
            broken.push(("P2", format!("run {run} was asked for while none is wanted")));
        }
        if self.open.is_some() {
            broken
                .push(("P10", format!("run {run} was asked for before the end of {:?} was told", self.open)));
        }
        if let Some((began, delay)) = self.waiting.take()
            && now != began + delay
        {
            broken.push(("P5", format!("waited {:?} instead of {delay:?}", now.saturating_sub(began))));
        }
        if std::mem::take(&mut self.owes_wait) {
            broken.push(("P5", format!("run {run} was called for and began too soon")));
        }
        if self.owed.is_some_and(|(least, _)| run >= least) {
            self.owed = None;
        }
        self.asked = run;
        (self.born, self.over, self.killed, self.told_to_go, self.urgent) =
            (false, false, false, false, false);
        (self.exited_at, self.exit, self.request_at, self.urged_at) = (None, None, None, None);
        (self.killed_at, self.unreachable, self.left, self.struck_at) = (None, false, false, None);
    }

    /// How long what is left of the run may stay unasked.
    fn linger(&self, policy: &Policy) -> Duration {
        self.exit.map_or(LINGER, |exit| policy.linger(exit))
    }

    fn signal(
        &mut self,
        policy: &Policy,
        now: Duration,
        (run, signal, step): (u64, Signal, SignalStep),
        reach: Reach,
        broken: &mut Vec<Broken>,
    ) {
        if run != self.asked || !self.born || self.over {
            broken.push(("P3", format!("{signal} to run {run}, which is not there")));
        }
        let lingered = self.exited_at.is_some_and(|t| now >= t + self.linger(policy));
        if !self.told_to_go && !lingered {
            broken.push(("P3", format!("{signal} to run {run}, which nobody wants gone")));
        }
        if self.left && !self.told_to_go {
            broken.push(("P12", format!("{signal} to the daemons of run {run}, which live on by right")));
        }
        let stop = policy.stop;
        let at_once = self.urgent || stop.signal == Signal::KILL;
        let over = |since: Option<Duration>, by: Duration| since.is_some_and(|t| now >= t + by);
        match step {
            SignalStep::Request if signal == stop.signal && self.request_at.is_none() => {
                self.request_at = Some(now);
            }
            SignalStep::Request => broken.push(("P4", format!("{signal} as a second or another request"))),
            SignalStep::Escalation if signal == Signal::KILL => {
                let asked = match stop.kill_signal {
                    Signal::KILL => over(self.request_at, stop.grace),
                    _ => over(self.urged_at, stop.kill_grace),
                };
                let struck = self.struck_at.is_some();
                let due = if struck { over(self.struck_at, KILL_PATIENCE) } else { asked };
                if self.killed || !(at_once && (self.urgent || !struck)) && !due {
                    broken.push(("P4", format!("run {run} was killed before its grace was over, or twice")));
                }
                match reach {
                    Reach::Leader => self.struck_at = Some(now),
                    Reach::All => (self.killed, self.killed_at) = (true, Some(now)),
                }
            }
            SignalStep::Escalation => {
                let early = !over(self.request_at, stop.grace);
                if signal != stop.kill_signal || self.urged_at.is_some() || early {
                    broken.push(("P4", format!("{signal} to run {run} before its grace was over, or twice")));
                }
                self.urged_at = Some(now);
            }
        }
    }

    /// Checks what should have happened by now. `stuck`: the run hangs in the kernel and no kill helps.
    pub(crate) fn overdue(
        &self,
        policy: &Policy,
        now: Duration,
        machine: &Machine,
        stuck: bool,
    ) -> Vec<Broken> {
        let mut broken = Vec::new();
        let late = |since: Option<Duration>, by: Duration| since.is_some_and(|t| now > t + by);
        let (grace, kill_grace) = (policy.stop.grace, policy.stop.kill_grace);
        let there = self.born && !self.over && !self.killed && !machine.has_left();
        let escalated = self.urged_at.is_some() || self.struck_at.is_some();
        let urged = self.struck_at.is_none() && late(self.urged_at, kill_grace);
        let spared = !escalated && late(self.request_at, grace);
        if there && (spared || urged || late(self.struck_at, KILL_PATIENCE)) {
            broken.push(("P4", format!("run {} was spared after its grace", self.asked)));
        }
        if there
            && self.request_at.is_none()
            && self.struck_at.is_none()
            && late(self.exited_at, self.linger(policy))
        {
            broken.push(("P7", format!("what is left of run {} was not asked to go", self.asked)));
        }
        // Whatever hangs in the kernel or may not be signalled.
        let held = grace + kill_grace + self.linger(policy) + alone(policy) + KILL_PATIENCE + ms(60);
        if self.born && !self.over && !machine.has_left() && late(self.exited_at, held) {
            broken.push(("P12", format!("still {:?} long after the leader's end", machine.state())));
        }
        if !stuck && !machine.at_rest() && late(self.stopped_at, patience(policy)) {
            broken.push(("P7", format!("still {:?} long after a stop", machine.state())));
        }
        if !stuck
            && let Some((least, by)) = self.owed
            && now > by
        {
            broken
                .push(("P11", format!("run {least} was commanded and is not there: {:?}", machine.state())));
        }
        if let Some((began, delay)) = self.waiting
            && now > began + delay
        {
            broken.push(("P5", format!("waits longer than {delay:?}")));
        }
        broken
    }
}
