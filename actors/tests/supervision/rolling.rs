//! Rolling restarts: one instance at a time, in dependency order, one trace.

use crate::support::{Rig, ms, not_found, paused, text};
use opentelemetry::trace::Status;
use phpeek_actors::board::SystemState;
use phpeek_actors::manager::Request;
use phpeek_actors::ports::Level;
use phpeek_actors::testkit::{
    Behaviour, Grandchildren, Obeys, SpecBuilder, attribute, duration, error_type, is_error, system,
};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::ids::{ProcessId, RunId};
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::operation::Cause;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use phpeek_core::spec::RestartPolicy;

fn stack() -> Vec<SpecBuilder> {
    vec![
        SpecBuilder::new("app").after(1).scale(2),
        SpecBuilder::new("db"),
        SpecBuilder::new("once").oneshot(),
    ]
}

fn ends_well(_: RunId) -> Behaviour {
    Behaviour::ends(ms(1), Exit::Code(0))
}

async fn restarted(rig: &Rig, count: usize) {
    rig.spans_named(names::SPAN_RESTART, count).await;
}

#[test]
fn one_instance_at_a_time_in_dependency_order_in_one_trace() {
    paused(async {
        let mut rig = Rig::booted(system(stack()), |l| l.script(2, ends_well));
        rig.all_up().await;
        rig.restart_all();
        restarted(&rig, 1).await;
        let order: Vec<_> = rig
            .launcher
            .launches()
            .iter()
            .skip(4)
            .map(|(_, id)| (id.process().0, id.instance.serial, id.run))
            .collect();
        assert_eq!(order, [(1, 0, 2), (0, 0, 2), (0, 1, 2)]);
        let root = rig.one(names::SPAN_RESTART);
        assert_eq!(
            (text(&root, names::RESTART_REASON), text(&root, names::RESTART_SCOPE)),
            ("signal".into(), "all".into())
        );
        assert_eq!((text(&root, names::SIGNAL), root.status.clone()), ("SIGUSR1".into(), Status::Ok));
        let mut steps = rig.spans.children(&root);
        steps.sort_by_key(|s| s.start_time);
        assert_eq!(steps.len(), 3);
        for pair in steps.windows(2) {
            assert!(pair[0].end_time <= pair[1].start_time, "two instances were down at once");
        }
        for step in &steps {
            assert_eq!(
                (step.name.as_ref(), text(step, names::RESTART_REASON)),
                (names::SPAN_RESTART_PROCESS, "signal".into())
            );
            assert_eq!(rig.spans.linked(step)[0].name, names::SPAN_SPAWN);
            assert!(rig.spans.coverage(step) >= 0.99);
        }
        assert!(rig.spans.coverage(&root) >= 0.99);
        use SystemState::{Restarting, Running, Starting};
        assert_eq!(rig.board.system(), [Starting, Running, Restarting, Running]);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn one_that_does_not_come_up_stops_it() {
    paused(async {
        let mut rig = Rig::booted(system(stack()), |l| {
            l.script(
                1,
                |id| if id.run == 2 { Behaviour::fails(not_found("db")) } else { Behaviour::default() },
            );
            l.script(2, ends_well);
        });
        rig.all_up().await;
        rig.restart_all();
        restarted(&rig, 1).await;
        let root = rig.one(names::SPAN_RESTART);
        assert_eq!(error_type(&root).as_deref(), Some("restart_failed"));
        rig.pass(ms(5000)).await;
        assert!(rig.launcher.launches().iter().all(|(_, id)| id.process() != ProcessId(0) || id.run == 1));
        assert!(rig.log.holds(Level::Error, "\"db\" did not come up"));
        assert_eq!(rig.launcher.leader_of(1, 0).unwrap().run, 3, "its own policy tries again");
        rig.terminate();
        rig.finished().await;
    });
}

#[test]
fn what_is_asked_for_meanwhile_runs_once_afterwards_with_its_own_reason() {
    paused(async {
        let mut rig = Rig::booted(system(stack()), |l| l.script(2, ends_well));
        rig.restart_all(); // during the boot
        rig.all_up().await;
        rig.until("a restart", |r| r.board.system().contains(&SystemState::Restarting)).await;
        for _ in 0..10_000 {
            rig.ask(Request::Restart(rig.name(1), Cause::Request));
        }
        restarted(&rig, 2).await;
        rig.pass(ms(2000)).await;
        let roots = rig.spans.named(names::SPAN_RESTART);
        let told: Vec<_> =
            roots.iter().map(|r| (text(r, names::RESTART_SCOPE), text(r, names::RESTART_REASON))).collect();
        assert_eq!(told, [("all".into(), "signal".into()), ("db".into(), "manual".into())]);
        for root in &roots {
            for step in rig.spans.children(root) {
                assert_eq!(text(&step, names::RESTART_REASON), text(root, names::RESTART_REASON));
            }
        }
        rig.terminate();
        rig.finished().await;
    });
}

#[test]
fn what_rests_is_started_and_what_backs_off_does_not_wait() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("done").policy(RestartPolicy::Never),
            SpecBuilder::new("crasher"),
            SpecBuilder::new("k"),
        ]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |id| if id.run == 1 { ends_well(id) } else { Behaviour::default() });
            l.script(1, |id| {
                if id.run <= 3 { Behaviour::ends(ms(0), Exit::Code(1)) } else { Behaviour::default() }
            });
        });
        rig.until("the third backoff", |r| r.launcher.launches().iter().any(|(_, id)| id.run == 3)).await;
        rig.until("it", |r| r.board.shown(1, 0).unwrap().state == InstanceState::Backoff).await;
        rig.restart_all();
        restarted(&rig, 1).await;
        let root = rig.one(names::SPAN_RESTART);
        assert_eq!(root.status, Status::Ok);
        assert!(duration(&root) < ms(50), "{:?}", duration(&root));
        assert!(rig.spans.named(names::SPAN_BACKOFF).iter().any(is_error), "the backoff was cut short");
        rig.terminate();
        rig.finished().await;
    });
}

#[test]
fn a_restart_that_meets_a_spawn_or_a_draining_group_has_no_dark_time() {
    let coverage = |state: InstanceState| {
        paused(async move {
            let mut rig = Rig::booted(system(vec![SpecBuilder::new("c"), SpecBuilder::new("k")]), move |l| {
                l.script(0, move |id| Behaviour {
                    spawn_after: ms(if id.run == 1 { 5 } else { 40 }),
                    grandchildren: if id.run == 1 { Grandchildren::UntilSignal } else { Grandchildren::None },
                    ..if id.run == 1 { Behaviour::ends(ms(10), Exit::Code(1)) } else { Behaviour::default() }
                });
            });
            rig.until(state.as_str(), |r| {
                let seen = r.board.shown(0, 0).is_some_and(|s| s.state == state);
                seen && (state == InstanceState::Draining || r.launcher.launches().len() > 2)
            })
            .await;
            rig.pass(ms(3)).await;
            rig.ask(Request::Restart(rig.name(0), Cause::Request));
            restarted(&rig, 1).await;
            let root = rig.one(names::SPAN_RESTART);
            let step = rig.spans.children(&root).remove(0);
            assert!(duration(&step) > ms(20), "{:?}", duration(&step));
            let covered = rig.spans.coverage(&step);
            rig.terminate();
            rig.finished().await;
            covered
        })
    };
    assert!(coverage(InstanceState::Draining) >= 0.99);
    assert!(coverage(InstanceState::Starting) >= 0.99);
}

#[test]
fn a_shutdown_interrupts_it_and_tells_of_it() {
    paused(async {
        let mut rig = Rig::booted(system(stack()), |l| {
            l.script(1, |_| Behaviour { obeys: Obeys::After(ms(300)), ..Behaviour::default() });
            l.script(2, ends_well);
        });
        rig.all_up().await;
        rig.restart_all();
        rig.pass(ms(100)).await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert_eq!(error_type(&rig.one(names::SPAN_RESTART)).as_deref(), Some("interrupted"));
        assert_eq!(rig.launcher.launches().len(), 4, "nothing is started any more");
        let shutdown = rig.one(names::SPAN_SHUTDOWN);
        assert!(rig.spans.coverage(&shutdown) >= 0.99);
        let db: Vec<_> = rig
            .spans
            .children(&shutdown)
            .into_iter()
            .filter(|s| text(s, names::PROCESS_NAME) == "db")
            .collect();
        assert!(crate::support::events(&db[0]).contains(&"exited".to_owned()), "{db:#?}");
    });
}

#[test]
fn a_signal_is_handed_on_to_the_leaders_alone() {
    paused(async {
        let rig = Rig::booted(system(stack()), |l| l.script(2, ends_well));
        rig.all_up().await;
        rig.ask(Request::Relay(rig.name(0), Signal::HUP.into(), Cause::signal(Signal::HUP)));
        rig.ask(Request::Relay(rig.name(2), Signal::HUP.into(), Cause::signal(Signal::HUP)));
        rig.until("the relay", |r| r.launcher.signals().len() == 2).await;
        for (sent, instance) in rig.launcher.signals().iter().zip(0..) {
            assert_eq!((sent.signal, sent.to_group, sent.id.instance.serial), (Signal::HUP, false, instance));
        }
        rig.until("the warning", |r| {
            r.log.holds(Level::Warn, "does not run: nobody is there to take a signal")
        })
        .await;
        let restarts = rig.spans.named(names::SPAN_RESTART_PROCESS);
        assert!(
            restarts.is_empty()
                && attribute(&rig.one(names::SPAN_START), names::PROCESS_COUNT) == Some(3.into())
        );
    });
}
