//! The laws of the small parts: backoff (P5), budget (P6), the order of starts, the spelling of signals, and what
//! happens when a part of the supervisor is lost. The laws
//! of the machines are in `world.rs`.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "support/spec.rs"]
mod support;

use phpeek_core::backoff::{Backoff, Jitter};
use phpeek_core::budget::{Attempts, Budget};
use phpeek_core::facts::Outbox;
use phpeek_core::fleet::{self, Fleet};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{Event, Machine, Now, Policy};
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Cause;
use phpeek_core::order::{Cycle, start_order};
use phpeek_core::outcome::Exit;
use phpeek_core::process::Command;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{
    Condition, Dependency, Ends, Hooks, KillMode, ProcessKind, ProcessSpec, RestartPolicy, RestartSpec,
    StopSpec, SystemSpec,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use support::plain;

/// Any duration, the extremes of each order of magnitude among them.
fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::from_nanos(1)),
        Just(Duration::MAX),
        (0u32..10_000_000).prop_map(|ms| Duration::from_millis(ms.into())),
        (any::<u64>(), 0u32..1_000_000_000).prop_map(|(s, ns)| Duration::new(s, ns)),
        (0u32..64, any::<u64>()).prop_map(|(shift, n)| Duration::from_nanos(n >> shift)),
    ]
}

fn backoff() -> impl Strategy<Value = Backoff> {
    (duration(), duration())
        .prop_map(|(a, b)| Backoff::new(a.min(b), a.max(b)).expect("the shorter one is the initial one"))
}

proptest! {
    #[test]
    fn p5_a_delay_stays_within_its_bounds_and_never_shrinks(
        backoff in backoff(), n in prop_oneof![0u32..130, any::<u32>()], more in 0u32..40, jitter: u16,
    ) {
        let jitter = Jitter(jitter);
        let delay = backoff.delay(n, jitter);
        let base = backoff.base(n);
        prop_assert!(backoff.initial() <= base && base <= backoff.max());
        prop_assert!(delay <= base && delay >= base.saturating_sub(base / 4));
        prop_assert!(backoff.delay(n, Jitter::NONE) == base);
        prop_assert!(delay <= backoff.delay(n.saturating_add(more), jitter));
        prop_assert!(jitter.0 == u16::MAX || delay <= backoff.delay(n, Jitter(jitter.0 + 1)));
    }

    /// Against the definition, in integers wide enough for every duration below 2^32 seconds.
    #[test]
    fn p5_a_delay_doubles_until_its_maximum(
        initial in any::<u32>(), most in any::<u64>(), n in 0u32..60,
    ) {
        let max = Duration::from_nanos(most.max(initial.into()));
        let backoff = Backoff::new(Duration::from_nanos(initial.into()), max).expect("in order");
        prop_assert_eq!(backoff.base(n).as_nanos(), (u128::from(initial) << n).min(max.as_nanos()));
    }

    #[test]
    fn p6_a_budget_forgives_so_many_failures_and_a_stable_run_gives_it_back(
        max in 0u32..20, runs in vec((any::<bool>(), 0u64..100), 0..100), window in prop_oneof![Just(None), (1u64..100).prop_map(Some)],
    ) {
        let limit = Attempts::AtMost(max);
        let mut budget = Budget::default();
        let (mut failures, mut restarts) = (0u32, 0u32);
        for (clean, uptime) in runs {
            budget.run_ended(Duration::from_secs(uptime), window.map(Duration::from_secs));
            if window.is_some_and(|w| uptime >= w) {
                (failures, restarts) = (0, 0);
            }
            if clean {
                budget.pass();
                restarts += 1;
            } else {
                let granted = budget.spend(limit);
                prop_assert_eq!(granted, failures < max);
                failures += u32::from(granted);
                restarts += u32::from(granted);
            }
            prop_assert_eq!((budget.failures(), budget.restarts()), (failures, restarts));
            prop_assert_eq!(budget.left(limit), Some(max - failures));
        }
    }

    /// No configured time may bring the supervisor down, whenever it is.
    #[test]
    fn no_duration_overflows_a_machine(
        backoff in backoff(), grace in duration(), at in duration(), jitter: u16, clean: bool,
    ) {
        let restart = RestartSpec { policy: RestartPolicy::Always, attempts: Attempts::Unlimited, backoff, stable_after: None, ends: Ends::USUAL };
        let stop = StopSpec { signal: Signal::TERM, grace, kill_signal: Signal::INT, kill_grace: grace, mode: KillMode::Group };
        let policy = Policy { kind: ProcessKind::LongRun, restart, stop };
        let now = Now { at, jitter: Jitter(jitter) };
        let mut machine = Machine::default();
        let mut out = Vec::new();
        let exit = Exit::Code(u8::from(!clean));
        let crash = [Event::Start, Event::Spawned { run: 1 }, Event::Exited { run: 1, exit }, Event::GroupEmpty { run: 1 }];
        let stopped = [Event::Restart, Event::Spawned { run: 2 }, Event::Stop(phpeek_core::lifecycle::Urgency::Graceful)];
        for event in crash.into_iter().chain(stopped) {
            machine.step(&policy, now, event, &mut out);
            prop_assert!(machine.deadline().is_none_or(|due| due >= at));
        }
    }

    #[test]
    fn every_process_comes_after_its_dependencies_or_a_real_cycle_is_named(
        edges in (1usize..30).prop_flat_map(|n| vec(vec(0..n + 2, 0..3), n)),
    ) {
        match start_order(&edges) {
            Ok(order) => {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                prop_assert_eq!(sorted, (0..edges.len()).collect::<Vec<_>>());
                let place = |p: usize| order.iter().position(|q| *q == p);
                for (p, needs) in edges.iter().enumerate() {
                    for need in needs.iter().filter(|d| **d < edges.len()) {
                        prop_assert!(place(*need) < place(p), "{} needs {}", p, need);
                    }
                }
            }
            Err(Cycle(cycle)) => {
                prop_assert!(!cycle.is_empty());
                prop_assert_eq!(cycle.first(), cycle.iter().min());
                for (from, to) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
                    prop_assert!(edges[*from].contains(to), "{} does not need {}", from, to);
                }
                let mut once = cycle.clone();
                once.sort_unstable();
                once.dedup();
                prop_assert_eq!(once.len(), cycle.len());
            }
        }
    }

    #[test]
    fn a_graph_without_a_cycle_is_always_sorted(edges in vec(vec(any::<prop::sample::Index>(), 0..4), 1..40)) {
        let edges: Vec<Vec<usize>> = edges.iter().enumerate()
            .map(|(i, needs)| if i == 0 { Vec::new() } else { needs.iter().map(|n| n.index(i)).collect() })
            .collect();
        prop_assert!(start_order(&edges).is_ok());
    }

    #[test]
    fn a_number_is_a_signal_or_an_error(number: i64) {
        let expected = (1..=31).contains(&number) || (34..=64).contains(&number);
        prop_assert_eq!(Signal::from_number(number).is_some(), expected);
        prop_assert_eq!(Signal::parse(&number.to_string()).is_ok(), expected);
    }

    #[test]
    fn small_numbers_and_their_names_agree(number in 0i64..130) {
        if let Some(signal) = Signal::from_number(number) {
            let name = signal.to_string();
            for text in [name.clone(), name.to_lowercase(), name.trim_start_matches("SIG").to_owned(), number.to_string()] {
                prop_assert_eq!(Signal::parse(&text), Ok(signal), "{}", text);
            }
        }
    }

    /// What is read is what was meant: reading again what is shown gives the same, and nothing else is read.
    #[test]
    fn no_text_is_taken_for_another_signal(text in "(SIG|sig)?(RTM(IN|AX)[+-]?)?[A-Z0-9+ -]{0,6}") {
        match Signal::parse(&text) {
            Ok(signal) => {
                let shown = signal.to_string();
                prop_assert_eq!(Signal::parse(&shown), Ok(signal));
                prop_assert!(!text.trim().is_empty());
            }
            Err(unknown) => prop_assert_eq!(unknown.0, text),
        }
    }
}

#[test]
fn a_real_time_offset_is_plain_digits() {
    for text in [
        "RTMIN++3",
        "RTMAX-+1",
        "RTMIN+ 3",
        "RTMIN3",
        "RTMAX+1",
        "RTMAX-31",
        "SIGSIGTERM",
        "SIG15",
        "+15",
        "1 5",
    ] {
        assert!(Signal::parse(text).is_err(), "{text}");
    }
}

fn name(i: u32) -> ProcessName {
    ProcessName::new(&format!("p{i}")).expect("a plain name")
}

/// A fleet of `count` processes, each of which needs the one before.
fn chain(count: u32) -> Fleet {
    let process = |i: u32| {
        let before = i.checked_sub(1).map(|i| Dependency::new(name(i), Condition::Started));
        Arc::new(ProcessSpec { depends_on: before.into_iter().collect(), ..plain(name(i).as_str()) })
    };
    let spec = SystemSpec {
        shutdown_timeout: Duration::from_secs(1),
        dependency_timeout: Duration::from_secs(1),
        processes: (0..count).map(process).collect(),
        signals: BTreeMap::new(),
        hooks: Hooks::default(),
    };
    Fleet::new(&spec).expect("a chain has no cycle")
}

proptest! {
    /// Whenever a part of the supervisor is lost, everything else is stopped and the end says so, once.
    #[test]
    fn a_lost_process_ends_the_system_in_order(count in 1u32..6, lost in 0u32..6, after in 0usize..20, shutdown in 0usize..20) {
        let lost = ProcessId(lost % count);
        let mut fleet = chain(count);
        let mut out = Outbox::new();
        let (mut next, mut steps) = (0, 0);
        let boot = fleet.begin(Cause::Boot);
        fleet.step(Duration::ZERO, fleet::Event::Boot(boot), &mut out);
        loop {
            if steps == shutdown {
                let stop = fleet.begin(Cause::Request);
                fleet.step(Duration::ZERO, fleet::Event::Shutdown(stop), &mut out);
            }
            if steps == after {
                fleet.step(Duration::ZERO, fleet::Event::Lost(lost, Vec::new()), &mut out);
            }
            steps += 1;
            let effects: Vec<fleet::Effect> = out.effects().cloned().collect();
            let answer = match effects.get(next) {
                // Who is lost answers no more.
                Some(fleet::Effect::Command(p, _, Command::Start)) if *p != lost || steps <= after => Some(fleet::Event::Up(*p)),
                Some(fleet::Effect::Command(p, _, Command::Stop(_))) if *p != lost || steps <= after => Some(fleet::Event::Stopped(*p)),
                Some(_) => None,
                None if steps > after && steps > shutdown => break,
                None => continue,
            };
            next += 1;
            if let Some(answer) = answer {
                fleet.step(Duration::ZERO, answer, &mut out);
            }
        }
        let effects: Vec<fleet::Effect> = out.effects().cloned().collect();
        let done: Vec<_> = effects.iter().filter(|e| matches!(e, fleet::Effect::Done(_))).collect();
        prop_assert_eq!(done.len(), 1, "{:?}", effects);
        prop_assert!(matches!(effects.last(), Some(fleet::Effect::Done(_))), "{:?}", effects);
        if after < shutdown {
            prop_assert_eq!(done[0], &fleet::Effect::Done(fleet::Outcome::Internal), "{:?}", effects);
        }
        prop_assert_eq!(fleet.deadline(), None);
    }
}
