//! Restarts after deaths: their spans, their chain, their end.

use crate::support::{Rig, events, linked, ms, not_found, paused, run, text};
use opentelemetry::trace::Status;
use phpeek_actors::ports::{Level, TaskEvent};
use phpeek_actors::testkit::{
    Behaviour, Grandchildren, SpecBuilder, attribute, duration, error_type, is_error, system,
};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{Failure, InstanceState};
use phpeek_core::outcome::Exit;
use phpeek_core::outcome::SpawnFailureKind;
use phpeek_core::signal::Signal;
use phpeek_core::spec::RestartPolicy;

fn crash_first(first: Exit) -> impl Fn(phpeek_core::ids::RunId) -> Behaviour {
    move |id| if id.run == 1 { Behaviour::ends(ms(10), first) } else { Behaviour::default() }
}

#[test]
fn a_crash_is_told_with_reason_code_backoff_and_a_link_to_the_start() {
    paused(async {
        let rig =
            Rig::booted(system(vec![SpecBuilder::new("c")]), |l| l.script(0, crash_first(Exit::Code(5))));
        let restart = rig.spans_named(names::SPAN_RESTART_PROCESS, 1).await.remove(0);
        assert_eq!(text(&restart, names::RESTART_REASON), "crash");
        assert_eq!(attribute(&restart, names::PROCESS_EXIT_CODE), Some(5.into()));
        assert_eq!(attribute(&restart, names::RESTART_ATTEMPT), Some(1.into()));
        assert_eq!(attribute(&restart, names::RESTART_BUDGET_LEFT), Some(9.into()));
        assert_eq!(restart.status, Status::Ok);
        let mut children: Vec<_> = rig.spans.children(&restart).iter().map(|s| s.name.to_string()).collect();
        children.sort();
        assert_eq!(children, [names::SPAN_BACKOFF, names::SPAN_SPAWN]);
        let backoff = rig.one(names::SPAN_BACKOFF);
        assert!((ms(75)..=ms(101)).contains(&duration(&backoff)), "{:?}", duration(&backoff));
        let died = linked(&rig, &restart, names::LINK_PREVIOUS_RUN);
        assert_eq!(died.name, names::SPAN_SPAWN);
        assert_eq!(died.span_context.trace_id(), rig.one(names::SPAN_START).span_context.trace_id());
        let shown = rig.board.shown(0, 0).unwrap();
        assert_eq!((shown.state, shown.restarts), (InstanceState::Running, 1));
        assert_eq!(rig.board.ends(), [(ProcessId(0), 0, Exit::Code(5))]);
    });
}

#[test]
fn a_signal_and_a_clean_end_have_their_own_words() {
    paused(async {
        let rig = Rig::booted(system(vec![SpecBuilder::new("k"), SpecBuilder::new("n")]), |l| {
            l.script(0, crash_first(Exit::Signal { signal: Signal::KILL, core: true }));
            l.script(1, crash_first(Exit::Code(0)));
        });
        rig.spans_named(names::SPAN_RESTART_PROCESS, 2).await;
        let killed = rig.of_process(names::SPAN_RESTART_PROCESS, "k").remove(0);
        assert_eq!(text(&killed, names::PROCESS_EXIT_SIGNAL), "SIGKILL");
        assert_eq!(attribute(&killed, names::PROCESS_EXIT_CORE), Some(true.into()));
        let clean = rig.of_process(names::SPAN_RESTART_PROCESS, "n").remove(0);
        assert_eq!(text(&clean, names::RESTART_REASON), "normal_exit");
        assert_eq!(attribute(&clean, names::RESTART_BUDGET_LEFT), Some(10.into()), "nothing is spent");
    });
}

#[test]
fn ten_crashes_can_be_walked_back_to_the_start() {
    paused(async {
        let rig = Rig::booted(system(vec![SpecBuilder::new("c").attempts(20)]), |l| {
            l.script(0, |id| {
                if id.run <= 10 { Behaviour::ends(ms(1), Exit::Code(1)) } else { Behaviour::default() }
            });
        });
        let restarts = rig.spans_named(names::SPAN_RESTART_PROCESS, 10).await;
        let mut at = restarts.last().unwrap().clone();
        for attempt in (1..=10i64).rev() {
            assert_eq!(attribute(&at, names::RESTART_ATTEMPT), Some(attempt.into()));
            let death = linked(&rig, &at, names::LINK_DEATH);
            assert_eq!(attribute(&death, names::PROCESS_EXIT_CODE), Some(1.into()));
            let spawn = linked(&rig, &death, names::LINK_PREVIOUS_RUN);
            assert_eq!(spawn, linked(&rig, &at, names::LINK_PREVIOUS_RUN), "the same by both ways");
            for span in [&death, &spawn] {
                assert_eq!(attribute(span, names::PROCESS_INCARNATION), Some(attempt.into()));
            }
            at = rig.spans.by_id(spawn.parent_span_id).unwrap();
        }
        assert_eq!((at.name.as_ref(), rig.spans.linked(&at).len()), (names::SPAN_START_PROCESS, 0));
    });
}

#[test]
fn giving_up_is_a_span_and_the_code_of_the_container() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("c").attempts(3)]), |l| {
            l.script(0, |_| Behaviour::ends(ms(1), Exit::Code(9)));
        });
        assert_eq!(rig.finished().await.outcome, Outcome::Failed(Failure::GaveUp(Exit::Code(9))));
        assert_eq!(rig.launcher.launches().len(), 4);
        let exits = rig.spans.named(names::SPAN_EXIT);
        assert_eq!(exits.len(), 4, "each death has its own");
        assert!(exits[..3].iter().all(|exit| error_type(exit).as_deref() == Some("exit")), "{exits:#?}");
        let exit = &exits[3];
        assert_eq!(error_type(exit).as_deref(), Some("gave_up"));
        assert_eq!(attribute(exit, names::RESTART_BUDGET_LEFT), Some(0.into()));
        assert_eq!(attribute(exit, names::RESTART_COUNT), Some(3.into()));
        assert_eq!(attribute(exit, names::PROCESS_EXIT_CODE), Some(9.into()));
        assert!(rig.log.holds(Level::Error, "gave up after 3 restarts"));
        assert_eq!(rig.board.shown(0, 0).unwrap().state, InstanceState::Failed);
        assert_eq!(text(&rig.one(names::SPAN_SHUTDOWN), names::SHUTDOWN_REASON), "all processes ended");
    });
}

#[test]
fn a_program_that_goes_away_is_tried_again_and_given_up_as_not_found() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("c").attempts(2)]), |l| {
            l.script(0, |id| match id.run {
                1 => Behaviour::ends(ms(1), Exit::Code(1)),
                _ => Behaviour::fails(not_found("/usr/bin/c")),
            });
        });
        assert_eq!(rig.finished().await.outcome, Outcome::Failed(Failure::Spawn(SpawnFailureKind::NotFound)));
        let restarts = rig.spans.named(names::SPAN_RESTART_PROCESS);
        assert!(restarts.len() == 2 && restarts.iter().all(is_error));
        let exits = rig.spans.named(names::SPAN_EXIT);
        assert_eq!(exits.len(), 2, "the crash, and the end of all attempts");
        assert_eq!(error_type(&exits[1]).as_deref(), Some("not_found"));
    });
}

#[test]
fn the_policy_decides_what_follows() {
    let launches = |policy, code| {
        paused(async move {
            let spec = system(vec![SpecBuilder::new("keeper"), SpecBuilder::new("c").policy(policy)]);
            let rig = Rig::booted(spec, move |l| l.script(1, crash_first(Exit::Code(code))));
            rig.pass(ms(5000)).await;
            rig.launcher.launches().len() - 1
        })
    };
    assert_eq!((launches(RestartPolicy::Always, 0), launches(RestartPolicy::Always, 1)), (2, 2));
    assert_eq!((launches(RestartPolicy::OnFailure, 0), launches(RestartPolicy::OnFailure, 1)), (1, 2));
    assert_eq!((launches(RestartPolicy::Never, 0), launches(RestartPolicy::Never, 1)), (1, 1));
}

#[test]
fn what_a_dead_leader_left_is_asked_to_go_in_a_span_of_its_own() {
    paused(async {
        let rig = Rig::booted(system(vec![SpecBuilder::new("c")]), |l| {
            l.script(0, |id| Behaviour {
                grandchildren: if id.run == 1 { Grandchildren::UntilSignal } else { Grandchildren::None },
                ..crash_first(Exit::Code(1))(id)
            });
        });
        rig.spans_named(names::SPAN_RESTART_PROCESS, 1).await;
        let stop = rig.one(names::SPAN_STOP_PROCESS);
        assert_eq!(stop.status, Status::Ok);
        assert_eq!(rig.spans.linked(&stop)[0].name, names::SPAN_SPAWN);
        assert_eq!(rig.launcher.signals().len(), 1);
    });
}

#[test]
fn late_and_duplicate_reports_change_nothing() {
    paused(async {
        let mut rig =
            Rig::booted(system(vec![SpecBuilder::new("c")]), |l| l.script(0, crash_first(Exit::Code(1))));
        rig.until("the second run", |r| r.launcher.leader_of(0, 0).is_some_and(|id| id.run == 2)).await;
        rig.pass(ms(10)).await;
        let before = (rig.spans.spans().len(), rig.board.instances().len(), rig.launcher.launches().len());
        let stale = [
            (run(0, 0, 1), TaskEvent::Spawned { pid: 7 }),
            (run(0, 0, 1), TaskEvent::SpawnFailed(not_found("x"))),
            (run(0, 0, 1), TaskEvent::Exited(Exit::Code(1).into())),
            (run(0, 0, 1), TaskEvent::GroupEmpty),
            (run(0, 0, 2), TaskEvent::Spawned { pid: 8 }),
            (run(0, 0, 2), TaskEvent::SpawnFailed(not_found("x"))),
            (run(0, 0, 2), TaskEvent::GroupEmpty),
            (run(0, 0, 3), TaskEvent::Exited(Exit::Code(1).into())),
            (run(0, 9, 1), TaskEvent::Exited(Exit::Code(1).into())),
            (run(9, 0, 1), TaskEvent::Exited(Exit::Code(1).into())),
        ];
        for (id, event) in stale {
            rig.launcher.report(id, event);
        }
        rig.pass(ms(2000)).await;
        let after = (rig.spans.spans().len(), rig.board.instances().len(), rig.launcher.launches().len());
        assert_eq!(before, after);
        assert_eq!(rig.log.records().iter().filter(|r| r.level == Level::Error).count(), 0);
        rig.terminate();
        rig.until("the signal", |r| !r.launcher.signals().is_empty()).await;
        rig.launcher.report(run(0, 0, 1), TaskEvent::Exited(Exit::Code(1).into()));
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let exits =
            events(&rig.one(names::SPAN_STOP_PROCESS)).iter().filter(|e| *e == names::EVENT_EXITED).count();
        assert_eq!(exits, 1, "of the run that was stopped");
        assert!(rig.board.instances().iter().all(|(_, _, s)| !matches!(s.pid, Some(7 | 8))));
        assert_eq!(rig.spans.named(names::SPAN_SPAWN).iter().filter(|s| is_error(s)).count(), 0);
    });
}

#[test]
fn an_end_that_is_told_before_the_pid_is_an_end() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("c").policy(RestartPolicy::OnFailure)]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |id| match id.run {
                1 => Behaviour::ends(ms(10), Exit::Code(1)),
                _ => Behaviour { spawn_after: ms(60_000), ..Behaviour::default() },
            });
        });
        rig.until("the second order", |r| r.launcher.launches().len() == 2).await;
        rig.launcher.report(run(0, 0, 2), TaskEvent::Exited(Exit::Code(0).into()));
        rig.launcher.report(run(0, 0, 2), TaskEvent::GroupEmpty);
        assert_eq!(rig.finished().await.outcome, Outcome::AllCompleted);
        let pids: Vec<_> =
            rig.spans.named(names::SPAN_SPAWN).iter().map(|s| attribute(s, names::PROCESS_PID)).collect();
        assert_eq!(pids, [Some(100.into()), None], "the second was never known");
    });
}
