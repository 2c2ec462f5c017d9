//! Bounds of memory: what is above the soft one is replaced, one at a time; what is above the hard one is killed; all of it
//! is told, and nothing is measured where there is no bound.

use crate::support::{Rig, ms, paused, text};
use phpeek_actors::manager::Request;
use phpeek_actors::testkit::{Behaviour, Obeys, SpecBuilder, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::ids::RunId;
use phpeek_core::lifecycle::Failure;
use phpeek_core::limit::{Limit, MemorySpec};
use phpeek_core::signal::Signal;
use phpeek_core::spec::RestartPolicy;

const MB: u64 = 1 << 20;

fn bounded(name: &str, soft: Option<u64>, hard: Option<u64>) -> SpecBuilder {
    SpecBuilder::new(name).memory(MemorySpec { soft, hard })
}

/// The first run of each instance grows, the later ones do not.
fn first_grows(to: u64) -> impl Fn(RunId) -> Option<u64> {
    move |run| Some(if run.run == 1 { to } else { MB })
}

#[test]
fn above_the_soft_bound_one_after_the_other_is_replaced_and_it_is_told() {
    paused(async {
        let spec = system(vec![bounded("w", Some(40 * MB), None).scale(3), SpecBuilder::new("other")]);
        let mut rig = Rig::new(spec);
        rig.launcher.script(0, |_| Behaviour { obeys: Obeys::After(ms(300)), ..Behaviour::default() });
        rig.meter.script(first_grows(60 * MB));
        rig.ask(Request::Boot);
        rig.all_up().await;
        rig.until("three new runs", |rig| rig.launcher.launches().len() == 7).await;
        rig.pass(ms(5000)).await;
        let signals = rig.launcher.signals();
        assert!(signals.iter().all(|sent| sent.signal == Signal::TERM), "{signals:?}");
        for (first, second) in signals.iter().zip(signals.iter().skip(1)) {
            assert!(second.at >= first.at + ms(300), "two were away at once: {signals:?}");
        }
        assert!(rig.meter.asked().iter().all(|(_, run)| run.process().0 == 0), "the other has no bound");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let restarts = rig.spans.named(names::SPAN_RESTART_PROCESS);
        assert_eq!(restarts.len(), 3);
        for restart in &restarts {
            assert_eq!(text(restart, names::RESTART_REASON), "memory_limit");
            assert_eq!(text(restart, names::MEMORY_LIMIT), "soft");
            assert_eq!(text(restart, names::MEMORY_LIMIT_BYTES), (40 * MB).to_string());
            assert_eq!(text(restart, names::MEMORY_USED_BYTES), (60 * MB).to_string());
        }
        let told = rig.log.records().into_iter().filter(|r| r.message.contains("60 MB of memory")).count();
        assert_eq!((told, rig.board.breaches().len()), (3, 3));
    });
}

#[test]
fn above_the_hard_bound_it_is_killed_also_while_it_is_being_replaced() {
    paused(async {
        let spec = system(vec![bounded("w", Some(40 * MB), Some(80 * MB))]);
        let mut rig = Rig::new(spec);
        rig.launcher.script(0, |_| Behaviour { obeys: Obeys::OnlyKill, ..Behaviour::default() });
        let clock = rig.clock;
        rig.meter.script(move |run| match (run.run, clock.now() > ms(1500)) {
            (1, false) => Some(60 * MB),
            (1, true) => Some(90 * MB),
            _ => Some(MB),
        });
        rig.ask(Request::Boot);
        rig.until("a new run", |rig| rig.launcher.launches().len() == 2).await;
        assert!(rig.clock.now() < ms(3000), "its grace of ten seconds was not waited for");
        let signals: Vec<_> = rig.launcher.signals().iter().map(|sent| sent.signal).collect();
        assert_eq!(signals, [Signal::TERM, Signal::KILL]);
        let limits: Vec<_> = rig.board.breaches().iter().map(|(_, _, breach)| breach.limit).collect();
        assert_eq!(limits, [Limit::Soft, Limit::Hard]);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert_eq!(text(&rig.one(names::SPAN_RESTART_PROCESS), names::MEMORY_LIMIT), "hard");
    });
}

#[test]
fn what_nothing_would_follow_is_killed_above_the_hard_bound_alone() {
    paused(async {
        let spec =
            system(vec![bounded("w", Some(40 * MB), Some(80 * MB)).policy(RestartPolicy::Never).essential()]);
        let mut rig = Rig::new(spec);
        let clock = rig.clock;
        rig.meter.script(move |_| Some(if clock.now() > ms(9000) { 90 * MB } else { 60 * MB }));
        rig.ask(Request::Boot);
        rig.pass(ms(8000)).await;
        assert!(rig.launcher.signals().is_empty() && rig.board.breaches().is_empty());
        assert_eq!(rig.finished().await.outcome, Outcome::Failed(Failure::Memory(Limit::Hard)));
        assert_eq!(rig.launcher.launches().len(), 1);
    });
}

#[test]
fn nobody_who_can_measure_is_asked_again_and_nothing_else_follows() {
    paused(async {
        let mut rig = Rig::new(system(vec![bounded("w", None, Some(MB))]));
        rig.meter.script(|_| None);
        rig.ask(Request::Boot);
        rig.pass(ms(60_000)).await;
        let asked = rig.meter.asked().len();
        assert!((5..=7).contains(&asked), "{asked} times in a minute");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}
