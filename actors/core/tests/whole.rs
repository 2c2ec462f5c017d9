//! The whole of it: the fleet over the machines of real processes, in a simulated world (`whole/world.rs`) in which anybody asks for
//! anything at any time: starts, stops, scales, restarts and reloads, while everything starts, runs and is being stopped. What
//! must hold whatever happens stands at the top of `whole/book.rs`; planted bugs show that a broken law is seen.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "whole/book.rs"]
mod book;
#[path = "whole/plan.rs"]
mod plan;
#[path = "whole/planted.rs"]
mod planted;
#[path = "support/spec.rs"]
mod support;
#[path = "whole/words.rs"]
mod words;
#[path = "whole/world.rs"]
mod world;

use plan::Plan;
use proptest::prelude::*;
use world::Real;

/// The first law that a plan breaks, and the story of it.
fn broken(plan: &Plan) -> Option<(&'static str, String)> {
    let story = world::run(plan, &mut Real);
    let (law, what) = story.broken.into_iter().next()?;
    Some((law, format!("{what}\n{}", story.history.join("\n"))))
}

laws! {
    "whole", 400, plan::plan, broken;
    w1_what_is_removed_runs_no_more: "W1";
    w2_never_more_instances_than_were_asked_for: "W2";
    w3_every_request_is_answered_once_and_in_time: "W3";
    w4_a_shutdown_ends_within_its_time_and_leaves_nobody: "W4";
    w5_nothing_is_begun_once_everything_is_stopped: "W5";
    w6_what_somebody_has_stopped_stays_so: "W6";
    w7_what_runs_is_what_is_configured: "W7";
    w8_nobody_is_stopped_before_those_that_need_him: "W8";
    w9_a_boot_ends_once: "W9";
}
