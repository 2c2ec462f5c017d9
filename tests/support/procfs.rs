//! Processes as /proc shows them (proc(5)). Reads only, and signals by pid; a process that vanishes in between is no
//! error. Called by the harness.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;

/// One line of the process table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The process.
    pub pid: i32,
    /// Its parent.
    pub parent: i32,
    /// Its state letter, `Z` for a zombie.
    pub state: char,
}

/// The entry of a process, if it is there.
pub fn entry(pid: i32) -> Option<Entry> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything, parentheses too (proc(5)).
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Entry { pid, parent, state })
}

/// The process group that is in front of its terminal.
pub fn in_front_of_terminal_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(5)?.parse().ok()
}

/// Every process.
pub fn table() -> Vec<Entry> {
    let Ok(names) = fs::read_dir("/proc") else { return Vec::new() };
    names.filter_map(|name| name.ok()?.file_name().to_str()?.parse().ok()).filter_map(entry).collect()
}

/// Whether the process is there and not a zombie.
pub fn alive(pid: i32) -> bool {
    entry(pid).is_some_and(|e| !matches!(e.state, 'Z' | 'X'))
}

/// The zombies whose parent is `pid`.
pub fn zombies_of(pid: i32) -> Vec<i32> {
    table().iter().filter(|e| e.parent == pid && e.state == 'Z').map(|e| e.pid).collect()
}

/// The children of `pid`, zombies too.
pub fn children_of(pid: i32) -> Vec<i32> {
    table().iter().filter(|e| e.parent == pid).map(|e| e.pid).collect()
}

/// The command line with spaces, empty for zombies.
pub fn command_line(pid: i32) -> String {
    let raw = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&raw).trim_end_matches('\0').replace('\0', " ")
}

/// A field of /proc/PID/status.
pub fn status(pid: i32, key: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).map(|v| v.trim().to_owned())
}

/// Live processes of a sandbox, whoever their parent is now: `SANDBOX=directory` is in their environment, or they work
/// in that folder. nginx, php-fpm and redis write their titles over their environment, so one mark is not enough.
pub fn marked(directory: &Path) -> Vec<i32> {
    let marker = format!("SANDBOX={}", directory.display()).into_bytes();
    let is_marked = |pid: i32| {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|e| e.split(|b| *b == 0).any(|v| v == marker))
            || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(directory))
    };
    table().iter().filter(|e| e.state != 'Z').map(|e| e.pid).filter(|pid| is_marked(*pid)).collect()
}

/// Sends a standard signal; false when nobody is there.
pub fn signal(pid: i32, signal: Signal) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, signal).is_ok())
}
