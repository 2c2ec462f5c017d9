//! The hooks of instances: which of them runs when, and what waits for it. One at a time for each instance: the start of
//! a run waits for those before it and for those after the run before; a stop waits for those before it. What an
//! instance does for itself (its deaths, its backoff) waits for none of them.

use super::state::Hooking;
use super::{Due, Effect, Instance, Out, Process};
use crate::hook::pass::{self, Pass, Verdict};
use crate::hook::{HookList, Stage};
use crate::ids::HookTask;
use crate::lifecycle::{Event, Now, State, Urgency};
use crate::outcome::{HookFault, SpawnFailure, SpawnFailureKind};
use crate::program::TaskEvent;
use std::time::Duration;

impl Process {
    /// The hooks of a stage, if there are any.
    fn hooks_of(&self, stage: Stage) -> Option<&HookList> {
        self.spec.hooks.as_ref().map(|hooks| hooks.of(stage)).filter(|list| !list.is_empty())
    }

    fn hooking(&mut self, i: usize) -> Option<&mut Hooking> {
        self.instances.get_mut(i)?.hooking.as_deref_mut()
    }

    pub(super) fn queue(&mut self, i: usize, stage: Stage, run: u64) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        if instance.hooking.is_none() {
            self.hooking += 1;
        }
        instance.hooking.get_or_insert_default().waiting.push((stage, run));
    }

    /// A run is wanted. False: nothing comes before it.
    pub(super) fn hooks_before_run(&mut self, i: usize, run: u64) -> bool {
        let busy = self.instances.get(i).is_some_and(|x| x.hooking.is_some());
        if !busy && self.hooks_of(Stage::PreStart).is_none() {
            return false;
        }
        self.queue(i, Stage::PreStart, run);
        true
    }

    /// A run that was wanted is not any more. False: it does not wait for hooks.
    pub(super) fn hooks_cancelled(&mut self, i: usize, now: Now, run: u64, out: &mut Out) -> bool {
        let Some(hooking) = self.hooking(i) else { return false };
        let current = hooking.pass.as_mut().filter(|p| p.stage() == Stage::PreStart);
        if let Some(pass) = current.filter(|_| hooking.run == run) {
            pass.stop(now, Urgency::Graceful, out);
            return true;
        }
        hooking.waiting.contains(&(Stage::PreStart, run))
    }

    /// A run is up, and is to stay. False: nothing follows its start.
    pub(super) fn hooks_after_start(&mut self, i: usize, run: u64) -> bool {
        let stays = matches!(self.instances.get(i).map(|x| x.machine.state()), Some(State::Running { .. }));
        if !stays || self.forced || self.hooks_of(Stage::PostStart).is_none() {
            return false;
        }
        self.queue(i, Stage::PostStart, run);
        true
    }

    /// A run is over.
    pub(super) fn hooks_after_run(&mut self, i: usize, now: Now, run: u64, out: &mut Out) {
        self.stop_hooks_of_a_run(i, now, out);
        let hooks = self.hooks_of(Stage::PostStop).map_or(0, |list| list.len());
        if self.forced {
            let of = self.instances.get(i).map(|x| x.id);
            pass::skip::<Effect>(of, Stage::PostStop, hooks, now.at, out);
        } else if hooks > 0 {
            self.queue(i, Stage::PostStop, run);
        }
    }

    /// What is about a run that is over, or is to be, goes no further.
    fn stop_hooks_of_a_run(&mut self, i: usize, now: Now, out: &mut Out) {
        let pass = self.hooking(i).and_then(|hooking| hooking.pass.as_mut());
        if let Some(pass) = pass.filter(|pass| matches!(pass.stage(), Stage::PostStart | Stage::Reload)) {
            pass.stop(now, Urgency::Graceful, out);
        }
    }

    /// An instance is to be stopped or restarted: what comes before that has its turn while it runs.
    pub(super) fn press(&mut self, i: usize, now: Now, event: Event, out: &mut Out) {
        if let Some(pending) = self.hooking(i).and_then(|hooking| hooking.pending.as_mut()) {
            *pending = event; // the last command wins
            return;
        }
        let state = self.instances.get(i).map(|x| x.machine.state());
        let (Some(State::Running { run, .. }), Some(_)) = (state, self.hooks_of(Stage::PreStop)) else {
            return self.advance(i, now, event, out);
        };
        self.stop_hooks_of_a_run(i, now, out);
        self.queue(i, Stage::PreStop, run);
        if let Some(hooking) = self.hooking(i) {
            hooking.pending = Some(event);
        }
        self.hooks_on(i, now, out);
    }

    /// A start was asked for while a stop waits for its hooks: a new run is to follow it.
    pub(super) fn start_follows(&mut self, i: usize) -> bool {
        let Some(pending) = self.hooking(i).and_then(|hooking| hooking.pending.as_mut()) else {
            return false;
        };
        *pending = Event::Restart;
        true
    }

    /// There is no time: what runs is killed, and what waits does not begin.
    pub(super) fn kill_hooks(&mut self, i: usize, now: Now, out: &mut Out) {
        let Some(id) = self.instances.get(i).map(|x| x.id) else { return };
        let lists = self.spec.hooks.clone();
        let Some(hooking) = self.hooking(i) else { return };
        hooking.pending = None;
        if let Some(pass) = &mut hooking.pass {
            pass.stop(now, Urgency::Now, out);
        }
        for (stage, _) in hooking.waiting.extract_if(.., |(stage, _)| *stage != Stage::PreStart) {
            let hooks = lists.as_ref().map_or(0, |lists| lists.of(stage).len());
            pass::skip::<Effect>(Some(id), stage, hooks, now.at, out);
        }
    }

    /// A stop or restart that has waited for hooks waits no longer: they are over, or the leader has ended meanwhile.
    pub(super) fn deliver_pending(&mut self, i: usize, now: Now, out: &mut Out) {
        if let Some(event) = self.hooking(i).and_then(|hooking| hooking.pending.take()) {
            self.advance(i, now, event, out);
        }
    }

    pub(super) fn observe_hook(&mut self, now: Now, task: HookTask, event: TaskEvent, out: &mut Out) {
        let Some(i) = task.of.and_then(|of| self.place(of.serial)) else { return };
        if let Some(pass) = self.hooking(i).and_then(|hooking| hooking.pass.as_mut()) {
            pass.observe(now, task, event, out);
            self.hooks_on(i, now, out);
            self.settle(now, out);
        }
    }

    pub(super) fn tick_hook(&mut self, i: usize, now: Now, out: &mut Out) {
        if let Some(pass) = self.hooking(i).and_then(|hooking| hooking.pass.as_mut()) {
            pass.tick(now, out);
            self.hooks_on(i, now, out);
        }
    }

    /// Nobody will see the end of what runs.
    pub(super) fn abandon_hooks(&mut self, at: Duration, out: &mut Out) {
        for instance in &mut self.instances {
            if let Some(pass) = instance.hooking.as_mut().and_then(|hooking| hooking.pass.as_mut()) {
                pass.abandon(at, out);
            }
        }
    }

    /// Goes on with the hooks of an instance, and with what waits for them. Called when anything of it has changed.
    pub(super) fn hooks_on(&mut self, i: usize, now: Now, out: &mut Out) {
        while let Some(hooking) = self.hooking(i) {
            if let Some(pass) = &hooking.pass {
                let Some(verdict) = pass.verdict().cloned() else { break };
                let (stage, given, run) = (pass.stage(), pass.given(), hooking.run);
                hooking.pass = None;
                self.given = self.given.max(given);
                self.pass_over(i, now, (stage, run), verdict, out);
            } else if !hooking.waiting.is_empty() {
                let (stage, run) = hooking.waiting.remove(0);
                self.begin_pass(i, now, stage, run, out);
            } else {
                self.note_due(i);
                if let Some(instance) = self.instances.get_mut(i) {
                    instance.hooking = None;
                    self.hooking = self.hooking.saturating_sub(1);
                }
            }
        }
        self.note_due(i);
    }

    fn note_due(&mut self, i: usize) {
        let Some(Instance { id, hooking: Some(hooking), .. }) = self.instances.get_mut(i) else { return };
        let next = hooking.pass.as_ref().and_then(Pass::deadline);
        let before = std::mem::replace(&mut hooking.due, next);
        if before != next {
            before.map(|due| self.due.remove(&(due, id.serial, Due::Hook)));
            next.map(|due| self.due.insert((due, id.serial, Due::Hook)));
        }
    }

    fn begin_pass(&mut self, i: usize, now: Now, stage: Stage, run: u64, out: &mut Out) {
        let Some(instance) = self.instances.get(i) else { return };
        let (id, number, state) = (instance.id, instance.number, instance.machine.state());
        let wanted = match stage {
            Stage::PreStart => matches!(state, State::Starting { run: own, .. } if own == run),
            Stage::PostStart | Stage::PreStop | Stage::Reload => {
                matches!(state, State::Running { run: own, .. } if own == run)
            }
            Stage::PostStop => true,
        };
        match self.hooks_of(stage).filter(|_| wanted).cloned() {
            Some(list) => {
                let mut pass = Pass::new(Some((id, number)), stage, list, self.given);
                pass.begin(now, out);
                if let Some(hooking) = self.hooking(i) {
                    (hooking.pass, hooking.run) = (Some(pass), run);
                }
            }
            None if wanted => self.pass_over(i, now, (stage, run), Verdict::Done, out),
            None => self.pass_over(i, now, (stage, run), Verdict::Interrupted, out),
        }
    }

    fn pass_over(&mut self, i: usize, now: Now, of: (Stage, u64), verdict: Verdict, out: &mut Out) {
        match (of, verdict) {
            ((Stage::PreStart, run), Verdict::Done) => self.order(i, now.at, run, out),
            ((Stage::PreStart, run), Verdict::Failed(failure)) => {
                let kind = SpawnFailureKind::Hook(failure.fault);
                let failure = SpawnFailure { kind, message: failure.to_string() };
                self.spawn_failed(i, now, run, &failure, out);
            }
            ((Stage::PreStart, run), Verdict::Interrupted) => {
                let kind = SpawnFailureKind::Hook(HookFault::NotStarted);
                let failure = SpawnFailure { kind, message: "stopped before it was started".to_owned() };
                self.spawn_failed(i, now, run, &failure, out);
            }
            ((Stage::PostStart, run), _) => self.ask_health(i, now, run, out),
            ((Stage::PreStop, _), _) => self.deliver_pending(i, now, out),
            ((Stage::PostStop, _), _) => {}
            ((Stage::Reload, _), verdict) => self.reloaded(i, now, &verdict, out),
        }
    }
}
