//! The memory controller's count of what it has killed in our own cgroup: `memory.events` of cgroup v2,
//! `memory.oom_control` of v1. Opened once, read by pread: a pseudo file, which does not wait. Never guesses: without
//! the file there is no count.

use super::procfs;
use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// More than either file holds; what counts is in its first lines.
const SIZE: usize = 512;
/// How both files name the count.
const KEY: &str = "oom_kill ";

/// The count, and what it was when it was read last.
#[derive(Debug)]
pub(super) struct OomKills {
    file: Option<File>,
    seen: Cell<u64>,
}

impl OomKills {
    /// Of the cgroup of this process. Where there is no memory controller, nothing is ever counted.
    pub(super) fn of_this_cgroup() -> Self {
        let read = |path| procfs::text(path).unwrap_or_default();
        let path = events_file(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"));
        Self::from(path.and_then(|path| File::open(path).ok()))
    }

    fn from(file: Option<File>) -> Self {
        let kills = Self { file, seen: Cell::new(0) };
        kills.since_last();
        kills
    }

    /// How many it has killed since this was asked last.
    pub(super) fn since_last(&self) -> u64 {
        let Some(now) = self.read() else { return 0 };
        now.saturating_sub(self.seen.replace(now))
    }

    fn read(&self) -> Option<u64> {
        let mut buffer = [0; SIZE];
        let length = self.file.as_ref()?.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(buffer.get(..length)?).ok()?;
        text.lines().find_map(|line| line.strip_prefix(KEY))?.trim().parse().ok()
    }
}

/// Where the count is, by the two files of /proc (cgroups(7), proc_pid_mountinfo(5)). Version 2 first: with both
/// mounted the memory controller is in one of them, and only that one has the file.
fn events_file(cgroups: &str, mounts: &str) -> Option<PathBuf> {
    let own = |wanted: fn(&str) -> bool| {
        cgroups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            wanted(controllers).then_some(path)
        })
    };
    let memory = |list: &str| list.split(',').any(|word| word == "memory");
    let v2 = own(str::is_empty).and_then(|path| below_mount(mounts, path, |kind, _| kind == "cgroup2"));
    let v1 = own(|list| list.split(',').any(|word| word == "memory"))
        .and_then(|path| below_mount(mounts, path, |kind, options| kind == "cgroup" && memory(options)));
    let files = [v2.map(|dir| dir.join("memory.events")), v1.map(|dir| dir.join("memory.oom_control"))];
    files.into_iter().flatten().find(|file| file.exists())
}

/// The folder of a cgroup below the first mount that is wanted. `None` when it lies outside of what is mounted.
fn below_mount(mounts: &str, cgroup: &str, wanted: impl Fn(&str, &str) -> bool) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (place, system) = line.split_once(" - ")?;
        let (root, point) = {
            let mut fields = place.split(' ').skip(3);
            (fields.next()?, fields.next()?)
        };
        let mut fields = system.split(' ');
        let (kind, options) = (fields.next()?, fields.nth(1)?);
        let below = cgroup.strip_prefix(root.trim_end_matches('/'))?;
        let inside = below.is_empty() || below.starts_with('/');
        let plain = !cgroup.split('/').any(|part| part == "..");
        (wanted(kind, options) && inside && plain)
            .then(|| PathBuf::from(point).join(below.trim_start_matches('/')))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::fs;

    const V1: &str = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
    const V2: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn v2(mounts: &str, cgroup: &str) -> Option<PathBuf> {
        below_mount(mounts, cgroup, |kind, _| kind == "cgroup2")
    }

    #[test]
    fn a_cgroup_is_found_below_its_mount() {
        assert_eq!(v2(V2, "/"), Some("/sys/fs/cgroup".into()));
        assert_eq!(v2(V2, "/system.slice/a.service"), Some("/sys/fs/cgroup/system.slice/a.service".into()));
        let v1 =
            |cgroup| below_mount(V1, cgroup, |kind, options| kind == "cgroup" && options.contains("memory"));
        assert_eq!(v1("/docker/abc/x"), Some("/sys/fs/cgroup/memory/x".into()));
        assert_eq!(v1("/docker/abc"), Some("/sys/fs/cgroup/memory".into()));
    }

    #[test]
    fn what_is_not_mounted_here_is_not_looked_for() {
        let v1 = |cgroup| below_mount(V1, cgroup, |kind, _| kind == "cgroup");
        assert_eq!((v1("/docker/abcd"), v1("/other")), (None, None));
        assert_eq!((v2(V1, "/"), v2(V2, "/../outside"), v2("", "/")), (None, None, None));
        assert_eq!(events_file("", ""), None);
        assert_eq!(events_file("0::/nowhere\n", V2), None, "there is no such file");
    }

    #[test]
    fn the_count_is_what_has_come_since_it_was_asked_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("memory.events");
        let write = |kills: u32| {
            let text = format!("low 0\nhigh 0\nmax 7\noom 3\noom_kill {kills}\noom_group_kill 9\n");
            fs::write(&path, text).expect("room");
        };
        write(4);
        let kills = OomKills::from(Some(File::open(&path).expect("the file")));
        assert_eq!(kills.since_last(), 0, "those before our time");
        write(6);
        assert_eq!((kills.since_last(), kills.since_last()), (2, 0));
        fs::write(&path, "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n").expect("room");
        assert_eq!(kills.since_last(), 1, "as version 1 writes it");
        fs::write(&path, "nonsense").expect("room");
        assert_eq!(kills.since_last(), 0);
        assert_eq!(OomKills::from(None).since_last(), 0);
    }
}
