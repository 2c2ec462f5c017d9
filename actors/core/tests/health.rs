//! The laws of the health of an instance, each kept by a property test named after it, in a simulated world
//! (`health/world.rs`); and planted bugs, each of which a law must notice. Deterministic where bugs are planted.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "health/book.rs"]
mod book;
#[path = "health/planted.rs"]
mod planted;
#[path = "support/spec.rs"]
mod support;
#[path = "health/told.rs"]
mod told;
#[path = "health/world.rs"]
mod world;

use proptest::prelude::*;
use world::{Plan, Real};

/// The first law that a plan breaks.
fn broken(plan: &Plan) -> Option<(&'static str, String)> {
    world::run(plan, &mut Real).into_iter().next()
}

laws! {
    "health", 256, world::plan, broken;
    h1_no_probe_while_nothing_runs_or_before_its_delay: "H1";
    h2_one_probe_at_a_time_and_the_next_within_its_period: "H2";
    h3_every_probe_is_told_once: "H3";
    h4_ready_is_what_the_answers_of_this_run_say: "H4";
    h5_it_falls_by_its_failures_in_a_row: "H5";
    h6_nothing_is_asked_before_the_startup_check_has_passed: "H6";
    h8_what_is_told_is_not_asked_and_counts_in_its_own_run_alone: "H8";
    h9_a_silence_that_is_too_long_is_a_failure_then_and_not_before: "H9";
    h11_a_program_that_has_failed_is_answered_in_time: "H11";
    h7_the_program_of_a_probe_is_killed_in_time_and_gone_before_the_next: "H7";
}
