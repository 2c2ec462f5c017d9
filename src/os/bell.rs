//! What a signal handler rings, and a thread sleeps on: a counter of the kernel, which needs no memory when it is rung
//! (eventfd(2)). Knows neither which signal it was nor what it means. Used by whatever takes signals.

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use signal_hook::SigId;
use signal_hook::low_level;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

/// Tries of one ring. What refuses it for good leaves nothing to be done inside of a handler.
const TRIES: usize = 16;

/// Rung at any time, by anybody; heard once for all the times since it was last [`Bell::quiet`].
#[derive(Debug, Clone)]
pub(super) struct Bell(Arc<OwnedFd>);

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)))
    }

    /// Rings whenever this signal comes, after whatever took it before, until the registration is given back.
    #[expect(unsafe_code, reason = "a handler may do little, and its door says so")]
    pub(super) fn rung_by(&self, signal: i32) -> io::Result<SigId> {
        let bell = self.clone();
        // SAFETY: a ring is a few system calls on a descriptor that the closure keeps open. They allocate nothing, take no
        // lock, and leave errno alone.
        unsafe { low_level::register(signal, move || bell.ring()) }
    }

    pub(super) fn ring(&self) {
        for _ in 0..TRIES {
            match rustix::io::write(&*self.0, &1_u64.to_ne_bytes()) {
                Ok(_) | Err(Errno::AGAIN) => return, // full: it rings already
                Err(_) => {}
            }
        }
    }

    /// Whether it has been rung since the last time. It is silent then.
    pub(super) fn quiet(&self) -> bool {
        rustix::io::read(&*self.0, &mut [0; 8]).is_ok()
    }

    /// Another descriptor of it.
    pub(super) fn descriptor(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
