//! Starts after the boot: of what was left out of it, and of what has ended for good.

use crate::support::{Rig, ms, not_found, paused, text};
use opentelemetry::trace::Status;
use phpeek_actors::manager::Request;
use phpeek_actors::ports::Level;
use phpeek_actors::testkit::{Behaviour, SpecBuilder, error_type, is_error, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::operation::Cause;
use phpeek_core::outcome::Exit;
use phpeek_core::spec::RestartPolicy;

fn stack() -> Vec<SpecBuilder> {
    vec![SpecBuilder::new("db").policy(RestartPolicy::Never), SpecBuilder::new("app").after(0).dormant()]
}

#[test]
fn what_was_left_out_of_the_boot_is_started_by_its_name_as_in_a_boot() {
    paused(async {
        let mut rig = Rig::booted(system(stack()), |_| {});
        rig.all_up().await;
        rig.ask(Request::Restart(rig.name(1), Cause::Request));
        let restart = rig.spans_named(names::SPAN_RESTART, 1).await.remove(0);
        let start = rig.of_process(names::SPAN_START_PROCESS, "app").remove(0);
        assert_eq!((start.status.clone(), restart.status.clone()), (Status::Ok, Status::Ok));
        assert_eq!(start.parent_span_id, restart.span_context.span_id());
        let spawn = rig.of_process(names::SPAN_SPAWN, "app").remove(0);
        assert_eq!(spawn.parent_span_id, start.span_context.span_id());
        assert!(rig.spans.coverage(&restart) >= 0.99);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert!(rig.launcher.alive().is_empty());
    });
}

#[test]
fn nobody_waits_for_what_has_ended_for_good_and_the_rest_goes_on() {
    paused(async {
        let mut rig = Rig::booted(system(stack()), |l| {
            l.script(0, |id| {
                if id.run == 1 { Behaviour::ends(ms(10), Exit::Code(3)) } else { Behaviour::default() }
            });
        });
        rig.until("the end of db", |r| r.board.shown(0, 0).is_some_and(|s| s.state == InstanceState::Failed))
            .await;
        rig.ask(Request::Restart(rig.name(1), Cause::Request));
        let restart = rig.spans_named(names::SPAN_RESTART, 1).await.remove(0);
        assert_eq!(error_type(&restart).as_deref(), Some("restart_failed"));
        let start = rig.of_process(names::SPAN_START_PROCESS, "app").remove(0);
        assert_eq!(error_type(&start).as_deref(), Some("dependency_failed"));
        assert!(rig.log.holds(Level::Error, "was not started: process \"db\" failed"));
        assert_eq!(rig.launcher.launches().len(), 1, "app never ran");
        rig.ask(Request::Restart(rig.name(0), Cause::Request));
        rig.ask(Request::Restart(rig.name(1), Cause::Request));
        let restarts = rig.spans_named(names::SPAN_RESTART, 3).await;
        assert!(restarts[1..].iter().all(|r| r.status == Status::Ok), "{restarts:#?}");
        assert_eq!(rig.launcher.launches().len(), 3);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn one_that_cannot_be_started_by_its_name_is_told_and_can_be_asked_for_again() {
    paused(async {
        let mut rig = Rig::booted(system(stack()), |l| {
            l.script(1, |id| {
                if id.run == 1 { Behaviour::fails(not_found("/no/app")) } else { Behaviour::default() }
            });
        });
        rig.all_up().await;
        for _ in 0..2 {
            rig.ask(Request::Restart(rig.name(1), Cause::Request));
            rig.pass(ms(1000)).await;
        }
        let starts = rig.of_process(names::SPAN_START_PROCESS, "app");
        assert_eq!(starts.iter().map(is_error).collect::<Vec<_>>(), [true, false]);
        assert!(text(&starts[0], names::ERROR).contains("/no/app"));
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_shutdown_that_meets_a_start_by_name_ends_its_spans_in_order() {
    paused(async {
        let mut rig = Rig::booted(system(stack()), |l| {
            l.script(1, |_| Behaviour { spawn_after: ms(500), ..Behaviour::default() });
        });
        rig.all_up().await;
        rig.ask(Request::Restart(rig.name(1), Cause::Request));
        rig.pass(ms(100)).await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let restart = rig.one(names::SPAN_RESTART);
        let start = rig.of_process(names::SPAN_START_PROCESS, "app").remove(0);
        let spawn = rig.of_process(names::SPAN_SPAWN, "app").remove(0);
        for span in [&restart, &start, &spawn] {
            assert_eq!(error_type(span).as_deref(), Some("interrupted"), "{}", span.name);
        }
        assert!(spawn.end_time <= start.end_time && start.end_time <= restart.end_time);
    });
}

#[test]
fn who_shares_a_fate_is_stopped_with_it_and_started_when_it_is_there_again() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("db").policy(RestartPolicy::Never),
            SpecBuilder::new("app").after(0).restarted_with(),
            SpecBuilder::new("free").after(0),
        ]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |id| {
                if id.run == 1 { Behaviour::ends(ms(500), Exit::Code(3)) } else { Behaviour::default() }
            });
        });
        rig.all_up().await;
        rig.until("the stop of app", |r| r.board.shown(1, 0).is_some_and(|s| s.pid.is_none())).await;
        rig.until("the wait", |r| r.log.holds(Level::Error, "was not started: process \"db\" failed")).await;
        assert_eq!(rig.launcher.launches().len(), 3);
        assert_eq!(rig.of_process(names::SPAN_STOP_PROCESS, "app").len(), 1);
        rig.ask(Request::Restart(rig.name(0), Cause::Request));
        rig.until("app", |r| r.launcher.leader_of(1, 0).is_some()).await;
        rig.pass(ms(1000)).await;
        let starts = rig.of_process(names::SPAN_START_PROCESS, "app");
        assert_eq!(starts.iter().map(is_error).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(text(&starts[2], names::RESTART_REASON), "dependency");
        assert_eq!(rig.of_process(names::SPAN_START_PROCESS, "free").len(), 1);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}
