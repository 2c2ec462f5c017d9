//! A plan of a world: what is configured, which commands come when, and the choices that fate makes. Generated and
//! shrunk by proptest; the world itself draws nothing else.

use crate::support::plain;
use phpeek_core::backoff::Backoff;
use phpeek_core::budget::Attempts;
use phpeek_core::codes::Codes;
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{Event, Urgency};
use phpeek_core::name::ProcessName;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{
    Condition, Dependency, Ends, Exhausted, Hooks, InitialState, KillMode, OnTimeout, ProcessKind,
    ProcessSpec, RestartPolicy, RestartSpec, StopSpec, SystemSpec,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// What somebody asks of the system.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    RestartAll,
    Restart(u8),
    /// Two in one rolling restart; maybe the same twice.
    RestartThese(u8, u8),
    Relay(u8),
    /// The same request many times at once.
    Burst(u8),
    /// The own clock of a process that has one.
    Clock(u8),
    Shutdown,
    /// Straight to one instance; only in a world without a fleet.
    Direct(u8, Event),
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) spec: SystemSpec,
    /// When (milliseconds) and what.
    pub(crate) orders: Vec<(u64, Order)>,
    /// Drawn in order; after the last one everything goes well.
    pub(crate) fate: Vec<u8>,
    /// Whether a fleet decides, or the instances are commanded directly.
    pub(crate) fleet: bool,
}

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn restart() -> impl Strategy<Value = RestartSpec> {
    let policy = prop_oneof![2 => Just(RestartPolicy::Always), 2 => Just(RestartPolicy::OnFailure), 1 => Just(RestartPolicy::Never)];
    let attempts = prop_oneof![4 => (0u32..4).prop_map(Attempts::AtMost), 1 => Just(Attempts::Unlimited)];
    let stable = prop_oneof![Just(None), Just(Some(ms(40))), Just(Some(ms(150)))];
    (policy, attempts, 20u64..80, 0u64..200, stable, ends()).prop_map(
        |(policy, attempts, initial, more, stable_after, ends)| {
            let backoff = Backoff::new(ms(initial), ms(initial + more)).expect("initial is the shorter one");
            RestartSpec { policy, attempts, backoff, stable_after, ends }
        },
    )
}

fn ends() -> impl Strategy<Value = Ends> {
    let success = prop_oneof![3 => Just(Codes::ZERO), 1 => Just((0..=60).collect())];
    let recycle =
        prop_oneof![3 => Just(Codes::NONE), 1 => Just((40..=120).collect()), 1 => Just(Codes::ZERO)];
    let exhausted =
        prop_oneof![3 => Just(Exhausted::Stop), 1 => Just(Exhausted::Exit), 1 => Just(Exhausted::SlowRetry)];
    (success, recycle, exhausted).prop_map(|(success, recycle, exhausted)| Ends {
        success,
        recycle,
        exhausted,
    })
}

fn stop() -> impl Strategy<Value = StopSpec> {
    let signal = prop_oneof![4 => Just(Signal::TERM), 2 => Just(Signal::QUIT), 1 => Just(Signal::KILL)];
    let kill = prop_oneof![3 => Just(Signal::KILL), 1 => Just(Signal::INT)];
    let mode =
        prop_oneof![2 => Just(KillMode::Group), 1 => Just(KillMode::Mixed), 1 => Just(KillMode::Leader)];
    (signal, 0u64..200, kill, 0u64..200, mode).prop_map(|(signal, grace, kill_signal, kill_grace, mode)| {
        StopSpec { signal, grace: ms(grace), kill_signal, kill_grace: ms(kill_grace), mode }
    })
}

fn process() -> impl Strategy<Value = (ProcessSpec, [u8; 4])> {
    let kind = prop_oneof![
        5 => Just(ProcessKind::LongRun),
        3 => Just(ProcessKind::Oneshot),
        1 => Just(ProcessKind::Scheduled)
    ];
    let initial = prop_oneof![9 => Just(InitialState::Running), 1 => Just(InitialState::Stopped)];
    (kind, initial, 1u32..4, restart(), stop(), any::<[u8; 4]>()).prop_map(
        |(kind, initial, scale, restart, stop, edges)| {
            let scale = NonZeroU32::new(scale).unwrap_or(NonZeroU32::MIN);
            let spec = ProcessSpec { kind, initial, scale, restart, stop, ..plain("p") };
            (spec, edges)
        },
    )
}

/// Draws edges towards lower indices, or towards higher ones, so that the order is not that of the indices.
fn wire(mut parts: Vec<(ProcessSpec, [u8; 4])>, backwards: bool) -> Vec<Arc<ProcessSpec>> {
    let count = parts.len();
    for i in 0..count {
        let edges = parts[i].1;
        let mut depends: Vec<Dependency> = Vec::new();
        for edge in edges.into_iter().take(2) {
            let candidates: Vec<usize> = if backwards { (i + 1..count).collect() } else { (0..i).collect() };
            let Some(&on) = candidates.get(usize::from(edge / 2) % (candidates.len() * 2).max(1)) else {
                continue;
            };
            let condition = match parts[on].0.kind {
                ProcessKind::Oneshot if edge % 8 == 1 => Condition::Completed,
                ProcessKind::Oneshot if edge % 4 != 0 => Condition::CompletedSuccessfully,
                _ => Condition::Started,
            };
            let timeout = (edge % 5 == 0).then(|| ms(u64::from(edge)));
            let on_timeout = if edge % 3 == 0 { OnTimeout::Start } else { OnTimeout::Fail };
            if depends.iter().all(|d| d.process != name(on)) {
                let restart = edge % 7 < 3;
                depends.push(Dependency { process: name(on), condition, timeout, on_timeout, restart });
            }
        }
        parts[i].0.name = name(i);
        parts[i].0.depends_on = depends;
    }
    parts.into_iter().map(|(spec, _)| Arc::new(spec)).collect()
}

/// The fleet gives ids in the order of the specification.
pub(crate) fn index(i: usize) -> ProcessId {
    ProcessId(u32::try_from(i).unwrap_or(u32::MAX))
}

/// The place of a process in the specification.
pub(crate) fn place(p: ProcessId) -> usize {
    p.0 as usize
}

pub(crate) fn name(i: usize) -> ProcessName {
    ProcessName::new(&format!("p{i}")).expect("a plain name")
}

/// The process that is depended on, and the condition.
pub(crate) fn needs(spec: &SystemSpec, p: usize) -> Vec<(ProcessId, Condition)> {
    let of = |d: &Dependency| spec.processes.iter().position(|other| other.name == d.process).map(index);
    spec.processes[p].depends_on.iter().filter_map(|d| Some((of(d)?, d.condition))).collect()
}

/// Whether `p` shares the fate of `on`.
pub(crate) fn shares(spec: &SystemSpec, p: ProcessId, on: ProcessId) -> bool {
    let edges = &spec.processes[place(p)].depends_on;
    edges.iter().any(|d| d.restart && d.process == name(place(on)))
}

/// How long `p` waits for `on`, and what follows when it takes longer.
pub(crate) fn patience(spec: &SystemSpec, p: ProcessId, on: ProcessId) -> (Duration, OnTimeout) {
    let edge = spec.processes[place(p)].depends_on.iter().find(|d| d.process == name(place(on)));
    let usual = (spec.dependency_timeout, OnTimeout::Fail);
    edge.map_or(usual, |d| (d.timeout.unwrap_or(spec.dependency_timeout), d.on_timeout))
}

fn system(most: usize) -> impl Strategy<Value = SystemSpec> {
    (vec(process(), 1..=most), any::<bool>(), 0u64..1500, 30u64..1500).prop_map(
        |(parts, backwards, shutdown, wait)| SystemSpec {
            shutdown_timeout: ms(shutdown),
            dependency_timeout: ms(wait),
            processes: wire(parts, backwards),
            signals: BTreeMap::new(),
            hooks: Hooks::default(),
        },
    )
}

/// A whole system under a fleet. A shutdown always comes in the end.
pub(crate) fn fleet() -> impl Strategy<Value = Plan> {
    let order = prop_oneof![
        2 => Just(Order::RestartAll),
        2 => any::<u8>().prop_map(Order::Restart),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(a, b)| Order::RestartThese(a, b)),
        1 => (2u8..20).prop_map(Order::Burst),
        1 => any::<u8>().prop_map(Order::Relay),
        2 => any::<u8>().prop_map(Order::Clock),
        2 => Just(Order::Shutdown),
    ];
    let orders = vec((0u64..1200, order), 0..6);
    (system(6), orders, vec(any::<u8>(), 0..400)).prop_map(|(spec, mut orders, fate)| {
        orders.push((1500, Order::Shutdown));
        orders.sort_by_key(|(at, _)| *at);
        Plan { spec, orders, fate, fleet: true }
    })
}

/// One process without dependencies whose instances are commanded directly, in every possible mixture.
pub(crate) fn solo() -> impl Strategy<Value = Plan> {
    let event = prop_oneof![
        3 => Just(Event::Start),
        2 => Just(Event::Stop(Urgency::Graceful)),
        1 => Just(Event::Stop(Urgency::Now)),
        2 => Just(Event::Restart),
    ];
    let order = (any::<u8>(), event).prop_map(|(i, event)| Order::Direct(i, event));
    let orders = vec((0u64..900, order), 1..14);
    (system(1), orders, vec(any::<u8>(), 0..300)).prop_map(|(spec, mut orders, fate)| {
        orders.sort_by_key(|(at, _)| *at);
        Plan { spec, orders, fate, fleet: false }
    })
}
