//! A process that reloads itself, by a signal or by a command for each of its instances (Q12 of the process machine): played
//! against random ends of commands and instances, answers of probes, what programs say of themselves, time, and a stop. The law is
//! kept by an observer that knows only what was asked for and what came, and each planted bug breaks it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[path = "reload_itself/plan.rs"]
mod plan;
#[path = "support/spec.rs"]
mod support;
#[path = "reload_itself/world.rs"]
mod world;

use phpeek_core::process::Command;
use phpeek_core::signal::Signal;
use phpeek_core::spec::Reload;
use plan::{Bug, Checked, Plan, Step};
use proptest::prelude::*;
use world::World;

fn play(plan: Plan, steps: &[Step], bug: Bug) -> Vec<String> {
    let mut world = World::new(plan, bug);
    world.reload();
    for step in steps {
        world.play(*step);
    }
    world.judge()
}

fn plans() -> impl Strategy<Value = Plan> {
    let by = prop_oneof![Just(Reload::Command), Just(Reload::Signal(Signal::HUP))];
    let checked = prop_oneof![1 => Just(Checked::Not), 2 => Just(Checked::Asked), 2 => Just(Checked::Told)];
    (1..5_u32, 1..4_u32, by, checked).prop_map(|(scale, at_once, by, checked)| Plan {
        scale,
        at_once,
        by,
        checked,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        6 => Just(Step::CommandEnds(0)),
        1 => (1..4_u8).prop_map(Step::CommandEnds),
        2 => (0..4_u32).prop_map(Step::InstanceEnds),
        6 => any::<bool>().prop_map(Step::Probe),
        4 => (0..4_u32, any::<bool>()).prop_map(|(serial, ready)| Step::Says(serial, ready)),
        8 => (1..3000_u64).prop_map(Step::Wait),
        1 => Just(Step::Stop),
    ];
    prop::collection::vec(one, 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn q12_each_that_runs_has_its_turn_and_has_reloaded_when_it_is_ready_again(plan in plans(), steps in steps()) {
        prop_assert_eq!(play(plan, &steps, Bug::None), Vec::<String>::new());
    }
}

#[test]
fn each_planted_bug_is_noticed() {
    let command = Plan { scale: 3, at_once: 1, by: Reload::Command, checked: Checked::Not };
    let signal = Plan { by: Reload::Signal(Signal::USR2), ..command };
    let asked = Plan { checked: Checked::Asked, ..signal };
    let ends = [Step::CommandEnds(0), Step::Wait(1500), Step::CommandEnds(0)];
    let fails = [Step::CommandEnds(0), Step::Wait(1500), Step::CommandEnds(3)];
    let silent = [Step::Wait(900), Step::Probe(false), Step::Wait(7000)];
    for (bug, plan, steps) in [
        (Bug::AnswerForgotten, command, &ends[..]),
        (Bug::AnsweredTwice, signal, &ends),
        (Bug::FailureIsUp, command, &fails),
        (Bug::GoesOnAfterAFailure, command, &fails),
        (Bug::AllAtOnce, command, &ends),
        (Bug::AllAtOnce, signal, &ends),
        (Bug::LastLeftOut, signal, &ends),
        (Bug::BelievedAtOnce, signal, &ends),
        (Bug::OldAnswerCounts, asked, &[Step::Wait(1200), Step::Probe(true)]),
        (Bug::DeathOverlooked, signal, &[Step::Wait(500), Step::InstanceEnds(0)]),
        (Bug::NeverTooLate, asked, &silent),
    ] {
        assert_eq!(play(plan, steps, Bug::None), Vec::<String>::new(), "{steps:?}");
        assert!(!play(plan, steps, bug).is_empty(), "{bug:?} goes unnoticed");
    }
}

#[test]
fn who_does_not_run_is_passed_over_and_a_second_one_waits_for_no_first() {
    let mut world =
        World::new(Plan { scale: 2, at_once: 1, by: Reload::Command, checked: Checked::Not }, Bug::None);
    world.reload();
    world.command(Command::AbandonRestart);
    assert_eq!(world.told, 1, "it goes no further");
    world.had.clear();
    world.reload();
    world.play(Step::CommandEnds(0)); // of the one that was given up
    assert_eq!(world.had, [0], "the second begins anew once that has gone");
}

#[test]
fn one_that_says_when_it_reloads_is_believed_at_once_and_not_before() {
    let plan = Plan { scale: 1, at_once: 1, by: Reload::Signal(Signal::HUP), checked: Checked::Told };
    let mut world = World::new(plan, Bug::None);
    world.reload();
    world.pass(100);
    world.play(Step::Says(0, false));
    world.pass(3000);
    assert_eq!(world.told, 0, "it says that it is not ready yet");
    world.play(Step::Says(0, true));
    assert_eq!(world.told, 1);
    world.reload();
    world.play(Step::Says(0, false));
    world.play(Step::Says(0, true));
    assert_eq!(world.told, 2, "nobody waits once it has said so");
}

#[test]
fn one_that_has_said_so_before_its_command_is_over_is_believed_then() {
    let plan = Plan { scale: 1, at_once: 1, by: Reload::Command, checked: Checked::Told };
    let mut world = World::new(plan, Bug::None);
    world.reload();
    world.pass(50);
    world.play(Step::Says(0, false));
    world.play(Step::Says(0, true));
    assert_eq!(world.told, 0, "its command is under way");
    world.play(Step::CommandEnds(0));
    assert_eq!(world.told, 1);
}
