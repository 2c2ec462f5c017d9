//! Tells when the thread that reads files waits for a disk that does not answer, once, and when it goes on. Costs one look
//! some seconds after the thread has begun with something; nothing while it rests.

use super::tail::Say;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::Notify;

/// A disk that takes longer for a turn of all files is told of.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the top of the file.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Odd while the thread works.
    beat: AtomicU64,
    changes: Notify,
}

impl Pulse {
    /// The thread begins with what may wait for a disk.
    pub(super) fn work(&self) {
        self.beat.fetch_add(1, SeqCst);
        self.changes.notify_one();
    }

    /// It has come through.
    pub(super) fn rest(&self) {
        self.beat.fetch_add(1, SeqCst);
        self.changes.notify_one();
    }

    fn beat(&self) -> u64 {
        self.beat.load(SeqCst)
    }
}

/// Looks for ever.
pub(super) async fn watch(pulse: Arc<Pulse>, say: Say) {
    loop {
        let beat = pulse.beat();
        if beat.is_multiple_of(2) {
            pulse.changes.notified().await;
            continue;
        }
        tokio::time::sleep(PATIENCE).await;
        if pulse.beat() != beat {
            continue;
        }
        say(None, Err("logging.files: a disk does not answer; no file is followed until it does".to_owned()));
        while pulse.beat() == beat {
            pulse.changes.notified().await;
        }
        say(None, Ok("logging.files: the disk answers again; files are followed on".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::sync::Mutex;

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_does_not_answer_is_told_of_once_and_one_that_does_is_not() {
        let (pulse, told) = (Arc::<Pulse>::default(), Arc::<Mutex<Vec<bool>>>::default());
        let heard = Arc::clone(&told);
        let say: Say = Arc::new(move |_, told| heard.lock().expect("no panic").push(told.is_ok()));
        let watching = tokio::spawn(watch(Arc::clone(&pulse), say));
        let said = || told.lock().expect("no panic").clone();
        for _ in 0..100 {
            pulse.work();
            tokio::time::sleep(PATIENCE / 4).await;
            pulse.rest();
        }
        tokio::time::sleep(PATIENCE * 3).await;
        assert_eq!(said(), [] as [bool; 0]);
        pulse.work();
        tokio::time::sleep(PATIENCE * 10).await;
        assert_eq!(said(), [false]);
        pulse.rest();
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(said(), [false, true]);
        watching.abort();
    }
}
