//! A count, and which trace has raised it last. Values only.

use opentelemetry::trace::SpanContext;
use std::time::SystemTime;

/// The span by which something has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) trace: Box<str>,
    pub(crate) span: Box<str>,
    pub(crate) at: SystemTime,
}

impl Mark {
    /// `None` for one that nobody will find: it is not recorded.
    pub(crate) fn of(context: &SpanContext, at: SystemTime) -> Option<Self> {
        let found = context.is_valid() && context.is_sampled();
        found.then(|| Self {
            trace: context.trace_id().to_string().into(),
            span: context.span_id().to_string().into(),
            at,
        })
    }
}

/// A count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    /// Of the newest that was recorded.
    pub(crate) mark: Option<Box<Mark>>,
}

impl Tally {
    /// So many more, by this span.
    pub(crate) fn add(&mut self, count: u64, mark: Option<Mark>) {
        self.count += count;
        if let Some(mark) = mark {
            self.mark = Some(Box::new(mark));
        }
    }
}

/// Counts by a word, in the order in which the words came: there are few.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tallies(Vec<(&'static str, Tally)>);

impl Tallies {
    /// So many more of this word, by this span.
    pub(crate) fn add(&mut self, word: &'static str, count: u64, mark: Option<Mark>) {
        match self.0.iter_mut().find(|(own, _)| *own == word) {
            Some((_, tally)) => tally.add(count, mark),
            None => {
                let mut tally = Tally::default();
                tally.add(count, mark);
                self.0.push((word, tally));
            }
        }
    }

    /// Each word with its count.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Tally)> {
        self.0.iter().map(|(word, tally)| (*word, tally))
    }
}
