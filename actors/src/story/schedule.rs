//! The spans of a schedule: `schedule.run` for each job, a root of its own unless somebody has asked for it, linked to the
//! one before; and for ticks that did not run.

use super::Teller;
use super::attributes::{int, millis, set_exit};
use super::open::{JobStory, ProcessStory};
use crate::phrases::{job_error_type, job_failure, skip_reason};
use crate::trace::{OpenSpan, names};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::{JobOver, ScheduleFact};
use phpeek_core::schedule::{JobEnd, Trigger};
use std::time::Duration;

impl ProcessStory {
    pub(super) fn tell_of_schedule(&mut self, teller: &Teller<'_>, fact: &ScheduleFact) {
        let at = teller.at;
        match fact {
            ScheduleFact::Began { job, instance, trigger, late, .. } => {
                let mut span = self.open_schedule_run(teller, *trigger);
                span.set(names::SCHEDULE_JOB, int(*job));
                span.set(names::SCHEDULE_DELAY_MS, millis(*late));
                self.name_instance(&mut span, instance.serial);
                self.latest = span.context();
                self.jobs.push(JobStory { job: *job, instance: instance.serial, span });
            }
            ScheduleFact::TriedInVain { job, attempt, delay } => {
                self.job_event(*job, names::EVENT_TRIED_IN_VAIN, at, || {
                    vec![
                        KeyValue::new(names::SCHEDULE_ATTEMPTS, i64::from(*attempt)),
                        KeyValue::new(names::BACKOFF_DELAY_MS, millis(*delay)),
                    ]
                });
            }
            ScheduleFact::Ended(over) => self.job_over(at, over),
            ScheduleFact::Skipped { ticks, trigger, reason, .. } => {
                let mut span = self.open_schedule_run(teller, *trigger);
                if span.is_recording() {
                    span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
                    span.set(names::SCHEDULE_OUTCOME, "skipped");
                    span.set(names::SCHEDULE_SKIP_REASON, reason.as_str());
                    span.set(names::SCHEDULE_SKIPPED_TICKS, i64::try_from(*ticks).unwrap_or(i64::MAX));
                    span.set(names::ERROR, skip_reason(*reason));
                }
                span.end(at);
            }
            // Told by the stop, or of no span.
            ScheduleFact::Stops { .. }
            | ScheduleFact::Paused
            | ScheduleFact::Resumed
            | ScheduleFact::ClockReset
            | ScheduleFact::Next(_) => {}
        }
    }

    /// The job that this instance runs.
    pub(super) fn job_of(&self, instance: u32) -> Option<&JobStory> {
        self.jobs.iter().find(|job| job.instance == instance)
    }

    fn open_schedule_run(&self, teller: &Teller<'_>, trigger: Trigger) -> OpenSpan {
        let parent = match trigger {
            Trigger::Manual(by) => teller.operations.of(by),
            Trigger::Clock | Trigger::CatchUp => SpanContext::NONE,
        };
        let mut span = teller.tracing.open(names::SPAN_SCHEDULE_RUN, &parent, teller.at);
        span.link(names::LINK_PREVIOUS_RUN, &self.latest);
        if let Some(schedule) = self.spec.schedule.as_ref().filter(|_| span.is_recording()) {
            span.set(names::SCHEDULE_CRON, schedule.text.clone());
            span.set(names::SCHEDULE_TRIGGER, trigger.as_str());
        }
        span
    }

    fn job_event(
        &mut self,
        job: u64,
        name: &'static str,
        at: Duration,
        attributes: impl FnOnce() -> Vec<KeyValue>,
    ) {
        if let Some(story) = self.jobs.iter_mut().find(|story| story.job == job) {
            story.span.event(name, at, attributes);
        }
    }

    fn job_over(&mut self, at: Duration, over: &JobOver) {
        let Some(place) = self.jobs.iter().position(|story| story.job == over.job) else { return };
        let mut span = self.jobs.swap_remove(place).span;
        span.set(names::SCHEDULE_ATTEMPTS, i64::from(over.attempts));
        span.set(names::SCHEDULE_OUTCOME, over.end.as_str());
        if let Some(exit) = over.exit {
            set_exit(&mut span, exit);
        }
        match over.end {
            JobEnd::Succeeded => span.ok(at),
            _ => span.fail(at, &job_error_type(over), &job_failure(over)),
        }
    }
}
