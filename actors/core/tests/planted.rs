//! Planted bugs: each corrupts one event, effect, value or edge of the real machines, and the laws must notice every
//! one of them in the same worlds in which the real machines break none. Deterministic: a fixed seed, bounded cases.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "planted/fleet.rs"]
mod in_fleet;
#[path = "planted/policy.rs"]
mod in_policy;
#[path = "world/mod.rs"]
mod sim;
#[path = "support/spec.rs"]
mod support;

use phpeek_core::fleet::{self, Fleet};
use phpeek_core::lifecycle::{
    Effect, Event, Machine, Now, Policy, Pressure, Reach, Rest, SignalStep, State, Trigger, Urgency, Want,
};
use phpeek_core::outcome::Exit;
use phpeek_core::spec::{Condition, SystemSpec};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sim::plan::{self, Plan, ms};
use sim::{Asked, Real, Subject};
use std::sync::Arc;
use std::time::Duration;

const SEED: [u8; 32] = *b"the laws notice every planted ..";
/// Worlds of each kind. Most bugs are noticed in the first ten.
const WORLDS: usize = 1500;

bugs! {
    MACHINE:
        KillBeforeGrace, KillNever, KillLate, KillWithoutBeingAsked, SpawnWhileWantedDown,
        SpawnBeforeGroupIsEmpty, SpawnTwice, SignalToTheRunBefore, SignalWithoutReason,
        BudgetNeverEnforced, BudgetTooSmall, BudgetNeverGivenBack, PolicyIgnored, BackoffBeyondItsMaximum,
        BackoffShrinks, BackoffSkipped, StaleExitAccepted, StaleEmptyGroupAccepted, RestLeftWithoutCommand,
        RunStartedMissing, RunEndedMissing, RunEndedTwice, ExitForgotten, StartIgnoredWhileStopping,
        StopIgnoredInBackoff, StopIgnoredWhileStarting, UrgentStopIsGraceful, RestartIsStop,
        RestedSaysStopped, LeaveNever, LeaveEarly, DaemonsDrained, DaemonsForgotten, SuccessIgnored,
        RecycleIgnored, RecycledSilently, SlowRetryIgnored, ExhaustedNotTold, KillGraceIgnored,
        KillModeIgnored;
    FLEET:
        DependentsNotWaitedFor, CompletedMeansStarted, DependencyMetIgnored, DependentStartedTwice,
        StopForward, StopAllAtOnce, StoppedTooEarly, DoneTwice, DoneEarly, DoneNever, EffectAfterDone,
        SecondShutdownIgnored, SecondShutdownMeansDone, ShutdownIgnoredDuringBoot, DeadlineForgotten,
        BootFailureForgotten, BootFailureWithoutShutdown, RestartsInParallel, RestartBackwards,
        AllRestartedForSome, RestartEndMissing, RestartDuringShutdown, FailureCodeForgotten,
        DormantForgotten, OverNotTold, EdgeMetNotTold, EdgeMetTwice, EdgeLossNotTold, OperationForgotten,
        CauseForgotten, LeftForgotten, TimeoutNever, TimeoutEarly, DormantLeftRunning, StartFailedIgnored,
        TakenForUp, UpAfterTheBootIgnored, StartBeganMissing, OwnTimeoutIgnored, OnTimeoutIgnored,
        FailureCompletesWell, RefusalForgotten, RelayForgotten, FinishForgotten, LossIgnored,
        StoppedForLossAndLeft, AnswerForgotten, AnswerTwice;
}

struct Planted(Bug);

impl Subject for Planted {
    fn spec(&self, spec: &SystemSpec) -> SystemSpec {
        let mut spec = spec.clone();
        match self.0 {
            DependentsNotWaitedFor => change(&mut spec, |p| p.depends_on.clear()),
            CompletedMeansStarted => change(&mut spec, |p| {
                p.depends_on.iter_mut().for_each(|d| d.condition = Condition::Started);
            }),
            DormantForgotten => change(&mut spec, |p| p.initial = phpeek_core::spec::InitialState::Running),
            TimeoutNever => spec.dependency_timeout = ms(60_000),
            TimeoutEarly => spec.dependency_timeout /= 2,
            OwnTimeoutIgnored => {
                change(&mut spec, |p| p.depends_on.iter_mut().for_each(|d| d.timeout = None))
            }
            LossIgnored => change(&mut spec, |p| p.depends_on.iter_mut().for_each(|d| d.restart = false)),
            OnTimeoutIgnored => change(&mut spec, |p| {
                p.depends_on.iter_mut().for_each(|d| d.on_timeout = phpeek_core::spec::OnTimeout::Fail);
            }),
            FailureCompletesWell => change(&mut spec, |p| {
                let well = |d: &&mut phpeek_core::spec::Dependency| d.condition != Condition::Started;
                p.depends_on.iter_mut().filter(well).for_each(|d| d.condition = Condition::Completed);
            }),
            DeadlineForgotten => spec.shutdown_timeout = ms(60_000),
            _ => {}
        }
        spec
    }

    fn deadline(&self, m: &Machine) -> Option<Duration> {
        let spared =
            self.0 == KillNever && matches!(m.state(), State::Stopping { .. } | State::Draining { .. });
        let killed = matches!(
            m.state(),
            State::Stopping { pressure: Pressure::Killed, .. }
                | State::Draining { pressure: Pressure::Killed, .. }
        );
        m.deadline().filter(|_| !(spared || self.0 == LeaveNever && killed))
    }

    fn machine(&mut self, m: &mut Machine, policy: &Policy, now: Now, event: Event, out: &mut Vec<Effect>) {
        let mut policy = *policy;
        let mut now = now;
        self.corrupt_policy(&mut policy, &mut now);
        let Some(event) = self.corrupt_event(m, event) else { return };
        let before = m.clone();
        if self.0 == SpawnBeforeGroupIsEmpty && matches!(m.state(), State::Running { .. }) {
            m.step(&policy, now, event, out);
            if let (Event::Exited { .. }, State::Draining { run, .. }) = (event, m.state()) {
                m.step(&policy, now, Event::GroupEmpty { run }, out);
            }
            return;
        }
        m.step(&policy, now, event, out);
        self.corrupt_effects(&before, event, &policy, m, now, out);
    }

    fn fleet(&mut self, f: &mut Fleet, now: Duration, event: fleet::Event, out: &mut Vec<Asked>) {
        let Some(event) = self.corrupt_fleet_event(f, event) else { return };
        let before = f.clone();
        sim::step(f, now, event.clone(), out);
        self.corrupt_fleet_effects(&before, f, now, &event, out);
    }
}

fn change(spec: &mut SystemSpec, with: impl Fn(&mut phpeek_core::spec::ProcessSpec)) {
    for process in &mut spec.processes {
        with(Arc::make_mut(process));
    }
}

impl Planted {
    fn corrupt_event(&self, m: &Machine, event: Event) -> Option<Event> {
        let state = m.state();
        match (self.0, event) {
            (StaleExitAccepted, Event::Exited { exit, .. }) => Some(Event::Exited { run: m.run(), exit }),
            (StaleEmptyGroupAccepted, Event::GroupEmpty { .. }) => Some(Event::GroupEmpty { run: m.run() }),
            (ExitForgotten, Event::Exited { run, .. }) => Some(Event::Exited { run, exit: Exit::Code(0) }),
            (StartIgnoredWhileStopping, Event::Start) if matches!(state, State::Stopping { .. }) => None,
            (StopIgnoredInBackoff, Event::Stop(_)) if matches!(state, State::Backoff { .. }) => None,
            (StopIgnoredWhileStarting, Event::Stop(_)) if matches!(state, State::Starting { .. }) => None,
            (UrgentStopIsGraceful, Event::Stop(_)) => Some(Event::Stop(Urgency::Graceful)),
            (RestartIsStop, Event::Restart) if !m.at_rest() => Some(Event::Stop(Urgency::Graceful)),
            (LeaveNever, Event::OutOfReach { .. }) => None,
            (LeaveEarly, Event::Left { run }) => Some(Event::OutOfReach { run }),
            (DaemonsDrained, Event::Left { .. }) => None,
            (DaemonsForgotten, Event::Stop(_)) if m.has_left() => None,
            (KillWithoutBeingAsked, Event::Stop(_)) => Some(Event::Stop(Urgency::Now)),
            _ => Some(event),
        }
    }

    fn corrupt_effects(
        &self,
        before: &Machine,
        event: Event,
        policy: &Policy,
        m: &mut Machine,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        match self.0 {
            SpawnWhileWantedDown if m.want() == Want::Down && m.at_rest() && !before.at_rest() => {
                out.push(Effect::Spawn { run: m.run() + 1 });
            }
            SpawnTwice => double(out, |e| matches!(e, Effect::Spawn { .. })),
            SignalToTheRunBefore => out.iter_mut().for_each(|e| {
                if let Effect::Signal { run, .. } = e {
                    *run -= 1;
                }
            }),
            SignalWithoutReason => {
                if let (Event::Spawned { run }, State::Running { .. }) = (event, m.state()) {
                    let (signal, step) = (policy.stop.signal, SignalStep::Request);
                    out.push(Effect::Signal { run, signal, step, reach: Reach::All });
                }
            }
            BackoffSkipped if matches!(m.state(), State::Backoff { .. }) => {
                let at = m.deadline().unwrap_or(now.at);
                m.step(policy, Now { at, ..now }, Event::Tick, out);
            }
            RestLeftWithoutCommand if before.at_rest() && matches!(event, Event::Exited { .. }) => {
                m.step(policy, now, Event::Start, out);
            }
            RecycledSilently => out.retain(|e| {
                !matches!(e, Effect::Restarting { after: Trigger::Exit(exit), .. } if policy.recycles(*exit))
            }),
            ExhaustedNotTold => out.retain(|e| !matches!(e, Effect::Exhausted(_))),
            RunStartedMissing => out.retain(|e| !matches!(e, Effect::RunStarted { .. })),
            RunEndedMissing => out.retain(|e| !matches!(e, Effect::RunEnded { .. })),
            RunEndedTwice => double(out, |e| matches!(e, Effect::RunEnded { .. })),
            RestedSaysStopped => out.iter_mut().for_each(|e| {
                if let Effect::Rested(rest) = e {
                    *rest = Rest::Stopped;
                }
            }),
            _ => {}
        }
    }
}

fn double<E: Clone>(out: &mut Vec<E>, which: impl Fn(&E) -> bool) {
    *out = out.iter().flat_map(|e| std::iter::repeat_n(e.clone(), 1 + usize::from(which(e)))).collect();
}

fn worlds(of: &impl Strategy<Value = Plan>, count: usize) -> Vec<Plan> {
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    (0..count).map(|_| of.new_tree(&mut runner).expect("nothing is filtered").current()).collect()
}

/// The first law that notices the bug, and in which world.
fn noticed(bug: Bug, worlds: &[Plan]) -> Option<(usize, &'static str)> {
    worlds.iter().enumerate().find_map(|(n, plan)| Some((n, sim::run(plan, Planted(bug)).first()?.0)))
}

fn all_are_noticed(bugs: &[Bug], worlds: &[Plan]) {
    let real: Vec<_> = worlds.iter().flat_map(|plan| sim::run(plan, Real)).collect();
    assert!(real.is_empty(), "the real machines break laws: {real:?}");
    let found: Vec<_> = bugs.iter().map(|bug| (*bug, noticed(*bug, worlds))).collect();
    let missed: Vec<_> = found.iter().filter(|(_, law)| law.is_none()).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}; the others: {found:?}");
}

#[test]
fn every_bug_planted_in_the_lifecycle_is_noticed() {
    let mut all = worlds(&plan::solo(), WORLDS);
    all.extend(worlds(&plan::fleet(), WORLDS / 3));
    all_are_noticed(&MACHINE, &all);
}

#[test]
fn every_bug_planted_in_the_fleet_is_noticed() {
    all_are_noticed(&FLEET, &worlds(&plan::fleet(), WORLDS));
}
