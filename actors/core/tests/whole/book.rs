//! What has been seen of the whole, and the laws that it is held to. The book knows what was asked and what happens to runs; what
//! the fleet and the processes think of it it does not ask.
//!
//! * **W1** what is removed has no run, is told nothing more, and its id never comes again.
//! * **W2** a process never has more instances that are not being stopped than it was told, and it was told no more than was
//!   asked for.
//! * **W3** each request is answered once, and before anybody asks for the end of everything long after it.
//! * **W4** a shutdown begins when it is asked for and ends within its time, and nobody lives on after it but who cannot be killed.
//! * **W5** once everything is being stopped nothing is begun, changed or removed, and after the end nothing is done at all.
//! * **W6** what was stopped by request is not started until somebody asks for it again.
//! * **W7** there are the processes that are configured, as they are configured.
//! * **W8** in a shutdown nobody is asked to stop while somebody lives who needs him.
//! * **W9** a boot succeeds, fails or is interrupted: once.

use crate::plan::{LAST, Order, Plan, ms, name};
use crate::world::{OfFleet, Run};
use phpeek_core::facts::{Fact, OperationEnd, Output, SystemFact, Told};
use phpeek_core::fleet::{Amount, Effect, Fleet, KILL_PATIENCE, Phase, ReloadEnd};
use phpeek_core::ids::{ProcessId, RunId};
use phpeek_core::lifecycle::Urgency;
use phpeek_core::name::ProcessName;
use phpeek_core::operation::OperationId;
use phpeek_core::process::{Command, Event};
use phpeek_core::spec::{ProcessKind, ProcessSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A broken law: its name and what was seen.
pub(crate) type Broken = (&'static str, String);

/// A process that was made, and not removed.
struct Known {
    spec: Arc<ProcessSpec>,
    /// How many instances it was told to have, as far as that has arrived.
    scale: u32,
}

pub(crate) struct Book<'p> {
    plan: &'p Plan,
    pub(crate) broken: Vec<Broken>,
    known: BTreeMap<ProcessId, Known>,
    ids: BTreeSet<ProcessId>,
    open: BTreeMap<OperationId, Order>,
    asked_at: BTreeMap<OperationId, Duration>,
    /// Restarts that nobody has asked for: they are parts of reloads.
    parts: BTreeSet<OperationId>,
    /// How many instances may have been asked for last.
    asked: BTreeMap<ProcessName, BTreeSet<u32>>,
    /// Who was stopped by request, and by nobody asked for since.
    stopped: BTreeSet<ProcessName>,
    /// Those of them that the reload under way has removed: they come back so, or as something new.
    taken: BTreeSet<ProcessName>,
    /// What has been asked for since the stop of a process that is not answered.
    stopping: BTreeMap<OperationId, ProcessId>,
    booted: usize,
    reloading: Option<OperationId>,
    /// Whether the shutdown came while a reload was under way: who has not had his turn in it needs others by what is wanted.
    torn: bool,
    shutdown_at: Option<Duration>,
    done_at: Option<Duration>,
}

impl<'p> Book<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        let first = &plan.configurations[0].processes;
        Self {
            plan,
            broken: Vec::new(),
            known: BTreeMap::new(),
            ids: BTreeSet::new(),
            open: BTreeMap::new(),
            asked_at: BTreeMap::new(),
            parts: BTreeSet::new(),
            asked: first.iter().map(|p| (p.name.clone(), BTreeSet::from([p.scale.get()]))).collect(),
            stopped: BTreeSet::new(),
            taken: BTreeSet::new(),
            stopping: BTreeMap::new(),
            booted: 0,
            reloading: None,
            torn: false,
            shutdown_at: None,
            done_at: None,
        }
    }

    fn breaks(&mut self, law: &'static str, what: String) {
        self.broken.push((law, what));
    }

    fn must(&mut self, law: &'static str, is_so: bool, else_: &str) {
        if !is_so {
            self.breaks(law, else_.to_owned());
        }
    }

    /// Somebody asks for something.
    pub(crate) fn asked(
        &mut self,
        now: Duration,
        order: Order,
        id: OperationId,
        runs: &BTreeMap<RunId, Run>,
    ) {
        self.is_answered_by(now, runs);
        let wants = |p: usize, book: &mut Self| {
            book.stopped.remove(&name(p));
            let of = book.find(&name(p));
            book.stopping.retain(|_, q| Some(*q) != of);
        };
        match order {
            Order::Shutdown => return,
            Order::Start(p) | Order::Restart(p) => wants(p, self),
            Order::Stop(p) => self.stopping.extend(self.find(&name(p)).map(|of| (id, of))),
            Order::Scale(p, amount) => {
                if amount != Amount::To(0) {
                    wants(p, self);
                }
                let before = self.asked.entry(name(p)).or_default();
                let more: Vec<u32> = before.iter().map(|n| amount.resolve(*n)).collect();
                before.extend(more);
            }
            Order::Reload(to) => {
                let to = &self.plan.configurations[to % self.plan.configurations.len()];
                for process in &to.processes {
                    self.asked.entry(process.name.clone()).or_default().insert(process.scale.get());
                }
            }
            Order::RestartAll => {}
        }
        self.open.insert(id, order);
        self.asked_at.insert(id, now);
    }

    /// All else was asked for long before, and is over. One that hangs in the kernel cannot be replaced, and holds up who waits
    /// for that.
    fn is_answered_by(&mut self, now: Duration, runs: &BTreeMap<RunId, Run>) {
        let hangs = runs.values().any(|run| run.stuck && run.lives);
        let late = |id: &OperationId| self.asked_at.get(id).is_some_and(|at| now > *at + ms(LAST / 2));
        if let Some(id) = self.open.keys().find(|id| late(id) && !hangs) {
            self.breaks("W3", format!("{id:?}: {:?} is not answered at {now:?}", self.open[id]));
        }
    }

    /// The end of everything was asked for, and heard.
    pub(crate) fn asked_to_end(&mut self) {
        if self.shutdown_at.is_none() {
            self.breaks("W4", "a shutdown that was asked for did not begin".to_owned());
        }
    }

    fn answered(&mut self, id: OperationId, end: Option<OperationEnd>) {
        let Some(order) = self.open.remove(&id) else {
            if self.parts.remove(&id) {
                return;
            }
            return self.breaks("W3", format!("{id:?} was answered out of turn: {end:?}"));
        };
        let stop = self.stopping.remove(&id).filter(|_| end == Some(OperationEnd::Done));
        self.stopped.extend(stop.and_then(|of| self.can_be_stopped(of)));
        // Nothing else can have changed how many there are to be.
        let alone = |p: usize, open: &BTreeMap<OperationId, Order>| {
            let other = |order: &Order| match order {
                Order::Reload(_) => true,
                Order::Scale(q, _) => *q == p,
                _ => false,
            };
            !open.values().any(other)
        };
        if let (Order::Scale(p, Amount::To(to)), Some(OperationEnd::Done)) = (order, end)
            && alone(p, &self.open)
        {
            self.asked.insert(name(p), BTreeSet::from([to]));
        }
    }

    /// Whether a stop has something to say: of what is meant to end, and of what nobody wants to run, it has not.
    fn can_be_stopped(&self, of: ProcessId) -> Option<ProcessName> {
        let spec = self.known.get(&of).map(|known| &known.spec)?;
        (spec.kind == ProcessKind::LongRun && spec.starts_with_the_system()).then(|| spec.name.clone())
    }

    fn find(&self, name: &ProcessName) -> Option<ProcessId> {
        self.known.iter().find(|(_, known)| known.spec.name == *name).map(|(p, _)| *p)
    }

    fn told(&mut self, now: Duration, fact: &SystemFact) {
        match fact {
            SystemFact::BootSucceeded { .. } | SystemFact::BootFailed(_) => {
                self.booted += 1;
                if self.booted > 1 || self.shutdown_at.is_some() {
                    self.breaks("W9", format!("the boot has ended before: {fact:?}"));
                }
            }
            SystemFact::ShutdownBegan { .. } => {
                let again = self.shutdown_at.replace(now).is_some();
                self.must("W5", !again, "a second shutdown began");
            }
            SystemFact::Refused(operation, _) => self.answered(operation.id, None),
            SystemFact::Answered(id, end) => self.answered(*id, Some(*end)),
            SystemFact::RestartBegan { operation, .. } if !self.open.contains_key(&operation.id) => {
                let part = self.reloading.is_some() && self.parts.insert(operation.id);
                self.must("W3", part, "a restart begins for nobody");
            }
            SystemFact::ReloadReplaced(id) => self.answered(*id, None),
            SystemFact::ReloadBegan { operation, .. } => {
                let first = self.reloading.replace(operation.id).is_none();
                self.must("W5", first && self.shutdown_at.is_none(), "a reload begins out of turn");
            }
            SystemFact::ReloadFailed(_) => self.stopped.append(&mut self.taken),
            SystemFact::ReloadEnded(id, end) => {
                self.torn |= *end == ReloadEnd::Interrupted;
                self.taken.clear();
                if self.reloading.take() != Some(*id) {
                    self.breaks("W3", format!("{id:?} has ended and had not begun"));
                }
                self.answered(*id, None);
            }
            _ => {}
        }
    }

    /// What the fleet gives back.
    pub(crate) fn hears_fleet(
        &mut self,
        now: Duration,
        output: &OfFleet,
        fleet: &Fleet,
        runs: &BTreeMap<RunId, Run>,
    ) {
        let refusal =
            matches!(output, Output::Tell(Told { fact: Fact::System(SystemFact::Refused(..)), .. }));
        if self.done_at.is_some() && !refusal {
            return self.breaks("W5", format!("{output:?} after the end"));
        }
        match output {
            Output::Tell(Told { fact: Fact::System(fact), .. }) => self.told(now, fact),
            Output::Tell(_) => {}
            Output::Do(Effect::Create(p, spec)) => {
                let scale = spec.scale.get();
                self.begins(output);
                self.known.insert(*p, Known { spec: spec.clone(), scale });
                if !self.ids.insert(*p) {
                    self.breaks("W1", format!("{p:?} is given again"));
                }
            }
            Output::Do(Effect::Configure(p, spec)) => {
                self.begins(output);
                match self.known.get_mut(p) {
                    Some(known) => known.spec = spec.clone(),
                    None => self.breaks("W1", format!("{p:?} is changed and is not there")),
                }
            }
            Output::Do(Effect::Remove(p)) => {
                self.begins(output);
                let run = runs.iter().find(|(id, run)| id.instance.process == *p && !run.stuck);
                if let Some((run, _)) = run {
                    self.breaks("W1", format!("{p:?} is removed while {run:?} is there"));
                }
                match self.known.remove(p) {
                    Some(known) => self.taken.extend(self.stopped.take(&known.spec.name)),
                    None => self.breaks("W1", format!("{p:?} is removed and is not there")),
                }
            }
            Output::Do(Effect::Command(p, operation, command)) => self
                .commands(*p, *command, fleet, runs)
                .unwrap_or_else(|(law, what)| self.breaks(law, format!("{what}, for {operation:?}"))),
            Output::Do(Effect::Finish(p)) if !self.known.contains_key(p) => {
                self.breaks("W1", format!("{p:?} is to finish and is not there"));
            }
            Output::Do(Effect::Done(outcome)) => {
                self.done_at = Some(now);
                if self.shutdown_at.is_none() {
                    self.breaks("W4", format!("{outcome:?} without a shutdown"));
                }
            }
            Output::Do(Effect::Finish(_) | Effect::Kill(_) | Effect::Hook(_)) => {}
        }
    }

    /// Something is begun, changed or removed.
    fn begins(&mut self, output: &OfFleet) {
        if self.shutdown_at.is_some() {
            self.breaks("W5", format!("{output:?} while everything is being stopped"));
        }
    }

    fn commands(
        &self,
        p: ProcessId,
        command: Command,
        fleet: &Fleet,
        runs: &BTreeMap<RunId, Run>,
    ) -> Result<(), Broken> {
        let Some(known) = self.known.get(&p) else {
            return Err(("W1", format!("{command:?} to {p:?}, which is not there")));
        };
        let begins = match command {
            Command::Start | Command::Restart | Command::Reload(_) => true,
            Command::Scale { run, .. } => run,
            Command::Stop(_) | Command::AbandonRestart | Command::Relay(_) | Command::Schedule(_) => false,
        };
        if begins && self.shutdown_at.is_some() {
            return Err(("W5", format!("{command:?} to {p:?} while everything is being stopped")));
        }
        if begins && self.stopped.contains(&known.spec.name) {
            return Err(("W6", format!("{command:?} to {p:?}, which somebody has stopped")));
        }
        let most = self.most(&known.spec.name);
        if let Command::Scale { to, .. } = command
            && to > most
        {
            return Err(("W2", format!("{p:?} is to have {to} instances, and {most} were asked for")));
        }
        if command == Command::Stop(Urgency::Graceful) && self.shutdown_at.is_some() && !self.torn {
            let lives = |q: &ProcessId| runs.iter().any(|(id, run)| id.instance.process == *q && !run.stuck);
            let above = self.known.keys().find(|q| self.needs(**q, p) && lives(q));
            if let Some(above) = above.filter(|_| lives(&p) && fleet.phase() != Phase::Done) {
                return Err(("W8", format!("{p:?} is asked to stop while {above:?} lives")));
            }
        }
        Ok(())
    }

    fn most(&self, name: &ProcessName) -> u32 {
        self.asked.get(name).into_iter().flatten().max().copied().unwrap_or(0)
    }

    /// Whether the one needs the other, directly or by others.
    fn needs(&self, one: ProcessId, other: ProcessId) -> bool {
        let on = self.known.get(&one).into_iter().flat_map(|known| &known.spec.depends_on);
        let on: Vec<ProcessId> = on.filter_map(|d| self.find(&d.process)).collect();
        on.into_iter().any(|on| on == other || self.needs(on, other))
    }

    /// Something of the fleet arrives at a process.
    pub(crate) fn delivered(&mut self, p: ProcessId, event: &Event) {
        let Some(known) = self.known.get_mut(&p) else { return };
        match event {
            Event::Command { command: Command::Scale { to, .. }, .. } => known.scale = *to,
            // What runs keeps what it was told last.
            Event::Configure(spec) => known.scale = known.scale.max(spec.scale.get()),
            _ => {}
        }
    }

    /// A process has taken a step.
    pub(crate) fn stepped(&mut self, p: ProcessId, runs: &BTreeMap<RunId, Run>) {
        let Some(known) = self.known.get(&p) else { return };
        let wanted = runs.iter().filter(|(id, run)| id.instance.process == p && !run.pressed).count();
        let most = known.scale.min(self.most(&known.spec.name).max(known.spec.scale.get()));
        if wanted > most as usize {
            self.breaks("W2", format!("{p:?} has {wanted} instances, and {most} were asked for"));
        }
    }

    pub(crate) fn launched(&mut self, run: RunId) {
        let p = run.instance.process;
        match self.known.get(&p) {
            None => self.breaks("W1", format!("{run:?} is of what is not there")),
            Some(known) if self.stopped.contains(&known.spec.name) => {
                self.breaks("W6", format!("{run:?} is of what somebody has stopped"));
            }
            Some(_) if self.done_at.is_some() => self.breaks("W5", format!("{run:?} after the end")),
            Some(_) => {}
        }
    }

    /// Something has happened.
    pub(crate) fn looks(&mut self, now: Duration, fleet: &Fleet) {
        let there: BTreeMap<ProcessId, &Arc<ProcessSpec>> =
            self.known.iter().map(|(p, known)| (*p, &known.spec)).collect();
        let thought: BTreeMap<ProcessId, &Arc<ProcessSpec>> = fleet.processes().collect();
        if there != thought {
            let what = format!("{:?} are there, and {:?} are known", there.keys(), thought.keys());
            self.breaks("W7", what);
        }
        let longest = self.plan.configurations.iter().map(|c| c.shutdown_timeout).max().unwrap_or_default();
        if let (Some(at), None) = (self.shutdown_at, self.done_at)
            && now > at + longest + KILL_PATIENCE
        {
            self.breaks("W4", format!("a shutdown that began at {at:?} is not over"));
        }
    }

    /// Nothing will happen any more.
    pub(crate) fn ends(&mut self, fleet: &Fleet, runs: &BTreeMap<RunId, Run>) {
        if let Some((id, order)) = self.open.first_key_value() {
            self.breaks("W3", format!("{id:?}: {order:?} was never answered"));
        } else if self.done_at.is_none() || fleet.phase() != Phase::Done {
            self.breaks("W4", "nothing more happens, and it is not over".to_owned());
        } else if let Some((run, _)) = runs.iter().find(|(_, run)| !run.stuck && run.lives) {
            self.breaks("W4", format!("{run:?} lives on after the end"));
        } else if self.reloading.is_some() {
            self.breaks("W3", "a reload has begun and not ended".to_owned());
        }
    }
}
