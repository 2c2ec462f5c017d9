//! The cgroup of version 2 that a run has for itself: who is in it, its end, and its removal. Owns one folder; a cgroup of
//! nobody else is touched.

use super::procfs::Stat;
use super::sys;
use phpeek_core::signal::Signal;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The cgroup of one run.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) folder: Box<Path>,
}

impl Leaf {
    /// Whether somebody is in it, or below it.
    pub(super) fn is_populated(&self) -> bool {
        let events = read(&self.folder.join("cgroup.events"));
        events.is_some_and(|text| text.lines().any(|line| line == "populated 1"))
    }

    /// Who is in it, or below it, and lives. Nobody of another pid namespace.
    pub(super) fn members(&self) -> Vec<Stat> {
        let all = with_those_below(&self.folder);
        let pids = all.iter().flat_map(|folder| processes(folder));
        pids.filter(|pid| *pid > 0).filter_map(Stat::of).filter(|stat| !stat.is_dead()).collect()
    }

    /// SIGKILL for all of it at once, also for who is just being forked. False when nobody is in it.
    pub(super) fn kill(&self) -> bool {
        if !self.is_populated() {
            return false;
        }
        if fs::write(self.folder.join("cgroup.kill"), "1").is_err() {
            // Before Linux 5.14: one after the other.
            for member in self.members() {
                sys::send_exactly(&member, Signal::KILL);
            }
        }
        true
    }

    /// Removes it, with what its own have made below it. False: somebody is in it.
    pub(super) fn remove(&self) -> bool {
        match fs::remove_dir(&self.folder) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(_) if self.is_populated() => false,
            Err(_) => remove(&self.folder),
        }
    }

    /// Removes it, if nobody is in it; else it is left to the next supervisor.
    pub(super) fn clear(&self) {
        self.remove();
    }
}

/// The kernel removes none that holds a process, or another one.
pub(super) fn remove(folder: &Path) -> bool {
    with_those_below(folder).iter().rev().fold(true, |all, folder| {
        let gone = match fs::remove_dir(folder) {
            Ok(()) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        all && gone
    })
}

/// A folder and all below it, each after the one that it is in.
fn with_those_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(folder) = all.get(next) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let below = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let below: Vec<_> = below.map(|entry| entry.path()).collect();
        all.extend(below);
        next += 1;
    }
    all
}

/// Who is in a cgroup, but not who is below it.
pub(super) fn processes(folder: &Path) -> Vec<i32> {
    let text = read(&folder.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

pub(super) fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim_end().to_owned())
}
