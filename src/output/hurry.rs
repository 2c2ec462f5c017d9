//! The pause in which lines gather in the pipes, and how it is cut short: somebody waits until all is read. Owns the flag
//! that says so; reads nothing.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::Duration;

/// See the top of the file.
#[derive(Debug, Default)]
pub(super) struct Hurry {
    asked: AtomicBool,
    reader: OnceLock<Thread>,
}

impl Hurry {
    /// The thread that calls this is the one that pauses.
    pub(super) fn is_here(&self) {
        self.reader.get_or_init(thread::current);
    }

    /// Somebody waits.
    pub(super) fn ask(&self) {
        self.asked.store(true, SeqCst);
        if let Some(reader) = self.reader.get() {
            reader.unpark();
        }
    }

    /// Blocks this thread on purpose, the one place where that is right: nothing else runs here, and a timer of the runtime
    /// would round to 1 ms and be woken by the epoll descriptor all the while. True when somebody waits: he comes first.
    pub(super) fn pause(&self, time: Duration) -> bool {
        if !self.asked.load(SeqCst) {
            thread::park_timeout(time);
        }
        self.asked.swap(false, SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_pause_ends_when_somebody_waits_and_only_then_says_so() {
        let hurry = Arc::new(Hurry::default());
        hurry.is_here();
        assert!(!hurry.pause(Duration::ZERO));
        let asks = Arc::clone(&hurry);
        let asking = thread::spawn(move || asks.ask());
        // A pause may end without a reason: the answer is what counts.
        while !hurry.pause(Duration::from_secs(600)) {}
        assert!(asking.join().is_ok());
        hurry.ask();
        assert!(hurry.pause(Duration::from_secs(600)), "he has asked before it began");
        assert!(!hurry.pause(Duration::ZERO), "he is served");
    }
}
