//! Faults of the supervisor itself: an actor that panics, a manager that is gone.

use crate::support::{Rig, ms, paused};
use phpeek_actors::listeners::Listener;
use phpeek_actors::manager::Request;
use phpeek_actors::ports::Level;
use phpeek_actors::testkit::{Behaviour, Obeys, SpecBuilder, error_type, hook, hooks, is_error, system};
use phpeek_actors::trace::names;
use phpeek_core::facts::Told;
use phpeek_core::fleet::Outcome;
use phpeek_core::hook::Hooks;
use phpeek_core::ids::ProcessId;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use phpeek_core::spec::SystemSpec;
use std::rc::Rc;

#[test]
fn a_panic_in_a_process_actor_ends_the_system_in_order_and_kills_what_it_left() {
    paused(async {
        let spec = system(vec![SpecBuilder::new("db"), SpecBuilder::new("app").scale(2).after(0)]);
        let rig = Rig::booted(spec, |l| {
            l.script(1, |id| Behaviour { panics: id.run == 2, ..Behaviour::default() });
        });
        rig.all_up().await;
        let victim = rig.launcher.leader_of(1, 0).unwrap();
        rig.launcher.end(victim, Exit::Code(1));
        let mut rig = rig;
        let end = rig.end_with_abandoned_spans().await;
        assert_eq!(end.outcome, Outcome::Internal);
        assert!(rig.log.holds(Level::Error, "actor of a process is lost"));
        let signals = rig.launcher.signals();
        let to_app: Vec<_> =
            signals.iter().filter(|s| s.id.process() == ProcessId(1) && s.delivered).collect();
        assert_eq!((to_app.len(), to_app[0].signal), (1, Signal::KILL), "the instance that ran on is killed");
        assert!(signals.iter().any(|s| s.id.process() == ProcessId(0) && s.signal == Signal::TERM));
        rig.pass(ms(100)).await;
        assert!(rig.launcher.alive().is_empty());
        assert!(is_error(&rig.one(names::SPAN_SHUTDOWN)));
        assert_eq!(error_type(&rig.one(names::SPAN_SHUTDOWN)).as_deref(), Some("internal"));
        assert!(!rig.spans.abandoned().is_empty(), "what was under way is told as abandoned");
    });
}

#[test]
fn a_panic_during_the_boot_ends_it_too() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("a"),
            SpecBuilder::new("b").scale(2),
            SpecBuilder::new("c").after(1),
        ]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |_| Behaviour { obeys: Obeys::After(ms(50)), ..Behaviour::default() });
            // The first instance was ordered already when the order of the second panics: it comes up unattended.
            l.script(1, |id| Behaviour { panics: id.instance.serial == 1, ..Behaviour::default() });
        });
        assert_eq!(rig.end_with_abandoned_spans().await.outcome, Outcome::Internal);
        assert!(rig.launcher.alive().is_empty());
        assert!(rig.launcher.launches().iter().all(|(_, id)| id.process() != ProcessId(2)));
    });
}

/// Hears nothing without a panic.
struct Clumsy;

impl Listener for Clumsy {
    fn hear(&self, _: &Told) {
        std::panic::resume_unwind(Box::new("planted"));
    }
}

#[test]
fn a_listener_that_panics_over_everything_costs_supervision_and_others_nothing() {
    paused(async {
        let mut rig = Rig::heard_by(system(vec![SpecBuilder::new("app")]), vec![Rc::new(Clumsy)]);
        rig.ask(Request::Boot);
        rig.all_up().await;
        rig.launcher.end(rig.launcher.leader_of(0, 0).unwrap(), Exit::Code(1));
        rig.until("it runs again", |rig| rig.launcher.launches().len() == 2).await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert!(rig.log.holds(Level::Info, "started"), "the journal has heard it all");
        let told: Vec<_> = rig.log.records();
        let told: Vec<_> = told.iter().filter(|record| record.message.contains("has panicked")).collect();
        assert!((2..10).contains(&told.len()), "ever more seldom: {told:?}");
        let part = told[0].fields.iter().find(|(name, _)| *name == "part");
        assert!(format!("{part:?}").contains("Clumsy"), "{part:?}");
    });
}

#[test]
fn a_manager_that_is_gone_is_noticed() {
    paused(async {
        let hooks = Hooks { pre_stop: hooks([hook("before")]), ..Hooks::default() };
        let spec = SystemSpec { hooks, ..system(vec![SpecBuilder::new("a")]) };
        let mut rig = Rig::booted(spec, |_| {});
        rig.all_up().await;
        rig.break_manager();
        assert!(rig.lost_manager().await);
    });
}
