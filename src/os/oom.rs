//! The memory controller's count of what it has killed in our own cgroup: `memory.events` of cgroup v2,
//! `memory.oom_control` of v1. Opened once, read by pread: a pseudo file, which does not wait. Never guesses: without
//! the file there is no count.

use super::cgroup::Membership;
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
        Self::from(events_file(Membership::own()).and_then(|path| File::open(path).ok()))
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

/// Where the count is. Version 2 first: with both mounted the memory controller is in one of them, and only that one has
/// the file.
fn events_file(own: &Membership) -> Option<PathBuf> {
    let v2 = own.unified().map(|place| place.folder.join("memory.events"));
    let v1 = own.of_controller("memory").map(|place| place.folder.join("memory.oom_control"));
    [v2, v1].into_iter().flatten().find(|file| file.exists())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::fs;

    #[test]
    fn without_a_controller_there_is_no_count() {
        assert_eq!(events_file(&Membership::new("", "")), None);
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(events_file(&Membership::new("0::/nowhere\n", mounts)), None, "there is no such file");
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
