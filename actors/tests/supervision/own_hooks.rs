//! Hooks of the instances of a process: around each run, and never in the way of an end.

use crate::support::{Rig, ms, paused, text, why};
use phpeek_actors::testkit::{Behaviour, Obeys, SpecBuilder, hook, hooks, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::{BootFailureCause, Outcome};
use phpeek_core::hook::{HookSpec, Hooks};
use phpeek_core::lifecycle::Failure;
use phpeek_core::outcome::{Exit, HookFault, SpawnFailureKind};
use phpeek_core::signal::Signal;

const WELL: Exit = Exit::Code(0);

fn one_of_each() -> Hooks {
    Hooks {
        pre_start: hooks([hook("before")]),
        post_start: hooks([hook("up")]),
        pre_stop: hooks([hook("leave")]),
        post_stop: hooks([hook("after")]),
        ..Hooks::default()
    }
}

fn quick(_: phpeek_core::ids::HookTask) -> Behaviour {
    Behaviour::ends(ms(30), WELL)
}

/// Hooks and runs in the order in which they were started.
fn story(rig: &Rig) -> Vec<String> {
    let hooks = rig.launcher.hooks().into_iter().map(|(at, _, name)| (at, name));
    let runs = rig.launcher.launches().into_iter().map(|(at, run)| (at, format!("run {}", run.run)));
    let signals = rig.launcher.signals().into_iter().map(|sent| (sent.at, sent.signal.to_string()));
    let mut all: Vec<_> = hooks.chain(runs).chain(signals).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, what)| what).collect()
}

#[test]
fn they_run_around_each_run_and_leave_no_time_dark() {
    paused(async {
        let mut rig =
            Rig::booted(system(vec![SpecBuilder::new("a").hooks(one_of_each())]), |l| l.script_hooks(quick));
        rig.all_up().await;
        assert_eq!(
            story(&rig),
            ["before", "run 1", "up"],
            "it is up when the hooks after its start are over"
        );
        rig.restart_all();
        rig.spans_named(names::SPAN_RESTART, 1).await;
        assert_eq!(story(&rig)[3..], ["leave", "SIGTERM", "after", "before", "run 2", "up"]);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert_eq!(story(&rig)[9..], ["leave", "SIGTERM", "after"]);
        let (start, restart, stop) = (
            rig.one(names::SPAN_START_PROCESS),
            rig.one(names::SPAN_RESTART_PROCESS),
            rig.spans.named(names::SPAN_STOP_PROCESS),
        );
        let parents: Vec<_> = rig.spans.named(names::SPAN_HOOK).iter().map(|s| s.parent_span_id).collect();
        let (of_start, of_restart) = (start.span_context.span_id(), restart.span_context.span_id());
        assert_eq!(parents[..6], [of_start, of_start, of_restart, of_restart, of_restart, of_restart]);
        assert!(parents[6..].iter().all(|p| stop.iter().any(|s| s.span_context.span_id() == *p)));
        for name in [
            names::SPAN_START,
            names::SPAN_START_PROCESS,
            names::SPAN_RESTART,
            names::SPAN_RESTART_PROCESS,
            names::SPAN_SHUTDOWN,
        ] {
            let span = rig.one(name);
            assert!(rig.spans.coverage(&span) >= 0.99, "{} of {span:#?}", rig.spans.coverage(&span));
        }
    });
}

#[test]
fn each_instance_has_its_own() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("a").scale(3).hooks(one_of_each())]);
        let mut rig = Rig::booted(spec, |l| l.script_hooks(quick));
        rig.all_up().await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let hooks = rig.launcher.hooks();
        assert_eq!(hooks.len(), 12);
        let serials: std::collections::BTreeSet<_> = hooks.iter().map(|(_, task, _)| *task).collect();
        assert_eq!(serials.len(), 12, "no task comes twice");
    });
}

#[test]
fn a_failure_before_the_start_fails_the_start() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("a").hooks(one_of_each()), SpecBuilder::new("b").after(0)]);
        let mut rig = Rig::booted(spec, |l| l.script_hooks(|_| Behaviour::ends(ms(5), Exit::Code(9))));
        let end = rig.finished().await;
        let Some(BootFailureCause::Spawn(failure)) = why(&end) else { unreachable!("{end:?}") };
        assert_eq!(failure.kind, SpawnFailureKind::Hook(HookFault::Exit(Exit::Code(9))));
        assert!(failure.message.contains("\"before\" failed: exit code 9"));
        assert_eq!(story(&rig), ["before"], "nothing of it ran");
        assert_eq!(
            text(&rig.of_process(names::SPAN_START_PROCESS, "a")[0], names::ERROR_TYPE),
            "hook_failed"
        );
    });
}

#[test]
fn a_failure_before_a_restart_spends_an_attempt() {
    paused(async {
        let lists = Hooks { pre_start: hooks([hook("before")]), ..Hooks::default() };
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("a").attempts(2).hooks(lists)]), |l| {
            l.script_hooks(|task| Behaviour::ends(ms(5), Exit::Code(u8::from(task.serial > 1))));
        });
        rig.all_up().await;
        let run = rig.launcher.leader_of(0, 0).expect("it runs");
        rig.launcher.end(run, Exit::Code(1));
        let fault = SpawnFailureKind::Hook(HookFault::Exit(Exit::Code(1)));
        assert_eq!(rig.finished().await.outcome, Outcome::Failed(Failure::Spawn(fault)));
        assert_eq!(story(&rig), ["before", "run 1", "before", "before"], "two attempts, and nothing ran");
    });
}

#[test]
fn what_waits_for_a_process_waits_for_the_hooks_after_its_start() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("a").hooks(one_of_each()), SpecBuilder::new("b").after(0)]);
        let mut rig = Rig::booted(spec, |l| l.script_hooks(quick));
        rig.all_up().await;
        let (hook, launches) = (rig.launcher.hooks()[1].0, rig.launcher.launches());
        assert!(launches[1].1.process().0 == 1 && launches[1].0 >= hook + ms(30));
        rig.terminate();
        rig.finished().await;
    });
}

#[test]
fn a_death_during_the_hooks_before_its_stop_is_the_stop() {
    paused(async {
        let lists = Hooks { pre_stop: hooks([hook("leave")]), ..Hooks::default() };
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("a").hooks(lists)]), |l| {
            l.script_hooks(|_| Behaviour::ends(ms(500), WELL));
        });
        rig.all_up().await;
        rig.terminate();
        rig.until("the hook", |rig| rig.launcher.hook_runs()).await;
        let run = rig.launcher.leader_of(0, 0).expect("it runs");
        rig.launcher.end(run, WELL);
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert_eq!(rig.launcher.launches().len(), 1, "it was asked to end, and is not started again");
        assert!(rig.launcher.signals().is_empty(), "nobody was there to be asked");
        assert!(rig.spans.named(names::SPAN_EXIT).is_empty(), "the death was asked for");
    });
}

#[test]
fn a_stop_ends_the_hooks_of_a_start() {
    paused(async {
        for serial in [1, 2] {
            let mut rig = Rig::booted(system(vec![SpecBuilder::new("a").hooks(one_of_each())]), |l| {
                l.script_hooks(
                    move |task| if task.serial == serial { Behaviour::default() } else { quick(task) },
                );
            });
            rig.until("the hook", |rig| {
                rig.launcher.hooks().len() == serial as usize && rig.launcher.hook_runs()
            })
            .await;
            rig.pass(ms(50)).await;
            let asked = rig.clock.now();
            rig.terminate();
            assert_eq!(rig.finished().await.outcome, Outcome::Stopped, "{serial}");
            assert!(rig.clock.now() < asked + ms(300), "{serial}");
            let wanted: &[&str] = if serial == 1 {
                &["before"]
            } else {
                &["before", "run 1", "up", "leave", "SIGTERM", "after"]
            };
            assert_eq!(story(&rig), wanted);
        }
    });
}

#[test]
fn a_hook_that_hangs_is_killed_when_the_time_is_over() {
    paused(async {
        for list in ["leave", "after"] {
            let slow = hooks([HookSpec { timeout: ms(600_000), ..hook(list) }]);
            let lists = match list {
                "leave" => Hooks { pre_stop: slow, ..Hooks::default() },
                _ => Hooks { post_stop: slow, ..Hooks::default() },
            };
            let mut rig = Rig::booted(system(vec![SpecBuilder::new("a").hooks(lists)]), |l| {
                l.script_hooks(|_| Behaviour { obeys: Obeys::OnlyKill, ..Behaviour::default() });
            });
            rig.all_up().await;
            let asked = rig.clock.now();
            rig.terminate();
            assert_eq!(rig.finished().await.outcome, Outcome::DeadlineMissed, "{list}");
            assert!(rig.clock.now() < asked + ms(30_200), "{list}");
            assert!(!rig.launcher.hook_runs() && rig.launcher.alive().is_empty(), "{list}");
            let killed = rig.launcher.signals().iter().any(|s| s.signal == Signal::KILL);
            assert_eq!(killed, list == "leave", "{list}: what was never asked is killed");
        }
    });
}

#[test]
fn a_crash_loop_waits_for_its_hooks_and_floods_nothing() {
    paused(async {
        let lists = Hooks {
            pre_start: hooks([hook("before")]),
            post_stop: hooks([hook("after")]),
            ..Hooks::default()
        };
        let spec = SpecBuilder::new("a").attempts(40).backoff(ms(10), ms(10)).hooks(lists);
        let mut rig = Rig::booted(system(vec![spec]), |l| {
            l.script_hooks(quick);
            l.script(0, |_| Behaviour::ends(ms(1), Exit::Code(1)));
        });
        assert!(matches!(rig.finished().await.outcome, Outcome::Failed(Failure::GaveUp(_))));
        assert_eq!(rig.launcher.launches().len(), 41);
        let story = story(&rig);
        let wanted = |i: usize| match i % 3 {
            0 => "before".to_owned(),
            1 => format!("run {}", i / 3 + 1),
            _ => "after".to_owned(),
        };
        assert!(story.iter().enumerate().all(|(i, what)| *what == wanted(i)), "{story:?}");
        assert!(rig.spans.named(names::SPAN_HOOK).len() < 60, "those of folded restarts have no spans");
    });
}
