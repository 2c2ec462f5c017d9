//! The laws Q1 to Q10 of the process machine, each kept by a property test named after it, in a simulated world
//! (`process/world.rs`); and planted bugs, each of which a law must notice. Deterministic where bugs are planted.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "process/book.rs"]
mod book;
#[path = "process/planted.rs"]
mod planted;
#[path = "support/spec.rs"]
mod support;
#[path = "process/world.rs"]
mod world;

use proptest::prelude::*;
use world::{Plan, Real};

/// The first law that a plan breaks, with what came before it.
fn broken(plan: &Plan) -> Option<(&'static str, String)> {
    let story = world::run(plan, &mut Real);
    let (name, what) = story.broken.into_iter().next()?;
    Some((name, format!("{what}\n{}", story.history.join("\n"))))
}

laws! {
    "process", 256, world::plan, broken;
    q1_every_command_is_answered_once: "Q1";
    q2_up_means_that_every_instance_was_up: "Q2";
    q3_one_instance_at_a_time_is_down_for_a_restart: "Q3";
    q4_an_end_is_reported_once_with_the_failure_that_counts: "Q4";
    q5_every_death_has_one_obituary_in_time: "Q5";
    q6_every_restart_is_told_or_counted: "Q6";
    q7_a_relayed_signal_arrives_or_is_told_not_to: "Q7";
    q8_what_is_the_end_of_everything_is_reported_so: "Q8";
    q9_what_came_of_a_signal_is_told: "Q9";
    q10_instances_come_and_go_as_asked_and_no_other_is_touched: "Q10";
}
