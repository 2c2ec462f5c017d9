//! The spans of one instance: its spawn, its restart, its wait and its own stop.

use super::Teller;
use super::attributes::{millis, set_breach};
use super::open::{Folded, InstanceSpans, InstanceStory, ProcessStory, Restart};
use crate::clock::Moment;
use crate::trace::{OpenSpan, names};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::{Change, InstanceFact};
use phpeek_core::fold::Telling;
use phpeek_core::lifecycle::{Rest, SignalStep};
use phpeek_core::operation::OperationId;
use phpeek_core::signal::Signal;
use std::time::Duration;

impl ProcessStory {
    pub(super) fn tell_of_instance(&mut self, teller: &Teller<'_>, i: u32, fact: &InstanceFact) {
        let at = teller.at;
        match fact {
            InstanceFact::Added { number } => {
                self.instances.insert(i, InstanceStory::new(*number));
            }
            // Whatever is open of it ends as abandoned when it is dropped: nothing is, of one that rests.
            InstanceFact::Removed => {
                self.instances.remove(i);
            }
            _ if self.instances.get(i).is_none() => return, // of a process whose story was lost
            InstanceFact::RelayFailed(_) | InstanceFact::Daemonised { .. } => {}
            InstanceFact::LeftAlone(members) => self.left_alone(i, at, members),
            InstanceFact::Changes(change) => {
                let noted = self.note_change(i, at, *change);
                self.of(i, |instance| instance.noted = noted);
            }
            InstanceFact::Changed(change, _) => {
                if !self.instances.get(i).is_some_and(|instance| instance.noted) {
                    self.note_change(i, at, *change);
                }
                self.of(i, |instance| (instance.state, instance.fresh) = (change.to, None));
            }
            InstanceFact::Ordered { run } => self.ordered(teller, i, *run),
            InstanceFact::Started { pid, .. } => self.started(teller, i, *pid),
            InstanceFact::SpawnFailed { failure, .. } => self.spawn_failed(i, at, failure),
            InstanceFact::Died(death) => self.died(i, at, death),
            InstanceFact::Ended(death) => self.ended(i, at, death),
            InstanceFact::Autopsied(obituary) => self.autopsied(teller, i, obituary),
            InstanceFact::Signalled { signal, step, delivered, folded } => {
                if !folded {
                    self.open_own_stop(teller, i);
                }
                self.signalled(i, at, *signal, *step, *delivered);
            }
            InstanceFact::OverLimit { breach, .. } => {
                self.of(i, |instance| instance.breach = Some(Box::new(*breach)));
            }
            InstanceFact::ToldToReload => self.told_to_reload(teller, i),
            InstanceFact::ReloadTurnOver => self.reloaded(i, at),
            InstanceFact::RestartBegan(operation) => self.restart_began(teller, i, operation),
            InstanceFact::StopTakenOver => self.open_own_stop(teller, i),
            InstanceFact::Restarting { after, attempt, left, telling, .. } => {
                self.restarting(teller, i, (*after, *attempt, *left), *telling);
            }
            InstanceFact::Unfolded(tally) => self.unfolded(teller, i, *tally),
            InstanceFact::BackoffBegan { delay } => self.backoff_began(teller, i, *delay),
            InstanceFact::Rested { rest, restarts, looped } => {
                self.rested(teller, i, *rest, *restarts, *looped)
            }
        }
        self.end_start_if_over(at);
    }

    pub(super) fn of<T>(&mut self, i: u32, act: impl FnOnce(&mut InstanceStory) -> T) -> Option<T> {
        self.instances.get_mut(i).map(act)
    }

    /// The id of an instance for when it is needed: a text for each step of each stop would cost more than the stop.
    pub(super) fn instance_id(&self, i: u32) -> impl FnOnce() -> String + use<> {
        let (name, number) = (self.spec.name.clone(), self.instances.get(i).map_or(0, |x| x.number));
        move || name.instance_id(number)
    }

    pub(super) fn name_instance(&self, span: &mut OpenSpan, i: u32) {
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::PROCESS_INSTANCE_ID, self.instance_id(i)());
        }
    }

    /// Which bound of memory the latest run has passed, if it has.
    pub(super) fn describe_breach(&self, span: &mut OpenSpan, i: u32) {
        if let Some(breach) = self.instances.get(i).and_then(|instance| instance.breach.as_ref()) {
            set_breach(span, breach);
        }
    }

    /// A change of state is an event of the operation that is under way. False when there is none.
    fn note_change(&mut self, i: u32, at: Moment, change: Change) -> bool {
        let id = self.instance_id(i);
        let Some(instance) = self.instances.get_mut(i) else { return true };
        let fresh = instance.fresh.and_then(|run| instance.deaths.iter_mut().find(|d| d.is_of(run)));
        let own = instance.spans.as_mut().and_then(|s| s.operation());
        let scale = self.scale.as_deref_mut();
        let Some(span) = own.or(self.stop.as_mut()).or(scale).or(fresh.and_then(|d| d.span_mut())) else {
            return false;
        };
        span.event(names::EVENT_STATE_CHANGED, at, || {
            vec![
                KeyValue::new(names::PROCESS_INSTANCE_ID, id()),
                KeyValue::new(names::STATE_FROM, change.from.as_str()),
                KeyValue::new(names::STATE_TO, change.to.as_str()),
            ]
        });
        true
    }

    fn signalled(&mut self, i: u32, at: Moment, signal: Signal, step: SignalStep, delivered: bool) {
        let id = self.instance_id(i);
        let name = match step {
            SignalStep::Request => names::EVENT_SIGNAL_SENT,
            SignalStep::Escalation => names::EVENT_ESCALATED,
        };
        self.stop_event(i, name, at, || {
            vec![
                KeyValue::new(names::SIGNAL, signal.to_string()),
                KeyValue::new(names::PROCESS_INSTANCE_ID, id()),
                KeyValue::new(names::SIGNAL_DELIVERED, delivered),
            ]
        });
    }

    /// Adds an event to the stop that this instance is part of.
    pub(super) fn stop_event(
        &mut self,
        i: u32,
        name: &'static str,
        at: Moment,
        attributes: impl FnOnce() -> Vec<KeyValue>,
    ) {
        let own = self.instances.get_mut(i).and_then(|x| x.spans.as_mut()).and_then(|s| s.stop.as_mut());
        if let Some(span) = own.or(self.stop.as_mut()) {
            span.event(name, at, attributes);
        }
    }

    /// The stop of one instance alone: part of its restart, or what a dead leader left behind.
    fn open_own_stop(&mut self, teller: &Teller<'_>, i: u32) {
        let Some(instance) = self.instances.get(i) else { return };
        if self.stop.is_some() || instance.spans.as_ref().is_some_and(|s| s.stop.is_some()) {
            return;
        }
        let restart = instance.spans.as_ref().and_then(|s| s.restart.as_ref());
        let whole = restart.or_else(|| self.job_of(i).map(|job| &job.span));
        let parent = whole.map(OpenSpan::context).or_else(|| self.scale_context());
        let parent = parent.unwrap_or(SpanContext::NONE);
        let mut span = teller.tracing.open(names::SPAN_STOP_PROCESS, &parent, teller.at);
        span.link(names::LINK_PREVIOUS_RUN, &instance.origin);
        self.name_instance(&mut span, i);
        self.of(i, |instance| instance.spans().stop = Some(span));
    }

    fn backoff_began(&mut self, teller: &Teller<'_>, i: u32, delay: Duration) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        if let Some(folded) = &mut instance.folded {
            return folded.waits(delay);
        }
        let restart = instance.spans().restart.as_ref().map_or(SpanContext::NONE, OpenSpan::context);
        let span = self.open_backoff(teller, &restart, teller.at, delay);
        self.of(i, |instance| instance.spans().backoff = Some(span));
    }

    pub(super) fn open_backoff(
        &self,
        teller: &Teller<'_>,
        restart: &SpanContext,
        at: Moment,
        delay: Duration,
    ) -> OpenSpan {
        let mut span = teller.tracing.open(names::SPAN_BACKOFF, restart, at);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::BACKOFF_DELAY_MS, millis(delay));
        }
        span
    }

    fn restarting(
        &mut self,
        teller: &Teller<'_>,
        i: u32,
        (after, attempt, left): (phpeek_core::lifecycle::Trigger, u32, Option<u32>),
        telling: Telling,
    ) {
        let restart = Restart { after, attempt, left, began: teller.at };
        self.of(i, |instance| instance.folded = None); // it is in the count of this one
        match telling {
            Telling::Told(tally) => {
                let death = self.tell_fresh_death(teller, i);
                let span = self.open_restart(teller, i, &restart, death.as_ref(), tally);
                self.of(i, |instance| {
                    let spans = instance.spans();
                    (spans.restart, spans.asked) = (Some(span), None);
                });
            }
            Telling::Folded => {
                self.of(i, |instance| {
                    let death = instance.fold_fresh_death();
                    instance.folded = Some(Box::new(Folded::new(restart, death)));
                });
            }
        }
    }

    fn rested(&mut self, teller: &Teller<'_>, i: u32, rest: Rest, restarts: u32, looped: u64) {
        let at = teller.at;
        self.of(i, |instance| {
            if let Some(spans) = &mut instance.spans {
                spans.interrupt_restart(at, "stopped before the next run");
                if let Some(span) = spans.spawn.take() {
                    span.fail(at, names::ERROR_INTERRUPTED, "stopped before the program ran");
                }
            }
            instance.tidy();
        });
        self.tell_last_end(teller, i, rest, restarts, looped);
    }

    /// The rolling restart that this process takes part in ends here: what it had under way ends with it.
    pub(super) fn interrupt_rolling(&mut self, operation: OperationId, at: Moment, why: &str) {
        let starts = self.start.as_ref().is_some_and(|start| start.operation == operation);
        for instance in self.instances.values_mut() {
            let part = |s: &InstanceSpans| {
                s.asked == Some(operation) && s.restart.is_some() || starts && s.spawn.is_some()
            };
            if let Some(spans) = instance.spans.as_mut().filter(|s| part(s)) {
                spans.interrupt(at, why);
            }
            instance.tidy();
        }
        if starts {
            self.fail_start(at, names::ERROR_INTERRUPTED, why, why);
        }
    }

    pub(super) fn abandon_instance(&mut self, teller: &Teller<'_>, i: u32, why: &str) {
        let death = self.of(i, |instance| {
            if let Some(mut spans) = instance.spans.take() {
                spans.interrupt(teller.at, why);
            }
            instance.death.take()
        });
        if let Some(death) = death.flatten() {
            self.tell_unfinished_death(teller, i, &death);
        }
    }
}
