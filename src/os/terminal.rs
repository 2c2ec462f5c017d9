//! The controlling terminal of this process, if it has one: whether it is there, and which process group is in front of it.
//! Never takes it from a group that is not ours: that may be a shell which has put us behind itself.

use rustix::io::Errno;
use rustix::process::{Pid, getpgid, getpgrp, getppid, getsid};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{isatty, tcgetpgrp, tcsetpgrp};
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

/// Whether a program of ours gets the terminal as it begins: when we are in front of it, and nothing stands behind us in a
/// pipe, which may want to read from it too (`run -- CMD | less`). Everybody else gets it for asking: see `suspend`.
pub(super) fn is_to_be_handed_on() -> bool {
    front() == Ok(getpgrp()) && isatty(stdout())
}

/// The process group that may read from it.
pub(super) fn front() -> Result<Pid, Errno> {
    tcgetpgrp(stdin())
}

/// The group of this leader is at its end: what was handed on to it is ours again, and after us of a script that goes on.
pub(super) fn take_back_from(leader: i32) {
    if front().is_ok_and(|group| group.as_raw_nonzero().get() == leader) {
        give_to(getpgrp()).ok(); // an error: it is gone
    }
}

/// Whether a shell of our session watches over us (POSIX: the group is not orphaned).
pub(super) fn is_job() -> bool {
    let Some(parent) = getppid() else { return false };
    let same_session = getsid(Some(parent)).ok() == getsid(None).ok();
    same_session && getpgid(Some(parent)).is_ok_and(|group| group != getpgrp())
}

/// Whoever changes it from behind is stopped for it, unless SIGTTOU is blocked.
pub(super) fn give_to(group: Pid) -> Result<(), Errno> {
    let old = mask_ttou(libc::SIG_BLOCK, None);
    let given = tcsetpgrp(stdin(), group);
    mask_ttou(libc::SIG_SETMASK, Some(old));
    given
}

/// Changes the mask of this thread by SIGTTOU, or sets it; gives the one before.
#[expect(unsafe_code, reason = "no crate of ours changes the mask of a thread")]
fn mask_ttou(how: libc::c_int, mask: Option<libc::sigset_t>) -> libc::sigset_t {
    // SAFETY: a sigset_t is plain memory, which sigemptyset makes valid; each call is given sets that live on this stack.
    unsafe {
        let (mut set, mut old): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGTTOU);
        let set = mask.unwrap_or(set);
        libc::pthread_sigmask(how, &raw const set, &raw mut old);
        old
    }
}
