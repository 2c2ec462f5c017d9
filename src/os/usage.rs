//! What a run uses: processor time, memory, threads, descriptors and bytes of files, of its leader and of all that belongs
//! to it, together. Reads /proc, and only of children of ours and below; call it where a look at many processes may take
//! its time. What may not be read counts as nothing.

use super::meter;
use super::procfs::{self, Adopted, Stat};
use super::reaper::Children;
use phpeek_core::ids::TaskId;
use rustix::process::{Resource, getrlimit};
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a run uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// How long the leader has lived.
    pub age: Duration,
    /// When the leader began, in ticks since the boot: with its pid it is unique.
    pub began: u64,
    /// Processor time, with that of children that are over.
    pub cpu: Duration,
    /// That part of it which the kernel took.
    pub system: Duration,
    /// Bytes that are resident; what processes share counts for each.
    pub resident: u64,
    /// Bytes of addresses.
    pub addresses: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Bytes read from storage.
    pub read: u64,
    /// Bytes written to storage.
    pub written: u64,
}

/// Measures runs.
#[derive(Debug)]
pub struct Scales {
    supervisor: String,
    adopted: Adopted,
}

/// The fields of /proc/PID/stat that count, behind those of [`Stat`] (proc(5)).
struct Numbers {
    /// Without that of children.
    own: u64,
    cpu: u64,
    system: u64,
    threads: u64,
    began: u64,
    addresses: u64,
}

impl Numbers {
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<u64> =
            rest.split_ascii_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
        let of = |place: usize| fields.get(place).copied();
        // Own time in the program and in the kernel, then that of children that were waited for.
        let cpu = [11, 12, 13, 14].into_iter().map(of).sum::<Option<u64>>()?;
        let system = [12, 14].into_iter().map(of).sum::<Option<u64>>()?;
        let own = [11, 12].into_iter().map(of).sum::<Option<u64>>()?;
        Some(Self { own, cpu, system, threads: of(17)?, began: of(19)?, addresses: of(20)? })
    }
}

impl Scales {
    /// For the runs of this table.
    #[must_use]
    pub fn of(children: &Children) -> Self {
        Self { supervisor: children.kin.supervisor().to_owned(), adopted: Adopted::open() }
    }

    /// What this run uses; `None` when its leader is none of ours any more.
    #[must_use]
    pub fn weigh(&self, task: TaskId, leader: i32) -> Option<Usage> {
        let ours = Stat::of(leader).is_some_and(|stat| stat.parent == std::process::id().cast_signed());
        if !ours {
            return None;
        }
        let ticks = rustix::param::clock_ticks_per_second().max(1);
        let mut usage = Usage::default();
        for pid in meter::members(&self.supervisor, &self.adopted, task, leader) {
            let Some(numbers) = procfs::text(&format!("/proc/{pid}/stat")).and_then(|t| Numbers::parse(&t))
            else {
                continue; // it has gone meanwhile
            };
            if pid == leader {
                usage.began = numbers.began;
            }
            usage.cpu += Duration::from_millis(numbers.cpu.saturating_mul(1000) / ticks);
            usage.system += Duration::from_millis(numbers.system.saturating_mul(1000) / ticks);
            usage.addresses += numbers.addresses;
            usage.threads += numbers.threads;
            usage.resident += procfs::resident(pid).unwrap_or(0);
            usage.descriptors += descriptors(pid);
            let [read, written] = storage(pid);
            usage.read += read;
            usage.written += written;
        }
        let lived = procfs::ticks(std::time::Instant::now()).saturating_sub(usage.began);
        usage.age = Duration::from_millis(lived.saturating_mul(1000) / ticks);
        (usage.began > 0).then_some(usage)
    }
}

/// What the supervisor itself uses, without its children; what cannot be read is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Own {
    /// Processor time.
    pub cpu: Option<Duration>,
    /// When it began.
    pub began: Option<SystemTime>,
    /// Bytes that are resident.
    pub resident: Option<u64>,
    /// Bytes of addresses.
    pub addresses: Option<u64>,
    /// How many it may have; none: as many as there are.
    pub most_addresses: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open descriptors.
    pub descriptors: Option<u64>,
    /// How many it may have.
    pub most_descriptors: Option<u64>,
}

/// What the program that asks uses.
#[must_use]
pub fn of_self() -> Own {
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    let span = |count: u64| Duration::from_millis(count.saturating_mul(1000) / ticks);
    let numbers = procfs::text("/proc/self/stat").and_then(|text| Numbers::parse(&text));
    let boot = procfs::text("/proc/stat").and_then(|text| booted(&text));
    let began = numbers.as_ref().zip(boot).map(|(numbers, boot)| boot + span(numbers.began));
    let own = std::process::id().cast_signed();
    let descriptors = descriptors(own);
    Own {
        cpu: numbers.as_ref().map(|numbers| span(numbers.own)),
        began,
        resident: procfs::resident(own),
        addresses: numbers.as_ref().map(|numbers| numbers.addresses),
        most_addresses: getrlimit(Resource::As).current,
        threads: numbers.as_ref().map(|numbers| numbers.threads),
        descriptors: (descriptors > 0).then_some(descriptors),
        most_descriptors: getrlimit(Resource::Nofile).current,
    }
}

/// When the machine was booted, by the text of /proc/stat.
fn booted(stat: &str) -> Option<SystemTime> {
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(UNIX_EPOCH + Duration::from_secs(line.trim().parse().ok()?))
}

/// What a process and all that descend from it use, as anybody sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeUsage {
    /// Processor time, with that of children that are over.
    pub cpu: Duration,
    /// Bytes that are resident; what processes share counts for each.
    pub resident: u64,
}

/// What a child of this supervisor uses, for another program than the supervisor; `None` when we do not see such a child:
/// it is over, or has this pid in a namespace that is not ours.
#[must_use]
pub fn of_tree(supervisor: i32, leader: i32) -> Option<TreeUsage> {
    Stat::of(leader).filter(|stat| stat.parent == supervisor)?;
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    let mut usage = TreeUsage::default();
    for Stat { pid, .. } in procfs::tree(leader) {
        let numbers = procfs::text(&format!("/proc/{pid}/stat")).and_then(|text| Numbers::parse(&text));
        let Some(numbers) = numbers else { continue }; // it has gone meanwhile
        usage.cpu += Duration::from_millis(numbers.cpu.saturating_mul(1000) / ticks);
        usage.resident += procfs::resident(pid).unwrap_or(0);
    }
    Some(usage)
}

/// Bytes of the machine's memory; `None` where /proc is not there.
#[must_use]
pub fn machine_memory() -> Option<u64> {
    total_memory(&procfs::text("/proc/meminfo")?)
}

/// The same, by the text of /proc/meminfo.
pub(super) fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn descriptors(pid: i32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64)
}

fn storage(pid: i32) -> [u64; 2] {
    let text = procfs::text(&format!("/proc/{pid}/io")).unwrap_or_default();
    ["read_bytes: ", "write_bytes: "]
        .map(|name| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn the_fields_of_a_line_are_those_that_count() {
        let text = "7 (a) (b c) S 3 4 5 0 -1 4194560 1 2 3 4 50 60 70 80 20 0 9 0 77 4096 8\n";
        let Numbers { own, cpu, system, threads, began, addresses } = Numbers::parse(text).expect("a line");
        assert_eq!((own, cpu, system, threads, began, addresses), (110, 260, 140, 9, 77, 4096));
        assert!(Numbers::parse("7 (sh").is_none() && Numbers::parse("7 (sh) S 1 2").is_none());
    }

    #[test]
    fn what_this_program_uses_is_seen() {
        let own = of_self();
        assert!(
            own.resident.is_some_and(|bytes| bytes > 1 << 20) && own.threads.is_some_and(|n| n > 0),
            "{own:?}"
        );
        assert!(own.descriptors < own.most_descriptors, "{own:?}");
        assert!(
            own.began.is_some_and(|at| at.elapsed().is_ok_and(|age| age < Duration::from_hours(24))),
            "{own:?}"
        );
        assert!(
            booted("cpu 1 2\nbtime 5\n") == Some(UNIX_EPOCH + Duration::from_secs(5))
                && booted("x").is_none()
        );
    }

    #[test]
    fn the_machine_has_memory_and_we_have_descriptors() {
        assert!(machine_memory().is_some_and(|bytes| bytes > 1 << 20));
        assert!(descriptors(std::process::id().cast_signed()) > 2);
    }
}
