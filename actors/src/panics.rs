//! Panics of parts of the program that go on after one: what was under way is lost, which is counted and told, each of
//! the first and then ever more seldom. Owns the counts, by part. What a panic says, the panic hook has told.

use crate::clock::Clock;
use crate::ports::{Level, LogRecord, LogSink};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// What the work gives, or none when it has panicked. What it has left behind half done is the caller's to set right.
pub fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// See the top of the file. Clones are one; for any thread.
#[derive(Clone)]
pub struct Panics(Arc<Inner>);

struct Inner {
    log: Arc<dyn LogSink>,
    clock: Clock,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Panics {
    /// Tells of them in this log.
    #[must_use]
    pub fn new(log: Arc<dyn LogSink>, clock: Clock) -> Self {
        Self(Arc::new(Inner { log, clock, counts: Mutex::default() }))
    }

    /// What the work of this part gives, or none when it has panicked.
    pub fn caught<T>(&self, part: &'static str, work: impl FnOnce() -> T) -> Option<T> {
        let result = caught(work);
        if result.is_none() {
            self.one_more(part);
        }
        result
    }

    /// The same of a future, which is not asked again after a panic.
    pub async fn caught_in<F: Future>(&self, part: &'static str, work: F) -> Option<F::Output> {
        let result = Caught(Box::pin(work)).await;
        if result.is_none() {
            self.one_more(part);
        }
        result
    }

    /// How often each part has panicked that has.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn one_more(&self, part: &'static str) {
        let count = {
            let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(part).or_default();
            *count += 1;
            *count
        };
        // One that panics over everything must not fill the log.
        if count.is_power_of_two() {
            // The record may be what panics, or the way to it.
            caught(|| self.0.say(part, count));
        }
    }
}

impl Inner {
    fn say(&self, part: &'static str, count: u64) {
        if self.log.enabled(Level::Error) {
            let message = "a part of the supervisor has panicked, and goes on".into();
            let fields =
                vec![("part", part.into()), ("panics", i64::try_from(count).unwrap_or(i64::MAX).into())];
            let (at, process, instance) = (self.clock.now(), None, None);
            self.log.log(LogRecord { at, level: Level::Error, message, process, instance, fields });
        }
    }
}

/// A future of which a panic is a value.
struct Caught<F>(Pin<Box<F>>);

impl<F: Future> Future for Caught<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::RecordingLog;
    use std::panic::resume_unwind;
    use std::time::SystemTime;

    #[tokio::test]
    async fn what_panics_goes_on_and_is_counted_and_told_ever_more_seldom() {
        let log = Arc::new(RecordingLog::default());
        let panics = Panics::new(log.clone(), Clock::starting_at(SystemTime::UNIX_EPOCH));
        for _ in 0..9 {
            assert_eq!(panics.caught("one", || -> u8 { resume_unwind(Box::new("planted")) }), None);
        }
        let later = async || -> u8 {
            tokio::task::yield_now().await;
            resume_unwind(Box::new("planted"))
        };
        assert_eq!(panics.caught_in("two", later()).await, None);
        assert_eq!(
            (panics.caught("one", || 7), panics.caught_in("two", async { 8 }).await),
            (Some(7), Some(8))
        );
        assert_eq!(panics.counts(), BTreeMap::from([("one", 9), ("two", 1)]));
        assert_eq!(log.records().len(), 5, "1, 2, 4 and 8 of the one, and 1 of the other");
    }
}
