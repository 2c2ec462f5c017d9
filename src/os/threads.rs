//! A runtime for a thread that is about to be started. Owns the way out when there is no thread to be had: a runtime
//! of tokio that is dropped within another one panics.

use std::io;
use tokio::runtime::{Builder, EnterGuard, Runtime};

/// A runtime of one thread. When it is dropped it ends in the background.
#[derive(Debug)]
pub struct ThreadRuntime(Option<Runtime>);

impl ThreadRuntime {
    /// One that can wait for descriptors and for time.
    ///
    /// # Errors
    /// When the kernel refuses its descriptors.
    pub fn new() -> io::Result<Self> {
        Builder::new_current_thread().enable_io().enable_time().build().map(|runtime| Self(Some(runtime)))
    }

    /// The runtime, for somebody who is in its thread already.
    ///
    /// # Errors
    /// Never, but for a runtime that is gone.
    pub fn into_inner(mut self) -> io::Result<Runtime> {
        self.0.take().ok_or_else(|| io::Error::other("the runtime is gone"))
    }

    /// While it is held, descriptors are registered with this runtime, also within another one.
    pub fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.as_ref().map(Runtime::enter)
    }

    /// Runs to the end of `future`, in this thread.
    pub fn block_on<F: Future>(&self, future: F) -> Option<F::Output> {
        self.0.as_ref().map(|runtime| runtime.block_on(future))
    }
}

impl Drop for ThreadRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn one_that_finds_no_thread_ends_within_another() {
        let outer = ThreadRuntime::new().expect("descriptors");
        outer.block_on(async { drop(ThreadRuntime::new().expect("descriptors")) });
        let inner = ThreadRuntime::new().expect("descriptors").into_inner().expect("it is there");
        assert_eq!(inner.block_on(async { 7 }), 7);
    }
}
