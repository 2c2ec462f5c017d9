//! The duties of PID 1 and of a subreaper: orphans are ours, and nothing is left behind at the end. Kills only
//! what is our child, or everything when we are the init of a container. Called by the composition root.

use super::reaper::Children;
use super::sys::{self, Target};
use phpeek_core::signal::Signal;
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
    /// Some did not die in time: the kernel holds them.
    Left,
}

/// Kills and reaps whatever is still there, once every process has stopped and none is being started.
pub async fn sweep(children: &Children, limit: Duration) -> Sweep {
    let deadline = Instant::now() + limit;
    loop {
        if is_init() {
            // First of all: what another namespace has put into ours is not our child, and goes too.
            sys::kill(Target::Everything, Some(Signal::KILL));
        }
        children.on_sigchld();
        if !sys::has_children() {
            return Sweep::Clean;
        }
        if Instant::now() >= deadline {
            return Sweep::Left;
        }
        if !is_init() {
            // Only we reap our children, and on this very thread: none of these pids can be another's by now.
            // Their own children become ours when they are gone, and the next round finds those.
            for pid in our_children() {
                sys::kill(Target::Process(pid), Some(Signal::KILL));
            }
        }
        sleep(SWEEP_STEP).await;
    }
}

/// Children of all our threads (proc(5)); where the kernel lists none, by the parent of each process.
fn our_children() -> Vec<i32> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return vec![] };
    let lists = tasks.flatten().map(|task| std::fs::read_to_string(task.path().join("children")));
    match lists.collect::<Result<Vec<_>, _>>() {
        Ok(lists) => lists.iter().flat_map(|l| l.split_whitespace()).filter_map(|p| p.parse().ok()).collect(),
        Err(_) => scan_for_children(),
    }
}

fn scan_for_children() -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return vec![] };
    let own = std::process::id().to_string();
    let is_ours = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name, which may hold anything and ends with the last parenthesis: state, then parent.
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)) == Some(own.as_str())
    };
    let pids = entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    pids.filter(is_ours).collect()
}

/// Ends the process at once: no destructor, no handler of the C library, no waiting for threads.
#[expect(unsafe_code, reason = "_exit has no safe form")]
pub fn leave(code: u8) -> ! {
    // SAFETY: takes a plain number and does not return.
    unsafe { libc::_exit(i32::from(code)) }
}
