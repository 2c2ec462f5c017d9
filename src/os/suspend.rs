//! Job control of a single program that has our terminal: when the terminal stops it, we stop as well, as the shell that has
//! started us expects of its job. Continued by the shell, we wake the program, in front if we are in front again. Blocks on
//! purpose: while we are stopped nothing of us runs.

use super::reaper::Children;
use super::sys::{self, Target};
use phpeek_core::signal::Signal;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, getpgid, getpgrp, getppid, getsid, waitid};
use rustix::stdio::stdin;
use rustix::termios::{tcgetpgrp, tcsetpgrp};

/// What a terminal stops its processes with: by a key, for reading, for writing.
const BY_TERMINAL: [i32; 3] = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

impl Children {
    /// Looks whether the terminal has stopped the program. Call it when SIGCHLD came and there is but one, in front.
    pub(super) fn stop_with_the_program(&self) {
        for (pid, _) in self.leaders() {
            if let Some(group) = Pid::from_raw(pid).filter(|pid| was_stopped(*pid)) {
                // An error: the terminal is gone, and its end is a stop of another kind.
                stop_with(group).ok();
            }
        }
    }
}

/// Whether there is news that its terminal has stopped it, which are taken.
fn was_stopped(pid: Pid) -> bool {
    let news = waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG);
    let signal = news.ok().flatten().and_then(|status| status.stopping_signal());
    signal.is_some_and(|signal| BY_TERMINAL.contains(&signal))
}

fn stop_with(group: Pid) -> Result<(), Errno> {
    let own = getpgrp();
    if tcgetpgrp(stdin())? != group {
        return Ok(()); // somebody has sent it the signal
    }
    if is_job(own) {
        give_terminal_to(own)?;
        stop_here();
        if tcgetpgrp(stdin())? == own {
            give_terminal_to(group)?;
        }
    } // else nobody would wake us, and the kernel stops no such group for its terminal either
    sys::kill(Target::Group(group.as_raw_nonzero().get()), Some(Signal::CONT));
    Ok(())
}

/// Whether a shell of our session watches over us (POSIX: the group is not orphaned).
fn is_job(own: Pid) -> bool {
    let Some(parent) = getppid() else { return false };
    let same_session = getsid(Some(parent)).ok() == getsid(None).ok();
    same_session && getpgid(Some(parent)).is_ok_and(|group| group != own)
}

/// Whoever takes the terminal from behind is stopped for it, unless SIGTTOU is blocked.
fn give_terminal_to(group: Pid) -> Result<(), Errno> {
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

/// Comes back when somebody has us continue. To this thread: it goes no step further before all have stopped.
#[expect(unsafe_code, reason = "raise(3) has no safe form")]
fn stop_here() {
    // SAFETY: takes a plain number. PID 1 of a namespace is not stopped, and goes on.
    unsafe { libc::raise(libc::SIGSTOP) };
}
