//! Random systems under random commands and deaths: whatever happens, the end comes, nothing is left running, and
//! every span that began has ended once.

use crate::support::{Rig, ms, paused};
use opentelemetry::Value;
use phpeek_actors::board::SystemState;
use phpeek_actors::manager::Request;
use phpeek_actors::ports::TaskEvent;
use phpeek_actors::testkit::{Behaviour, Grandchildren, Obeys, SpecBuilder, attribute, is_error, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::operation::Cause;
use phpeek_core::outcome::{Exit, SpawnFailure, SpawnFailureKind};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{RestartPolicy, SystemSpec};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Act {
    Wait(u64),
    RestartAll,
    Restart(u32),
    Kill(usize),
    Exit(usize, u8),
    Relay(u32),
    Stale(u32, u64),
}

#[derive(Debug, Clone)]
struct Process {
    scale: u32,
    oneshot: bool,
    policy: RestartPolicy,
    depends: Vec<bool>,
    seed: u64,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..400u64).prop_map(Act::Wait),
        1 => Just(Act::RestartAll),
        1 => (0..5u32).prop_map(Act::Restart),
        2 => (0..9usize).prop_map(Act::Kill),
        1 => (0..9usize, 0..3u8).prop_map(|(n, code)| Act::Exit(n, code)),
        1 => (0..5u32).prop_map(Act::Relay),
        1 => (0..5u32, 0..4u64).prop_map(|(p, run)| Act::Stale(p, run)),
    ]
}

fn process() -> impl Strategy<Value = Process> {
    let policy = prop_oneof![
        3 => Just(RestartPolicy::Always),
        1 => Just(RestartPolicy::OnFailure),
        1 => Just(RestartPolicy::Never),
    ];
    let depends = proptest::collection::vec(proptest::bool::weighted(0.3), 5);
    (1..4u32, proptest::bool::weighted(0.2), policy, depends, any::<u64>())
        .prop_map(|(scale, oneshot, policy, depends, seed)| Process { scale, oneshot, policy, depends, seed })
}

fn specification(processes: &[Process]) -> SystemSpec {
    let build = |(i, p): (usize, &Process)| {
        let spec = SpecBuilder::new(&format!("p{i}"))
            .captured()
            .scale(p.scale)
            .policy(p.policy)
            .attempts(4)
            .grace(ms(200));
        let spec = if p.oneshot { spec.oneshot() } else { spec };
        let earlier = processes.iter().zip(&p.depends).zip(0u32..).take(i).filter(|((_, d), _)| **d);
        earlier.fold(spec, |s, ((q, _), n)| if q.oneshot { s.after_end_of(n) } else { s.after(n) })
    };
    let mut spec = system(processes.iter().enumerate().map(build).collect());
    spec.dependency_timeout = ms(3000);
    spec
}

/// What a run does follows from its number alone, so that a case can be repeated.
fn behaviour(p: &Process, instance: u32, run: u64) -> Behaviour {
    let mut random = fastrand::Rng::with_seed(p.seed ^ (u64::from(instance) << 32) ^ run);
    let one_in = |random: &mut fastrand::Rng, n: u32| random.u32(..n) == 0;
    let mut behaviour = Behaviour { spawn_after: ms(random.u64(..40)), ..Behaviour::default() };
    if one_in(&mut random, 12) {
        let kind = SpawnFailureKind::Resources;
        behaviour.failure = Some(SpawnFailure { kind, message: "no room".to_owned() });
    }
    if p.oneshot || one_in(&mut random, 3) {
        let code = if one_in(&mut random, 3) { 1 } else { 0 };
        behaviour.lives = Some((ms(random.u64(..300)), Exit::Code(code)));
    }
    behaviour.obeys = match random.u32(..4) {
        0 => Obeys::OnlyKill,
        _ => Obeys::After(ms(random.u64(..60))),
    };
    behaviour.grandchildren = match random.u32(..6) {
        0 => Grandchildren::UntilKill,
        1 => Grandchildren::UntilSignal,
        2 => Grandchildren::For(ms(random.u64(..90))),
        _ => Grandchildren::None,
    };
    // In time, too late, never, or not kept at all.
    behaviour.last_words = match random.u32(..4) {
        0 => None,
        1 => Some((ms(100_000), Vec::new())),
        _ => Some((ms(random.u64(..250)), vec!["last words".to_owned()])),
    };
    behaviour
}

fn perform(rig: &Rig, act: &Act, processes: u32) {
    let alive = rig.launcher.alive();
    let victim = |n: &usize| alive.get(n % alive.len().max(1)).copied();
    match act {
        Act::Wait(_) => {}
        Act::RestartAll => rig.restart_all(),
        Act::Restart(p) => rig.ask(Request::Restart(rig.name(p % processes), Cause::Request)),
        Act::Relay(p) => {
            rig.ask(Request::Relay(rig.name(p % processes), Signal::HUP.into(), Cause::signal(Signal::HUP)))
        }
        Act::Kill(n) => {
            if let Some(id) = victim(n) {
                rig.launcher.end(id, Exit::Signal { signal: Signal::INT, core: true });
            }
        }
        Act::Exit(n, code) => {
            if let Some(id) = victim(n) {
                rig.launcher.end(id, Exit::Code(*code));
            }
        }
        Act::Stale(p, run) => {
            // Only of runs that are over: a launcher invents no other.
            let id = crate::support::run(p % processes, 0, *run);
            if rig
                .launcher
                .launches()
                .iter()
                .any(|(_, l)| l.process() == id.process() && l.instance.serial == 0 && l.run > *run)
            {
                rig.launcher.report(id, TaskEvent::Exited(Exit::Code(1).into()));
                rig.launcher.report(id, TaskEvent::GroupEmpty);
            }
        }
    }
}

fn check(rig: &Rig, outcome: Outcome) {
    assert!(!matches!(outcome, Outcome::DeadlineMissed | Outcome::Internal), "{outcome:?}");
    assert!(rig.launcher.alive().is_empty(), "left behind: {:?}", rig.launcher.alive());
    for name in [names::SPAN_START, names::SPAN_RESTART, names::SPAN_RESTART_PROCESS, names::SPAN_SHUTDOWN] {
        for span in rig.spans.named(name).iter().filter(|s| !is_error(s)) {
            assert!(rig.spans.coverage(span) >= 0.99, "{} of {span:#?}", rig.spans.coverage(span));
        }
    }
    let runs = rig.spans.named(names::SPAN_SPAWN).len();
    let folded = rig.spans.spans().into_iter().filter_map(|s| attribute(&s, names::RESTART_FOLDED));
    let folded: i64 = folded.map(|value| if let Value::I64(n) = value { n } else { 0 }).sum();
    let known = runs + usize::try_from(folded).expect("a count");
    assert!(known >= rig.launcher.launches().len(), "each run has a span of its spawn, or is counted");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_span_ends_once_and_nothing_is_left(
        processes in proptest::collection::vec(process(), 1..5),
        acts in proptest::collection::vec(act(), 0..25),
        settles in any::<bool>(),
        second in proptest::option::of(0..300u64),
    ) {
        paused(async {
            let count = u32::try_from(processes.len()).expect("a few");
            let mut rig = Rig::booted(specification(&processes), |l| {
                for (p, i) in processes.iter().cloned().zip(0u32..) {
                    l.script(i, move |id| behaviour(&p, id.instance.serial, id.run));
                }
            });
            for act in &acts {
                perform(&rig, act, count);
                if let Act::Wait(time) = act {
                    rig.pass(ms(*time)).await;
                }
            }
            if settles {
                rig.pass(ms(20_000)).await;
                let now = rig.board.system().last().copied();
                assert!(matches!(now, Some(SystemState::Running | SystemState::Stopping)), "stuck in {now:?}");
            }
            rig.terminate();
            if let Some(wait) = second {
                rig.pass(ms(wait)).await;
                rig.terminate();
            }
            let outcome = rig.finished().await.outcome;
            check(&rig, outcome);
        });
    }
}
