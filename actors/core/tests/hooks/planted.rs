//! Planted bugs of a pass: each corrupts one event, value or output, and a law must notice every one of them in the same
//! worlds in which the real machine breaks none.

use crate::world::{self, Asked, Plan, Real, Subject};
use phpeek_core::facts::{Fact, HookFact, HookOutcome, Outbox, Output, Told};
use phpeek_core::hook::pass::Pass;
use phpeek_core::hook::words::Effect;
use phpeek_core::hook::{HookSpec, OnError};
use phpeek_core::ids::HookTask;
use phpeek_core::lifecycle::Now;
use phpeek_core::outcome::Exit;
use phpeek_core::program::TaskEvent;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::time::Duration;

const SEED: [u8; 32] = *b"the laws of hooks will notice it";
const WORLDS: usize = 400;

bugs! {
    ALL:
        LaunchedTwice, OneTryTooMany, RetriesForgotten, FailureForgotten, EveryFailureCounts,
        TimeoutForgotten, TimeoutTooEarly, DelayForgotten, EndTwice, EndNever, BeganNever,
        FailureIsSuccess, DeadlineForgotten, GroupForgotten;
}

struct Planted(Bug);

fn tells(asked: &Asked, which: impl Fn(&HookFact) -> bool) -> bool {
    matches!(asked, Output::Tell(Told { fact: Fact::Hook(_, fact), .. }) if which(fact))
}

fn double(out: &mut Vec<Asked>, which: impl Fn(&Asked) -> bool) {
    *out = out.iter().flat_map(|o| std::iter::repeat_n(o.clone(), 1 + usize::from(which(o)))).collect();
}

impl Subject for Planted {
    fn observe(&mut self, pass: &mut Pass, now: Now, task: HookTask, event: TaskEvent, out: &mut Vec<Asked>) {
        let event = match (self.0, event) {
            (FailureForgotten, TaskEvent::Exited(_)) => TaskEvent::Exited(Exit::Code(0).into()),
            (_, event) => event,
        };
        let mut own = Outbox::new();
        if self.0 == GroupForgotten && matches!(event, TaskEvent::Exited(_)) {
            pass.observe(now, task, event, &mut own);
            pass.observe(now, task, TaskEvent::GroupEmpty, &mut own);
        } else {
            pass.observe(now, task, event, &mut own);
        }
        out.extend(own.drain());
    }

    fn deadline(&self, pass: &Pass) -> Option<Duration> {
        pass.deadline().filter(|_| self.0 != DeadlineForgotten)
    }

    fn spec(&self, spec: &mut HookSpec) {
        match self.0 {
            OneTryTooMany => spec.retries += 1,
            RetriesForgotten => spec.retries = 0,
            EveryFailureCounts => spec.on_error = OnError::Stop,
            TimeoutForgotten => spec.timeout = Duration::from_secs(800),
            TimeoutTooEarly => spec.timeout /= 2,
            DelayForgotten => spec.retry_delay = Duration::ZERO,
            _ => {}
        }
    }

    fn corrupt(&mut self, _: &Pass, out: &mut Vec<Asked>) {
        match self.0 {
            LaunchedTwice => double(out, |o| matches!(o, Output::Do(Effect::Launch { .. }))),
            EndTwice => double(out, |o| tells(o, |f| matches!(f, HookFact::Ended(_)))),
            EndNever => out.retain(|o| !tells(o, |f| matches!(f, HookFact::Ended(_)))),
            BeganNever => out.retain(|o| !tells(o, |f| matches!(f, HookFact::Began { .. }))),
            FailureIsSuccess => out.iter_mut().for_each(|o| {
                if let Output::Tell(Told { fact: Fact::Hook(_, HookFact::Ended(end)), .. }) = o {
                    end.outcome = HookOutcome::Succeeded;
                }
            }),
            _ => {}
        }
    }
}

fn worlds() -> Vec<Plan> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let plan = world::plan();
    (0..WORLDS).map(|_| plan.new_tree(&mut runner).expect("nothing is filtered").current()).collect()
}

#[test]
fn every_bug_planted_in_a_pass_through_hooks_is_noticed() {
    let worlds = worlds();
    let real: Vec<_> = worlds.iter().flat_map(|plan| world::run(plan, &mut Real)).collect();
    assert!(real.is_empty(), "the real machine breaks laws: {real:?}");
    let noticed = |bug| worlds.iter().any(|plan| !world::run(plan, &mut Planted(bug)).is_empty());
    let missed: Vec<_> = ALL.into_iter().filter(|bug| !noticed(*bug)).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}
