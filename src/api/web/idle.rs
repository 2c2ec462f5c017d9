//! Connections on which nobody asks. Who comes when there is no room takes the place of the one that has been silent for
//! the longest time: clients that keep connections, or say nothing, lock nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The silent ones, the longest first. Clones are one.
#[derive(Clone, Default)]
pub(super) struct Idle(Arc<Mutex<Silent>>);

#[derive(Default)]
struct Silent {
    next: u64,
    all: BTreeMap<u64, Arc<Notify>>,
}

/// A connection, silent until it asks.
pub(super) struct Guest {
    idle: Idle,
    leave: Arc<Notify>,
    /// Its number among the silent ones, while it is one of them.
    number: Mutex<Option<u64>>,
}

impl Idle {
    fn lock(&self) -> MutexGuard<'_, Silent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection.
    pub(super) fn guest(&self) -> Guest {
        let guest = Guest { idle: self.clone(), leave: Arc::default(), number: Mutex::default() };
        guest.is_silent();
        guest
    }

    /// Asks the one to leave that has been silent for the longest time; false when there is none.
    pub(super) fn let_one_go(&self) -> bool {
        let first = self.lock().all.pop_first();
        first.is_some_and(|(_, leave)| {
            leave.notify_one();
            true
        })
    }
}

impl Guest {
    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It asks something.
    pub(super) fn asks(&self) {
        if let Some(number) = self.number().take() {
            self.idle.lock().all.remove(&number);
        }
    }

    /// It has its answer, or nothing has come yet.
    pub(super) fn is_silent(&self) {
        let mut silent = self.idle.lock();
        let number = silent.next;
        silent.next += 1;
        silent.all.insert(number, self.leave.clone());
        drop(silent);
        *self.number() = Some(number);
    }

    /// Comes back when its place is needed.
    pub(super) fn leaves(&self) -> impl Future<Output = ()> + use<> {
        let leave = self.leave.clone();
        async move { leave.notified().await }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.asks();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(guest: &Guest) -> bool {
        let leaves = std::pin::pin!(guest.leaves());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        leaves.poll(&mut context).is_ready()
    }

    #[test]
    fn the_one_that_was_silent_longest_goes_and_none_that_asks() {
        let idle = Idle::default();
        let (first, second, third) = (idle.guest(), idle.guest(), idle.guest());
        first.asks();
        first.is_silent();
        third.asks();
        drop(idle.guest());
        assert_eq!([(); 3].map(|()| idle.let_one_go()), [true, true, false]);
        assert_eq!([&first, &second, &third].map(left), [true, true, false]);
    }
}
