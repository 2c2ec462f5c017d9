//! The laws R1 to R7 of a pass through hooks, each kept by a property test named after it, in a simulated world
//! (`hooks/world.rs`); and planted bugs, each of which a law must notice. Deterministic where bugs are planted.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "hooks/book.rs"]
mod book;
#[path = "hooks/planted.rs"]
mod planted;
#[path = "support/spec.rs"]
mod support;
#[path = "hooks/world.rs"]
mod world;

use proptest::prelude::*;
use world::{Plan, Real};

/// The first law that a plan breaks.
fn broken(plan: &Plan) -> Option<(&'static str, String)> {
    world::run(plan, &mut Real).into_iter().next()
}

laws! {
    "hooks", 256, world::plan, broken;
    r1_one_task_at_a_time_in_order_with_no_try_too_many: "R1";
    r2_nothing_begins_after_a_failure_or_a_stop: "R2";
    r3_a_try_is_pressed_when_its_timeout_is_over: "R3";
    r4_the_delay_between_tries_is_waited_out: "R4";
    r5_every_hook_that_began_ends_once: "R5";
    r6_the_verdict_is_what_happened: "R6";
    r7_a_stop_is_over_in_time: "R7";
}
