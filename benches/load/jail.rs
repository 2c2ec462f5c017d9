//! Nothing that the harness starts outlives it. It is the subreaper of all it starts (prctl(2)), so whatever a
//! supervisor forgets comes back here and is killed. Ctrl-C and SIGTERM end it the same way. A harness that is itself
//! killed with SIGKILL takes the supervisor along (PR_SET_PDEATHSIG) and leaves its workers to their alarm.

use crate::procfs;
use rustix::process::{Pid, Signal, WaitOptions};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long after SIGKILL a process may take to go. It is one that hangs in the kernel if this is not enough.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// How the directory of a harness begins; its process id follows.
const PREFIX: &str = "phpeek-pm-load.";

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether the harness is on its way out, so that nothing may be started any more.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Becomes the subreaper, removes what killed harnesses have left, and ends everything on SIGINT, SIGTERM or SIGHUP.
pub(crate) fn enter() -> Result<(), String> {
    remove_stale_directories();
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|e| format!("cannot become a subreaper: {e}"))?;
    let mut signals =
        signal_hook::iterator::Signals::new([1, 2, 15]).map_err(|e| format!("cannot catch signals: {e}"))?;
    std::thread::Builder::new()
        .name("ctrl-c".to_owned())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                INTERRUPTED.store(true, Ordering::SeqCst);
                crate::progress::say("interrupted: ending everything that was started");
                kill_all();
                std::fs::remove_dir_all(run_directory_root()).ok();
                #[expect(clippy::exit, reason = "the main thread waits in the kernel and cannot be asked")]
                std::process::exit(128 + signal);
            }
        })
        .map_err(|e| format!("cannot start a thread: {e}"))?;
    Ok(())
}

/// Kills and reaps all that is below this process. Gives how many there were.
pub(crate) fn kill_all() -> usize {
    let (begin, mut most) = (Instant::now(), 0);
    while begin.elapsed() < KILL_PATIENCE {
        let left = procfs::descendants().unwrap_or_default();
        most = most.max(left.len());
        for pid in left.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            rustix::process::kill_process(pid, Signal::KILL).ok();
        }
        reap();
        if left.is_empty() {
            return most;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    crate::progress::say("some processes do not end even after SIGKILL");
    most
}

/// Waits until nothing is left below this process. Gives how many are left at the deadline.
pub(crate) fn wait_until_empty(patience: Duration) -> usize {
    let begin = Instant::now();
    loop {
        reap();
        let left = procfs::descendants().map_or(0, |left| left.len());
        if left == 0 || begin.elapsed() >= patience {
            return left;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Takes the statuses of adopted children. Only called when the supervisor's own status has been taken or is of no
/// more use.
fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
}

/// Where the files of all runs of this harness go.
pub(crate) fn run_directory_root() -> PathBuf {
    place().join(format!("{PREFIX}{}", std::process::id()))
}

/// Removes what harnesses left that were killed before they could.
fn remove_stale_directories() {
    for entry in std::fs::read_dir(place()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists()) {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// A tmpfs where there is one, so that no disk is in the figures.
fn place() -> PathBuf {
    let shm = PathBuf::from("/dev/shm");
    // TMPFS_MAGIC of statfs(2).
    let is_tmpfs = rustix::fs::statfs(&shm).is_ok_and(|fs| fs.f_type == 0x0102_1994);
    if is_tmpfs { shm } else { std::env::temp_dir() }
}

/// Ends everything and removes the files when it goes, however the harness ends.
#[derive(Debug)]
pub(crate) struct Cleanup;

impl Drop for Cleanup {
    fn drop(&mut self) {
        kill_all();
        std::fs::remove_dir_all(run_directory_root()).ok();
    }
}
