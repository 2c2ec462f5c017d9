//! What the whole system does: the order of a boot, rolling restarts, the order of a shutdown, and the end of the
//! container. A pure machine; owns every decision that concerns more than one process, the edges between processes,
//! and the ids of processes and of operations. Never acts.

mod around;
mod boot;
mod control;
mod fatal;
mod hooks;
mod losses;
mod meanwhile;
mod orphans;
mod readiness;
mod reconnect;
mod reload;
mod reloading;
mod requests;
mod restart;
mod rolling;
mod schedules;
mod shutdown;
mod start;
mod words;

pub use crate::ends::{
    BootFailure, BootFailureCause, Ending, OperationEnd, Outcome, Phase, ReloadEnd, RestartEnd,
    RestartOutcome, RestartScope, Standing,
};
pub use meanwhile::MOST_UNANSWERED;
pub use words::{Amount, Effect, Event, Wanted};

use crate::edge::{Edge, EdgeChange};
use crate::facts::{Fact, Outbox, ProcessFact, SystemFact};
use crate::ids::ProcessId;
use crate::lifecycle::Failure;
use crate::name::ProcessName;
use crate::operation::{Cause, Operation, OperationId, Operations};
use crate::order::{Cycle, start_order};
use crate::spec::{Dependency, ProcessKind, ProcessSpec, SystemSpec};
use around::Around;
use rolling::{Asked, Reload, Rolling, Start, Wish};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long the last of a shutdown may take after everything was killed: the kernel needs a moment to take
/// processes down, and one that hangs in the kernel never goes.
pub const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// One process, as far as the others are concerned.
#[derive(Debug, Clone)]
struct Member {
    spec: Arc<ProcessSpec>,
    standing: Standing,
    /// How many instances were asked for last.
    scale: u32,
    /// What it needs of others.
    needs: Vec<Edge>,
    /// Who needs something of it.
    dependents: Vec<ProcessId>,
    /// Its start, until it is up or has failed.
    start: Option<Start>,
    /// The operation that stops it and starts it again: when it has stopped, or when what it needs is there again.
    again: Option<Operation>,
    /// Whether the boot waits for it to be up.
    awaited: bool,
    /// Whether daemons of its live on after its end: a stop has something to do.
    left: bool,
}

impl Member {
    /// Whether it has ended and daemons of its live on.
    fn has_left(&self) -> bool {
        self.left && matches!(self.standing, Standing::Ended(_))
    }

    /// Whether it was told to start, and runs as far as is known.
    fn is_up_or_coming(&self) -> bool {
        matches!(self.standing, Standing::Launched(_) | Standing::Unready | Standing::Up | Standing::Broken)
    }

    /// Whether a stop has something to do.
    fn is_to_be_stopped(&self) -> bool {
        self.standing.may_run() || self.has_left()
    }
}

type Out = Outbox<Effect>;

/// The machine of the whole system.
#[derive(Debug, Clone)]
pub struct Fleet {
    members: BTreeMap<ProcessId, Member>,
    /// How many ids were given.
    given: u32,
    /// Every process after all that it depends on.
    order: Vec<ProcessId>,
    operations: Operations,
    phase: Phase,
    boot: Option<Operation>,
    shutdown: Option<Operation>,
    shutdown_timeout: Duration,
    dependency_timeout: Duration,
    /// How many of the processes that are to be started have not been up yet.
    unsettled: usize,
    /// Until when who waits for whom.
    awaited: BTreeSet<(Duration, ProcessId, ProcessId)>,
    /// Until when starts under way wait for their processes to be ready.
    unready_until: BTreeSet<(Duration, ProcessId)>,
    /// Processes that have ended badly and were not restarted since; the latest comes last.
    failures: Vec<(ProcessId, Failure)>,
    rolling: Option<Rolling>,
    /// Restarts that were asked for while something else was under way; each scope at most once.
    pending: Vec<(Operation, RestartScope)>,
    /// The reload under way.
    reload: Option<Box<Reload>>,
    /// The reload that waits for its turn.
    next_reload: Option<(Operation, Arc<Wanted>)>,
    /// Restarts that another of their scope answers, too.
    joined: Vec<(OperationId, RestartScope)>,
    /// What was asked of single processes and is not over.
    asked: Vec<Asked>,
    /// What processes were told that they answer themselves, and have not.
    told: Vec<(ProcessId, Operation)>,
    /// What was asked of single processes while the boot was under way.
    queued: Vec<(Operation, ProcessId, Wish)>,
    /// When the shutdown's patience ends.
    deadline: Option<Duration>,
    forced: bool,
    /// Whether nothing ran when somebody asked for the start under way, and nothing was told to start since.
    standstill: bool,
    /// Those that were told to stop and have not answered.
    unanswered: BTreeSet<ProcessId>,
    /// Who has lost what it shares the fate of, and was not stopped for it yet.
    lost: Vec<(ProcessId, ProcessId)>,
    /// How many processes a shutdown still waits for.
    live: usize,
    outcome: Outcome,
    /// What runs around the start and the stop; none when nothing does.
    hooks: Option<Box<Around>>,
    /// Whether processes were told to start, or would have been: the hooks before that have succeeded.
    launched: bool,
    /// Whether the hooks at the very end have had their turn.
    wound_up: bool,
}

impl Fleet {
    /// A system at rest. Its processes have ids from then on, in the order of the specification.
    ///
    /// # Errors
    /// The [`Cycle`], if the specification has one; the configuration has refused it long before.
    pub fn new(spec: &SystemSpec) -> Result<Self, Cycle> {
        let mut fleet = Self::empty(spec);
        // Made of all at once the tree is dense: one by one a third of its room would stay empty.
        fleet.members = spec.processes.iter().map(|spec| fleet.identify(spec.clone())).collect();
        fleet.connect()?;
        Ok(fleet)
    }

    fn empty(spec: &SystemSpec) -> Self {
        Self {
            members: BTreeMap::new(),
            given: 0,
            order: Vec::new(),
            operations: Operations::of_system(),
            phase: Phase::New,
            boot: None,
            shutdown: None,
            shutdown_timeout: spec.shutdown_timeout,
            dependency_timeout: spec.dependency_timeout,
            unsettled: 0,
            awaited: BTreeSet::new(),
            unready_until: BTreeSet::new(),
            failures: Vec::new(),
            rolling: None,
            pending: Vec::new(),
            reload: None,
            next_reload: None,
            joined: Vec::new(),
            asked: Vec::new(),
            told: Vec::new(),
            queued: Vec::new(),
            deadline: None,
            forced: false,
            standstill: false,
            unanswered: BTreeSet::new(),
            lost: Vec::new(),
            live: 0,
            outcome: Outcome::Stopped,
            hooks: (!spec.hooks.is_empty()).then(|| Box::new(Around::new(spec.hooks.clone()))),
            launched: false,
            wound_up: false,
        }
    }

    /// A process is known from now on, by an id that was never given before. What it needs of others is found by
    /// [`Self::connect`].
    fn add(&mut self, spec: Arc<ProcessSpec>) -> ProcessId {
        let (id, member) = self.identify(spec);
        self.members.insert(id, member);
        id
    }

    fn identify(&mut self, spec: Arc<ProcessSpec>) -> (ProcessId, Member) {
        let id = ProcessId(self.given);
        self.given = self.given.saturating_add(1);
        let standing = if spec.starts_with_the_system() { Standing::Waiting } else { Standing::Dormant };
        let (needs, dependents) = (Vec::new(), Vec::new());
        let (start, again, awaited, left) = (None, None, false, false);
        let scale = spec.scale.get();
        (id, Member { spec, standing, scale, needs, dependents, start, again, awaited, left })
    }

    /// Finds what each needs of others, and the order of their start. A dependency on a name that is not there is left
    /// out: the configuration has refused it.
    fn connect(&mut self) -> Result<(), Cycle> {
        let ids: Vec<ProcessId> = self.members.keys().copied().collect();
        let named = self.members.values().enumerate().map(|(place, member)| (&member.spec.name, place));
        let places: BTreeMap<&ProcessName, usize> = named.collect();
        let place = |d: &Dependency| places.get(&d.process).copied();
        let specs: Vec<Arc<ProcessSpec>> = self.members.values().map(|m| m.spec.clone()).collect();
        let edges: Vec<Vec<(usize, &Dependency)>> = specs
            .iter()
            .map(|spec| spec.depends_on.iter().filter_map(|d| Some((place(d)?, d))).collect())
            .collect();
        let places: Vec<Vec<usize>> =
            edges.iter().map(|own| own.iter().map(|(on, _)| *on).collect()).collect();
        let id = |place: usize| ids.get(place).copied();
        self.order = start_order(&places)?.into_iter().filter_map(id).collect();
        for (dependent, edges) in ids.iter().zip(&edges) {
            for (on, of) in edges.iter().filter_map(|(on, of)| Some((id(*on)?, *of))) {
                let Some(other) = self.members.get_mut(&on) else { continue };
                other.dependents.push(*dependent);
                let mut edge = Edge::new(on, of);
                edge.observe(other.spec.kind, other.standing);
                if let Some(member) = self.members.get_mut(dependent) {
                    member.needs.push(edge);
                }
            }
        }
        Ok(())
    }

    /// A new operation, for an event that asks for something.
    pub fn begin(&mut self, cause: Cause) -> Operation {
        self.operations.begin(cause)
    }

    /// Takes one step. Facts and effects are appended to `out`, in the order in which they happened and are to be
    /// performed.
    pub fn step(&mut self, now: Duration, event: Event, out: &mut Out) {
        match event {
            Event::Boot(operation) => self.boot(operation, now, out),
            Event::Up(p) => self.up(p, now, out),
            Event::Ready(p) => self.ready(p, now, out),
            Event::Unready(p) => self.unready(p, now, out),
            Event::StartFailed(p, failure) => self.start_failed(p, failure, now, out),
            Event::Ended(p, ending) => self.ended(p, ending, now, out),
            Event::Fatal(p, ending) => self.fatal(p, ending, now, out),
            Event::Left(p) => self.has_left_daemons(p),
            Event::Stopped(p) => self.stopped(p, now, out),
            Event::Restarted(p, outcome) => self.restarted(p, outcome, now, out),
            Event::Lost(p, tasks) => self.owner_lost(p, tasks, now, out),
            Event::RestartAll(operation) => self.ask_restart(operation, RestartScope::All, now, out),
            Event::RestartThese(operation, names) => self.restart_these(operation, names, now, out),
            Event::Restart(operation, name) => self.restart_named(operation, name, now, out),
            Event::Reload(operation, wanted) => self.ask_reload(operation, wanted, now, out),
            Event::Start(operation, name) => self.ask(operation, name, Wish::Start, now, out),
            Event::Stop(operation, name) => self.ask(operation, name, Wish::Stop, now, out),
            Event::Scale(operation, name, amount) => self.ask(operation, name, Wish::Scale(amount), now, out),
            Event::Scaled(p, id, outcome) => self.scaled(p, id, outcome, now, out),
            Event::Schedule(operation, name, command) => {
                self.ask(operation, name, Wish::Schedule(command), now, out);
            }
            Event::Answered(p, id, answer) => self.told_answered(p, id, answer, now, out),
            Event::Relay(operation, name, handed) => self.relay(operation, name, handed, now, out),
            Event::Shutdown(operation) => self.shut_down(operation, now, out),
            Event::Task(task, event) => self.observe_task(task, event, now, out),
            Event::Tick => self.tick(now, out),
        }
        self.follow_losses(now, out);
        self.go_on_with_reload(now, out);
        self.answer(now, out);
    }

    /// When a [`Event::Tick`] is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let own = match self.phase {
            Phase::Booting | Phase::Running => {
                let ready = self.unready_until.first().map(|(until, _)| *until);
                self.awaited.first().map(|(until, ..)| *until).into_iter().chain(ready).min()
            }
            Phase::Stopping => self.deadline,
            Phase::New | Phase::Done => return None,
        };
        own.into_iter().chain(self.hook_deadline()).min()
    }

    /// What the system as a whole is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether a rolling restart is under way.
    #[must_use]
    pub fn restarting(&self) -> bool {
        self.rolling.is_some()
    }

    /// Where a process stands; one that is not known is stopped.
    #[must_use]
    pub fn standing(&self, process: ProcessId) -> Standing {
        self.members.get(&process).map_or(Standing::Stopped, |m| m.standing)
    }

    /// The process of this name.
    #[must_use]
    pub fn find(&self, name: &ProcessName) -> Option<ProcessId> {
        self.members.iter().find(|(_, m)| m.spec.name == *name).map(|(id, _)| *id)
    }

    /// All processes, in the order in which their ids were given.
    pub fn processes(&self) -> impl Iterator<Item = (ProcessId, &Arc<ProcessSpec>)> {
        self.members.iter().map(|(id, member)| (*id, &member.spec))
    }

    /// What a process needs of others, and how that stands.
    #[must_use]
    pub fn needs(&self, process: ProcessId) -> &[Edge] {
        self.members.get(&process).map_or(&[], |m| &m.needs)
    }

    /// The only place where a standing is written: whoever needs something of the process hears of it, and what it
    /// waits for itself, or others for it, is measured anew.
    fn set(&mut self, process: ProcessId, standing: Standing, now: Duration, out: &mut Out) {
        let Some(member) = self.members.get_mut(&process) else { return };
        let before = std::mem::replace(&mut member.standing, standing);
        if before == standing {
            return;
        }
        let kind = member.spec.kind;
        let dependents = std::mem::take(&mut member.dependents);
        if before == Standing::Waiting {
            self.watch(process, now);
        }
        for dependent in &dependents {
            let Some(other) = self.members.get_mut(dependent) else { continue };
            let runs = other.is_up_or_coming();
            for edge in other.needs.iter_mut().filter(|e| e.on == process) {
                match edge.observe(kind, standing) {
                    Some(EdgeChange::Met) => {
                        out.tell(now, Fact::Process(*dependent, ProcessFact::EdgeMet(process)))
                    }
                    Some(EdgeChange::Lost) => {
                        out.tell(now, Fact::Process(*dependent, ProcessFact::EdgeLost(process)));
                        // Of what only waits, nothing runs that could share it.
                        if edge.restart && runs {
                            self.lost.push((*dependent, process));
                        }
                    }
                    None => {}
                }
            }
            if other.standing == Standing::Waiting {
                self.watch(*dependent, now);
            }
        }
        if let Some(member) = self.members.get_mut(&process) {
            member.dependents = dependents;
        }
    }

    fn dependents(&self, process: ProcessId) -> &[ProcessId] {
        self.members.get(&process).map_or(&[], |m| &m.dependents)
    }

    fn kind(&self, process: ProcessId) -> ProcessKind {
        self.members.get(&process).map_or(ProcessKind::Scheduled, |m| m.spec.kind)
    }

    fn tell(&self, now: Duration, fact: SystemFact, out: &mut Out) {
        out.tell(now, Fact::System(fact));
    }

    fn tick(&mut self, now: Duration, out: &mut Out) {
        self.tick_hook(now, out);
        match self.phase {
            Phase::Booting | Phase::Running => {
                self.waits_are_over(now, out);
                self.readiness_is_late(now, out);
            }
            Phase::Stopping => self.shutdown_deadline(now, out),
            Phase::New | Phase::Done => {}
        }
    }
}
