//! Restarts that follow deaths, and crash loops told in few spans. A restart that is folded has no span; what it
//! would have said is kept for the last one alone, and told with its true times when the loop ends: when it gives up,
//! when a run stays, when a command comes. Decides nothing: `phpeek_core::fold` does. Called by `perform`.

use super::deaths::{Death, Verdict};
use super::facts::{millis, set_autopsy};
use super::{Chore, ProcessActor};
use crate::clock::Moment;
use crate::trace::{OpenSpan, names};
use opentelemetry::trace::SpanContext;
use phpeek_core::fold::{Fold, Tally, Telling};
use phpeek_core::lifecycle::Cause;
use phpeek_core::outcome::SpawnFailure;
use std::time::Duration;

/// How long a run of a folded restart must stay to be told, where no run gives the budget back.
const STAYS: Duration = Duration::from_secs(60);

/// What a restart is about.
#[derive(Debug, Clone, Copy)]
struct Restart {
    after: Cause,
    attempt: u32,
    left: Option<u32>,
    began: Moment,
}

/// The last restart of a loop, while it is folded.
pub(super) struct Folded {
    restart: Restart,
    /// The death that it follows, and when its group was empty.
    death: Option<(Death, Moment)>,
    delay: Option<Duration>,
    spawned: Option<(Moment, u64)>,
    up: Option<(Moment, i32)>,
    failure: Option<(Moment, SpawnFailure)>,
    /// When its run has stayed long enough to be told.
    due: Option<Moment>,
}

/// The crash loop of an instance.
#[derive(Default)]
pub(super) struct CrashLoop {
    fold: Fold,
    last: Option<Box<Folded>>,
}

impl CrashLoop {
    /// How many restarts it had.
    pub(super) fn count(&self) -> u64 {
        self.fold.count()
    }
}

impl ProcessActor {
    /// A new run follows an end that nobody asked for.
    pub(super) fn restarting(&mut self, i: usize, at: Moment, after: Cause, attempt: u32) {
        if attempt == 1 {
            self.end_loop(i); // a stable run came between
        }
        self.forget_folded(i);
        let policy = self.policy.restart;
        let left = self.instances[i].machine.budget().left(policy.attempts);
        let restart = Restart { after, attempt, left, began: at };
        let mut obituary = self.instances[i].obituary.take();
        if let Some(obituary) = &mut obituary {
            obituary.left = left;
        }
        let step = policy.backoff.base(attempt.saturating_sub(1));
        let own = self.instances[i].crash_loop.get_or_insert_default();
        match own.fold.restart(after, step) {
            Telling::Told(tally) => {
                let death = obituary.as_mut().map(|obituary| {
                    obituary.span = self.open_exit(i, &obituary.death);
                    (obituary.death, obituary.span.context())
                });
                let span = self.open_restart(i, &restart, death.as_ref(), tally);
                self.instances[i].spans().restart = Some(span);
            }
            Telling::Folded => {
                let death = obituary.as_mut().map(|obituary| {
                    obituary.folded = true;
                    (obituary.death, obituary.over)
                });
                let (delay, spawned, up, failure, due) = (None, None, None, None, None);
                own.last = Some(Box::new(Folded { restart, death, delay, spawned, up, failure, due }));
            }
        }
        self.instances[i].obituary = obituary;
    }

    fn open_restart(
        &self,
        i: usize,
        restart: &Restart,
        death: Option<&(Death, SpanContext)>,
        tally: Tally,
    ) -> OpenSpan {
        let mut span =
            self.world.tracing.open(names::SPAN_RESTART_PROCESS, &SpanContext::NONE, restart.began);
        if !span.is_recording() {
            return span;
        }
        span.link(names::LINK_PREVIOUS_RUN, &self.instances[i].origin);
        self.name_instance(&mut span, i);
        let reason = match restart.after {
            Cause::Exit(exit) if exit.is_success() => "normal_exit",
            Cause::Exit(_) | Cause::Spawn(_) => "crash",
        };
        span.set(names::RESTART_REASON, reason);
        span.set(names::RESTART_ATTEMPT, i64::from(restart.attempt));
        span.set(names::RESTART_COUNT, i64::try_from(tally.count).unwrap_or(i64::MAX));
        span.set(names::RESTART_FOLDED, i64::try_from(tally.folded).unwrap_or(i64::MAX));
        if let Some(left) = restart.left {
            span.set(names::RESTART_BUDGET_LEFT, i64::from(left));
        }
        if let Some((death, context)) = death {
            span.link(names::LINK_DEATH, context);
            set_autopsy(&mut span, &death.autopsy, death.uptime);
        }
        span
    }

    /// The restart that is under way, if it is folded.
    pub(super) fn folded(&mut self, i: usize) -> Option<&mut Folded> {
        self.instances.get_mut(i)?.crash_loop.as_mut()?.last.as_deref_mut()
    }

    /// Whether what a dead leader has left is part of a loop that is folded by now.
    pub(super) fn in_long_loop(&self, i: usize) -> bool {
        self.instances[i].crash_loop.as_ref().is_some_and(|own| own.fold.is_long())
    }

    /// A folded run is up: it is told when it stays.
    pub(super) fn folded_run_up(&mut self, i: usize, at: Moment, pid: i32) {
        let window = self.policy.restart.stable_after.unwrap_or(STAYS);
        if let Some(folded) = self.folded(i) {
            let due = at.saturating_add(window);
            folded.up = Some((at, pid));
            folded.due = Some(due);
            self.chores.insert((due, i, Chore::Loop));
        }
    }

    /// A folded run did not come up. One that fails in a way of its own is told.
    pub(super) fn folded_run_failed(&mut self, i: usize, at: Moment, failure: &SpawnFailure) {
        let Some(folded) = self.folded(i) else { return };
        folded.failure = Some((at, failure.clone()));
        let fresh = |own: &&mut Box<CrashLoop>| own.fold.is_fresh(Cause::Spawn(failure.kind));
        if self.instances[i].crash_loop.as_mut().filter(fresh).is_some() {
            self.unfold(i);
        }
    }

    /// The loop is over: its last restart is told, if it was folded.
    pub(super) fn end_loop(&mut self, i: usize) {
        self.unfold(i);
        self.instances[i].crash_loop = None;
    }

    /// Another restart of the loop follows; the one before is in its count.
    fn forget_folded(&mut self, i: usize) {
        let last = self.instances[i].crash_loop.as_mut().and_then(|own| own.last.take());
        if let Some(due) = last.and_then(|folded| folded.due) {
            self.chores.remove(&(due, i, Chore::Loop));
        }
    }

    /// Tells the last restart of the loop after all, with its true times. What of it is not over stays open, as if it
    /// had been told from its beginning.
    pub(super) fn unfold(&mut self, i: usize) {
        let Some(own) = &mut self.instances[i].crash_loop else { return };
        let (Some(folded), Some(tally)) = (own.last.take(), own.fold.unfold()) else { return };
        if let Some(due) = folded.due {
            self.chores.remove(&(due, i, Chore::Loop));
        }
        let death = folded.death.map(|(death, over)| (death, self.tell_death(i, death, over)));
        let restart = self.open_restart(i, &folded.restart, death.as_ref(), tally);
        let backoff = folded.delay.map(|delay| self.open_backoff(&restart, folded.restart.began, delay));
        let Some((spawned, run)) = folded.spawned else {
            let spans = self.instances[i].spans();
            (spans.restart, spans.backoff) = (Some(restart), backoff);
            return;
        };
        if let Some(span) = backoff {
            span.ok(spawned);
        }
        let mut spawn = self.open_spawn_under(&restart.context(), i, spawned, run);
        if let Some((at, failure)) = &folded.failure {
            spawn.fail(*at, failure.kind.as_str(), &failure.message);
            restart.fail(*at, failure.kind.as_str(), &failure.message);
        } else if let Some((up, pid)) = folded.up {
            if pid > 0 {
                spawn.set(names::PROCESS_PID, i64::from(pid));
            }
            self.instances[i].origin = spawn.context();
            spawn.ok(up);
            restart.ok(up);
        } else {
            let spans = self.instances[i].spans();
            (spans.restart, spans.spawn) = (Some(restart), Some(spawn));
        }
    }

    /// The span of a death that was folded. Its obituary may wait for last words still; else it is over.
    fn tell_death(&mut self, i: usize, death: Death, over: Moment) -> SpanContext {
        let span = self.open_exit(i, &death);
        let context = span.context();
        let fresh = self.instances[i].obituary.as_mut().filter(|o| o.death.run == death.run);
        match fresh.or_else(|| self.waiting.get_mut(&(i, death.run))) {
            Some(obituary) => obituary.span = span,
            None => Verdict::of(&death.autopsy).end(span, over),
        }
        context
    }

    /// The wait before the next run, told or kept for later.
    pub(super) fn note_backoff(&mut self, i: usize, at: Moment, delay: Duration) {
        if let Some(folded) = self.folded(i) {
            folded.delay = Some(delay);
            return;
        }
        let restart = self.instances[i].spans().restart.take().unwrap_or_default();
        let span = self.open_backoff(&restart, at, delay);
        let spans = self.instances[i].spans();
        (spans.restart, spans.backoff) = (Some(restart), Some(span));
    }

    fn open_backoff(&self, restart: &OpenSpan, at: Moment, delay: Duration) -> OpenSpan {
        let mut span = self.world.tracing.open(names::SPAN_BACKOFF, &restart.context(), at);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::BACKOFF_DELAY_MS, millis(delay));
        }
        span
    }

    /// The span of the order, or what a folded run is given in its place: that of the last run that was told.
    pub(super) fn order_span(&mut self, i: usize, at: Moment, run: u64) -> SpanContext {
        if let Some(folded) = self.folded(i) {
            folded.spawned = Some((at, run));
            return self.instances[i].origin.clone();
        }
        let span = self.open_spawn(i, at, run);
        let context = span.context();
        self.instances[i].spans().spawn = Some(span);
        context
    }
}
