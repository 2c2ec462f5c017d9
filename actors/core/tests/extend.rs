//! More time for a run that is asked to go and says that it needs it (P4 of the instance): the kill waits for that, not a moment
//! less and none more; and what leaves no time waits for nobody. Each planted bug breaks that.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]

use phpeek_core::backoff::{Backoff, Jitter};
use phpeek_core::budget::Attempts;
use phpeek_core::lifecycle::{Effect, Event, Machine, Now, Policy, SignalStep, Urgency};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{Ends, KillMode, ProcessKind, RestartPolicy, RestartSpec, StopSpec};
use proptest::prelude::*;
use std::time::Duration;

const GRACE: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    NotHeard,
    HeardOfAnother,
    Doubled,
    NowWaits,
}

/// What is said, after so many milliseconds.
#[derive(Debug, Clone, Copy)]
enum Word {
    Extend(u64),
    OfAnother(u64),
    StopNow,
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn policy() -> Policy {
    let backoff = Backoff::new(ms(1), ms(1)).expect("in order");
    let (policy, attempts) = (RestartPolicy::Always, Attempts::Unlimited);
    Policy {
        kind: ProcessKind::LongRun,
        restart: RestartSpec { policy, attempts, backoff, stable_after: None, ends: Ends::USUAL },
        stop: StopSpec {
            signal: Signal::TERM,
            grace: ms(GRACE),
            kill_signal: Signal::KILL,
            kill_grace: ms(GRACE),
            mode: KillMode::Group,
        },
    }
}

struct World {
    machine: Machine,
    bug: Bug,
}

impl World {
    fn feed(&mut self, at: u64, event: Event) -> bool {
        let event = match (self.bug, event) {
            (Bug::NotHeard, Event::Extend { .. }) => return false,
            (Bug::HeardOfAnother, Event::Extend { by, .. }) => Event::Extend { run: 1, by },
            (Bug::Doubled, Event::Extend { run, by }) => Event::Extend { run, by: by * 2 },
            (Bug::NowWaits, Event::Stop(Urgency::Now)) => Event::Stop(Urgency::Graceful),
            (_, event) => event,
        };
        let mut out = Vec::new();
        self.machine.step(&policy(), Now { at: ms(at), jitter: Jitter::NONE }, event, &mut out);
        out.iter().any(|effect| matches!(effect, Effect::Signal { step: SignalStep::Escalation, .. }))
    }
}

/// When it was killed, and when it had to be.
fn play(words: &[(u64, Word)], bug: Bug) -> (Option<u64>, u64) {
    let mut world = World { machine: Machine::default(), bug };
    world.feed(0, Event::Start);
    world.feed(0, Event::Spawned { run: 1 });
    world.feed(0, Event::Stop(Urgency::Graceful));
    let (mut due, mut killed) = (GRACE, None);
    for at in 1..5_000 {
        for (_, word) in words.iter().filter(|(moment, _)| *moment == at) {
            let event = match word {
                Word::Extend(by) => Event::Extend { run: 1, by: ms(*by) },
                Word::OfAnother(by) => Event::Extend { run: 2, by: ms(*by) },
                Word::StopNow => Event::Stop(Urgency::Now),
            };
            if killed.is_none() {
                due = match word {
                    Word::Extend(by) => due.max(at + by),
                    Word::OfAnother(_) => due,
                    Word::StopNow => at,
                };
            }
            if world.feed(at, event) {
                killed = killed.or(Some(at));
            }
        }
        if world.feed(at, Event::Tick) {
            killed = killed.or(Some(at));
        }
    }
    (killed, due)
}

proptest! {
    #[test]
    fn p4_the_kill_waits_for_what_was_asked_for_and_no_longer(
        words in prop::collection::vec((1..400_u64, prop_oneof![
            6 => (0..500_u64).prop_map(Word::Extend),
            1 => (0..500_u64).prop_map(Word::OfAnother),
            1 => Just(Word::StopNow),
        ]), 0..6)
    ) {
        let mut words = words;
        words.sort_by_key(|(at, _)| *at);
        let (killed, due) = play(&words, Bug::None);
        prop_assert_eq!(killed, Some(due));
    }
}

#[test]
fn each_planted_bug_is_noticed() {
    for (bug, words) in [
        (Bug::NotHeard, [(50, Word::Extend(300)), (60, Word::Extend(1))]),
        (Bug::HeardOfAnother, [(50, Word::OfAnother(300)), (60, Word::Extend(1))]),
        (Bug::Doubled, [(50, Word::Extend(300)), (60, Word::Extend(1))]),
        (Bug::NowWaits, [(50, Word::Extend(300)), (60, Word::StopNow)]),
    ] {
        let right = play(&words, Bug::None);
        assert_eq!(right.0, Some(right.1), "{words:?}");
        let wrong = play(&words, bug);
        assert_ne!(wrong.0, Some(wrong.1), "{bug:?} goes unnoticed");
    }
}
