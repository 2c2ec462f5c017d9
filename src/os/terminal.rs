//! The controlling terminal of this process, if it has one. Looks, and decides nothing. Asked before the first start, and
//! when a SIGHUP has come.

use std::fs::File;
use std::sync::OnceLock;

static AT_START: OnceLock<bool> = OnceLock::new();

/// Whether there was one at the start. It would stop children that read from it or set it up, and take them down when it
/// goes; so they get a session of their own then (setsid(2)), and without one they stay in ours, where they may change
/// their process group as they like: the kernel refuses that to the leader of a session (setpgid(2)).
pub(super) fn was_there() -> bool {
    *AT_START.get_or_init(is_there)
}

/// Whether there was one and it is gone: closed by a person, or lost with a connection.
pub(super) fn has_gone() -> bool {
    AT_START.get() == Some(&true) && !is_there()
}

fn is_there() -> bool {
    File::open("/dev/tty").is_ok() // ENXIO without a controlling terminal (tty(4))
}
