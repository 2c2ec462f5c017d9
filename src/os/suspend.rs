//! Job control of a single program that stands where we do: when the terminal stops it, we stop as well, as the shell that
//! has started us expects of its job. Continued by the shell, we wake the program, in front if we are in front again. Blocks
//! on purpose: while we are stopped nothing of us runs.

use super::reaper::Children;
use super::sys::{self, Target};
use super::terminal::{self, give_to, is_job};
use phpeek_core::signal::Signal;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, getpgrp, waitid};

/// What a terminal stops its processes with: by a key, for reading, for writing.
const BY_TERMINAL: [i32; 3] = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

impl Children {
    /// Looks whether the terminal has stopped the program. Call it when SIGCHLD came and there is but one, in front, and when
    /// that one is in the table: it may have been stopped before.
    pub(super) fn stop_with_the_program(&self) {
        for (pid, _) in self.leaders() {
            let Some(group) = Pid::from_raw(pid) else { continue };
            if let Some(signal) = stopped_by(group) {
                // An error: the terminal is gone, and its end is a stop of another kind.
                stop_with(group, signal).ok();
            }
        }
    }
}

/// With which signal its terminal has stopped it, if there is news of that, which are taken.
fn stopped_by(pid: Pid) -> Option<i32> {
    let news = waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG);
    let signal = news.ok().flatten().and_then(|status| status.stopping_signal());
    signal.filter(|signal| BY_TERMINAL.contains(signal))
}

fn stop_with(group: Pid, signal: i32) -> Result<(), Errno> {
    let (own, front) = (getpgrp(), terminal::front()?);
    let by_key = signal == libc::SIGTSTP;
    match (by_key, is_job()) {
        (_, true) if front == group => {
            give_to(own)?;
            stop_here();
        }
        // Nobody would wake us, and the kernel stops no such group for its terminal either.
        (_, false) if front == group => {}
        // The key was for us, and was handed on.
        (true, true) if front == own => stop_here(),
        (true, _) => return Ok(()), // somebody has sent it the signal
        // It asks for what we may give.
        (false, _) if front == own => {}
        // It may not use the terminal, since we may not.
        (false, true) => stop_here(),
        (false, false) => return Ok(()), // nobody will ever bring us in front
    }
    let has_it_or_asks = front == group || !by_key;
    if has_it_or_asks && terminal::front()? == own {
        give_to(group)?;
    }
    sys::kill(Target::Group(group.as_raw_nonzero().get()), Some(Signal::CONT));
    Ok(())
}

/// Comes back when somebody has us continue. To this thread: it goes no step further before all have stopped.
#[expect(unsafe_code, reason = "raise(3) has no safe form")]
fn stop_here() {
    // SAFETY: takes a plain number. PID 1 of a namespace is not stopped, and goes on.
    unsafe { libc::raise(libc::SIGSTOP) };
}
