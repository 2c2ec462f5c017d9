//! Planted bugs of a schedule: each corrupts one event, value or output, and a law must notice every one of them in the
//! same worlds in which the real machine breaks none.

use crate::world::{self, Plan, Real, Subject};
use phpeek_core::operation::OperationId;
use phpeek_core::schedule::{CatchUp, Event, Now, Output, Overlap, Schedule, ScheduleSpec};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;
use std::time::Duration;

const SEED: [u8; 32] = *b"the laws of schedules notice it!";
const WORLDS: usize = 400;

bugs! {
    ALL:
        BegunTwice, RunsAgainByAnOldClock, Early, SkippedInSilence, NeverWoken, JitterTooLong, OneTooMany,
        OneTryTooMany, OneTryTooFew, DelayForgotten, SuccessIsFailure, TimeoutForgotten, TimeoutTooEarly,
        PauseForgotten, CloseForgotten, MissedRuns, MissedRunsAll, MissedForgotten, EndNever, EndTwice,
        QueueForgotten, ReplaceForgotten, SpanByTheWall, TriggerForgotten, TriggerOfAnother,
        ResumeRunsWhatWasMissed;
}

struct Planted {
    bug: Bug,
    spec: Option<Arc<ScheduleSpec>>,
    wall: Duration,
}

impl Subject for Planted {
    fn spec(&self, spec: &mut ScheduleSpec) {
        match self.bug {
            JitterTooLong => spec.jitter *= 3,
            OneTooMany => spec.at_once += 1,
            OneTryTooMany => spec.retries += 1,
            OneTryTooFew => spec.retries = spec.retries.saturating_sub(1),
            DelayForgotten => spec.retry_delay = Duration::ZERO,
            TimeoutForgotten => spec.timeout = None,
            TimeoutTooEarly => spec.timeout = spec.timeout.map(|timeout| timeout / 2),
            MissedRuns if spec.catch_up == CatchUp::None => spec.catch_up = CatchUp::Latest,
            MissedRunsAll if spec.catch_up == CatchUp::Latest => spec.catch_up = CatchUp::All,
            ResumeRunsWhatWasMissed => spec.catch_up = CatchUp::All,
            MissedForgotten => spec.catch_up = CatchUp::None,
            QueueForgotten if spec.overlap == Overlap::Queue => spec.overlap = Overlap::Skip,
            ReplaceForgotten if spec.overlap == Overlap::Replace => spec.overlap = Overlap::Skip,
            _ => {}
        }
    }

    fn step(&mut self, schedule: &mut Schedule, mut now: Now, event: Event, out: &mut Vec<Output>) {
        let event = match (self.bug, event) {
            (PauseForgotten, Event::Pause) => Event::Tick,
            (CloseForgotten, Event::Close) => Event::Pause,
            (TriggerForgotten, Event::Trigger(_)) => Event::Tick,
            (TriggerOfAnother, Event::Trigger(by)) => {
                Event::Trigger(OperationId { serial: by.serial + 1000, ..by })
            }
            (SuccessIsFailure, Event::Ended { job, .. }) => Event::Ended { job, success: false },
            (_, event) => event,
        };
        let back = now.wall < self.wall;
        self.wall = now.wall;
        match (self.bug, &self.spec) {
            (RunsAgainByAnOldClock, Some(spec)) if back => *schedule = Schedule::new(spec.clone(), now),
            (Early, _) => (now.wall, now.at) = (now.wall + SOON, now.at + SOON),
            (SpanByTheWall, _) => now.at = now.wall.saturating_sub(Duration::from_millis(1_700_000_000_300)),
            _ => {}
        }
        let before = out.len();
        schedule.step(now, event, out);
        let own = out.split_off(before);
        let times = |output: &Output| match (self.bug, output) {
            (BegunTwice, Output::Begin { .. }) | (EndTwice, Output::Ended { .. }) => 2,
            (SkippedInSilence, Output::Skipped { .. }) | (EndNever, Output::Ended { .. }) => 0,
            _ => 1,
        };
        out.extend(own.into_iter().flat_map(|output| std::iter::repeat_n(output, times(&output))));
    }

    fn deadline(&self, schedule: &Schedule) -> Option<Duration> {
        schedule.deadline().filter(|_| self.bug != NeverWoken)
    }
}

const SOON: Duration = Duration::from_secs(1);

fn worlds() -> Vec<Plan> {
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    (0..WORLDS).map(|_| world::plan().new_tree(&mut runner).expect("a plan").current()).collect()
}

#[test]
fn every_planted_bug_is_noticed() {
    let worlds = worlds();
    for plan in &worlds {
        assert_eq!(world::run(plan, &mut Real), [], "{plan:#?}");
    }
    let unnoticed: Vec<Bug> = ALL
        .into_iter()
        .filter(|&bug| {
            worlds.iter().all(|plan| {
                let spec = Some(Arc::new(plan.spec()));
                world::run(plan, &mut Planted { bug, spec, wall: Duration::ZERO }).is_empty()
            })
        })
        .collect();
    assert_eq!(unnoticed, [], "no law notices these");
}
