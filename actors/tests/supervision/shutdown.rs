//! The end of everything: its order, its urgency, its deadline, at any moment.

use crate::support::{Rig, about, events, ms, paused, rounded, text};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use phpeek_actors::board::SystemState;
use phpeek_actors::manager::Request;
use phpeek_actors::ports::Level;
use phpeek_actors::testkit::{
    Behaviour, Grandchildren, Obeys, SpecBuilder, attribute, error_type, is_error, system,
};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::operation::Cause;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use std::time::Duration;

fn stubborn() -> Behaviour {
    Behaviour { obeys: Obeys::OnlyKill, ..Behaviour::default() }
}

#[test]
fn dependents_go_first_and_each_stop_tells_what_happened() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("db"), SpecBuilder::new("app").after(0).scale(2)]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(1, |_| Behaviour { obeys: Obeys::After(ms(400)), ..Behaviour::default() });
        });
        rig.all_up().await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let order: Vec<_> = rig.launcher.signals().iter().map(|s| s.id.process().0).collect();
        assert_eq!(order, [1, 1, 0]);
        let (root, stops) = (rig.one(names::SPAN_SHUTDOWN), rig.spans.named(names::SPAN_STOP_PROCESS));
        assert_eq!(text(&root, names::SHUTDOWN_REASON), "SIGTERM");
        assert_eq!(attribute(&root, names::SHUTDOWN_DEADLINE_MS), Some(30_000.into()));
        assert_eq!(rig.spans.linked(&root)[0].name, names::SPAN_START);
        assert_eq!(stops.len(), 2);
        for stop in &stops {
            assert_eq!(stop.parent_span_id, root.span_context.span_id());
            for event in [names::EVENT_SIGNAL_SENT, names::EVENT_EXITED, names::EVENT_GROUP_EMPTY] {
                assert!(events(stop).iter().any(|e| e == event), "{event} of {:?}", events(stop));
            }
        }
        assert_eq!(rig.board.system().last(), Some(&SystemState::Stopping));
        assert_eq!(rig.board.shown(0, 0).unwrap().state, InstanceState::Stopped);
    });
}

#[test]
fn who_does_not_listen_is_killed_after_its_grace_and_not_before() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("c").grace(ms(1500))]);
        let mut rig = Rig::booted(spec, |l| l.script(0, |_| stubborn()));
        rig.all_up().await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let signals = rig.launcher.signals();
        assert_eq!(signals.iter().map(|s| s.signal).collect::<Vec<_>>(), [Signal::TERM, Signal::KILL]);
        assert_eq!(rounded(signals[1].at - signals[0].at), ms(1500));
        let stop = rig.one(names::SPAN_STOP_PROCESS);
        assert_eq!(
            events(&stop),
            ["state_changed", "signal_sent", "escalated", "exited", "state_changed", "group_empty"]
        );
        assert_eq!(about(&stop), ms(1500));
    });
}

#[test]
fn a_process_is_stopped_when_its_group_is_empty() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("c").grace(ms(1000))]);
        let mut rig = Rig::booted(spec, |l| {
            let behaviour = Behaviour { grandchildren: Grandchildren::UntilKill, ..Behaviour::default() };
            l.script(0, move |_| behaviour.clone());
        });
        rig.all_up().await;
        rig.terminate();
        rig.finished().await;
        assert!(rig.launcher.alive().is_empty());
        assert_eq!(about(&rig.one(names::SPAN_STOP_PROCESS)), ms(1000));
    });
}

#[test]
fn a_second_request_kills_at_once() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("db"), SpecBuilder::new("app").after(0)]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |_| stubborn());
            l.script(1, |_| stubborn());
        });
        rig.all_up().await;
        rig.terminate();
        rig.pass(ms(100)).await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let kills: Vec<_> = rig.launcher.signals().into_iter().filter(|s| s.signal == Signal::KILL).collect();
        assert_eq!(kills.len(), 2);
        assert_eq!(kills[0].at, kills[1].at);
        assert_eq!(about(&rig.one(names::SPAN_SHUTDOWN)), ms(100));
        assert!(rig.log.holds(Level::Warn, "killing everything"));
    });
}

#[test]
fn the_whole_has_a_deadline_and_what_hangs_is_told_as_an_error() {
    paused(async {
        let mut spec =
            system(vec![SpecBuilder::new("c").grace(Duration::from_secs(60)), SpecBuilder::new("d")]);
        spec.shutdown_timeout = ms(2000);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |_| Behaviour { obeys: Obeys::Nothing, ..Behaviour::default() });
        });
        rig.all_up().await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::DeadlineMissed);
        let root = rig.one(names::SPAN_SHUTDOWN);
        assert_eq!((error_type(&root).as_deref(), about(&root)), (Some("deadline_exceeded"), ms(7000)));
        let stop = rig.of_process(names::SPAN_STOP_PROCESS, "c").remove(0);
        assert_eq!((error_type(&stop).as_deref(), about(&stop)), (Some("deadline_exceeded"), ms(7000)));
        assert!(!is_error(&rig.of_process(names::SPAN_STOP_PROCESS, "d")[0]));
    });
}

#[test]
fn a_kill_that_works_after_the_deadline_is_still_a_missed_deadline() {
    paused(async {
        let mut spec = system(vec![SpecBuilder::new("c").grace(Duration::from_secs(60))]);
        spec.shutdown_timeout = ms(2000);
        let mut rig = Rig::booted(spec, |l| l.script(0, |_| stubborn()));
        rig.all_up().await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::DeadlineMissed);
        assert!(rig.launcher.alive().is_empty());
        assert_eq!(about(&rig.one(names::SPAN_SHUTDOWN)), ms(2000));
    });
}

/// Stops a system of every kind of process at this moment of its life.
fn stopped_after(time: Duration) {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("slow").scale(2),
            SpecBuilder::new("mig").oneshot().after(0),
            SpecBuilder::new("app").after_end_of(1),
            SpecBuilder::new("crasher"),
            SpecBuilder::new("group"),
        ]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |id| Behaviour {
                spawn_after: ms(20 + 30 * u64::from(id.instance.serial)),
                ..Behaviour::default()
            });
            l.script(1, |_| Behaviour::ends(ms(100), Exit::Code(0)));
            l.script(3, |_| Behaviour::ends(ms(10), Exit::Code(1)));
            let holds = Behaviour {
                grandchildren: Grandchildren::For(ms(80)),
                ..Behaviour::ends(ms(30), Exit::Code(1))
            };
            l.script(4, move |_| holds.clone());
        });
        rig.pass(time).await;
        if time > ms(300) {
            rig.restart_all();
            rig.pass(ms(time.as_millis() as u64 % 50)).await;
        }
        let asked = rig.clock.now();
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped, "stopped after {time:?}");
        assert!(rig.launcher.alive().is_empty(), "something runs: stopped after {time:?}");
        assert!(rig.clock.now() - asked < ms(500), "stopped after {time:?}");
        rig.pass(ms(5000)).await;
        // One that was being restarted, and that others need until they have stopped, still comes up again.
        let late: Vec<_> = rig.launcher.launches().into_iter().filter(|(at, _)| *at > asked).collect();
        let needed = late.iter().all(|(_, run)| run.process() == ProcessId(0));
        assert!(late.len() <= 1 && needed, "started after the stop at {asked:?}: {late:?}");
        rig.spans_are_sound();
    });
}

#[test]
fn it_stops_at_any_moment() {
    for time in (0..60).chain((60..700).step_by(7)) {
        stopped_after(ms(time));
    }
}

#[test]
fn a_stop_during_a_backoff_does_not_wait_for_it() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("keeper"), SpecBuilder::new("c")]);
        let mut rig = Rig::booted(spec, |l| l.script(1, |_| Behaviour::ends(ms(0), Exit::Code(1))));
        rig.until("a backoff", |r| r.board.shown(1, 0).is_some_and(|s| s.state == InstanceState::Backoff))
            .await;
        let asked = rig.clock.now();
        rig.terminate();
        rig.finished().await;
        assert!(rig.clock.now() - asked <= ms(5));
        assert!(rig.spans.named(names::SPAN_BACKOFF).iter().any(is_error));
        assert!(rig.spans.named(names::SPAN_RESTART_PROCESS).iter().any(is_error));
    });
}

#[test]
fn a_stop_before_the_boot_ends_without_a_process() {
    paused(async {
        let mut rig = Rig::new(system(vec![SpecBuilder::new("a")]));
        rig.terminate();
        rig.ask(Request::Boot);
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        rig.pass(ms(1000)).await;
        assert!(rig.launcher.launches().is_empty());
        rig.spans_are_sound();
    });
}

#[test]
fn a_second_boot_changes_nothing() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("a")]), |_| {});
        rig.ask(Request::Boot);
        rig.all_up().await;
        rig.ask(Request::Boot);
        rig.ask(Request::Shutdown(Cause::Request));
        rig.finished().await;
        assert_eq!((rig.launcher.launches().len(), rig.spans.named(names::SPAN_START).len()), (1, 1));
        assert_eq!(rig.launcher.launches()[0].1.process(), ProcessId(0));
    });
}

#[test]
fn a_request_that_was_long_on_its_way_does_not_turn_time_back() {
    paused(async {
        let mut rig =
            Rig::booted(system(vec![SpecBuilder::new("a"), SpecBuilder::new("b").after(0)]), |_| {});
        rig.all_up().await;
        rig.ask_at(ms(1), Request::RestartAll(Cause::Request));
        rig.pass(ms(3)).await;
        rig.ask_at(ms(2), Request::Shutdown(Cause::Request));
        rig.finished().await;
        let (start, end) = (rig.one(names::SPAN_START), rig.one(names::SPAN_SHUTDOWN));
        assert!(end.start_time >= start.end_time);
    });
}

#[test]
fn nor_one_that_is_older_than_a_death_that_only_its_process_knows_of() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("c"), SpecBuilder::new("k")]), |l| {
            l.script(0, |_| Behaviour::ends(ms(20), Exit::Code(1)));
        });
        rig.until("a backoff", |r| r.board.shown(0, 0).is_some_and(|s| s.state == InstanceState::Backoff))
            .await;
        rig.ask_at(ms(8), Request::Shutdown(Cause::Request));
        rig.finished().await;
        assert_eq!(error_type(&rig.one(names::SPAN_BACKOFF)).as_deref(), Some("interrupted"));
    });
}

/// A made-up caller: the span of somebody's request.
fn caller() -> SpanContext {
    let (trace, span) = (TraceId::from(0xca11e5), SpanId::from(0x5ca1ab1e));
    SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE)
}

#[test]
fn a_shutdown_that_was_asked_for_under_a_span_is_part_of_its_trace() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("db"), SpecBuilder::new("app").after(0).scale(2)]);
        let mut rig = Rig::booted(spec, |_| {});
        rig.all_up().await;
        rig.ask_under(caller(), Request::Shutdown(Cause::Request));
        rig.finished_under_a_caller().await;
        let shutdown = rig.one(names::SPAN_SHUTDOWN);
        assert_eq!(shutdown.parent_span_id, caller().span_id());
        assert_eq!(text(&shutdown, names::SHUTDOWN_REASON), "user request");
        let stops = rig.spans.named(names::SPAN_STOP_PROCESS);
        assert!(
            stops.len() == 2 && stops.iter().all(|s| s.parent_span_id == shutdown.span_context.span_id())
        );
        assert!(stops.iter().all(|s| s.span_context.trace_id() == caller().trace_id()));
    });
}

#[test]
fn a_restart_that_was_asked_for_under_a_span_is_part_of_its_trace_to_the_last_spawn() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("app").scale(2)]), |_| {});
        rig.all_up().await;
        rig.ask_under(caller(), Request::Restart(rig.name(0), Cause::Request));
        rig.spans_named(names::SPAN_RESTART, 1).await;
        let restart = rig.one(names::SPAN_RESTART);
        assert_eq!(restart.parent_span_id, caller().span_id());
        assert_eq!(text(&restart, names::RESTART_REASON), "manual");
        let of_caller = |name| {
            let spans = rig.spans.named(name);
            spans.iter().filter(|s| s.span_context.trace_id() == caller().trace_id()).count()
        };
        let all = [names::SPAN_RESTART_PROCESS, names::SPAN_STOP_PROCESS, names::SPAN_SPAWN].map(of_caller);
        assert_eq!(all, [2, 2, 2], "both instances, in the caller's trace");
        rig.terminate();
        rig.finished_under_a_caller().await;
    });
}
