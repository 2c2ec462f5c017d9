//! The spans of deaths: `process.exit` for one that nobody asked for, `process.run` for the run of a oneshot or of a job. A span
//! is opened when it is known what follows, and ends when the last words are known, with its true times.

use super::Teller;
use super::attributes::{int, set_autopsy};
use super::open::{DeathStory, InstanceStory, ProcessStory, Verdict};
use crate::clock::Moment;
use crate::phrases;
use crate::trace::{OpenSpan, names};
use opentelemetry::trace::SpanContext;
use opentelemetry::{Array, StringValue};
use phpeek_core::facts::{Asked, Death, Obituary};
use phpeek_core::lifecycle::{Failure, Rest};
use phpeek_core::spec::ProcessKind;

impl InstanceStory {
    /// Nobody is left of a run.
    pub(super) fn bury(&mut self, over: Moment, death: &Death) {
        self.death = None;
        let coming = self.coming.take();
        if death.asked == Asked::Yes {
            return;
        }
        self.fresh = Some(death.run);
        let verdict = Verdict::of(death);
        self.deaths.push(DeathStory {
            death: *death,
            over,
            span: None,
            verdict,
            folded: false,
            _coming: coming,
        });
    }

    fn fresh_death(&mut self) -> Option<&mut DeathStory> {
        let run = self.fresh?;
        self.deaths.iter_mut().find(|d| d.is_of(run))
    }

    /// The restart that follows the fresh death is folded, and so is the death.
    pub(super) fn fold_fresh_death(&mut self) -> Option<(Death, Moment)> {
        let fresh = self.fresh_death()?;
        fresh.folded = true;
        Some((fresh.death, fresh.over))
    }
}

impl ProcessStory {
    /// The span of a death, linked to the span that started the run, or to the last one before it that was told.
    fn open_exit(&self, teller: &Teller<'_>, i: u32, death: &Death) -> OpenSpan {
        let mut span = teller.tracing.open(names::SPAN_EXIT, &SpanContext::NONE, death.ended);
        if span.is_recording() {
            if let Some(instance) = self.instances.get(i) {
                span.link(names::LINK_PREVIOUS_RUN, &instance.origin);
            }
            self.name_instance(&mut span, i);
            span.set(names::PROCESS_INCARNATION, int(death.run));
            set_autopsy(&mut span, &death.autopsy, death.uptime);
        }
        span
    }

    /// The run of a oneshot, below its spawn. It begins with it, at the order: backends take a child that is shorter than
    /// its parent and not within it for one whose clock is wrong, and move it.
    fn open_run(&self, teller: &Teller<'_>, i: u32, death: &Death) -> OpenSpan {
        let ordered = self.instances.get(i).filter(|x| x.run == death.run).map(|x| x.ordered);
        let began = ordered.unwrap_or_else(|| death.ended.saturating_sub(death.uptime));
        let origin = self.instances.get(i).map_or(SpanContext::NONE, |x| x.origin.clone());
        let mut span = teller.tracing.open(names::SPAN_RUN, &origin, began);
        self.name_instance(&mut span, i);
        set_autopsy(&mut span, &death.autopsy, death.uptime);
        span
    }

    /// The death that a restart follows, told now.
    pub(super) fn tell_fresh_death(&mut self, teller: &Teller<'_>, i: u32) -> Option<(Death, SpanContext)> {
        let death = self.instances.get_mut(i)?.fresh_death()?.death;
        let span = self.open_exit(teller, i, &death);
        let context = span.context();
        self.instances.get_mut(i)?.fresh_death()?.span = Some(span);
        Some((death, context))
    }

    /// The death of a folded restart, told after all. It may wait for last words still; else it is over.
    pub(super) fn tell_folded_death(
        &mut self,
        teller: &Teller<'_>,
        i: u32,
        death: Death,
        over: Moment,
    ) -> SpanContext {
        let span = self.open_exit(teller, i, &death);
        let context = span.context();
        let waiting =
            self.instances.get_mut(i).and_then(|x| x.deaths.iter_mut().find(|d| d.is_of(death.run)));
        match waiting {
            Some(story) => story.span = Some(span),
            None => Verdict::of(&death).end(span, over),
        }
        context
    }

    /// A death of which nobody will see the end: something of its run is left.
    pub(super) fn tell_unfinished_death(&mut self, teller: &Teller<'_>, i: u32, death: &Death) {
        let span = self.open_exit(teller, i, death);
        Verdict::of(death).end(span, teller.at);
    }

    /// All is known of a death.
    pub(super) fn autopsied(&mut self, teller: &Teller<'_>, i: u32, obituary: &Obituary) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let Some(place) = instance.deaths.iter().position(|d| d.is_of(obituary.death.run)) else { return };
        let DeathStory { death, over, span, verdict, folded, _coming } = instance.deaths.swap_remove(place);
        let mut span = match span {
            Some(span) => span,
            None if folded => return,
            None => self.open_exit(teller, i, &death), // a command came before anything could follow
        };
        if let Some(left) = obituary.left {
            span.set(names::RESTART_BUDGET_LEFT, i64::from(left));
        }
        let words = &obituary.words;
        for (key, lines) in [(names::AUTOPSY_STDOUT, &words.stdout), (names::AUTOPSY_STDERR, &words.stderr)] {
            if span.is_recording() && !lines.is_empty() {
                let lines = lines.iter().map(|line| StringValue::from(line.clone())).collect();
                span.set(key, opentelemetry::Value::Array(Array::String(lines)));
            }
        }
        verdict.end(span, over);
    }

    /// An end that nothing follows. For a oneshot its span is the whole run, below its spawn: what its dependents
    /// waited for is then seen in the trace of the start. For a process that was meant to stay it is a moment, linked
    /// to the spawn: its life would be a span of weeks.
    pub(super) fn tell_last_end(
        &mut self,
        teller: &Teller<'_>,
        i: u32,
        rest: Rest,
        restarts: u32,
        looped: u64,
    ) {
        let failure = match rest {
            Rest::Stopped => return,
            Rest::Completed => None,
            Rest::Failed(failure) => Some(failure),
        };
        // A first spawn that failed has a span of its own; one that was tried again and again is given up here.
        if restarts == 0 && matches!(failure, Some(Failure::Spawn(_))) {
            return;
        }
        let death = self.instances.get_mut(i).and_then(|x| x.fresh_death()).map(|d| d.death);
        let mut span = match (&death, self.spec.kind) {
            (Some(death), ProcessKind::Oneshot | ProcessKind::Scheduled) => self.open_run(teller, i, death),
            (Some(death), _) => self.open_exit(teller, i, death),
            (None, _) => {
                let mut span = teller.tracing.open(names::SPAN_EXIT, &SpanContext::NONE, teller.at);
                if let Some(instance) = self.instances.get(i) {
                    span.link(names::LINK_PREVIOUS_RUN, &instance.origin);
                }
                self.name_instance(&mut span, i);
                span
            }
        };
        self.ended = span.context();
        if looped > 0 {
            span.set(names::RESTART_COUNT, int(looped));
        }
        if let Some(Failure::Memory(_)) = failure {
            self.describe_breach(&mut span, i);
        }
        let gave_up = failure.and_then(|failure| phrases::gave_up(failure, restarts));
        let verdict = match (failure, gave_up) {
            (None, _) => Verdict::Ok,
            (Some(Failure::Spawn(kind)), Some(message)) => Verdict::Failed(kind.as_str().into(), message),
            (Some(_), Some(message)) => Verdict::Failed(names::ERROR_GAVE_UP.into(), message),
            (Some(Failure::Exit(exit) | Failure::GaveUp(exit)), None) => {
                let error_type = death.as_ref().map_or("exit".into(), |d| d.autopsy.error_type());
                Verdict::Failed(error_type, phrases::ended(exit))
            }
            (Some(Failure::Unhealthy), None) => {
                Verdict::Failed(names::ERROR_UNHEALTHY.into(), "its health checks fail".to_owned())
            }
            (Some(failure @ Failure::Memory(_)), None) => {
                Verdict::Failed(names::ERROR_MEMORY_LIMIT.into(), phrases::failure_text(failure))
            }
            (Some(Failure::Spawn(kind)), None) => {
                Verdict::Failed(kind.as_str().into(), "it could not be started".to_owned())
            }
        };
        match self.instances.get_mut(i).and_then(|x| x.fresh_death()) {
            Some(story) => (story.span, story.verdict) = (Some(span), verdict),
            None => verdict.end(span, teller.at),
        }
    }
}
