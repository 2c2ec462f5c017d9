//! What somebody makes, for one who may be slow to take it: a bounded queue whose oldest go first, counted. Owns the bound
//! and the count; never makes who fills it wait, and costs it nothing once the other end is gone.
//!
//! Law: of all that was put in, each was taken, waits, or is in the count of what was lost, which stands where it was lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;

/// The end that is filled.
#[derive(Debug)]
pub struct Feeder<T>(Weak<Shared<T>>);

/// The end that is read. Dropped, nothing more is put in.
#[derive(Debug)]
pub struct Feed<T>(Arc<Shared<T>>);

/// What comes out of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<T> {
    /// What was put in.
    Item(T),
    /// Here so many were lost.
    Lost(u64),
}

/// Nobody reads any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

#[derive(Debug)]
struct Shared<T> {
    queue: Mutex<Queue<T>>,
    /// Bytes that may wait.
    limit: usize,
    told: Notify,
}

#[derive(Debug)]
struct Queue<T> {
    items: VecDeque<Waiting<T>>,
    bytes: usize,
    /// Before the first of them.
    lost: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    bytes: usize,
    count: u64,
    item: T,
}

/// A feed in which so many bytes may wait, or one item that is larger.
#[must_use]
pub fn feed<T>(limit: usize) -> (Feeder<T>, Feed<T>) {
    let queue = Mutex::new(Queue { items: VecDeque::new(), bytes: 0, lost: 0 });
    let shared = Arc::new(Shared { queue, limit, told: Notify::new() });
    (Feeder(Arc::downgrade(&shared)), Feed(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner) // whole between any two operations
    }
}

impl<T> Feeder<T> {
    /// Whether nobody reads any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }

    /// Puts something in that takes so many bytes and counts as so many.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn put(&self, item: T, bytes: usize, count: u64) -> Result<(), Gone> {
        let shared = self.0.upgrade().ok_or(Gone)?;
        let mut queue = shared.lock();
        while queue.bytes + bytes > shared.limit {
            let Some(oldest) = queue.items.pop_front() else { break };
            queue.bytes -= oldest.bytes;
            queue.lost += oldest.count;
        }
        queue.bytes += bytes;
        queue.items.push_back(Waiting { bytes, count, item });
        let first = queue.items.len() == 1;
        drop(queue);
        if first {
            shared.told.notify_one();
        }
        Ok(())
    }
}

impl<T> Drop for Feeder<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.told.notify_one();
        }
    }
}

impl<T> Feed<T> {
    /// What comes next, if it is there.
    pub fn try_next(&mut self) -> Option<Given<T>> {
        let mut queue = self.0.lock();
        let lost = std::mem::take(&mut queue.lost);
        if lost > 0 {
            return Some(Given::Lost(lost));
        }
        let next = queue.items.pop_front()?;
        queue.bytes -= next.bytes;
        Some(Given::Item(next.item))
    }

    fn holds_any(&self) -> bool {
        let queue = self.0.lock();
        queue.lost > 0 || !queue.items.is_empty()
    }

    /// Waits until something is there; false: nothing more will come.
    pub async fn ready(&mut self) -> bool {
        let shared = Arc::clone(&self.0);
        loop {
            let told = shared.told.notified();
            if self.holds_any() {
                return true;
            }
            if Arc::weak_count(&self.0) == 0 {
                return self.holds_any(); // the last of it may have come just before
            }
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn everything_is_taken_waits_or_is_counted_in_its_place(steps in prop::collection::vec(prop::option::of(1..40_usize), 0..200)) {
            let (feeder, mut reader) = feed(100);
            let (mut put, mut next) = (0_u64, 0_u64);
            for step in steps.into_iter().chain(std::iter::repeat_n(None, 200)) {
                match step {
                    Some(bytes) => {
                        feeder.put(put, bytes, 1).expect("a reader");
                        put += 1;
                    }
                    None => match reader.try_next() {
                        Some(Given::Item(item)) => {
                            prop_assert_eq!(item, next);
                            next += 1;
                        }
                        Some(Given::Lost(count)) => next += count,
                        None => prop_assert_eq!(next, put),
                    },
                }
                prop_assert!(reader.0.lock().bytes <= 100);
            }
            prop_assert_eq!(next, put);
        }
    }

    #[tokio::test]
    async fn a_reader_sleeps_until_there_is_something_and_ends_with_the_feeder() {
        let (feeder, mut reader) = feed(10);
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            while reader.ready().await {
                all.extend(reader.try_next());
            }
            all
        });
        tokio::task::yield_now().await;
        feeder.put("a", 20, 7).expect("a reader");
        feeder.put("b", 20, 1).expect("a reader");
        drop(feeder);
        assert_eq!(reading.await.expect("no panic"), [Given::Lost(7), Given::Item("b")]);
    }

    #[test]
    fn nothing_is_put_in_when_nobody_reads() {
        let (feeder, reader) = feed(10);
        drop(reader);
        assert_eq!(feeder.put(1, 1, 1), Err(Gone));
    }
}
