//! The laws of the plan, L1 to L3, and those of a reload, over any two configurations: what runs afterwards is what was
//! asked for, or what ran before when something could not be started; what the plan does not name is not touched. Planted
//! bugs show that a broken law is seen.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "reload/back.rs"]
mod back;
#[path = "support/spec.rs"]
mod support;

use phpeek_core::backoff::Backoff;
use phpeek_core::budget::Attempts;
use phpeek_core::facts::{Fact, Outbox, SystemFact};
use phpeek_core::fleet::{Effect, Event, Fleet, Phase, ReloadEnd, Standing, Wanted};
use phpeek_core::hook::Hooks;
use phpeek_core::ids::ProcessId;
use phpeek_core::name::ProcessName;
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::outcome::{SpawnFailure, SpawnFailureKind};
use phpeek_core::plan::{Action, Plan, apply, plan};
use phpeek_core::process::Command;
use phpeek_core::program::Program;
use phpeek_core::spec::{
    CommandLine, Condition, Dependency, InitialState, ProcessSpec, RestartPolicy, RestartSpec, SystemSpec,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use support::{asked, program};

const SECOND: Duration = Duration::from_secs(1);
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// One configured process in numbers: whether it is there, its command, scale, restart policy, edges to those before it.
type Drawn = (bool, u8, u32, bool, bool, [bool; 4]);

fn name(of: &str) -> ProcessName {
    ProcessName::new(of).expect("a plain name")
}

fn spec(place: usize, drawn: &Drawn, there: &[bool]) -> Arc<ProcessSpec> {
    let (_, command, scale, always, stopped, edges) = *drawn;
    let own = name(NAMES[place]);
    let on = (0..place).filter(|on| edges[*on] && there[*on]);
    let depends_on = on.map(|on| Dependency::new(name(NAMES[on]), Condition::Started)).collect();
    let usual = support::plain(own.as_str());
    let command = CommandLine::new(vec![format!("p{command}")]).expect("a program");
    Arc::new(ProcessSpec {
        initial: if stopped { InitialState::Stopped } else { InitialState::Running },
        program: Arc::new(Program { command, ..program(own.as_str()) }),
        scale: NonZeroU32::new(scale).expect("not none"),
        max_scale: 10,
        depends_on,
        restart: RestartSpec {
            policy: if always { RestartPolicy::Always } else { RestartPolicy::Never },
            attempts: Attempts::AtMost(3),
            backoff: Backoff::new(SECOND, SECOND).expect("not longer than the longest"),
            ..usual.restart
        },
        stop: asked(SECOND),
        ..usual
    })
}

/// What must be in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Least {
    Nothing,
    /// A process.
    One,
    /// A process that starts with the system.
    Started,
}

/// The numbers of commands.
const COMMANDS: u8 = 3;

fn configuration(least: Least) -> impl Strategy<Value = Vec<Arc<ProcessSpec>>> {
    configuration_of(0..COMMANDS, least)
}

/// Any, made as it must be rather than drawn until it is.
fn configuration_of(
    commands: impl Strategy<Value = u8>,
    least: Least,
) -> impl Strategy<Value = Vec<Arc<ProcessSpec>>> {
    let one = (
        prop::bool::weighted(0.75),
        commands,
        1..4u32,
        any::<bool>(),
        prop::bool::weighted(0.1),
        any::<[bool; 4]>(),
    );
    let all = prop::collection::vec(one, NAMES.len());
    (all, 0..NAMES.len()).prop_map(move |(mut drawn, sure)| {
        let (there, .., stopped, _) = &mut drawn[sure];
        *there |= least != Least::Nothing;
        *stopped &= least != Least::Started;
        let there: Vec<bool> = drawn.iter().map(|own| own.0).collect();
        let all = drawn.iter().enumerate().filter(|(_, own)| own.0);
        all.map(|(place, own)| spec(place, own, &there)).collect()
    })
}

/// A command that cannot be started, what ran without it, and any other.
fn one_of_them_faulty() -> impl Strategy<Value = (u8, Vec<Arc<ProcessSpec>>, Vec<Arc<ProcessSpec>>)> {
    (0..COMMANDS).prop_flat_map(|faulty| {
        let others = (1..COMMANDS).prop_map(move |by| (faulty + by) % COMMANDS);
        (Just(faulty), configuration_of(others, Least::Started), configuration(Least::One))
    })
}

/// Programs that cannot be started, by their command.
type Faulty = BTreeSet<String>;

/// What is planted between the fleet and its processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    ChangeForgotten,
    RemovalForgotten,
    NeighbourTouched,
}

struct World {
    fleet: Fleet,
    /// What each process is configured as, and whether it runs.
    processes: BTreeMap<ProcessId, (Arc<ProcessSpec>, bool)>,
    /// Who was told anything, or was changed, since the last look.
    touched: BTreeSet<ProcessName>,
    ends: Vec<ReloadEnd>,
    events: VecDeque<Event>,
    faulty: Faulty,
    /// Stops and starts, in order.
    orders: Vec<String>,
    bug: Bug,
}

impl World {
    fn boot(processes: &[Arc<ProcessSpec>], bug: Bug) -> Self {
        let system = SystemSpec {
            shutdown_timeout: SECOND,
            dependency_timeout: SECOND,
            processes: processes.to_vec(),
            signals: BTreeMap::new(),
            hooks: Hooks::default(),
        };
        let fleet = Fleet::new(&system).expect("no cycle");
        let (processes, touched, faulty) = (BTreeMap::new(), BTreeSet::new(), Faulty::new());
        let (ends, events) = (Vec::new(), VecDeque::new());
        let orders = Vec::new();
        let mut world = Self { fleet, processes, touched, ends, events, faulty, orders, bug };
        let operation = world.fleet.begin(Cause::Boot);
        world.feed(Event::Boot(operation));
        world.touched.clear();
        world.orders.clear();
        world
    }

    fn reload(&mut self, processes: &[Arc<ProcessSpec>]) {
        let operation = self.fleet.begin(Cause::Request);
        let wanted = Wanted {
            shutdown_timeout: SECOND,
            dependency_timeout: SECOND,
            processes: processes.to_vec(),
            relogged: BTreeSet::new(),
        };
        self.feed(Event::Reload(operation, Arc::new(wanted)));
    }

    fn feed(&mut self, event: Event) {
        self.events.push_back(event);
        while let Some(event) = self.events.pop_front() {
            let mut out = Outbox::new();
            self.fleet.step(Duration::ZERO, event, &mut out);
            for told in out.facts() {
                if let Fact::System(SystemFact::ReloadEnded(_, end)) = &told.fact {
                    self.ends.push(end.clone());
                }
            }
            let effects: Vec<Effect> = out.effects().cloned().collect();
            effects.into_iter().for_each(|effect| self.perform(effect));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Create(p, spec) => {
                self.touched.insert(spec.name.clone());
                assert!(self.processes.insert(p, (spec, false)).is_none(), "an id is given twice");
            }
            Effect::Configure(p, spec) => {
                let own = self.processes.get_mut(&p).expect("it is there");
                self.touched.insert(own.0.name.clone());
                if self.bug != Bug::ChangeForgotten {
                    own.0 = spec;
                }
            }
            Effect::Remove(p) => {
                let (spec, runs) = self.processes.remove(&p).expect("it is there");
                assert!(!runs, "{:?} is removed while it runs", spec.name);
                self.touched.insert(spec.name.clone());
                if self.bug == Bug::RemovalForgotten {
                    self.processes.insert(p, (spec, true));
                }
            }
            Effect::Command(p, operation, command) => self.obey(p, operation.id, command),
            _ => {}
        }
    }

    fn obey(&mut self, p: ProcessId, by: OperationId, command: Command) {
        let own = self.processes.get_mut(&p).expect("it is there");
        self.touched.insert(own.0.name.clone());
        let verb = if matches!(command, Command::Stop(_)) { "stop" } else { "start" };
        self.orders.push(match command {
            Command::Scale { to, .. } => format!("scale {} {to}", own.0.name.as_str()),
            _ => format!("{verb} {}", own.0.name.as_str()),
        });
        let program = own.0.program.command.program();
        let failure = self.faulty.contains(program).then(|| SpawnFailure {
            kind: SpawnFailureKind::NotFound,
            message: "no such program".to_owned(),
        });
        self.events.push_back(match (command, failure) {
            (Command::Stop(_), _) => {
                own.1 = false;
                Event::Stopped(p)
            }
            (Command::Scale { .. }, Some(_)) => {
                Event::Scaled(p, by, phpeek_core::fleet::RestartOutcome::Failed)
            }
            (Command::Scale { .. }, None) => Event::Scaled(p, by, phpeek_core::fleet::RestartOutcome::Up),
            (Command::Restart, Some(_)) => Event::Restarted(p, phpeek_core::fleet::RestartOutcome::Failed),
            (Command::Restart, None) => Event::Restarted(p, phpeek_core::fleet::RestartOutcome::Up),
            (_, Some(failure)) => Event::StartFailed(p, failure),
            (_, None) => {
                own.1 = true;
                Event::Up(p)
            }
        });
        if self.bug == Bug::NeighbourTouched
            && let Some((spec, _)) = self.processes.values().next()
        {
            self.touched.insert(spec.name.clone());
        }
    }

    /// What is wrong when this should run, and only these should have been touched.
    fn faults(&self, wanted: &[Arc<ProcessSpec>], plan: &Plan) -> Vec<String> {
        let mut faults = Vec::new();
        let there: BTreeMap<&ProcessName, &Arc<ProcessSpec>> =
            self.processes.values().map(|(spec, _)| (&spec.name, spec)).collect();
        let want: BTreeMap<&ProcessName, &Arc<ProcessSpec>> =
            wanted.iter().map(|spec| (&spec.name, spec)).collect();
        if there != want {
            faults.push(format!("{:?} instead of {:?}", there.keys(), want.keys()));
        }
        let known: BTreeSet<&ProcessName> = self.fleet.processes().map(|(_, spec)| &spec.name).collect();
        if known != want.keys().copied().collect() {
            faults.push(format!("the fleet knows {known:?}"));
        }
        let planned: BTreeSet<ProcessName> = plan.steps.iter().map(|step| step.name.clone()).collect();
        faults.extend(self.touched.difference(&planned).map(|name| format!("{name:?} was touched")));
        faults
    }
}

fn reloaded(old: &[Arc<ProcessSpec>], new: &[Arc<ProcessSpec>], bug: Bug) -> Vec<String> {
    let mut world = World::boot(old, bug);
    let plan = plan(old, new, &BTreeSet::new());
    world.reload(new);
    let mut faults = world.faults(new, &plan);
    if world.ends != [ReloadEnd::Complete] {
        faults.push(format!("it ended so: {:?}", world.ends));
    }
    for (id, (spec, runs)) in &world.processes {
        let standing = world.fleet.standing(*id);
        // One that was left out of the boot, and still is, is not started for a change.
        let was = old.iter().find(|was| was.name == spec.name);
        let expected = spec.starts_with_the_system() || was.is_some_and(|was| was.starts_with_the_system());
        if (*runs, standing == Standing::Up) != (expected, expected) {
            faults.push(format!("{:?} runs: {runs}, {standing:?}", spec.name));
        }
    }
    faults
}

proptest! {
    #[test]
    fn l1_l2_the_plan_leads_from_the_first_to_the_second((old, new) in (configuration(Least::Nothing), configuration(Least::Nothing))) {
        let plan = plan(&old, &new, &BTreeSet::new());
        prop_assert_eq!(apply(&old, &plan, &new), new.clone());
        for spec in &new {
            let same = old.contains(spec);
            prop_assert_eq!(!same, plan.steps.iter().any(|step| step.name == spec.name));
        }
        let restarts = |step: &&phpeek_core::plan::Step| matches!(step.action, Action::Restart | Action::Rolling);
        for step in plan.steps.iter().filter(restarts) {
            let of = |all: &[Arc<ProcessSpec>]| all.iter().find(|spec| spec.name == step.name).cloned();
            let (a, b) = (of(&old).expect("it was there"), of(&new).expect("it is there"));
            prop_assert!(a.program != b.program, "L3: {step:?}");
        }
    }

    #[test]
    fn what_runs_is_what_was_asked_for_and_nothing_else_is_touched((old, new) in (configuration(Least::Started), configuration(Least::One))) {
        let faults = reloaded(&old, &new, Bug::None);
        prop_assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn what_cannot_be_started_is_undone((faulty, old, new) in one_of_them_faulty()) {
        let mut world = World::boot(&old, Bug::None);
        world.faulty.insert(format!("p{faulty}"));
        let plan = plan(&old, &new, &BTreeSet::new());
        world.reload(&new);
        prop_assert_eq!(world.ends.len(), 1);
        let wanted = match world.ends.first() {
            Some(ReloadEnd::RolledBack(_)) => old,
            _ => new,
        };
        let faults = world.faults(&wanted, &plan);
        prop_assert!(faults.is_empty(), "{:?}: {faults:?}", world.ends);
        prop_assert!(!world.fleet.reloading());
    }
}

fn plain(place: usize, command: u8, edges: [bool; 4]) -> Arc<ProcessSpec> {
    spec(place, &(true, command, 1, true, false, edges), &[true; 5])
}

const FREE: [bool; 4] = [false; 4];

#[test]
fn each_planted_bug_is_seen() {
    let old = [plain(0, 0, FREE), plain(1, 0, FREE), plain(2, 0, FREE)];
    let new = [plain(0, 0, FREE), plain(1, 1, FREE), plain(3, 0, FREE)];
    assert_eq!(reloaded(&old, &new, Bug::None), Vec::<String>::new());
    for bug in [Bug::ChangeForgotten, Bug::RemovalForgotten, Bug::NeighbourTouched] {
        assert_ne!(reloaded(&old, &new, bug), Vec::<String>::new(), "{bug:?} is not seen");
    }
}

#[test]
fn a_failure_brings_back_what_was_stopped_and_takes_away_what_was_new() {
    let old = [plain(0, 0, FREE), plain(1, 0, FREE)];
    let new = [plain(0, 2, FREE), plain(2, 0, FREE)];
    let mut world = World::boot(&old, Bug::None);
    world.faulty.insert("p2".to_owned());
    world.reload(&new);
    assert_eq!(world.ends, [ReloadEnd::RolledBack(name("a"))]);
    let running: Vec<_> =
        world.processes.values().filter(|(_, runs)| *runs).map(|(spec, _)| spec.clone()).collect();
    assert_eq!(running.len(), 2, "both run again");
    assert_eq!(world.fleet.phase(), Phase::Running);
}

#[test]
fn dependents_go_first_and_come_last() {
    let db_and_app = [plain(0, 0, FREE), plain(1, 0, [true, false, false, false])];
    let other = [plain(2, 0, FREE)];
    let mut world = World::boot(&[db_and_app.to_vec(), other.to_vec()].concat(), Bug::None);
    world.reload(&other);
    assert_eq!(world.ends, [ReloadEnd::Complete]);
    world.reload(&[db_and_app.to_vec(), other.to_vec()].concat());
    assert_eq!(world.ends, [ReloadEnd::Complete, ReloadEnd::Complete]);
    assert_eq!(world.orders, ["stop b", "stop a", "start a", "start b"]);
}

#[test]
fn a_reload_is_refused_once_everything_is_being_stopped() {
    let old = [plain(0, 0, FREE)];
    let mut world = World::boot(&old, Bug::None);
    let operation = world.fleet.begin(Cause::Request);
    world.feed(Event::Shutdown(operation));
    world.touched.clear();
    world.reload(&[plain(1, 0, FREE)]);
    assert!(world.ends.is_empty() && world.touched.is_empty());
}

#[test]
fn a_reload_that_changes_nothing_ends_nothing_and_the_last_that_goes_ends_all() {
    let old = [plain(0, 0, FREE)];
    let mut world = World::boot(&old, Bug::None);
    let operation = world.fleet.begin(Cause::Request);
    world.feed(Event::Stop(operation, name("a")));
    world.reload(&old);
    assert_eq!((world.fleet.phase(), world.ends.len()), (Phase::Running, 1), "somebody may start it again");
    world.reload(&[]);
    assert_ne!(world.fleet.phase(), Phase::Running, "nobody can start what is not there");
}
