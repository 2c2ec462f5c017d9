//! The controlling terminal of this process, if it has one. Looks, and decides nothing. Called before the first start.

use std::fs::File;

/// Whether there is one. It would stop children that read from it or set it up, and take them down when it goes; so they
/// get a session of their own then (setsid(2)), and without one they stay in ours, where they may change their process
/// group as they like: the kernel refuses that to the leader of a session (setpgid(2)).
pub(super) fn is_there() -> bool {
    File::open("/dev/tty").is_ok() // ENXIO without a controlling terminal (tty(4))
}
