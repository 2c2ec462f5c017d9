//! The duties of PID 1 and of a subreaper: orphans are ours, and nothing is left behind at the end. Signals only what
//! is our child, or everything when we are the init of a container.

use super::procfs;
use super::reaper::Children;
use super::sys::{self, Target};
use phpeek_core::member::Member;
use phpeek_core::signal::Signal;
use std::collections::HashSet;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the last sweep looks again; it runs for milliseconds, once.
const SWEEP_STEP: Duration = Duration::from_millis(2);

/// Whether we are the first process of a pid namespace.
#[must_use]
pub fn is_init() -> bool {
    std::process::id() == 1
}

/// Makes orphaned descendants our children, as PID 1 has them anyway (PR_SET_CHILD_SUBREAPER).
///
/// # Errors
/// When the kernel refuses.
#[expect(unsafe_code, reason = "prctl on the process itself")]
pub fn adopt_orphans() -> io::Result<()> {
    if is_init() {
        return Ok(());
    }
    // SAFETY: takes plain numbers.
    match unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What the last sweep left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// No child is left.
    Clean,
    /// Some did not die in time: the kernel holds them, or they are not ours to end.
    Left,
}

/// Ends and reaps whatever is still there, once every process has stopped and none is being started. It is asked first
/// and has `grace` to follow; `asked` hears who they are, and `hurried` tells that there is no time for that.
pub async fn sweep(
    children: &Children,
    (grace, limit): (Duration, Duration),
    asked: impl Fn(&[Member]),
    hurried: impl Fn() -> bool,
) -> Sweep {
    children.reap_all();
    let until = Instant::now() + grace;
    let mut told: HashSet<i32> = HashSet::new();
    while sys::has_children() && Instant::now() < until && !hurried() {
        let left = children.abandoned();
        if left.is_empty() {
            break; // only what was given up already
        }
        let new: Vec<Member> = left.into_iter().filter(|member| told.insert(member.pid)).collect();
        if !new.is_empty() {
            asked(&new);
        }
        for member in new {
            sys::kill(Target::Process(member.pid), Some(Signal::TERM));
            sys::kill(Target::Process(member.pid), Some(Signal::CONT));
        }
        sleep(SWEEP_STEP).await;
        children.reap_all();
    }
    kill_all(children, limit).await
}

async fn kill_all(children: &Children, limit: Duration) -> Sweep {
    let deadline = Instant::now() + limit;
    loop {
        if is_init() {
            // First of all: what another namespace has put into ours is not our child, and goes too.
            sys::kill(Target::Everything, Some(Signal::KILL));
        }
        children.reap_all();
        if !sys::has_children() {
            return Sweep::Clean;
        }
        if Instant::now() >= deadline {
            return Sweep::Left;
        }
        if !is_init() {
            // Only we reap our children, and on this very thread: none of these pids can be another's by now.
            // Their own children become ours when they are gone, and the next round finds those.
            for pid in procfs::own_children() {
                sys::kill(Target::Process(pid), Some(Signal::KILL));
            }
        }
        sleep(SWEEP_STEP).await;
    }
}

/// Ends the process at once: no destructor, no handler of the C library, no waiting for threads.
#[expect(unsafe_code, reason = "_exit has no safe form")]
pub fn leave(code: u8) -> ! {
    // SAFETY: takes a plain number and does not return.
    unsafe { libc::_exit(i32::from(code)) }
}
