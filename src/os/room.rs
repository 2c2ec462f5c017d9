//! How much memory and how many processors this process may use: what its cgroup allows, and those around it, in both
//! versions, else what the machine has. Read once, when somebody asks; what cannot be read bounds nothing.

use super::cgroup::{Membership, Place};
use super::procfs;
use super::usage::total_memory;
use std::fs;
use std::path::Path;

/// What may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes of memory.
    pub memory: u64,
    /// Processors; a part of one counts as one.
    pub cpus: u64,
    /// Whether a cgroup bounds the memory, and not the machine alone.
    pub memory_is_bounded: bool,
}

/// What may be used here. `None` where not even the machine says how much memory it has.
#[must_use]
pub fn room() -> Option<Room> {
    let cpus = rustix::thread::sched_getaffinity(None).map_or(1, |set| u64::from(set.count()));
    within(Membership::own(), &procfs::text("/proc/meminfo").unwrap_or_default(), cpus)
}

fn within(own: &Membership, meminfo: &str, cpus: u64) -> Option<Room> {
    let of_v2 = |figure: fn(&Path) -> Option<u64>| smallest(own.unified(), figure);
    let of_v1 =
        |controller, figure: fn(&Path) -> Option<u64>| smallest(own.of_controller(controller), figure);
    let bytes = [
        of_v2(|folder| number(&folder.join("memory.max"))),
        of_v1("memory", |folder| number(&folder.join("memory.limit_in_bytes"))),
    ];
    let quotas = [
        of_v2(|folder| {
            let text = fs::read_to_string(folder.join("cpu.max")).ok()?;
            let (quota, period) = text.trim().split_once(' ')?;
            whole(quota.parse().ok()?, period.parse().ok()?)
        }),
        of_v1("cpu", |folder| {
            whole(number(&folder.join("cpu.cfs_quota_us"))?, number(&folder.join("cpu.cfs_period_us"))?)
        }),
    ];
    let (memory, machine) = (bytes.into_iter().flatten().min(), total_memory(meminfo));
    let memory_is_bounded = memory.is_some_and(|bound| machine.is_none_or(|has| bound < has));
    Some(Room {
        memory: memory.into_iter().chain(machine).min()?,
        cpus: quotas.into_iter().flatten().fold(cpus, u64::min).max(1),
        memory_is_bounded,
    })
}

/// The smallest figure of a cgroup and of those around it.
fn smallest(place: Option<Place>, figure: fn(&Path) -> Option<u64>) -> Option<u64> {
    place?.with_those_around().filter_map(figure).min()
}

/// A file that holds a number; `max` and -1, which are no bound, are none.
fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Processors of a quota in its period, a part as a whole.
fn whole(quota: u64, period: u64) -> Option<u64> {
    (period > 0).then(|| quota.div_ceil(period))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    const MACHINE: &str = "MemTotal:        8388608 kB\nMemFree:          100000 kB\n";
    const GIB: u64 = 1 << 30;

    /// A tree of cgroups below a folder, with these files in it.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("room");
            fs::write(path, text).expect("room");
        }
        root
    }

    fn mounted(root: &Path) -> String {
        let root = root.display();
        format!(
            "31 23 0:28 / {root}/v2 rw - cgroup2 cgroup2 rw\n35 31 0:32 / {root}/memory rw - cgroup cgroup rw,memory\n\
             36 31 0:33 / {root}/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        )
    }

    fn found(files: &[(&str, &str)]) -> Room {
        let root = tree(files);
        let own = Membership::new("0::/a/b\n4:memory:/a/b\n5:cpu,cpuacct:/a/b\n", &mounted(root.path()));
        within(&own, MACHINE, 4).expect("the machine has memory")
    }

    fn room(memory: u64, cpus: u64, memory_is_bounded: bool) -> Room {
        Room { memory, cpus, memory_is_bounded }
    }

    #[test]
    fn the_narrowest_bound_counts_in_both_versions() {
        let v2 = [
            ("v2/a/b/memory.max", "2147483648\n"),
            ("v2/a/memory.max", "1073741824\n"),
            ("v2/a/b/cpu.max", "150000 100000\n"),
        ];
        assert_eq!(found(&v2), room(GIB, 2, true));
        let v1 = [
            ("memory/a/b/memory.limit_in_bytes", "1073741824\n"),
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("cpu/a/b/cpu.cfs_quota_us", "50000\n"),
            ("cpu/a/b/cpu.cfs_period_us", "100000\n"),
        ];
        assert_eq!(found(&v1), room(GIB, 1, true));
    }

    #[test]
    fn without_a_bound_it_is_the_machine() {
        assert_eq!(found(&[]), room(8 * GIB, 4, false));
        let open = [
            ("v2/a/b/memory.max", "max\n"),
            ("v2/a/b/cpu.max", "max 100000\n"),
            ("memory/a/b/memory.limit_in_bytes", "9223372036854771712\n"),
            ("cpu/a/b/cpu.cfs_quota_us", "-1\n"),
            ("cpu/a/b/cpu.cfs_period_us", "100000\n"),
        ];
        assert_eq!(found(&open), room(8 * GIB, 4, false));
        assert_eq!(found(&[("v2/a/b/cpu.max", "6400000 100000\n")]).cpus, 4, "no more than there are");
        assert_eq!(found(&[("v2/a/b/cpu.max", "nonsense"), ("v2/a/cpu.max", "1 0")]).cpus, 4);
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(within(&Membership::new("", ""), "", 4), None);
        assert_eq!(within(&Membership::new("", ""), "MemTotal: many kB\n", 4), None);
        assert!(super::room().is_some_and(|room| room.memory > 0 && room.cpus > 0), "of this machine");
    }
}
