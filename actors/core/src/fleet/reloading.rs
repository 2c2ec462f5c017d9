//! The steps of a reload: who goes, who is changed, whose turn it is to be started or restarted, and what has come of it.

use super::{Effect, Ending, Fleet, Out, RestartScope, Standing, Wanted};
use crate::facts::{Fact, ProcessFact};
use crate::ids::ProcessId;
use crate::lifecycle::Urgency;
use crate::name::ProcessName;
use crate::plan::{Action, Plan};
use crate::process::Command;
use crate::spec::{ProcessKind, ProcessSpec};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

impl Fleet {
    /// Takes up a plan: from then on the members are those of both, and the edges those of what is wanted.
    pub(super) fn lay_out(&mut self, plan: &Plan, wanted: &Wanted, now: Duration, out: &mut Out) {
        (self.shutdown_timeout, self.dependency_timeout) =
            (wanted.shutdown_timeout, wanted.dependency_timeout);
        let specs: BTreeMap<&ProcessName, &Arc<ProcessSpec>> =
            wanted.processes.iter().map(|spec| (&spec.name, spec)).collect();
        let mut ids: BTreeMap<ProcessName, ProcessId> =
            self.members.iter().map(|(id, member)| (member.spec.name.clone(), *id)).collect();
        for (step, spec) in plan.steps.iter().filter_map(|s| Some((s, *specs.get(&s.name)?))) {
            if step.action == Action::Start {
                ids.insert(step.name.clone(), self.create(spec, out));
            }
        }
        self.reconnect(&specs, &ids, now, out);
        let mut turns = BTreeMap::new();
        for step in &plan.steps {
            let Some(id) = ids.get(&step.name).copied() else { continue };
            match (step.action, specs.get(&step.name)) {
                (Action::Stop, _) | (_, None) => self.let_go(id),
                (Action::Live, Some(spec)) => {
                    self.configure(id, (*spec).clone(), out);
                    if self.standing(id) == Standing::Dormant && spec.starts_with_the_system() {
                        turns.insert(id, (Action::Start, (*spec).clone()));
                    }
                }
                (action, Some(spec)) => drop(turns.insert(id, (action, (*spec).clone()))),
            }
        }
        let queue =
            self.order.iter().filter_map(|id| turns.remove(id).map(|(action, spec)| (*id, action, spec)));
        let queue = queue.collect();
        if let Some(reload) = self.reload.as_mut() {
            reload.queue = queue;
        }
    }

    fn create(&mut self, spec: &Arc<ProcessSpec>, out: &mut Out) -> ProcessId {
        let id = self.add(spec.clone());
        if let Some(member) = self.members.get_mut(&id)
            && member.standing == Standing::Waiting
        {
            member.standing = Standing::Stopped; // until its start begins
        }
        out.act(Effect::Create(id, spec.clone()));
        self.scale_at_rest(id, out);
        id
    }

    fn let_go(&mut self, id: ProcessId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.again = None;
        }
        if let Some(reload) = self.reload.as_mut() {
            reload.removing.insert(id);
        }
    }

    /// One that rests is to have as many instances as there were, on the way back.
    fn scale_at_rest(&mut self, p: ProcessId, out: &mut Out) {
        let Some(spec) = self.members.get(&p).map(|member| member.spec.clone()) else { return };
        let to = self.scale_by(&spec);
        let (Some(reload), Some(member)) = (&self.reload, self.members.get_mut(&p)) else { return };
        if to != spec.scale.get() && spec.kind == ProcessKind::LongRun {
            member.scale = to;
            out.act(Effect::Command(p, reload.operation.clone(), Command::Scale { to, run: false }));
        }
    }

    /// The same for one that rests.
    fn configure_at_rest(&mut self, p: ProcessId, spec: Arc<ProcessSpec>, out: &mut Out) {
        let rescaled = self.members.get(&p).is_some_and(|member| member.spec.scale != spec.scale);
        self.configure(p, spec, out);
        if rescaled {
            self.scale_at_rest(p, out);
        }
    }

    fn configure(&mut self, p: ProcessId, spec: Arc<ProcessSpec>, out: &mut Out) {
        let scale = self.scale_by(&spec);
        let Some(member) = self.members.get_mut(&p) else { return };
        let (kind, standing) = (spec.kind, member.standing);
        let changed = member.spec.kind != kind;
        if member.spec.scale != spec.scale {
            member.scale = scale;
        }
        member.spec = spec.clone();
        out.act(Effect::Configure(p, spec));
        for dependent in if changed { self.dependents(p).to_vec() } else { Vec::new() } {
            let edges = self.members.get_mut(&dependent).into_iter().flat_map(|member| &mut member.needs);
            for edge in edges.filter(|edge| edge.on == p) {
                edge.observe(kind, standing); // nothing of what it needs has happened
            }
        }
    }

    /// Stops those that are to go and that nobody needs any more.
    pub(super) fn stop_removed(&mut self, now: Duration, out: &mut Out) {
        let Some(reload) = self.reload.as_ref() else { return };
        let free = |p: &ProcessId| {
            self.standing(*p) != Standing::Stopping
                && self.dependents(*p).iter().all(|d| !reload.removing.contains(d))
        };
        let free: Vec<ProcessId> = reload.removing.iter().copied().filter(free).collect();
        for p in free {
            self.stop_for_reload(p, now, out);
        }
    }

    fn stop_for_reload(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        let Some(operation) = self.reload.as_ref().map(|reload| reload.operation.clone()) else { return };
        let begun = self.members.get(&p).is_some_and(|member| member.start.is_some());
        if begun && self.standing(p) == Standing::Waiting {
            out.tell(now, Fact::Process(p, ProcessFact::StartInterrupted));
        }
        self.end_start(p);
        self.failures.retain(|(failed, _)| *failed != p);
        self.unanswered.insert(p);
        self.set(p, Standing::Stopping, now, out);
        out.act(Effect::Command(p, operation, Command::Stop(Urgency::Graceful)));
    }

    /// A process has stopped: it may be one that is to go, or to be changed.
    pub(super) fn rests(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        let Some(reload) = self.reload.as_mut() else { return };
        if reload.removing.remove(&p) {
            return self.remove(p, out);
        }
        if let Some(spec) = reload.due.remove(&p) {
            let dormant = spec.kind == ProcessKind::Scheduled;
            self.configure_at_rest(p, spec, out);
            if dormant {
                self.set(p, Standing::Dormant, now, out);
                self.start_schedule(p, out);
            }
        }
    }

    fn remove(&mut self, p: ProcessId, out: &mut Out) {
        let Some(member) = self.members.remove(&p) else { return };
        for edge in &member.needs {
            if let Some(other) = self.members.get_mut(&edge.on) {
                other.dependents.retain(|dependent| *dependent != p);
            }
        }
        self.order.retain(|other| *other != p);
        self.failures.retain(|(other, _)| *other != p);
        self.awaited.retain(|(_, dependent, on)| *dependent != p && *on != p);
        self.unready_until.retain(|(_, other)| *other != p);
        self.lost.retain(|(dependent, on)| *dependent != p && *on != p);
        out.act(Effect::Remove(p));
    }

    pub(super) fn removal_is_over(&self) -> bool {
        self.reload.as_ref().is_none_or(|reload| reload.removing.is_empty())
    }

    /// Whether nothing that was started is still on its way.
    pub(super) fn starts_are_over(&mut self) -> bool {
        let scaling = self.reload.as_ref().and_then(|reload| reload.scaling);
        if scaling.is_some_and(|p| matches!(self.standing(p), Standing::Up | Standing::Unready)) {
            return false;
        }
        while let Some(p) = self.reload.as_ref().and_then(|reload| reload.waits.first().copied()) {
            let Some(member) = self.members.get(&p) else { return true };
            let under_way = match member.standing {
                Standing::Stopping => true,
                Standing::Waiting | Standing::Launched(_) | Standing::Unready => member.start.is_some(),
                _ => false,
            };
            let failed = matches!(member.standing, Standing::Broken | Standing::Ended(Ending::Failed(_)));
            let name = member.spec.name.clone();
            let Some(reload) = self.reload.as_mut() else { return true };
            if under_way {
                return reload.failed.is_some() && !reload.is_going_back();
            }
            reload.waits.remove(&p);
            if failed {
                reload.failed.get_or_insert(name);
            }
        }
        true
    }

    /// Those at the head of the queue have their turn: all that only start, or one that is restarted. False when there is
    /// none left.
    pub(super) fn take_turns(&mut self, now: Duration, out: &mut Out) -> bool {
        let mut starts = Vec::new();
        let Some(reload) = self.reload.as_mut() else { return false };
        while let Some((p, _, _)) = reload.queue.pop_front_if(|(_, action, _)| *action == Action::Start) {
            starts.push(p);
        }
        if !starts.is_empty() {
            self.start_for_reload(starts, now, out);
            return true;
        }
        let Some((p, action, spec)) = reload.queue.pop_front() else { return false };
        self.change(p, action, spec, now, out);
        true
    }

    /// What goes by the clock begins; nobody waits for it.
    fn start_schedule(&self, p: ProcessId, out: &mut Out) {
        let scheduled = self.members.get(&p).is_some_and(|member| member.spec.schedule.is_some());
        if let Some(reload) = self.reload.as_ref().filter(|_| scheduled) {
            out.act(Effect::Command(p, reload.operation.clone(), Command::Start));
        }
    }

    fn start_for_reload(&mut self, starts: Vec<ProcessId>, now: Duration, out: &mut Out) {
        let Some(halted) = self.reload.as_ref().map(|reload| &reload.halted) else { return };
        let halted = |p: &ProcessId| self.members.get(p).is_some_and(|m| halted.contains(&m.spec.name));
        let starts: Vec<ProcessId> = starts.into_iter().filter(|p| !halted(p)).collect();
        starts.iter().for_each(|p| self.start_schedule(*p, out));
        let starts: Vec<ProcessId> = starts
            .into_iter()
            .filter(|p| self.members.get(p).is_some_and(|member| member.spec.starts_with_the_system()))
            .collect();
        let Some(reload) = self.reload.as_mut() else { return };
        reload.waits.extend(&starts);
        let operation = reload.operation.clone();
        for p in &starts {
            self.begin_start(*p, operation.clone(), now, out);
        }
        for p in &starts {
            self.launch_if_free(*p, now, out);
        }
        for p in starts {
            self.fail_if_hopeless(p, now, out);
        }
    }

    /// It is the turn of one that has changed. What nobody wants to run is not started for that.
    fn change(&mut self, p: ProcessId, action: Action, spec: Arc<ProcessSpec>, now: Duration, out: &mut Out) {
        let standing = self.standing(p);
        let left = self.members.get(&p).is_some_and(super::Member::has_left);
        match standing {
            Standing::Up | Standing::Unready if action == Action::Rolling => {
                self.configure(p, spec, out);
                self.roll(p, now, out);
            }
            Standing::Up | Standing::Unready if action == Action::Rescale => self.rescale(p, spec, out),
            Standing::Launched(_) | Standing::Unready | Standing::Up | Standing::Broken => {
                self.stop_and_start(p, spec, now, out);
            }
            Standing::Ended(_) if left => self.stop_and_start(p, spec, now, out),
            // Its jobs may run.
            Standing::Dormant if self.kind(p) == ProcessKind::Scheduled => {
                self.stop_and_start(p, spec, now, out);
            }
            Standing::Stopping => {
                let again = self.members.get(&p).is_some_and(|member| member.again.is_some());
                let Some(reload) = self.reload.as_mut() else { return };
                reload.due.insert(p, spec);
                if again {
                    reload.waits.insert(p);
                }
            }
            Standing::Dormant | Standing::Stopped | Standing::Ended(_) | Standing::Waiting => {
                let begun = self.members.get(&p).is_some_and(|member| member.start.is_some());
                let ours = self.reload.as_ref().is_some_and(|reload| reload.ours.contains(&p));
                self.configure_at_rest(p, spec, out);
                match (standing, self.reload.as_mut()) {
                    (Standing::Waiting, Some(reload)) if begun => drop(reload.waits.insert(p)),
                    (Standing::Stopped, _) if !ours => {}
                    _ => self.start_for_reload(vec![p], now, out),
                }
            }
        }
    }

    fn rescale(&mut self, p: ProcessId, spec: Arc<ProcessSpec>, out: &mut Out) {
        let to = self.scale_by(&spec);
        self.configure(p, spec, out);
        let Some(reload) = self.reload.as_mut() else { return };
        reload.scaling = Some(p);
        out.act(Effect::Command(p, reload.operation.clone(), Command::Scale { to, run: true }));
    }

    fn stop_and_start(&mut self, p: ProcessId, spec: Arc<ProcessSpec>, now: Duration, out: &mut Out) {
        let Some(reload) = self.reload.as_mut() else { return };
        let (operation, starts) = (reload.operation.clone(), spec.kind != ProcessKind::Scheduled);
        reload.due.insert(p, spec);
        reload.ours.insert(p);
        reload.waits.insert(p);
        if let Some(member) = self.members.get_mut(&p) {
            member.again = starts.then_some(operation);
        }
        self.stop_for_reload(p, now, out);
    }

    /// A rolling restart that is part of the reload.
    fn roll(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        let Some(reload) = self.reload.as_mut() else { return };
        reload.rolls = true;
        let cause = reload.operation.cause.clone();
        let operation = self.begin(cause);
        self.pending.insert(0, (operation, RestartScope::One(p)));
        self.next_restart(now, out);
    }
}
