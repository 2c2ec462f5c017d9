//! The laws U1 to U8 of what a killed supervisor has left, each kept by a property test named after it, in a simulated
//! world (`survivors/world.rs`); and planted bugs, each of which a law must notice.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "survivors/book.rs"]
mod book;
#[path = "survivors/plan.rs"]
mod plan;
#[path = "survivors/planted.rs"]
mod planted;
#[path = "support/spec.rs"]
mod support;
#[path = "survivors/world.rs"]
mod world;

use plan::Plan;
use proptest::prelude::*;
use world::Real;

/// The first law that a plan breaks.
fn broken(plan: &Plan) -> Option<(&'static str, String)> {
    world::run(plan, &Real).into_iter().next()
}

laws! {
    "survivors", 256, plan::plan, broken;
    u1_nobody_is_signalled_but_who_was_found_and_lives: "U1";
    u2_nobody_is_asked_before_those_that_need_him: "U2";
    u3_each_is_asked_once_by_his_own_signal_and_after_his_parent: "U3";
    u4_nobody_is_killed_early_or_spared: "U4";
    u5_one_answer_comes_in_time: "U5";
    u6_all_that_was_left_is_told_of: "U6";
    u7_a_record_that_is_not_believed_is_not_passed_over: "U7";
    u8_nothing_is_started_beside_somebody_who_lives: "U8";
}
