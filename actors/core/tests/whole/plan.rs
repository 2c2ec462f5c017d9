//! What is configured, what is asked when, and the choices that fate makes; drawn and shrunk by proptest.

use crate::support::{asked, plain, program};
use phpeek_core::backoff::Backoff;
use phpeek_core::budget::Attempts;
use phpeek_core::fleet::{Amount, Wanted};
use phpeek_core::name::ProcessName;
use phpeek_core::program::Program;
use phpeek_core::spec::{
    AtOnce, CommandLine, Condition, Dependency, Ends, Exhausted, Hooks, InitialState, OnTimeout, ProcessKind,
    ProcessSpec, RestartPolicy, RestartSpec, RollingSpec, SystemSpec,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// So many processes there are at most, and one more name that nobody has.
pub(crate) const NAMES: usize = 5;
/// When everything is asked to stop, if nobody has asked before: long after all else is over.
pub(crate) const LAST: u64 = 60_000;

pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What somebody asks of the system.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    Start(usize),
    Stop(usize),
    Scale(usize, Amount),
    Restart(usize),
    RestartAll,
    /// To the configuration of this number.
    Reload(usize),
    Shutdown,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The first is booted.
    pub(crate) configurations: Vec<Configuration>,
    /// When (milliseconds) and what.
    pub(crate) orders: Vec<(u64, Order)>,
    /// Drawn in order; after the last one everything goes well.
    pub(crate) fate: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    pub(crate) processes: Vec<Arc<ProcessSpec>>,
    pub(crate) shutdown_timeout: Duration,
    dependency_timeout: Duration,
}

impl Configuration {
    pub(crate) fn system(&self) -> SystemSpec {
        SystemSpec {
            shutdown_timeout: self.shutdown_timeout,
            dependency_timeout: self.dependency_timeout,
            processes: self.processes.clone(),
            signals: BTreeMap::new(),
            hooks: Hooks::default(),
        }
    }

    pub(crate) fn wanted(&self) -> Arc<Wanted> {
        Arc::new(Wanted::of(&self.system(), BTreeSet::new()))
    }
}

pub(crate) fn name(i: usize) -> ProcessName {
    ProcessName::new(&format!("p{i}")).expect("a plain name")
}

/// A process in numbers: its kind, what it runs, how many, whether it waits for somebody, how it ends, its edges.
type Drawn = (ProcessKind, u8, u32, bool, RestartSpec, u64, [u8; 2]);

fn drawn() -> impl Strategy<Value = Option<Drawn>> {
    // What goes by the clock has worlds of its own: `jobs.rs`, `schedule.rs`.
    let kind = prop_oneof![3 => Just(ProcessKind::LongRun), 1 => Just(ProcessKind::Oneshot)];
    let own = (kind, 0u8..3, 1u32..4, prop::bool::weighted(0.1), restart(), 0u64..150, any::<[u8; 2]>());
    prop::option::weighted(0.8, own)
}

fn restart() -> impl Strategy<Value = RestartSpec> {
    let policy = prop_oneof![
        3 => Just(RestartPolicy::Always),
        1 => Just(RestartPolicy::OnFailure),
        1 => Just(RestartPolicy::Never)
    ];
    let attempts = prop_oneof![3 => (0u32..4).prop_map(Attempts::AtMost), 1 => Just(Attempts::Unlimited)];
    let exhausted = prop_oneof![6 => Just(Exhausted::Stop), 1 => Just(Exhausted::Exit)];
    (policy, attempts, 5u64..60, 0u64..100, exhausted).prop_map(
        |(policy, attempts, first, more, exhausted)| RestartSpec {
            policy,
            attempts,
            backoff: Backoff::new(ms(first), ms(first + more)).expect("the first is the shorter one"),
            stable_after: Some(ms(150)),
            ends: Ends { exhausted, ..Ends::USUAL },
        },
    )
}

fn spec(i: usize, drawn: &Drawn, all: &[Option<Drawn>]) -> Arc<ProcessSpec> {
    let (kind, command, scale, stopped, restart, grace, edges) = *drawn;
    let own = name(i);
    let mut depends_on: Vec<Dependency> = Vec::new();
    for edge in edges {
        let on = usize::from(edge / 8) % (i * 2).max(1);
        let Some((other, ..)) = all.get(on).filter(|_| on < i).and_then(Option::as_ref) else { continue };
        let condition = match other {
            ProcessKind::Oneshot if edge % 2 == 1 => Condition::CompletedSuccessfully,
            _ => Condition::Started,
        };
        let on_timeout = if edge % 3 == 0 { OnTimeout::Start } else { OnTimeout::Fail };
        if depends_on.iter().all(|d| d.process != name(on)) {
            let restart = edge % 8 < 3;
            depends_on.push(Dependency { on_timeout, restart, ..Dependency::new(name(on), condition) });
        }
    }
    let command = CommandLine::new(vec![format!("c{command}")]).expect("a program");
    let at_once = NonZeroU32::new(1 + u32::from(edges[0] % 2)).map(AtOnce::Count);
    let rolling = at_once.map(|at_once| {
        Box::new(RollingSpec { at_once, takes_part: true, reload: None, reload_timeout: Duration::ZERO })
    });
    Arc::new(ProcessSpec {
        kind,
        initial: if stopped { InitialState::Stopped } else { InitialState::Running },
        program: Arc::new(Program { command, ..program(own.as_str()) }),
        scale: NonZeroU32::new(if kind == ProcessKind::LongRun { scale } else { 1 }).expect("one at least"),
        max_scale: 6,
        depends_on,
        restart,
        stop: asked(ms(grace)),
        rolling,
        ..plain(own.as_str())
    })
}

fn configuration() -> impl Strategy<Value = Configuration> {
    (vec(drawn(), 1..=NAMES), 0u64..1500, 30u64..800).prop_map(|(all, shutdown, wait)| Configuration {
        processes: all.iter().enumerate().filter_map(|(i, own)| Some(spec(i, own.as_ref()?, &all))).collect(),
        shutdown_timeout: ms(shutdown),
        dependency_timeout: ms(wait),
    })
}

fn order() -> impl Strategy<Value = Order> {
    let whom = || 0usize..=NAMES;
    prop_oneof![
        3 => whom().prop_map(Order::Start),
        3 => whom().prop_map(Order::Stop),
        2 => (whom(), 0u32..7).prop_map(|(p, n)| Order::Scale(p, Amount::To(n))),
        2 => (whom(), -3i32..4).prop_map(|(p, n)| Order::Scale(p, Amount::By(n))),
        2 => whom().prop_map(Order::Restart),
        1 => Just(Order::RestartAll),
        5 => (0usize..4).prop_map(Order::Reload),
        1 => Just(Order::Shutdown),
    ]
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    // During the boot, during the shutdown, and between them.
    let when = prop_oneof![2 => 0u64..40, 3 => 0u64..1500, 1 => LAST..LAST + 200];
    let parts = (vec(configuration(), 1..4), vec((when, order()), 0..10), vec(any::<u8>(), 0..400));
    parts.prop_map(|(configurations, mut orders, fate)| {
        orders.push((LAST, Order::Shutdown));
        orders.sort_by_key(|(at, _)| *at);
        Plan { configurations, orders, fate }
    })
}
