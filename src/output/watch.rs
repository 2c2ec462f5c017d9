//! A descriptor that the runtime watches.

use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Told when it can be read.
#[expect(
    deprecated,
    reason = "the safe constructor; an OwnedFd keeps its descriptor open, so the fault is not met"
)]
pub(super) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}
