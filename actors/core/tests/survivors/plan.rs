//! Worlds of survivors, as proptest draws them.

use crate::support::plain;
use phpeek_core::name::ProcessName;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{Condition, Dependency, Hooks, KillMode, ProcessSpec, StopSpec, SystemSpec};
use phpeek_core::survivors::{Policy, Record};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A kill signal that is not SIGKILL, and no request.
pub(crate) const URGE: Signal = Signal::USR1;

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) policy: Policy,
    pub(crate) record: Record,
    pub(crate) spec: SystemSpec,
    pub(crate) left: Vec<Left>,
    /// How long looking takes each time, over and over.
    pub(crate) late: Vec<u64>,
}

/// Somebody who was left.
#[derive(Debug, Clone)]
pub(crate) struct Left {
    /// The place of its process; beyond them those of which nothing is configured.
    pub(crate) of: usize,
    /// The child of one before it, if that is of the same process.
    pub(crate) parent: Option<usize>,
    /// How long it takes to end when it is asked; `None`: it does not care.
    pub(crate) polite: Option<u64>,
    /// Whether it hears the kill signal.
    pub(crate) urgeable: bool,
    /// SIGKILL does not help.
    pub(crate) stuck: bool,
    /// When it ends by itself.
    pub(crate) ends: Option<u64>,
    /// When it comes: it is forked later than anybody has looked.
    pub(crate) comes: u64,
}

pub(crate) fn name(place: usize, spec: &SystemSpec) -> String {
    spec.processes.get(place).map_or_else(|| format!("(process {place})"), |p| p.name.as_str().to_owned())
}

fn process(place: usize, needs: u8, stop: StopSpec) -> Arc<ProcessSpec> {
    let name = |n| ProcessName::new(&format!("p{n}")).expect("a plain name");
    let on = (0..place).filter(|on| needs & (1 << on) != 0);
    let depends_on = on.map(|on| Dependency::new(name(on), Condition::Started)).collect();
    Arc::new(ProcessSpec { depends_on, stop, ..plain(&format!("p{place}")) })
}

fn stop() -> impl Strategy<Value = StopSpec> {
    let signal = prop_oneof![5 => Just(Signal::TERM), 3 => Just(Signal::QUIT), 1 => Just(Signal::KILL)];
    let kill = prop_oneof![2 => Just(Signal::KILL), 1 => Just(URGE)];
    let mode = prop_oneof![Just(KillMode::Group), Just(KillMode::Mixed), Just(KillMode::Leader)];
    (signal, 5u64..300, kill, 5u64..200, mode).prop_map(|(signal, grace, kill_signal, kill_grace, mode)| {
        StopSpec { signal, grace: ms(grace), kill_signal, kill_grace: ms(kill_grace), mode }
    })
}

fn system() -> impl Strategy<Value = SystemSpec> {
    (vec((any::<u8>(), stop()), 1..5), 20u64..3000).prop_map(|(processes, timeout)| SystemSpec {
        shutdown_timeout: ms(timeout),
        dependency_timeout: ms(1000),
        processes: processes
            .into_iter()
            .enumerate()
            .map(|(n, (needs, stop))| process(n, needs, stop))
            .collect(),
        signals: BTreeMap::new(),
        hooks: Hooks::default(),
    })
}

fn left() -> impl Strategy<Value = Left> {
    let polite = prop_oneof![3 => (0u64..120).prop_map(Some), 1 => Just(None)];
    let ends = prop_oneof![4 => Just(None), 1 => (0u64..400).prop_map(Some)];
    let comes = prop_oneof![4 => Just(0), 1 => 1u64..300];
    let rare = |one: u32| prop_oneof![one => Just(false), 1 => Just(true)];
    (0usize..6, proptest::option::of(0usize..6), polite, any::<bool>(), rare(8), ends, comes).prop_map(
        |(of, parent, polite, urgeable, stuck, ends, comes)| Left {
            of,
            parent,
            polite,
            urgeable,
            stuck,
            ends,
            comes,
        },
    )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let policy = prop_oneof![
        6 => Just(Policy::Stop),
        2 => Just(Policy::Kill),
        1 => Just(Policy::Report),
        1 => Just(Policy::Ignore),
    ];
    let record = prop_oneof![
        1 => Just(Record::Missing),
        8 => Just(Record::Believed),
        2 => Just(Record::Refused),
    ];
    (policy, record, system(), vec(left(), 0..9), vec(0u64..8, 1..20))
        .prop_map(|(policy, record, spec, left, late)| Plan { policy, record, spec, left, late })
}
