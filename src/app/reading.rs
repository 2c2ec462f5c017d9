//! Reads the configuration beside the main thread, so that a signal can end the program although a file hangs (a FIFO,
//! a dead NFS) or is slow to read. Starts nothing.

use super::configure::load;
use phpeek_config::{Loaded, ProcessEnv, Source};
use phpeek_core::signal::Signal;
use phpeek_os::signals::{Signals, block_all_in_this_thread};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::Duration;

/// So long a running supervisor waits for its files: what hangs must not keep the next reload from its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Threads that hang in a file and that nobody waits for any more: at most so many, each costs a stack.
const HANGING: usize = 8;
static READERS: AtomicUsize = AtomicUsize::new(0);

/// What came of reading.
pub enum Reading {
    /// It was read to its end.
    Done(Box<Loaded>),
    /// This signal came before it was.
    Stopped(Signal),
    /// It panicked, or the kernel cannot wait.
    Lost,
}

/// Reads the configuration, and does something else meanwhile on this thread. The other one is left alone when a signal
/// comes first.
#[must_use]
pub fn read(source: Source, signals: &mut Signals, meanwhile: impl FnOnce()) -> Reading {
    match begin(source.clone()) {
        Ok((done, loaded)) => {
            meanwhile();
            match signals.wait(done.as_fd()) {
                Ok(None) => loaded.recv().map_or(Reading::Lost, Reading::Done),
                Ok(Some(signal)) => Reading::Stopped(signal),
                Err(_) => Reading::Lost,
            }
        }
        // No thread to be had: better read deaf to signals than not at all.
        Err(_) => {
            meanwhile();
            Reading::Done(Box::new(load(&source, &ProcessEnv)))
        }
    }
}

/// Why files of the configuration were not read or written: what runs was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    /// There is no thread to be had, or it has panicked.
    #[error(
        "the configuration could not be read: no thread can be had for it, or the reading itself has failed"
    )]
    Lost,
    /// It takes too long.
    #[error(
        "the files of the configuration did not answer within {} s, and what runs is as it was: one of them hangs (a pipe \
         that nobody writes to, a share that is not reachable); ask again when it answers",
        PATIENCE.as_secs()
    )]
    Hangs,
    /// Earlier tries hang still.
    #[error(
        "the configuration is not read again while {HANGING} earlier tries hang in its files, and what runs is as it was; a \
         new start ends them"
    )]
    StillHangs,
}

/// Reads the configuration on a thread of its own, while this one does what it has to do.
pub(super) async fn read_aside(source: Source) -> Result<Box<Loaded>, Unread> {
    aside(move || Box::new(load(&source, &ProcessEnv))).await
}

/// The same for anything that has to do with files of the configuration.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unread> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let reader = Reader::new().ok_or(Unread::StillHangs)?;
    let read = move || {
        let _until_it_ends = reader;
        if block_all_in_this_thread().is_ok() {
            // Nobody waits for it any more when it took too long, or the program is about to end.
            drop(send.send(work()));
        }
    };
    std::thread::Builder::new().name("config".to_owned()).spawn(read).map_err(|_| Unread::Lost)?;
    match tokio::time::timeout(PATIENCE, receive).await {
        Ok(read) => read.map_err(|_| Unread::Lost),
        Err(_) => Err(Unread::Hangs),
    }
}

/// One of those that read now.
struct Reader;

impl Reader {
    fn new() -> Option<Self> {
        let more = |readers| (readers < HANGING).then_some(readers + 1);
        READERS.fetch_update(Relaxed, Relaxed, more).ok().map(|_| Self)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        READERS.fetch_sub(1, Relaxed);
    }
}

/// A thread that reads. The stream ends with it, whatever ends it.
fn begin(source: Source) -> io::Result<(UnixStream, mpsc::Receiver<Box<Loaded>>)> {
    let (ours, theirs) = UnixStream::pair()?;
    let (send, receive) = mpsc::sync_channel(1);
    std::thread::Builder::new().name("config".to_owned()).spawn(move || {
        let _end = theirs;
        // A handler may run in any thread that does not block: here it would interrupt the reading for nothing.
        if block_all_in_this_thread().is_ok() {
            // Nobody waits for it any more when the program is about to end.
            drop(send.send(Box::new(load(&source, &ProcessEnv))));
        }
    })?;
    Ok((ours, receive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_waited_for_so_long_and_keeps_a_few_threads() {
        let hangs = Arc::new(Mutex::new(()));
        let held = hangs.lock();
        for _ in 0..HANGING {
            let hangs = hangs.clone();
            assert_eq!(aside(move || drop(hangs.lock())).await, Err(Unread::Hangs));
        }
        assert_eq!(aside(|| 7).await, Err(Unread::StillHangs));
        drop(held);
        let begun = std::time::Instant::now(); // the threads go by the real clock
        while aside(|| 7).await != Ok(7) {
            assert!(begun.elapsed() < Duration::from_secs(30), "those that hung have ended");
            tokio::task::yield_now().await;
        }
    }
}
