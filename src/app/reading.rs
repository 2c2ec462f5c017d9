//! Reads the configuration beside the main thread, so that a signal can end the program although a file hangs (a FIFO,
//! a dead NFS) or is slow to read. Starts nothing.

use super::configure::load;
use phpeek_config::{Loaded, ProcessEnv, Source};
use phpeek_core::signal::Signal;
use phpeek_os::signals::{Signals, block_all_in_this_thread};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;

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

/// Reads the configuration on a thread of its own, while this one does what it has to do. None when it panics, or there
/// is no thread to be had.
pub(super) async fn read_aside(source: Source) -> Option<Box<Loaded>> {
    aside(move || Box::new(load(&source, &ProcessEnv))).await
}

/// The same for anything that has to do with files of the configuration.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let read = move || {
        if block_all_in_this_thread().is_ok() {
            // Nobody waits for it any more when the program is about to end.
            drop(send.send(work()));
        }
    };
    std::thread::Builder::new().name("config".to_owned()).spawn(read).ok()?;
    receive.await.ok()
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
