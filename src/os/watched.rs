//! A descriptor that the runtime of this thread watches: told when it can be read.

use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Watches it for as long as what is given back lives.
///
/// # Errors
/// When the runtime has no room for it.
#[expect(unsafe_code, reason = "the descriptor is known to be open")]
pub fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd keeps its descriptor open, and shows the same one for as long as it lives.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }?)
}
