//! Facts to values: what is counted of the system, of each process, of its instances. Owns what each fact changes, and
//! that what is gone is not kept. Told in order, on the supervision thread.

pub(crate) mod edges;
pub(crate) mod health;
pub(crate) mod hooks;
pub(crate) mod instance;
pub(crate) mod process;
pub(crate) mod schedule;
pub(crate) mod system;

use super::tally::Mark;
use opentelemetry::trace::SpanContext;
use phpeek_actors::clock::Moment;
use std::time::SystemTime;

/// When a fact is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    /// By the clock of supervision.
    pub(crate) at: Moment,
    /// By the clock on the wall.
    pub(crate) wall: SystemTime,
}

impl When {
    /// Seconds since an earlier moment.
    pub(crate) fn since(&self, began: Moment) -> f64 {
        self.at.saturating_sub(began).as_secs_f64()
    }

    /// The span of this context, as of now.
    pub(crate) fn mark(&self, context: &SpanContext) -> Option<Mark> {
        Mark::of(context, self.wall)
    }
}

/// The code of an exit as it is documented: a signal is -1.
pub(crate) fn code(exit: phpeek_core::outcome::Exit) -> i64 {
    match exit {
        phpeek_core::outcome::Exit::Code(code) => i64::from(code),
        phpeek_core::outcome::Exit::Signal { .. } => -1,
    }
}
