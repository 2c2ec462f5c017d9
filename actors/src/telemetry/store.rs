//! The port behind which ended spans wait until a receiver has them. Owns its vocabulary. Implemented by `phpeek-pm`
//! over the spool and over memory. On the telemetry arbiter, the only thread that waits when a disk is slow.

use super::export::Batch;
use opentelemetry::StringValue;
use opentelemetry::trace::{SpanContext, SpanId};
use opentelemetry_sdk::trace::SpanData;
use std::time::SystemTime;

/// A span that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Its own context.
    pub context: SpanContext,
    /// What it is below; [`SpanId::INVALID`] for the root of a trace.
    pub parent: SpanId,
    /// Whether the parent is of another program.
    pub remote: bool,
    /// Its name.
    pub name: &'static str,
    /// When it began.
    pub start: SystemTime,
}

/// What the store is told of spans, in the order in which it happened.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a box for each span would be an allocation on the supervision thread"
)]
pub enum News {
    /// A span has begun: if its end is never told, the next supervisor tells of it.
    Begun(Begun),
    /// What a begun span is about.
    About(SpanId, StringValue),
    /// A span has ended and is to be kept.
    Ended(SpanData),
    /// A span has ended and is not to be kept.
    Gone(SpanId),
    /// Something of another signal, encoded together with whose it is.
    Item(Box<[u8]>),
}

/// Spans that the store could not keep, by reason. Only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// The oldest, for want of room.
    pub full: u64,
    /// Older than they may become.
    pub expired: u64,
    /// Unreadable: their segment was set aside.
    pub damaged: u64,
}

impl Dropped {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.full + self.expired + self.damaged
    }
}

impl std::ops::Add for Dropped {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            full: self.full + other.full,
            expired: self.expired + other.expired,
            damaged: self.damaged + other.damaged,
        }
    }
}

/// Keeps spans until they are settled.
pub trait SpanStore {
    /// Takes what is new. Spans count as waiting from here on.
    fn keep(&mut self, news: &mut Vec<News>);

    /// How many spans wait, those of an unsettled batch among them.
    fn waiting(&self) -> u64;

    /// The oldest spans that wait, at most `most` and about 2 MiB; `None` when nothing waits. They are the unsettled
    /// batch until [`Self::settle`] or [`Self::put_back`].
    fn batch(&mut self, most: usize) -> Option<Batch>;

    /// The unsettled batch is over: its spans wait no more.
    fn settle(&mut self);

    /// The unsettled batch waits again.
    fn put_back(&mut self);

    /// What could not be kept so far.
    fn dropped(&self) -> Dropped;

    /// Spans of earlier supervisors that were found and wait, or have waited, here.
    fn recovered(&self) -> u64;

    /// Whether what waits outlives this program.
    fn is_durable(&self) -> bool;

    /// The program ends: gives up what would not outlive it, and says how many spans that were. The others wait on.
    fn lose_what_does_not_last(&mut self) -> u64;
}
