//! Restarts that follow deaths, and what a folded one would have said: kept for the last restart of a loop alone, and
//! told with its true times when the facts say so.

use super::Teller;
use super::attributes::{int, set_autopsy};
use super::open::{ProcessStory, Restart};
use crate::phrases::restart_reason_after;
use crate::trace::{OpenSpan, names};
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::Death;
use phpeek_core::fold::Tally;
use phpeek_core::lifecycle::Trigger;

impl ProcessStory {
    pub(super) fn open_restart(
        &self,
        teller: &Teller<'_>,
        i: u32,
        restart: &Restart,
        death: Option<&(Death, SpanContext)>,
        tally: Tally,
    ) -> OpenSpan {
        let mut span = teller.tracing.open(names::SPAN_RESTART_PROCESS, &SpanContext::NONE, restart.began);
        if !span.is_recording() {
            return span;
        }
        if let Some(instance) = self.instances.get(i) {
            span.link(names::LINK_PREVIOUS_RUN, &instance.origin);
            let fell = instance.health.as_ref().and_then(|health| health.fell());
            if let Some(fell) = fell.filter(|_| restart.after == Trigger::Unhealthy) {
                span.link(names::LINK_PROBE, fell);
            }
        }
        self.name_instance(&mut span, i);
        if let Trigger::Memory(_) = restart.after {
            self.describe_breach(&mut span, i);
        }
        let reason = restart_reason_after(restart.after, &self.spec.restart.ends);
        span.set(names::RESTART_REASON, reason);
        span.set(names::RESTART_ATTEMPT, i64::from(restart.attempt));
        span.set(names::RESTART_COUNT, int(tally.count));
        span.set(names::RESTART_FOLDED, int(tally.folded));
        if let Some(left) = restart.left {
            span.set(names::RESTART_BUDGET_LEFT, i64::from(left));
        }
        if let Some((death, context)) = death {
            span.link(names::LINK_DEATH, context);
            set_autopsy(&mut span, &death.autopsy, death.uptime);
        }
        span
    }

    /// Tells the last restart of the loop after all, with its true times. What of it is not over stays open, as if it
    /// had been told from its beginning.
    pub(super) fn unfolded(&mut self, teller: &Teller<'_>, i: u32, tally: Tally) {
        let Some(folded) = self.instances.get_mut(i).and_then(|x| x.folded.take()) else { return };
        let death = folded.death.map(|(death, over)| (death, self.tell_folded_death(teller, i, death, over)));
        let restart = self.open_restart(teller, i, &folded.restart, death.as_ref(), tally);
        let context = restart.context();
        let backoff =
            folded.delay.map(|delay| self.open_backoff(teller, &context, folded.restart.began, delay));
        let Some((ordered, run)) = folded.ordered else {
            if let Some(instance) = self.instances.get_mut(i) {
                let spans = instance.spans();
                (spans.restart, spans.backoff) = (Some(restart), backoff);
            }
            return;
        };
        if let Some(span) = backoff {
            span.ok(ordered);
        }
        let mut spawn = self.open_spawn(teller, &context, i, ordered, run);
        let Some(instance) = self.instances.get_mut(i) else { return };
        if let Some((at, failure)) = &folded.failure {
            spawn.fail(*at, failure.kind.as_str(), &failure.message);
            restart.fail(*at, failure.kind.as_str(), &failure.message);
        } else if let Some((up, pid)) = folded.up {
            if let Some(pid) = pid {
                spawn.set(names::PROCESS_PID, i64::from(pid));
            }
            instance.origin = spawn.context();
            spawn.ok(up);
            restart.ok(up);
        } else {
            let spans = instance.spans();
            (spans.restart, spans.spawn) = (Some(restart), Some(spawn));
        }
    }
}
