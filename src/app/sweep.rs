//! Removes what killed supervisors of other configurations have left in the folder of our record: records of runs of which
//! nobody lives, with the locks beside them. What somebody holds, what cannot be read, and what tells of somebody who lives
//! stays as it is. Waits for the disk, never for a lock; not for a start.

use phpeek_os::lock_file::LockFile;
use phpeek_os::state_file;
use phpeek_os::survivors::{Record, over};
use std::fs;
use std::path::{Path, PathBuf};

/// More are left by nobody but a loop that kills supervisors: the next start goes on with the rest.
const LOOKED_AT: usize = 4096;

/// A lock, and the record that it is for, as it was read.
struct Left {
    lock: PathBuf,
    state: PathBuf,
    text: String,
}

/// See the top of the file; `own` is our record.
pub(super) fn sweep_records(own: &Path) {
    let Some(folder) = own.parent() else { return };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let locks = entries.take(LOOKED_AT).filter(|path| path.extension().is_some_and(|e| e == "lock"));
    let left: Vec<(Left, Record)> =
        locks.filter(|lock| lock.with_extension("state") != own).filter_map(read).collect();
    let records: Vec<&Record> = left.iter().map(|(_, record)| record).collect();
    let over = over(&records);
    for ((left, _), _) in left.iter().zip(over).filter(|(_, over)| *over) {
        left.remove();
    }
}

/// A lock without a record was taken by who has never begun: the record of nothing.
fn read(lock: PathBuf) -> Option<(Left, Record)> {
    let state = lock.with_extension("state");
    let text = state_file::read(&state).ok()?.unwrap_or_default();
    let record = if text.is_empty() { Record::default() } else { Record::parse(&text)? };
    Some((Left { lock, state, text }, record))
}

impl Left {
    /// Who comes meanwhile waits for the lock, finds that its file is no more, and makes a new one: so nothing is removed
    /// that is of a newcomer. One that has come and gone since the record was read has left another.
    fn remove(&self) {
        let Some(_lock) = LockFile::take_left(&self.lock) else { return };
        let now = state_file::read(&self.state).ok().map(Option::unwrap_or_default);
        if now.as_ref() == Some(&self.text) {
            // A name that stays costs nothing but a look.
            drop(fs::remove_file(&self.state));
            drop(fs::remove_file(&self.lock));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::collections::BTreeMap;

    /// A record with its lock, as a supervisor leaves them.
    fn leave(folder: &Path, name: &str, text: &str) -> [PathBuf; 2] {
        let [lock, state] = ["lock", "state"].map(|kind| folder.join(format!("{name}.{kind}")));
        drop(LockFile::take(&lock, 0o600).expect("nobody has it"));
        if !text.is_empty() {
            state_file::replace(&state, text.as_bytes(), 0o600).expect("room");
        }
        [lock, state]
    }

    fn are_there(paths: &[PathBuf; 2]) -> [bool; 2] {
        paths.each_ref().map(|path| path.exists())
    }

    #[test]
    fn only_what_is_nobodys_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let living = Record::own(BTreeMap::new()).to_text();
        let line = |begins: &str| living.lines().find(|l| l.starts_with(begins)).expect("a line").to_owned();
        let dead = living.replace(&line("supervisor"), "supervisor 999999999 1");
        let with_us = format!("{dead}run {} -\n", line("supervisor").trim_start_matches("supervisor "));
        let of_another_boot = with_us.replace(&line("boot"), "boot another");
        let leave = |name: &str, text: &str| leave(folder.path(), name, text);
        let gone = [leave("dead", &dead), leave("boot", &of_another_boot), leave("none", "")];
        let kept = [leave("lives", &living), leave("run", &with_us), leave("strange", "not ours")];
        let [held, own] = [leave("held", &dead), leave("own", &dead)];
        let lock = LockFile::take(&held[0], 0o600).expect("nobody has it");
        sweep_records(&own[1]);
        assert_eq!(gone.each_ref().map(are_there), [[false; 2]; 3]);
        assert_eq!(kept.each_ref().map(are_there), [[true; 2]; 3]);
        assert_eq!([are_there(&held), are_there(&own)], [[true; 2]; 2]);
        drop(lock);
        sweep_records(&own[1]);
        assert_eq!((are_there(&held), are_there(&own)), ([false; 2], [true; 2]));
    }

    #[test]
    fn a_newcomer_loses_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let [lock, state] = leave(folder.path(), "x", "");
        let (left, _) = read(lock.clone()).expect("it can be read");
        // It has come, written its record, and was killed, all since we have read the old one.
        state_file::replace(&state, b"of the newcomer", 0o600).expect("room");
        left.remove();
        assert_eq!(are_there(&[lock.clone(), state.clone()]), [true; 2]);
        // It waits for the lock while that goes.
        let held = LockFile::take_left(&lock).expect("nobody has it");
        let newcomer = std::thread::spawn({
            let lock = lock.clone();
            move || LockFile::take(&lock, 0o600)
        });
        fs::remove_file(&lock).expect("ours");
        drop(held);
        let newcomer = newcomer.join().expect("no panic").expect("it is free");
        assert!(lock.exists() && LockFile::take_left(&lock).is_none());
        drop(newcomer);
    }
}
