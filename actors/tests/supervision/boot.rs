//! The start of everything: what waits for what, and what a failure among them means.

use super::support::why;
use crate::support::{Rig, about, ms, not_found, paused, run, text};
use opentelemetry::trace::Status;
use phpeek_actors::board::SystemState;
use phpeek_actors::ports::Level;
use phpeek_actors::testkit::{Behaviour, SpecBuilder, attribute, error_type, is_error, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::{BootFailureCause, Outcome};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{Failure, InstanceState};
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use phpeek_core::spec::OnTimeout;

#[test]
fn independent_processes_start_at_once() {
    paused(async {
        let spec =
            system(vec![SpecBuilder::new("slow"), SpecBuilder::new("b"), SpecBuilder::new("c").scale(3)]);
        let rig = Rig::booted(spec, |l| {
            l.script(0, |_| Behaviour { spawn_after: ms(900), ..Behaviour::default() });
        });
        rig.all_up().await;
        let times: Vec<_> = rig.launcher.launches().iter().map(|(at, _)| *at).collect();
        assert_eq!(times, vec![times[0]; 5]);
        assert_eq!(rig.board.system(), [SystemState::Starting, SystemState::Running]);
        let shown = rig.board.shown(2, 2).unwrap();
        assert_eq!((shown.state, shown.restarts), (InstanceState::Running, 0));
        assert!(shown.pid.is_some());
        let (root, starts) = (rig.one(names::SPAN_START), rig.spans.named(names::SPAN_START_PROCESS));
        assert_eq!(attribute(&root, names::PROCESS_COUNT), Some(3.into()));
        assert_eq!((root.status.clone(), about(&root)), (Status::Ok, ms(900)));
        assert_eq!(starts.len(), 3);
        assert!(starts.iter().all(|s| s.parent_span_id == root.span_context.span_id()));
        assert_eq!(
            rig.spans
                .children(&starts.iter().find(|s| text(s, names::PROCESS_NAME) == "c").unwrap().clone())
                .len(),
            3
        );
    });
}

#[test]
fn a_spawn_tells_pid_program_and_incarnation() {
    paused(async {
        let rig = Rig::booted(system(vec![SpecBuilder::new("web")]), |_| {});
        rig.all_up().await;
        let spawn = rig.one(names::SPAN_SPAWN);
        assert_eq!(text(&spawn, names::PROCESS_INSTANCE_ID), "web-0");
        assert_eq!(text(&spawn, names::PROCESS_EXECUTABLE_NAME), "web");
        assert_eq!(attribute(&spawn, names::PROCESS_PID), Some(100.into()));
        assert_eq!(attribute(&spawn, names::PROCESS_INCARNATION), Some(1.into()));
        assert_eq!(attribute(&spawn, names::PROCESS_ARGS_COUNT), Some(2.into()));
    });
}

#[test]
fn a_dependent_waits_for_all_instances_and_each_wait_is_a_span() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("db").scale(2), SpecBuilder::new("app").after(0)]);
        let rig = Rig::booted(spec, |l| {
            l.script(0, |id| Behaviour {
                spawn_after: ms(if id.instance.serial == 1 { 700 } else { 5 }),
                ..Behaviour::default()
            });
        });
        rig.all_up().await;
        let wait = rig.one(names::SPAN_WAIT_DEPENDENCY);
        let app = rig.of_process(names::SPAN_START_PROCESS, "app").remove(0);
        assert_eq!((wait.parent_span_id, about(&wait)), (app.span_context.span_id(), ms(700)));
        assert_eq!(text(&wait, names::DEPENDENCY_NAME), "db");
        assert_eq!(text(&wait, names::DEPENDENCY_CONDITION), "started");
        assert_eq!(wait.status, Status::Ok);
        assert_eq!(rig.launcher.launches().last().unwrap().1, run(1, 0, 1));
    });
}

#[test]
fn an_instance_that_crashes_twice_is_not_two_instances() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("db").scale(2), SpecBuilder::new("app").after(0)]);
        let rig = Rig::booted(spec, |l| {
            l.script(0, |id| match (id.instance.serial, id.run) {
                (0, 1) => Behaviour::ends(ms(1), Exit::Code(1)),
                (0, _) => Behaviour::default(),
                _ => Behaviour { spawn_after: ms(5000), ..Behaviour::default() },
            });
        });
        rig.until("the second run", |r| r.launcher.leader_of(0, 0).is_some_and(|id| id.run == 2)).await;
        rig.pass(ms(1000)).await;
        assert!(
            rig.launcher.launches().iter().all(|(_, id)| id.process() == ProcessId(0)),
            "app waits for db-1"
        );
        rig.all_up().await;
        assert_eq!(about(&rig.one(names::SPAN_WAIT_DEPENDENCY)), ms(5000));
    });
}

#[test]
fn a_oneshot_is_a_gate_for_those_that_wait_for_its_end() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("mig").oneshot(), SpecBuilder::new("app").after_end_of(0)]);
        let mut rig = Rig::booted(spec, |l| l.script(0, |_| Behaviour::ends(ms(1000), Exit::Code(0))));
        rig.all_up().await;
        let wait = rig.one(names::SPAN_WAIT_DEPENDENCY);
        assert_eq!(
            (text(&wait, names::DEPENDENCY_CONDITION).as_str(), about(&wait)),
            ("completed_successfully", ms(1000))
        );
        let run = rig.one(names::SPAN_RUN);
        assert_eq!(
            (run.status.clone(), attribute(&run, names::PROCESS_EXIT_CODE), about(&run)),
            (Status::Ok, Some(0.into()), ms(1000))
        );
        let spawn = rig.spans.by_id(run.parent_span_id).expect("the run is below its spawn");
        assert_eq!((&*spawn.name, text(&spawn, names::PROCESS_NAME)), (names::SPAN_SPAWN, "mig".to_owned()));
        assert_eq!(run.start_time, spawn.start_time, "a short one too is no shorter than its parent");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_failed_oneshot_with_dependents_fails_the_boot_and_stops_the_rest() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("db"),
            SpecBuilder::new("mig").oneshot().after(0),
            SpecBuilder::new("app").after_end_of(1),
            SpecBuilder::new("web").after(2),
        ]);
        let mut rig = Rig::booted(spec, |l| l.script(1, |_| Behaviour::ends(ms(50), Exit::Code(3))));
        let end = rig.finished().await;
        assert_eq!(why(&end), Some(BootFailureCause::Failed(Failure::Exit(Exit::Code(3)))));
        assert!(end.boot_failure.unwrap().contains("mig"));
        assert!(rig.log.holds(Level::Error, "mig"));
        assert_eq!(rig.launcher.launches().len(), 2, "app and web never ran");
        let root = rig.one(names::SPAN_START);
        assert!(is_error(&root));
        for name in ["app", "web"] {
            assert!(is_error(&rig.of_process(names::SPAN_START_PROCESS, name)[0]), "{name}");
        }
        let waits = rig.of_process(names::SPAN_WAIT_DEPENDENCY, "app");
        assert_eq!(error_type(&waits[0]).as_deref(), Some("dependency_failed"));
        let stops = rig.spans.named(names::SPAN_STOP_PROCESS);
        assert_eq!((stops.len(), text(&stops[0], names::PROCESS_NAME).as_str()), (1, "db"));
        assert!(text(&rig.one(names::SPAN_SHUTDOWN), names::SHUTDOWN_REASON).contains("mig"));
    });
}

#[test]
fn the_last_spans_have_ended_when_a_boot_fails_with_nothing_running() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("mig").oneshot(),
            SpecBuilder::new("seed").oneshot(),
            SpecBuilder::new("app").after_end_of(0).after_end_of(1),
        ]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |_| Behaviour::ends(ms(50), Exit::Code(3)));
            l.script(1, |_| Behaviour::ends(ms(20), Exit::Code(0)));
        });
        rig.finished().await;
        let waits = rig.of_process(names::SPAN_WAIT_DEPENDENCY, "app");
        assert_eq!(waits.iter().map(is_error).collect::<Vec<_>>(), [false, true]);
    });
}

#[test]
fn of_several_waits_none_is_abandoned_when_one_fails() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("mig").oneshot(),
            SpecBuilder::new("slow").oneshot(),
            SpecBuilder::new("app").after_end_of(0).after_end_of(1),
        ]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |_| Behaviour::ends(ms(50), Exit::Code(3)));
            l.script(1, |_| Behaviour::ends(ms(5000), Exit::Code(0)));
        });
        rig.finished().await;
        let mut kinds: Vec<_> =
            rig.of_process(names::SPAN_WAIT_DEPENDENCY, "app").iter().filter_map(error_type).collect();
        kinds.sort();
        assert_eq!(kinds, ["dependency_failed", "interrupted"]);
    });
}

#[test]
fn a_missing_program_fails_the_boot_and_every_span_says_so() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("good"), SpecBuilder::new("bad").scale(2).after(0)]);
        let mut rig = Rig::booted(spec, |l| l.script(1, |_| Behaviour::fails(not_found("/no/x"))));
        let end = rig.finished().await;
        assert_eq!(why(&end), Some(BootFailureCause::Spawn(not_found("/no/x"))));
        assert!(end.boot_failure.unwrap().contains("/no/x"));
        let bad = rig.of_process(names::SPAN_START_PROCESS, "bad").remove(0);
        for span in [&rig.one(names::SPAN_START), &bad] {
            assert!(is_error(span) && text(span, names::ERROR).contains("/no/x"), "{span:#?}");
        }
        assert_eq!(error_type(&bad).as_deref(), Some("not_found"));
        let spawns = rig.of_process(names::SPAN_SPAWN, "bad");
        assert!(spawns.len() == 2 && spawns.iter().all(is_error));
        assert_eq!(rig.launcher.signals().last().unwrap().signal, Signal::TERM);
        assert!(rig.launcher.alive().is_empty());
    });
}

#[test]
fn a_dependency_that_takes_too_long_fails_the_boot() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("mig").oneshot(), SpecBuilder::new("app").after_end_of(0)]);
        let mut rig = Rig::booted(spec, |_| {});
        let end = rig.finished().await;
        assert_eq!(why(&end), Some(BootFailureCause::TimedOut));
        let wait = rig.one(names::SPAN_WAIT_DEPENDENCY);
        assert_eq!((error_type(&wait).as_deref(), about(&wait)), (Some("dependency_timeout"), ms(30_000)));
    });
}

#[test]
fn a_bad_end_is_an_end_for_those_who_wait_for_any() {
    paused(async {
        let spec =
            system(vec![SpecBuilder::new("mig").oneshot(), SpecBuilder::new("app").after_any_end_of(0)]);
        let rig = Rig::booted(spec, |l| l.script(0, |_| Behaviour::ends(ms(700), Exit::Code(3))));
        rig.all_up().await;
        let wait = rig.one(names::SPAN_WAIT_DEPENDENCY);
        assert_eq!((wait.status.clone(), about(&wait)), (Status::Ok, ms(700)));
        assert_eq!(text(&wait, names::DEPENDENCY_CONDITION), "completed");
    });
}

#[test]
fn a_wait_of_its_own_is_over_in_its_own_time_and_the_start_goes_on_without() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("mig").oneshot(),
            SpecBuilder::new("app").after_end_of(0).at_most(ms(1500), OnTimeout::Start),
        ]);
        let mut rig = Rig::booted(spec, |_| {});
        rig.all_up().await;
        let wait = rig.one(names::SPAN_WAIT_DEPENDENCY);
        assert_eq!((error_type(&wait).as_deref(), about(&wait)), (Some("dependency_timeout"), ms(1500)));
        assert!(!is_error(&rig.of_process(names::SPAN_START_PROCESS, "app")[0]));
        assert!(rig.log.holds(Level::Warn, "is started without \"mig\""));
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn what_is_dormant_is_not_started_and_holds_nobody_up() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("off").dormant(), SpecBuilder::new("app").after(0)]);
        let mut rig = Rig::booted(spec, |_| {});
        rig.all_up().await;
        assert_eq!(rig.launcher.launches().len(), 1);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn everything_that_ends_by_itself_ends_the_system_with_the_right_code() {
    let outcome = |code: u8| {
        paused(async move {
            let spec = system(vec![SpecBuilder::new("a").oneshot(), SpecBuilder::new("b").oneshot()]);
            let mut rig = Rig::booted(spec, move |l| {
                l.script(0, |_| Behaviour::ends(ms(10), Exit::Code(0)));
                l.script(1, move |_| Behaviour::ends(ms(20), Exit::Code(code)));
            });
            rig.finished().await.outcome
        })
    };
    assert_eq!(outcome(0), Outcome::AllCompleted);
    assert_eq!(outcome(7), Outcome::Failed(Failure::Exit(Exit::Code(7))));
}

#[test]
fn a_start_that_is_interrupted_ends_with_what_it_has_begun() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("one").oneshot(),
            SpecBuilder::new("bad").after(0),
            SpecBuilder::new("slow").after(0),
        ]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |_| Behaviour::ends(ms(500), Exit::Code(0)));
            l.script(1, |_| Behaviour::fails(not_found("/no/x")));
            l.script(2, |_| Behaviour { spawn_after: ms(40), ..Behaviour::default() });
        });
        rig.finished().await;
        let start = rig.of_process(names::SPAN_START_PROCESS, "slow").remove(0);
        let spawn = rig.of_process(names::SPAN_SPAWN, "slow").remove(0);
        assert_eq!(start.end_time, spawn.end_time, "it is within its start");
        assert_eq!(error_type(&start).as_deref(), Some("interrupted"));
    });
}
