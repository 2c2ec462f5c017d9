//! The records of a schedule: what begins by it, what does not, and how it ended.

use super::fields::{Fields, count, int, millis};
use super::{About, Journal};
use crate::clock::Moment;
use crate::phrases::{job_failure, skip_reason};
use crate::ports::Level;
use phpeek_core::facts::{JobOver, ScheduleFact};
use phpeek_core::ids::ProcessId;
use phpeek_core::schedule::{JobEnd, Skip, StopReason};

impl Journal {
    pub(super) fn schedule(&self, at: Moment, process: ProcessId, fact: &ScheduleFact) {
        let about = About::Process(process);
        match fact {
            ScheduleFact::Began { job, instance, trigger, late, .. } => {
                self.record(at, Level::Info, About::Instance(*instance), "scheduled run begins", || {
                    let trigger = trigger.as_str().into();
                    vec![("job", int(*job).into()), ("trigger", trigger), ("delay_ms", millis(*late).into())]
                });
            }
            ScheduleFact::Stops { job, reason } => {
                let message = match reason {
                    StopReason::Timeout => "scheduled run takes longer than schedule_timeout: stopping it",
                    StopReason::Replaced => "scheduled run is stopped: a newer one takes its place",
                };
                self.record(at, Level::Warn, about, message, || vec![("job", int(*job).into())]);
            }
            ScheduleFact::TriedInVain { job, attempt, delay } => {
                self.record(at, Level::Warn, about, "scheduled run failed and is tried again", || {
                    let attempt = i64::from(*attempt).into();
                    vec![("job", int(*job).into()), ("attempt", attempt), ("delay_ms", millis(*delay).into())]
                });
            }
            ScheduleFact::Ended(over) => self.job_over(at, over),
            ScheduleFact::Skipped { ticks, more, trigger, reason, .. } => {
                let level = if *reason == Skip::Closing { Level::Info } else { Level::Warn };
                let message = format!("scheduled run is skipped: {}", skip_reason(*reason));
                self.record(at, level, about, message, || {
                    let mut fields: Fields = vec![("trigger", trigger.as_str().into())];
                    if *ticks > 1 || *more {
                        fields.push(("ticks", count(*ticks).into()));
                        fields.push(("more", (*more).into()));
                    }
                    fields
                });
            }
            ScheduleFact::Paused => self.record(at, Level::Info, about, "schedule is paused", Vec::new),
            ScheduleFact::Resumed => self.record(at, Level::Info, about, "schedule is resumed", Vec::new),
            ScheduleFact::ClockReset => {
                let message = "the clock was put back by more than a day: the schedule goes by the new time";
                self.record(at, Level::Warn, about, message, Vec::new);
            }
            ScheduleFact::Next(_) => {}
        }
    }

    fn job_over(&self, at: Moment, over: &JobOver) {
        let (level, message) = match over.end {
            JobEnd::Succeeded => (Level::Info, "scheduled run succeeded".to_owned()),
            JobEnd::Interrupted => (Level::Info, format!("scheduled run: {}", job_failure(over))),
            JobEnd::Failed | JobEnd::TimedOut | JobEnd::Replaced => {
                (Level::Warn, format!("scheduled run failed: {}", job_failure(over)))
            }
        };
        self.record(at, level, About::Instance(over.instance), message, || {
            vec![("job", int(over.job).into()), ("attempts", i64::from(over.attempts).into())]
        });
    }
}
