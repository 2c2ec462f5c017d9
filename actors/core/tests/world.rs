//! The laws P1 to P12 and those of the fleet, each kept by a property test named after it, in a simulated world
//! (`world/mod.rs`). When one is broken, every step of the smallest world that breaks it is printed, and its seed is kept in
//! `world.regressions`. `PROPTEST_CASES` (256 is the usual) scales the number of worlds.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "world/mod.rs"]
mod sim;
#[path = "support/spec.rs"]
mod support;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sim::plan::{self, Plan};

const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/world.regressions");

fn config(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: (cases * usual.cases / 256).max(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..usual
    }
}

/// No world breaks this law. Any other law that is broken first counts as well: the world ends there.
fn holds(law: &str, plan: &Plan) -> Result<(), TestCaseError> {
    let broken = sim::run(plan, sim::Real);
    match broken.first() {
        None => Ok(()),
        Some((name, what)) => Err(TestCaseError::fail(format!(
            "{name} is broken (looking for {law}): {what}\n{}",
            sim::tell(plan, sim::Real)
        ))),
    }
}

macro_rules! laws {
    ($($name:ident: $law:literal in $worlds:expr, $cases:literal;)*) => {
        $(proptest! {
            #![proptest_config(config($cases))]
            #[test]
            fn $name(plan in $worlds) {
                holds($law, &plan)?;
            }
        })*
    };
}

/// Both kinds of world.
fn any_world() -> impl Strategy<Value = Plan> {
    prop_oneof![plan::fleet(), plan::solo()]
}

laws! {
    p1_at_most_one_live_run: "P1" in any_world(), 200;
    p2_no_spawn_while_wanted_down: "P2" in any_world(), 200;
    p3_signals_go_only_to_the_current_run: "P3" in any_world(), 200;
    p4_no_kill_before_the_grace_is_over_and_one_soon_after: "P4" in any_world(), 200;
    p5_delays_are_waited_out: "P5" in any_world(), 200;
    p6_the_budget_is_kept: "P6" in any_world(), 200;
    p7_a_stop_comes_to_rest_and_leaves_nobody: "P7" in any_world(), 200;
    p8_stale_and_duplicate_events_change_nothing: "P8" in any_world(), 200;
    p9_rest_is_left_by_command_only: "P9" in any_world(), 200;
    p10_every_run_that_started_ends_once: "P10" in any_world(), 200;
    p11_the_last_command_wins: "P11" in plan::solo(), 400;
    p13_signals_are_for_whom_the_mode_says: "P13" in any_world(), 200;
    p12_a_dead_leader_holds_nothing_up_for_good: "P12" in any_world(), 200;
    dependents_start_when_their_conditions_hold: "start_order" in plan::fleet(), 300;
    nobody_stops_before_its_dependents: "stop_order" in plan::fleet(), 300;
    done_comes_once_and_in_time: "done_once" in plan::fleet(), 300;
    nothing_is_asked_for_after_done: "nothing_after_done" in plan::fleet(), 200;
    a_shutdown_is_heard_at_any_moment: "shutdown_at_any_moment" in plan::fleet(), 200;
    a_second_shutdown_kills_at_once: "second_shutdown_kills" in plan::fleet(), 300;
    a_boot_that_fails_says_so: "boot_failure" in plan::fleet(), 300;
    restarts_roll_one_at_a_time_in_order: "rolling_restart" in plan::fleet(), 300;
    the_outcome_is_what_happened: "outcome" in plan::fleet(), 300;
    who_shares_a_fate_is_stopped_and_started_again: "losses" in plan::fleet(), 300;
    what_names_nobody_or_comes_too_late_is_refused: "refused" in plan::fleet(), 200;
    every_request_is_answered_once: "answered" in plan::fleet(), 300;
    who_has_not_answered_is_told_to_finish: "finish" in plan::fleet(), 200;
    a_wait_is_over_when_its_time_is_and_not_before: "timeouts" in plan::fleet(), 300;
    nobody_waits_for_what_will_never_be: "hopeless" in plan::fleet(), 300;
    edges_are_met_and_lost_as_their_conditions_mean: "edges" in plan::fleet(), 300;
    what_is_commanded_is_part_of_an_operation: "operations" in plan::fleet(), 200;
    dormant_processes_keep_the_system_alive: "dormant_keeps_alive" in plan::fleet(), 200;
}
