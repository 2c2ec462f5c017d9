//! What is asked of whom, and how processes take it; drawn.

use crate::support::{asked, plain, program};
use phpeek_core::backoff::Backoff;
use phpeek_core::budget::Attempts;
use phpeek_core::fleet::Amount;
use phpeek_core::name::ProcessName;
use phpeek_core::process::ScheduleCommand;
use phpeek_core::program::{Numbering, Program};
use phpeek_core::spec::{
    Condition, Dependency, InitialState, ProcessKind, ProcessSpec, RestartPolicy, RestartSpec,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

pub(super) const MOST: u32 = 5;

#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Start(usize),
    Stop(usize),
    Scale(usize, Amount),
    Restart(usize),
    Schedule(usize, ScheduleCommand),
    RestartAll,
    Shutdown,
}

/// How a process takes what it is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mood {
    Well,
    FailsToStart,
    EndsWell,
    EndsBadly,
}

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) processes: Vec<(ProcessKind, InitialState, Option<usize>, bool)>,
    pub(super) orders: Vec<(u64, Order)>,
    pub(super) moods: Vec<Mood>,
    pub(super) delays: Vec<u64>,
}

pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let kind = prop_oneof![4 => Just(ProcessKind::LongRun), 1 => Just(ProcessKind::Oneshot), 1 => Just(ProcessKind::Scheduled)];
    let initial = prop_oneof![3 => Just(InitialState::Running), 1 => Just(InitialState::Stopped)];
    let process = (kind, initial, proptest::option::of(0usize..3), any::<bool>());
    let command = prop_oneof![
        Just(ScheduleCommand::Trigger),
        Just(ScheduleCommand::Pause),
        Just(ScheduleCommand::Resume)
    ];
    let order = prop_oneof![
        3 => (0usize..5).prop_map(Order::Start),
        3 => (0usize..5).prop_map(Order::Stop),
        3 => (0usize..5, 0u32..8).prop_map(|(p, n)| Order::Scale(p, Amount::To(n))),
        3 => (0usize..5, -4i32..5).prop_map(|(p, n)| Order::Scale(p, Amount::By(n))),
        1 => (0usize..5).prop_map(Order::Restart),
        3 => (0usize..5, command).prop_map(|(p, command)| Order::Schedule(p, command)),
        1 => Just(Order::RestartAll),
        1 => Just(Order::Shutdown),
    ];
    let mood = prop_oneof![6 => Just(Mood::Well), 1 => Just(Mood::FailsToStart), 1 => Just(Mood::EndsWell), 1 => Just(Mood::EndsBadly)];
    let parts = (vec(process, 1..5), vec((0u64..300, order), 0..14), vec(mood, 0..60), vec(0u64..20, 0..60));
    parts.prop_map(|(processes, mut orders, moods, delays)| {
        orders.push((400, Order::Shutdown));
        orders.sort_by_key(|(at, _)| *at);
        Plan { processes, orders, moods, delays }
    })
}

pub(super) fn name(i: usize) -> ProcessName {
    ProcessName::new(&format!("p{i}")).expect("a plain name")
}

pub(super) fn spec(i: usize, plan: &Plan) -> ProcessSpec {
    let (kind, initial, on, restart) = plan.processes[i];
    let ms = Duration::from_millis;
    let needs = on.filter(|on| *on < i && plan.processes[*on].0 != ProcessKind::Scheduled);
    let depends_on = needs.map(|on| Dependency { restart, ..Dependency::new(name(on), Condition::Started) });
    let usual = plain(name(i).as_str());
    ProcessSpec {
        kind,
        initial,
        // The last process has ports for three instances alone.
        program: Arc::new(Program {
            numbering: Numbering { port_base: NonZeroU16::new(65_533).filter(|_| i == 3), templates: false },
            ..program(name(i).as_str())
        }),
        max_scale: MOST,
        depends_on: depends_on.into_iter().collect(),
        restart: RestartSpec {
            policy: RestartPolicy::Never,
            attempts: Attempts::AtMost(0),
            backoff: Backoff::new(ms(1), ms(8)).expect("in order"),
            ..usual.restart
        },
        stop: asked(ms(5)),
        ..usual
    }
}
