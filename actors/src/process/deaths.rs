//! How the end of a run is told. One that was asked for is a record and an event of the stop. One that nobody asked
//! for has an obituary: a span of its own and a record, both with the last lines of its standard error. These come
//! from another thread: the obituary waits for them [`WORDS_PATIENCE`] at most, and nothing else waits for the
//! obituary. Called when runs end, and by what follows.

use super::facts::{attributes, fields, set_autopsy};
use super::{Chore, ProcessActor};
use crate::clock::Moment;
use crate::ports::Level;
use crate::trace::{OpenSpan, names};
use crate::world::UntoldDeath;
use actix::WeakAddr;
use opentelemetry::trace::SpanContext;
use opentelemetry::{Array, KeyValue, StringValue};
use phpeek_core::autopsy::Autopsy;
use phpeek_core::lifecycle::{Leader, State};
use std::borrow::Cow;
use std::time::Duration;

/// How long an obituary waits for last words. A pipe is read within a few milliseconds, unless a grandchild keeps it
/// open and busy.
const WORDS_PATIENCE: Duration = Duration::from_millis(100);

/// Whether an end was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Yes,
    No,
}

/// The end of a leader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Death {
    pub(super) run: u64,
    pub(super) autopsy: Autopsy,
    /// When the leader ended.
    pub(super) ended: Moment,
    /// How long it had lived.
    pub(super) uptime: Duration,
    asked: Asked,
}

/// How the span of a death ends.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It ended as it should.
    Ok,
    /// It did not: `error.type` and the message.
    Failed(Cow<'static, str>, String),
}

impl Verdict {
    /// What the end alone says.
    pub(super) fn of(autopsy: &Autopsy) -> Self {
        if autopsy.exit.is_success() {
            return Self::Ok;
        }
        Self::Failed(autopsy.error_type(), format!("ended with {}", autopsy.exit))
    }

    pub(super) fn end(self, span: OpenSpan, at: Moment) {
        match self {
            Self::Ok => span.ok(at),
            Self::Failed(error_type, message) => span.fail(at, &error_type, &message),
        }
    }
}

/// A death that is being told.
pub(super) struct Obituary {
    pub(super) death: Death,
    /// When its group was empty.
    pub(super) over: Moment,
    /// `process.exit` or `process.run`; none while it is not known whether it is folded.
    pub(super) span: OpenSpan,
    pub(super) verdict: Verdict,
    /// How many more failures are forgiven.
    pub(super) left: Option<u32>,
    /// Whether the restart that follows has no spans, and this has none.
    pub(super) folded: bool,
    /// Until when it waits for last words, once it does; and the end of everything for it.
    waits: Option<(Moment, UntoldDeath)>,
}

impl ProcessActor {
    /// The leader of the current run has ended.
    pub(super) fn note_exit(&mut self, i: usize, at: Moment, run: u64, autopsy: Autopsy) {
        let (asked, uptime) = match self.instances[i].machine.state() {
            State::Starting { .. } => (Asked::No, Duration::ZERO),
            State::Running { since, .. } => (Asked::No, at.saturating_sub(since)),
            State::Stopping { leader: Leader::Unborn, .. } => (Asked::Yes, Duration::ZERO),
            State::Stopping { leader: Leader::Alive { since }, .. } => (Asked::Yes, at.saturating_sub(since)),
            _ => return, // it has ended already
        };
        let id = self.instance_name(i);
        self.stop_event(i, names::EVENT_EXITED, at, move || {
            let mut facts = vec![KeyValue::new(names::PROCESS_INSTANCE_ID, id())];
            facts.extend(attributes(&autopsy, uptime));
            facts
        });
        self.instances[i].death = Some(Box::new(Death { run, autopsy, ended: at, uptime, asked }));
    }

    /// Nobody is left of the run.
    pub(super) fn bury(&mut self, i: usize, at: Moment) {
        let Some(death) = self.instances[i].death.take() else { return };
        if death.asked == Asked::Yes {
            self.log_end(i, at, &death, None, &[]);
            return;
        }
        let verdict = Verdict::of(&death.autopsy);
        self.instances[i].obituary = Some(Box::new(Obituary {
            death: *death,
            over: at,
            span: OpenSpan::none(),
            verdict,
            left: None,
            folded: false,
            waits: None,
        }));
    }

    /// The span of a death, linked to the span that started the run, or to the last one before it that was told.
    pub(super) fn open_exit(&self, i: usize, death: &Death) -> OpenSpan {
        let mut span = self.world.tracing.open(names::SPAN_EXIT, &SpanContext::NONE, death.ended);
        if span.is_recording() {
            span.link(names::LINK_PREVIOUS_RUN, &self.instances[i].origin);
            self.name_instance(&mut span, i);
            span.set(names::PROCESS_INCARNATION, i64::try_from(death.run).unwrap_or(i64::MAX));
            set_autopsy(&mut span, &death.autopsy, death.uptime);
        }
        span
    }

    /// Called once all effects of an end are performed: what follows is known, what is missing are the last words.
    pub(super) fn settle_obituary(&mut self, i: usize, at: Moment) {
        let Some(mut obituary) = self.instances[i].obituary.take() else { return };
        if !obituary.folded && !obituary.span.context().is_valid() {
            obituary.span = self.open_exit(i, &obituary.death); // a command came before anything could follow
        }
        if let Some(left) = obituary.left {
            obituary.span.set(names::RESTART_BUDGET_LEFT, i64::from(left));
        }
        let heard = obituary.span.is_recording() || self.world.log.enabled(level(&obituary.death));
        let run = obituary.death.run;
        if heard && self.spec.program.output.stderr && self.ask_last_words(i, run) {
            let due = at.saturating_add(WORDS_PATIENCE);
            self.chores.insert((due, i, Chore::Obituary(run)));
            obituary.waits = Some((due, self.world.deaths.begin()));
            self.waiting.insert((i, run), obituary);
        } else {
            self.publish(i, *obituary, &[]);
        }
    }

    fn ask_last_words(&self, i: usize, run: u64) -> bool {
        let own = self.address.as_ref().and_then(WeakAddr::upgrade);
        own.is_some_and(|own| self.world.words.ask(self.task_id(i, run), own.recipient()))
    }

    /// The last words of a run have come, or have not in time.
    pub(super) fn hear(&mut self, i: usize, run: u64, words: &[String]) {
        if let Some(obituary) = self.waiting.remove(&(i, run)) {
            self.publish(i, *obituary, words);
        }
    }

    /// Ends what still waits for last words.
    pub(super) fn hear_no_more(&mut self) {
        while let Some(((i, _), obituary)) = self.waiting.pop_first() {
            self.publish(i, *obituary, &[]);
        }
    }

    fn publish(&mut self, i: usize, obituary: Obituary, words: &[String]) {
        let Obituary { death, over, mut span, verdict, left, waits, .. } = obituary;
        if let Some((due, _)) = &waits {
            self.chores.remove(&(*due, i, Chore::Obituary(death.run)));
        }
        if span.is_recording() && !words.is_empty() {
            let lines = words.iter().map(|line| StringValue::from(line.clone())).collect();
            span.set(names::AUTOPSY_STDERR, opentelemetry::Value::Array(Array::String(lines)));
        }
        verdict.end(span, over);
        self.log_end(i, over, &death, left, words);
    }

    fn log_end(&self, i: usize, at: Moment, death: &Death, left: Option<u32>, words: &[String]) {
        let level = level(death);
        if !self.world.log.enabled(level) {
            return;
        }
        let message = format!("ended: {}", death.autopsy.exit);
        self.log(at, level, message, Some(i), || {
            let mut fields = fields(&death.autopsy, death.uptime);
            fields.extend(left.map(|left| ("restarts_left", i64::from(left).into())));
            if !words.is_empty() {
                fields.push(("stderr", words.join("\n").into()));
            }
            fields
        });
    }
}

fn level(death: &Death) -> Level {
    if death.asked == Asked::Yes || death.autopsy.exit.is_success() { Level::Info } else { Level::Warn }
}
