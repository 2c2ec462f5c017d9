//! Health of instances: others wait until they are ready, the one that fails is restarted, and all of it is told.

use crate::support::{Rig, linked, ms, paused, text, why};
use phpeek_actors::manager::Request;
use phpeek_actors::testkit::{Behaviour, SpecBuilder, check, exec_check, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::{BootFailureCause, Outcome};
use phpeek_core::health::facts::{Answer, ProbeFault};
use phpeek_core::health::{CheckSpec, Role};
use phpeek_core::ids::ProbeId;
use phpeek_core::lifecycle::{Failure, InstanceState};
use phpeek_core::operation::Cause;
use phpeek_core::outcome::Exit;
use phpeek_core::spec::RestartPolicy;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

fn bad() -> Option<(Duration, Answer)> {
    Some((ms(1), Answer::bad(ProbeFault::Refused, "nobody listens")))
}

fn well() -> Option<(Duration, Answer)> {
    Some((ms(1), Answer::well("connected")))
}

/// Answers as the switch says.
fn by(switch: &Rc<Cell<bool>>) -> impl Fn(ProbeId) -> Option<(Duration, Answer)> + use<> {
    let switch = switch.clone();
    move |_| if switch.get() { well() } else { bad() }
}

fn every_second(role: Role) -> CheckSpec {
    CheckSpec { period: ms(1000), failure_threshold: 2, ..check(role) }
}

#[test]
fn others_wait_until_it_is_ready_and_the_wait_is_in_the_trace() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("db").health([every_second(Role::Readiness)]),
            SpecBuilder::new("app").ready_after(0),
        ]);
        let up = Rc::new(Cell::new(false));
        let mut rig = Rig::new(spec);
        rig.prober.script(by(&up));
        rig.ask(Request::Boot);
        rig.pass(ms(5000)).await;
        assert_eq!(rig.launcher.launches().len(), 1, "app waits");
        assert_eq!(rig.board.shown(0, 0).expect("it is shown").state, InstanceState::Unready);
        up.set(true);
        rig.all_up().await;
        assert_eq!(rig.board.shown(0, 0).expect("it is shown").state, InstanceState::Running);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let (wait, start) =
            (rig.one(names::SPAN_WAIT_READY), &rig.of_process(names::SPAN_START_PROCESS, "db")[0]);
        assert_eq!(wait.parent_span_id, start.span_context.span_id());
        assert!(wait.events.events.len() >= 4 && rig.spans.coverage(start) >= 0.99);
        let waited = &rig.of_process(names::SPAN_WAIT_DEPENDENCY, "app")[0];
        assert_eq!(text(waited, names::DEPENDENCY_CONDITION), "ready");
        let probes = rig.spans.named(names::SPAN_HEALTH_CHECK);
        assert_eq!(
            probes.len(),
            wait.events.events.len() + 1,
            "those that fail, and the one that changes it"
        );
    });
}

#[test]
fn the_instance_that_fails_is_asked_to_go_and_counts_anew() {
    paused(async {
        let check = CheckSpec { initial_delay: ms(2000), ..every_second(Role::Liveness) };
        let spec = system(vec![SpecBuilder::new("w").scale(3).health([check])]);
        let mut rig = Rig::new(spec);
        let ill = Rc::new(Cell::new(true));
        let still = ill.clone();
        rig.prober.script(move |probe| if probe.of.serial == 1 && still.get() { bad() } else { well() });
        rig.ask(Request::Boot);
        rig.all_up().await;
        rig.until("a restart", |rig| rig.launcher.launches().len() == 4).await;
        let signals = rig.launcher.signals();
        assert!(signals.iter().all(|sent| sent.id.instance.serial == 1), "the others go on: {signals:?}");
        assert_eq!(signals[0].signal, phpeek_core::signal::Signal::TERM);
        ill.set(false);
        let (asked, again) = (rig.prober.asked().len(), rig.launcher.launches()[3].0);
        rig.until("a probe of the new run", |rig| {
            rig.prober.asked()[asked..].iter().any(|(_, probe)| probe.of.serial == 1)
        })
        .await;
        let first = rig.prober.asked()[asked..].iter().find(|(_, probe)| probe.of.serial == 1).expect("it").0;
        assert!(first >= again + ms(2000), "the delay counts anew");
        rig.terminate();
        rig.finished().await;
        let restart = rig.one(names::SPAN_RESTART_PROCESS);
        assert_eq!(text(&restart, names::RESTART_REASON), "health_check");
        let probe = linked(&rig, &restart, names::LINK_PROBE);
        assert_eq!(text(&probe, names::HEALTH_CHECK_STATE), "failing");
        assert_eq!(text(&probe, names::ERROR), "nobody listens");
    });
}

#[test]
fn what_is_never_restarted_is_only_told_of() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("w").policy(RestartPolicy::Never).health([every_second(Role::Liveness)]),
        ]);
        let mut rig = Rig::new(spec);
        rig.prober.script(|_| bad());
        rig.ask(Request::Boot);
        rig.all_up().await;
        rig.pass(ms(10_000)).await;
        assert!(rig.launcher.signals().is_empty());
        assert!(
            rig.log.holds(phpeek_actors::ports::Level::Warn, "unhealthy: 2 health checks in a row failed")
        );
        rig.terminate();
        rig.finished().await;
    });
}

#[test]
fn health_spends_the_budget_and_its_end_is_a_failure() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("w").attempts(2).health([every_second(Role::Both)])]);
        let mut rig = Rig::new(spec);
        rig.prober.script(|_| bad());
        rig.ask(Request::Boot);
        assert_eq!(rig.finished().await.outcome, Outcome::Failed(Failure::Unhealthy));
        assert_eq!(rig.launcher.launches().len(), 3);
    });
}

#[test]
fn a_wait_for_what_is_never_ready_ends() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("db").health([every_second(Role::Readiness)]),
            SpecBuilder::new("app").ready_after(0),
        ]);
        let mut rig = Rig::new(spec);
        rig.prober.script(|_| bad());
        rig.ask(Request::Boot);
        assert_eq!(why(&rig.finished().await), Some(BootFailureCause::TimedOut));
        assert_eq!(rig.launcher.launches().len(), 1);
    });
}

#[test]
fn what_nobody_waits_for_does_not_hold_up_the_boot_for_ever() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("db").health([every_second(Role::Readiness)])]);
        let up = Rc::new(Cell::new(false));
        let mut rig = Rig::new(spec);
        rig.prober.script(by(&up));
        rig.ask(Request::Boot);
        rig.until("a warning", |rig| {
            rig.log.holds(phpeek_actors::ports::Level::Warn, "not ready within dependency_timeout")
        })
        .await;
        up.set(true);
        rig.until("it is ready", |rig| {
            rig.board.shown(0, 0).is_some_and(|shown| shown.state == InstanceState::Running)
        })
        .await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_start_has_its_own_time_to_be_ready_whatever_came_before() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("w").policy(RestartPolicy::Never).health([every_second(Role::Readiness)]),
            SpecBuilder::new("stays"),
        ]);
        let up = Rc::new(Cell::new(true));
        let mut rig = Rig::new(spec);
        rig.prober.script(by(&up));
        rig.launcher.script(0, |run| match run.run {
            1 => Behaviour::ends(ms(20_000), Exit::Code(0)),
            _ => Behaviour::default(),
        });
        rig.ask(Request::Boot);
        rig.all_up().await;
        rig.pass(ms(28_000)).await;
        up.set(false);
        rig.ask(Request::Restart(rig.name(0), Cause::Request));
        rig.pass(ms(10_000)).await; // the time of the first start would be over
        assert_eq!(rig.launcher.launches().len(), 3);
        assert!(!rig.log.holds(phpeek_actors::ports::Level::Warn, "not ready within dependency_timeout"));
        up.set(true);
        rig.spans_named(names::SPAN_RESTART, 1).await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_rolling_restart_waits_for_readiness() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("w").scale(2).health([every_second(Role::Readiness)])]);
        let up = Rc::new(Cell::new(true));
        let mut rig = Rig::new(spec);
        rig.prober.script(by(&up));
        rig.ask(Request::Boot);
        rig.all_up().await;
        up.set(false);
        rig.restart_all();
        rig.pass(ms(8000)).await;
        assert_eq!(rig.launcher.launches().len(), 3, "the second waits for the first");
        up.set(true);
        rig.spans_named(names::SPAN_RESTART, 1).await;
        assert_eq!(rig.launcher.launches().len(), 4);
        rig.terminate();
        rig.finished().await;
        let restart = &rig.spans.named(names::SPAN_RESTART)[0];
        assert!(rig.spans.coverage(restart) >= 0.99, "no dark time");
    });
}

#[test]
fn an_exec_probe_is_killed_with_its_time_and_with_the_run() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("w").health([exec_check(Role::Liveness)])]);
        let mut rig = Rig::booted(spec, |l| l.script_probes(|_| Behaviour::default()));
        rig.all_up().await;
        rig.until("a restart", |rig| rig.launcher.launches().len() == 2).await;
        rig.launcher.script_probes(|_| Behaviour::ends(ms(10), Exit::Code(0)));
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert!(!rig.launcher.probe_runs(), "nothing is left");
        let probe = &rig.spans.named(names::SPAN_HEALTH_CHECK)[0];
        assert_eq!(text(probe, names::ERROR_TYPE), "deadline_exceeded");
    });
}
