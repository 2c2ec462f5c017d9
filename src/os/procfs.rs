//! What /proc tells of processes (proc(5)): who is whose child, in which group and session, and since when. Looks, and
//! decides nothing. A pseudo file does not wait for a disk. Called when something has left its group, never on the way
//! of an ordinary start or stop.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A process, as one moment showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) pid: i32,
    /// What the kernel calls it.
    pub(super) name: String,
    /// One letter; see [`Stat::is_dead`].
    pub(super) state: u8,
    /// Threads that have not been taken away: the first stays until all have ended.
    threads: u32,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
    /// Clock ticks between the boot and its beginning: with the pid it is unique as long as the machine runs.
    pub(super) began: u64,
}

impl Stat {
    /// `None` when there is no such process.
    pub(super) fn of(pid: i32) -> Option<Self> {
        Self::parse(&text(&format!("/proc/{pid}/stat"))?)
    }

    /// The name may hold anything and ends with the last parenthesis.
    fn parse(text: &str) -> Option<Self> {
        let (begin, rest) = text.rsplit_once(") ")?;
        let (pid, name) = begin.split_once(" (")?;
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?.bytes().next()?;
        let mut number = || fields.next()?.parse().ok();
        let (parent, group, session) = (number()?, number()?, number()?);
        let threads = fields.nth(13)?.parse().ok()?;
        let began = fields.nth(1)?.parse().ok()?;
        let (pid, name) = (pid.parse().ok()?, name.to_owned());
        Some(Self { pid, name, state, threads, parent, group, session, began })
    }

    /// Whether it has ended, and only its entry is left. One whose first thread has ended is shown as a zombie too, and
    /// lives in the others.
    pub(super) fn is_dead(&self) -> bool {
        match self.state {
            b'Z' => self.threads <= 1,
            state => matches!(state, b'X' | b'x'),
        }
    }

    /// Whether it hangs in the kernel.
    pub(super) fn is_uninterruptible(&self) -> bool {
        self.state == b'D'
    }

    /// Whether this very process is still there.
    pub(super) fn is_there(&self) -> bool {
        Self::of(self.pid).is_some_and(|now| now.began == self.began)
    }
}

/// What a pseudo file says; `None` when it cannot be read or is no text.
pub(super) fn text(path: &str) -> Option<String> {
    String::from_utf8(bytes(path)?).ok()
}

/// What a pseudo file holds; `None` when it cannot be read. The kernel makes it while it is read, so its length is not
/// asked for, and one read gets all of most.
pub(super) fn bytes(path: &str) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let (mut all, mut buffer) = (Vec::new(), [0; 2048]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Some(all),
            Ok(count) => all.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// The children that we have adopted: the kernel lists an orphan below the main thread of its new parent, and a child
/// of a spawner below that thread. So this list is empty unless something was left behind.
#[derive(Debug)]
pub(super) struct Adopted(Option<File>);

impl Adopted {
    /// Call it on the main thread or any other; it is about the process.
    pub(super) fn open() -> Self {
        let own = std::process::id();
        Self(File::open(format!("/proc/{own}/task/{own}/children")).ok())
    }

    /// Their pids, zombies and all. Where the kernel does not list them, by the parent of each process.
    pub(super) fn pids(&self) -> Vec<i32> {
        match self.0.as_ref().map(read_again) {
            Some(Ok(text)) => pids(&text),
            Some(Err(_)) | None => scan(std::process::id().cast_signed()),
        }
    }

    /// Whether there is none, without a look at each process of the machine.
    pub(super) fn are_none(&self) -> bool {
        self.0.as_ref().is_some_and(|file| matches!(file.read_at(&mut [0], 0), Ok(0)))
    }
}

fn read_again(file: &File) -> io::Result<String> {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = file.read_at(&mut buffer, all.len() as u64)?;
        if count == 0 {
            return Ok(String::from_utf8_lossy(&all).into_owned());
        }
        all.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
}

fn pids(text: &str) -> Vec<i32> {
    text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Every child of this process, adopted or not.
pub(super) fn own_children() -> Vec<i32> {
    let own = std::process::id().cast_signed();
    children_of(own).unwrap_or_else(|| scan(own))
}

/// The children of a process; `None` where the kernel lists none, or it is gone.
pub(super) fn children_of(pid: i32) -> Option<Vec<i32>> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let lists = tasks.flatten().map(|task| fs::read_to_string(task.path().join("children")));
    Some(lists.collect::<Result<Vec<_>, _>>().ok()?.iter().flat_map(|list| pids(list)).collect())
}

/// The children of a process, by the parent of each process of the machine.
fn scan(parent: i32) -> Vec<i32> {
    let child = |pid: &i32| Stat::of(*pid).is_some_and(|stat| stat.parent == parent);
    every_pid().into_iter().filter(child).collect()
}

/// Every process that we can see.
pub(super) fn every_pid() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// A process and all that descend from it, with what each is. One that goes meanwhile is left out.
pub(super) fn tree(pid: i32) -> Vec<Stat> {
    let (mut found, mut open) = (Vec::new(), vec![pid]);
    while let Some(pid) = open.pop() {
        let Some(stat) = Stat::of(pid) else { continue };
        if !stat.is_dead() {
            open.extend(children_of(pid).unwrap_or_else(|| scan(pid)));
        }
        found.push(stat);
    }
    found
}

/// The value of a variable that a process was given at its exec. `None` when it has none, has overwritten it, or is
/// not for us to read.
pub(super) fn variable(pid: i32, name: &[u8]) -> Option<Vec<u8>> {
    let all = bytes(&format!("/proc/{pid}/environ"))?;
    let value = |entry: &[u8]| entry.strip_prefix(name)?.strip_prefix(b"=").map(<[u8]>::to_vec);
    all.split(|byte| *byte == 0).find_map(value)
}

/// How much of a process is in memory, what it shares with others and all, in bytes. `None` when it is gone.
pub(super) fn resident(pid: i32) -> Option<u64> {
    let pages: u64 = text(&format!("/proc/{pid}/statm"))?.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// The same with its share of what is shared alone. `None` when it is gone, or not for us to read.
pub(super) fn proportional(pid: i32) -> Option<u64> {
    let text = text(&format!("/proc/{pid}/smaps_rollup"))?;
    let share = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = share.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

/// In which pid namespace a process lives (namespaces(7)); `None` when we may not know.
pub(super) fn pid_namespace(pid: i32) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

/// A moment as [`Stat::began`] counts: in ticks since the boot, of which there are 100 a second (sysconf(3)).
pub(super) fn ticks(at: Instant) -> u64 {
    let boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let now = Duration::new(boot.tv_sec.cast_unsigned(), u32::try_from(boot.tv_nsec).unwrap_or(0));
    let ticks = u128::from(rustix::param::clock_ticks_per_second());
    let then = now.saturating_sub(at.elapsed()).as_millis() * ticks / 1000;
    u64::try_from(then).unwrap_or(u64::MAX)
}

/// When this process began, in ticks since the boot; 0 where /proc is not there.
pub(super) fn own_beginning() -> u64 {
    static BEGAN: OnceLock<u64> = OnceLock::new();
    *BEGAN.get_or_init(|| Stat::of(std::process::id().cast_signed()).map_or(0, |stat| stat.began))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let text = "7 (a) (b c) S 3 4 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 77 8 9\n";
        let stat = Stat::parse(text).expect("a line");
        let wanted = (7, "a) (b c", b'S', 3, 4, 5, 77);
        let Stat { pid, name, state, threads: 1, parent, group, session, began } = &stat else {
            panic!("{stat:?}");
        };
        assert_eq!((*pid, name.as_str(), *state, *parent, *group, *session, *began), wanted);
        assert_eq!(Stat::parse("7 (sh"), None);
    }

    #[test]
    fn a_program_whose_first_thread_has_ended_lives() {
        let dead = |state: &str, threads: u32| {
            let text = format!("7 (a) {state} 3 4 5 0 -1 4 1 2 3 4 5 6 7 8 20 0 {threads} 0 77 8 9\n");
            Stat::parse(&text).expect("a line").is_dead()
        };
        assert!(dead("Z", 1) && dead("X", 0) && !dead("Z", 2) && !dead("S", 1));
    }

    #[test]
    fn children_are_found_without_the_list_of_the_kernel() {
        let own = std::process::id().cast_signed();
        let parent = Stat::of(own).expect("we run").parent;
        assert!(scan(parent).contains(&own) && !scan(own).contains(&own));
    }

    #[test]
    fn we_find_ourselves() {
        let own = std::process::id().cast_signed();
        let stat = Stat::of(own).expect("we run");
        assert!(stat.began > 0 && !stat.is_dead() && stat.is_there());
        assert!(tree(own).contains(&Stat::of(own).expect("we run")) || !tree(own).is_empty());
        assert!(every_pid().contains(&own));
        assert_eq!(Stat::of(i32::MAX), None);
    }
}
