//! What /proc tells of a process (proc(5)): CPU, memory, context switches, threads, descriptors, descendants. Reads
//! only. A process that has just gone gives an error of the read, which callers pass on.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::Duration;

/// CPU and context switches of a process at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// From schedstat of all live threads, in nanoseconds, or from utime and stime where ended threads make it more.
    pub(crate) cpu: Duration,
    /// Context switches of all live threads, voluntary and not.
    pub(crate) switches: u64,
}

/// Memory, threads and descriptors of a process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Footprint {
    /// Proportional set size in KiB.
    pub(crate) pss_kib: u64,
    /// Live threads.
    pub(crate) threads: u64,
    /// Open descriptors.
    pub(crate) descriptors: u64,
}

fn missing(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no {what}"))
}

/// The fields of /proc/PID/stat after the name, which may hold blanks and brackets: the first is the state.
fn stat_fields(pid: i32) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = text.rsplit_once(')').ok_or_else(|| missing("name in stat"))?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

/// CPU and context switches so far.
pub(crate) fn usage(pid: i32) -> io::Result<Usage> {
    let (mut scheduled, mut switches) = (0, 0);
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = task?.path();
        // A thread may end between the listing and the reading; what it used is then in utime and stime below.
        let Ok(schedstat) = fs::read_to_string(path.join("schedstat")) else { continue };
        scheduled += schedstat.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        let status = fs::read_to_string(path.join("status")).unwrap_or_default();
        switches += ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"]
            .iter()
            .filter_map(|key| number_after(&status, key))
            .sum::<u64>();
    }
    let fields = stat_fields(pid)?;
    let ticks: u64 = [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<u64>().ok()).sum();
    let tick = 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1);
    let (precise, coarse) = (Duration::from_nanos(scheduled), Duration::from_nanos(ticks * tick));
    // The coarse number is rounded by up to two ticks; only beyond that does it know more than the precise one.
    let cpu = if coarse > precise + Duration::from_nanos(2 * tick) { coarse } else { precise };
    Ok(Usage { cpu, switches })
}

/// Memory, threads and descriptors now.
pub(crate) fn footprint(pid: i32) -> io::Result<Footprint> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(Footprint {
        pss_kib: number_after(&rollup, "Pss:").ok_or_else(|| missing("Pss in smaps_rollup"))?,
        threads: number_after(&status, "Threads:").ok_or_else(|| missing("Threads in status"))?,
        descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64,
    })
}

fn number_after(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}

/// All processes below this one, zombies left out.
pub(crate) fn descendants() -> io::Result<Vec<i32>> {
    let own = std::process::id().cast_signed();
    let mut children: HashMap<i32, Vec<(i32, bool)>> = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<i32>() else { continue };
        let Ok(fields) = stat_fields(pid) else { continue };
        let Some(parent) = fields.get(1).and_then(|p| p.parse().ok()) else { continue };
        let zombie = fields.first().is_some_and(|state| state == "Z" || state == "X");
        children.entry(parent).or_default().push((pid, zombie));
    }
    let (mut found, mut left) = (Vec::new(), vec![own]);
    while let Some(parent) = left.pop() {
        for (pid, zombie) in children.remove(&parent).unwrap_or_default() {
            left.push(pid);
            if !zombie {
                found.push(pid);
            }
        }
    }
    Ok(found)
}
