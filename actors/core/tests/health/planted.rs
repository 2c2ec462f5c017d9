//! Planted bugs of health: each corrupts one value, event or output, and a law must notice every one of them in the same
//! worlds in which the real machine breaks none.

use crate::world::{self, Asked, Plan, Real, Subject};
use phpeek_core::facts::{Fact, HealthFact, Output, Told};
use phpeek_core::health::facts::Answer;
use phpeek_core::health::monitor::Monitor;
use phpeek_core::health::news::News;
use phpeek_core::health::words::{Effect, Event};
use phpeek_core::health::{CheckSpec, Question, Role};
use phpeek_core::outcome::Exit;
use phpeek_core::program::TaskEvent;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::time::Duration;

const SEED: [u8; 32] = *b"the laws of health will notice!!";
const WORLDS: usize = 400;

bugs! {
    ALL:
        DelayForgotten, PeriodTooLong, PeriodTooShort, TimeoutForgotten, TimeoutTooEarly,
        OneFailureTooMany, OneFailureTooFew, OneSuccessTooFew, FailureIsSuccess, AnswerForgotten,
        RunGoesOn, AlwaysReady, NeverReady, NeverFalls, AskedTwice, AskedNever, ToldTwice, ToldNever,
        NeverKilled, StartupForgotten, ReadinessRestarts, DeadlineForgotten, GoneTooEarly, OldNewsCounts,
        EarlyNewsForgotten, NewsForgotten, PingForgotten, StoppingForgotten, TriggerForgotten,
        ExtensionForgotten, WatchdogForgotten, WatchdogTooLate, WatchdogTooEarly, AsksWhatIsTold, WordsForgotten;
}

struct Planted(Bug);

fn tells(asked: &Asked, which: impl Fn(&HealthFact) -> bool) -> bool {
    matches!(asked, Output::Tell(Told { fact: Fact::Health(_, fact), .. }) if which(fact))
}

fn asks(asked: &Asked) -> bool {
    matches!(asked, Output::Do(Effect::Ask { .. } | Effect::Launch(_)))
}

fn double(out: &mut Vec<Asked>, which: impl Fn(&Asked) -> bool) {
    *out = out.iter().flat_map(|o| std::iter::repeat_n(o.clone(), 1 + usize::from(which(o)))).collect();
}

impl Subject for Planted {
    fn spec(&self, spec: &mut CheckSpec) {
        match self.0 {
            DelayForgotten => spec.initial_delay = Duration::ZERO,
            PeriodTooLong => spec.period *= 2,
            PeriodTooShort => spec.period /= 2,
            TimeoutForgotten => spec.timeout = Duration::from_secs(800),
            TimeoutTooEarly => spec.timeout /= 2,
            OneFailureTooMany => spec.failure_threshold += 1,
            OneFailureTooFew => spec.failure_threshold = (spec.failure_threshold - 1).max(1),
            OneSuccessTooFew => spec.success_threshold = (spec.success_threshold - 1).max(1),
            StartupForgotten if spec.role == Role::Startup => spec.role = Role::Both,
            ReadinessRestarts if spec.role == Role::Readiness => spec.role = Role::Both,
            AsksWhatIsTold if spec.question.is_told() => spec.question = Question::Tcp("h:1".into()),
            _ => {}
        }
        if let Question::Notify(notify) = &mut spec.question {
            notify.watchdog = match self.0 {
                WatchdogForgotten => None,
                WatchdogTooLate => notify.watchdog.map(|time| time * 2),
                WatchdogTooEarly => notify.watchdog.map(|time| time / 2),
                _ => notify.watchdog,
            };
        }
    }

    fn told(&self, run: u64, (latest, up): (u64, bool), news: News) -> Option<(u64, News)> {
        let next = latest + u64::from(!up);
        match (self.0, &news) {
            (OldNewsCounts, _) => Some((next, news)),
            (EarlyNewsForgotten, _) if run > latest => None,
            (NewsForgotten, News::Ready | News::Line { .. }) | (PingForgotten, News::Ping) => None,
            (StoppingForgotten, News::Stopping) | (TriggerForgotten, News::Trigger) => None,
            (ExtensionForgotten, News::Extend(_)) => None,
            _ => Some((run, news)),
        }
    }

    fn hears(&self, event: Event) -> Option<Event> {
        match (self.0, event) {
            (FailureIsSuccess, Event::Answered(_)) => Some(Event::Answered(Answer::well("yes"))),
            (FailureIsSuccess, Event::Task(TaskEvent::Exited(_))) => {
                Some(Event::Task(TaskEvent::Exited(Exit::Code(0).into())))
            }
            (AnswerForgotten, Event::Answered(_)) => None,
            (GoneTooEarly, Event::Task(TaskEvent::Exited(_))) => Some(Event::Task(TaskEvent::GroupEmpty)),
            (_, event) => Some(event),
        }
    }

    fn ends(&self) -> bool {
        self.0 != RunGoesOn
    }

    fn deadline(&self, monitor: &Monitor) -> Option<Duration> {
        monitor.deadline().filter(|_| self.0 != DeadlineForgotten)
    }

    fn is_ready(&self, monitor: &Monitor) -> bool {
        match self.0 {
            AlwaysReady => monitor.run().is_some(),
            NeverReady => false,
            _ => monitor.is_ready(),
        }
    }

    fn fell(&self, fell: bool) -> bool {
        fell && self.0 != NeverFalls
    }

    fn corrupt(&mut self, out: &mut Vec<Asked>) {
        match self.0 {
            AskedTwice => double(out, asks),
            AskedNever => out.retain(|o| !asks(o)),
            ToldTwice => double(out, |o| tells(o, |f| matches!(f, HealthFact::Probed(_)))),
            ToldNever => out.retain(|o| !tells(o, |f| matches!(f, HealthFact::Probed(_)))),
            WordsForgotten => out.retain(|o| !matches!(o, Output::Do(Effect::AskWords(_)))),
            NeverKilled => out.retain(|o| !matches!(o, Output::Do(Effect::Kill(_)))),
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
fn every_bug_planted_in_health_is_noticed() {
    let worlds = worlds();
    let real: Vec<_> = worlds.iter().flat_map(|plan| world::run(plan, &mut Real)).collect();
    assert!(real.is_empty(), "the real machine breaks laws: {real:?}");
    let noticed = |bug| worlds.iter().any(|plan| !world::run(plan, &mut Planted(bug)).is_empty());
    let missed: Vec<_> = ALL.into_iter().filter(|bug| !noticed(*bug)).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}
