//! The laws T1 to T10 of a schedule, each kept by a property test named after it, in a simulated world
//! (`schedule/world.rs`) whose clock is put forward and back; and planted bugs, each of which a law must notice.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "schedule/book.rs"]
mod book;
#[path = "schedule/planted.rs"]
mod planted;
#[path = "schedule/world.rs"]
mod world;

use proptest::prelude::*;
use world::{Plan, Real};

/// The first law that a plan breaks.
fn broken(plan: &Plan) -> Option<(&'static str, String)> {
    world::run(plan, &mut Real).into_iter().next()
}

laws! {
    "schedule", 128, world::plan, broken;
    t1_each_tick_is_answered_once_whatever_the_clock_does: "T1";
    t2_no_job_is_early_and_none_is_late_without_a_reason: "T2";
    t3_no_more_jobs_than_may_be: "T3";
    t4_tries_follow_failures_and_their_delay: "T4";
    t5_a_try_is_stopped_when_its_time_is_over: "T5";
    t6_nothing_begins_while_paused_or_closed: "T6";
    t7_a_step_before_the_deadline_changes_nothing: "T7";
    t8_as_many_are_made_up_for_as_are_to_be: "T8";
    t9_each_job_ends_once: "T9";
    t10_each_trigger_is_answered_once_by_what_bears_it: "T10";
}

/// A clock that was wrong by years when the supervisor began must not hold every tick back until then.
#[test]
fn a_clock_that_is_put_back_by_more_than_a_day_counts_from_there() {
    use phpeek_core::backoff::Jitter;
    use phpeek_core::schedule::{CORRECTION, Event, Now, Output, Schedule, Trigger};
    use std::sync::Arc;
    use std::time::Duration;

    let mut plan = world::simple();
    plan.period = 30;
    let hour = Duration::from_secs(3600);
    let now =
        |seconds: u64, wall: Duration| Now { at: Duration::from_secs(seconds), wall, jitter: Jitter::NONE };
    let wrong = Duration::from_secs(3_000_000_001);
    let mut schedule = Schedule::new(Arc::new(plan.spec()), now(0, wrong));
    let mut step = |now: Now| {
        let mut out = Vec::new();
        schedule.step(now, Event::Tick, &mut out);
        (out, schedule.deadline())
    };
    let back = wrong - hour;
    assert_eq!(
        step(now(1, back)),
        (Vec::new(), Some(Duration::from_secs(1 + 29) + hour)),
        "what has run has run"
    );
    let right = wrong - CORRECTION - hour;
    assert_eq!(step(now(2, right)), (vec![Output::ClockReset], Some(Duration::from_secs(2 + 29))));
    let (tick, late) = (right + Duration::from_secs(29), Duration::ZERO);
    let begun = Output::Begin { job: 1, tick, trigger: Trigger::Clock, late };
    assert_eq!(step(now(31, tick)).0, [begun]);
}
