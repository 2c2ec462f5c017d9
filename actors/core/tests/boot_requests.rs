//! What is asked while the boot is under way, one case after the other: what acts at once, what is not begun, and how many
//! requests may wait.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "support/spec.rs"]
mod support;

use phpeek_core::facts::{Fact, OperationEnd, Outbox, Output, Refusal, SystemFact};
use phpeek_core::fleet::{Amount, Effect, Ending, Event, Fleet, MOST_UNANSWERED, Phase, Standing};
use phpeek_core::ids::ProcessId;
use phpeek_core::name::ProcessName;
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::process::Command;
use phpeek_core::spec::{Condition, Dependency, Hooks, InitialState, ProcessKind, ProcessSpec, SystemSpec};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DB: ProcessId = ProcessId(0);
const WEB: ProcessId = ProcessId(1);
const TOOL: ProcessId = ProcessId(2);

fn name(text: &str) -> ProcessName {
    ProcessName::new(text).expect("a plain name")
}

struct World {
    fleet: Fleet,
    commands: Vec<(ProcessId, Command)>,
    answers: Vec<(OperationId, Result<OperationEnd, Refusal>)>,
    succeeded: bool,
}

/// `db` boots slowly, `web` waits for it, and nobody has asked for `tool`.
fn booting() -> World {
    booting_with(true)
}

fn booting_with(tool: bool) -> World {
    let one = |text: &str, initial, on: Option<&str>| {
        let plain = support::spec(initial, ProcessKind::LongRun);
        let depends_on = on.map(|on| Dependency::new(name(on), Condition::Started)).into_iter().collect();
        Arc::new(ProcessSpec { name: name(text), depends_on, ..ProcessSpec::clone(&plain) })
    };
    let system = SystemSpec {
        shutdown_timeout: Duration::from_secs(1),
        dependency_timeout: Duration::from_secs(9),
        processes: [
            Some(one("db", InitialState::Running, None)),
            Some(one("web", InitialState::Running, Some("db"))),
            tool.then(|| one("tool", InitialState::Stopped, None)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        signals: BTreeMap::new(),
        hooks: Hooks::default(),
    };
    let fleet = Fleet::new(&system).expect("no cycle");
    let mut world = World { fleet, commands: Vec::new(), answers: Vec::new(), succeeded: false };
    let boot = world.fleet.begin(Cause::Boot);
    world.step(Event::Boot(boot));
    world
}

impl World {
    fn step(&mut self, event: Event) {
        let mut out = Outbox::new();
        self.fleet.step(Duration::ZERO, event, &mut out);
        for output in out.drain() {
            match output {
                Output::Do(Effect::Command(p, _, command)) => self.commands.push((p, command)),
                Output::Tell(told) => match told.fact {
                    Fact::System(SystemFact::Answered(id, end)) => self.answers.push((id, Ok(end))),
                    Fact::System(SystemFact::Refused(of, why)) => self.answers.push((of.id, Err(why))),
                    Fact::System(SystemFact::BootSucceeded { .. }) => self.succeeded = true,
                    _ => {}
                },
                Output::Do(_) => {}
            }
        }
    }

    fn ask(&mut self, event: impl FnOnce(phpeek_core::operation::Operation) -> Event) -> OperationId {
        let operation = self.fleet.begin(Cause::Request);
        let id = operation.id;
        self.step(event(operation));
        id
    }

    fn answer(&self, id: OperationId) -> Option<Result<OperationEnd, Refusal>> {
        self.answers.iter().find(|(of, _)| *of == id).map(|(_, answer)| answer.clone())
    }
}

#[test]
fn what_has_not_begun_is_stopped_at_once_and_not_started() {
    let mut world = booting();
    let stop = world.ask(|o| Event::Stop(o, name("web")));
    assert_eq!(world.answer(stop), Some(Ok(OperationEnd::Done)));
    world.step(Event::Up(DB));
    assert!(world.succeeded && world.fleet.phase() == Phase::Running);
    assert!(!world.commands.iter().any(|(p, _)| *p == WEB), "{:?}", world.commands);
}

#[test]
fn who_waits_for_what_was_stopped_is_put_off_and_the_boot_goes_on() {
    let mut world = booting();
    let stop = world.ask(|o| Event::Stop(o, name("db")));
    assert!(world.answer(stop).is_none() && world.commands.last().is_some_and(|(p, _)| *p == DB));
    world.step(Event::Stopped(DB));
    assert_eq!(world.answer(stop), Some(Ok(OperationEnd::Done)));
    assert!(world.succeeded, "nobody has to be up any more");
    assert_eq!(world.fleet.phase(), Phase::Running, "nothing has ended by itself");
    assert_eq!(world.fleet.standing(WEB), Standing::Stopped);
    let start = world.ask(|o| Event::Start(o, name("db")));
    world.step(Event::Up(DB));
    assert_eq!(world.answer(start), Some(Ok(OperationEnd::Done)));
    assert_eq!(world.commands.last(), Some(&(WEB, Command::Start)), "the boot had wanted it");
}

#[test]
fn a_stop_of_all_in_the_boot_ends_nothing_but_them() {
    for stop_both in [false, true] {
        let mut world = booting_with(false);
        if stop_both {
            world.ask(|o| Event::Stop(o, name("web")));
        }
        let stop = world.ask(|o| Event::Stop(o, name("db")));
        world.step(Event::Stopped(DB));
        assert_eq!(world.answer(stop), Some(Ok(OperationEnd::Done)), "{stop_both}");
        assert!(world.succeeded && world.fleet.phase() == Phase::Running, "nothing has ended by itself");
        world.ask(|o| Event::Start(o, name("db")));
        world.step(Event::Up(DB));
        let web = world.commands.contains(&(WEB, Command::Start));
        assert_eq!(web, !stop_both, "the boot had wanted it, and nobody has said otherwise");
    }
}

#[test]
fn what_somebody_has_stopped_may_be_started_again_so_the_end_of_the_rest_is_not_the_end() {
    let mut world = booting_with(false);
    world.step(Event::Up(DB));
    world.step(Event::Up(WEB));
    world.ask(|o| Event::Stop(o, name("web")));
    world.step(Event::Stopped(WEB));
    world.step(Event::Ended(DB, Ending::Completed));
    assert_eq!(world.fleet.phase(), Phase::Running, "web was stopped, and has not ended");
    world.ask(|o| Event::Start(o, name("db")));
    world.step(Event::Up(DB));
    world.ask(|o| Event::Start(o, name("web")));
    world.step(Event::Up(WEB));
    world.step(Event::Ended(WEB, Ending::Completed));
    world.step(Event::Ended(DB, Ending::Completed));
    assert_eq!(world.fleet.phase(), Phase::Done, "all have ended");
}

#[test]
fn a_start_and_a_scale_do_not_wait_for_the_boot() {
    let mut world = booting();
    let start = world.ask(|o| Event::Start(o, name("tool")));
    assert_eq!(world.commands.last(), Some(&(TOOL, Command::Start)));
    world.step(Event::Up(TOOL));
    assert_eq!(world.answer(start), Some(Ok(OperationEnd::Done)));
    world.ask(|o| Event::Scale(o, name("db"), Amount::To(3)));
    assert_eq!(world.commands.last(), Some(&(DB, Command::Scale { to: 3, run: true })));
    assert_eq!(world.fleet.phase(), Phase::Booting);
}

#[test]
fn a_restart_waits_and_a_stop_after_it_wins() {
    let mut world = booting();
    let restart = world.ask(|o| Event::Restart(o, name("db")));
    assert!(world.answer(restart).is_none());
    world.ask(|o| Event::Stop(o, name("db")));
    assert_eq!(world.answer(restart), Some(Ok(OperationEnd::Interrupted)));
    world.step(Event::Stopped(DB));
    assert_eq!(world.fleet.standing(DB), Standing::Stopped);
}

#[test]
fn so_many_requests_wait_and_no_more_but_a_stop_is_always_heard() {
    let mut world = booting();
    let ids: Vec<OperationId> =
        (0..MOST_UNANSWERED + 2).map(|_| world.ask(|o| Event::Restart(o, name("db")))).collect();
    let refused: Vec<OperationId> =
        ids.iter().copied().filter(|id| world.answer(*id) == Some(Err(Refusal::TooMany))).collect();
    assert_eq!(refused, ids[MOST_UNANSWERED..]);
    world.ask(|o| Event::Stop(o, name("db")));
    assert!(matches!(world.commands.last(), Some((DB, Command::Stop(_)))));
    assert!(ids.iter().all(|id| world.answer(*id).is_some()), "each is answered");
}
