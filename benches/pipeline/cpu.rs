//! The processor time of threads, from /proc (proc(5)).

use std::fs;
use std::time::Duration;

/// What all arbiters of this process have run so far: the threads that actix names.
pub(crate) fn of_arbiters() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("proc is mounted").flatten();
    let of_actix = tasks
        .filter(|t| fs::read_to_string(t.path().join("comm")).is_ok_and(|name| name.starts_with("actix-rt")));
    of_actix.filter_map(|t| schedstat(&t.path().join("schedstat"))).sum()
}

/// What all threads but this one have run so far, those that have ended too.
pub(crate) fn of_others() -> Duration {
    of(rustix::time::ClockId::ProcessCPUTime).saturating_sub(of_this_thread())
}

/// What this thread has run so far.
pub(crate) fn of_this_thread() -> Duration {
    of(rustix::time::ClockId::ThreadCPUTime)
}

fn of(clock: rustix::time::ClockId) -> Duration {
    let now = rustix::time::clock_gettime(clock);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The first number of schedstat: nanoseconds on a processor.
fn schedstat(path: &std::path::Path) -> Option<Duration> {
    let text = fs::read_to_string(path).ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Resident memory of this process, in bytes.
pub(crate) fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * 4096
}
