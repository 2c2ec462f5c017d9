//! A cgroup of version 2 for each run and each hook, below ours, where one may be made: "all of it" is then exact, and
//! `cgroup.kill` ends it. Probes have none: one of them comes every few seconds for months, and the kernel keeps what is
//! left of a cgroup's memory for as long as a page of it is in use. One may be made where a manager has handed ours over (`Delegate=` of systemd, by its mark on the folder), and
//! where we are PID 1 of what sees version 2 alone. Owns the folders that it makes, and our own place among them; where
//! none may be made nothing is read or written. Waits for no process and signals none but through `cgroup.kill`.

use super::cgroup::Membership;
use super::leaf::{Leaf, processes, read, remove};
use super::mark;
use super::procfs::{self, Stat};
use phpeek_core::ids::TaskId;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Each folder of ours begins with it: no file of a controller does.
const PREFIX: &str = "pm";
/// Between what people read in a name, and the mark.
const SEPARATOR: char = '@';
/// As much of a process's name is shown.
const SHOWN: usize = 64;
/// By which systemd says that a cgroup is ours to divide; the second where it could not write the first.
const HANDED_OVER: [&str; 2] = ["trusted.delegate", "user.delegate"];
/// Whoever systemd starts has this variable.
const BY_SYSTEMD: &str = "INVOCATION_ID";
/// What a program reads of its own cgroup to know how much it may use: its leaf says what ours does.
const BOUNDS: [&str; 2] = ["memory.max", "cpu.max"];

/// The cgroups of the runs of this supervisor.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    ground: OnceLock<Option<Ground>>,
    /// What people should know of, until it was told.
    trouble: Mutex<Option<String>>,
    troubled: AtomicBool,
}

/// Our cgroup, ready to be divided.
#[derive(Debug)]
struct Ground {
    folder: PathBuf,
    /// Bounds of ours that each leaf repeats.
    bounds: Vec<&'static str>,
    /// Whether what runs out of memory dies whole: it would have taken all of ours with it.
    dies_whole: bool,
}

impl Leaves {
    /// A cgroup for this task, and its folder, in which its leader begins. `None` where none may be made. Waits for the kernel alone.
    pub(super) fn make(&self, task: TaskId, name: &str, supervisor: &str) -> Option<(Leaf, OwnedFd)> {
        if matches!(task, TaskId::Probe(_)) {
            return None;
        }
        let ground = self.ground.get_or_init(|| self.prepare(supervisor)).as_ref()?;
        let shown: String = name.chars().take(SHOWN).map(|c| if is_plain(c) { c } else { '_' }).collect();
        let folder = ground.folder.join(format!("{PREFIX}-{shown}{SEPARATOR}{}", mark::of(supervisor, task)));
        let leaf = Leaf { folder: folder.into_boxed_path() };
        let opened = ground.open(&leaf).and_then(super::sys::lift);
        match opened {
            Ok(opened) => Some((leaf, opened)),
            Err(error) => {
                self.complain(&leaf, &error);
                None
            }
        }
    }

    /// A leader could not join its cgroup, and runs outside of it.
    pub(super) fn refused(&self, leaf: &Leaf, errno: i32) {
        self.complain(leaf, &io::Error::from_raw_os_error(errno));
        leaf.remove();
    }

    /// Whether runs have cgroups of their own.
    pub(super) fn are_in_use(&self) -> bool {
        matches!(self.ground.get(), Some(Some(_)))
    }

    /// The task whose cgroup this process is in, or in one below it.
    pub(super) fn task_of(&self, pid: i32, supervisor: &str) -> Option<TaskId> {
        if !self.are_in_use() {
            return None;
        }
        let text = procfs::text(&format!("/proc/{pid}/cgroup"))?;
        let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
        path.split('/').find_map(|part| mark::task(supervisor, mark_in(part)?))
    }

    /// What people should know of, once.
    pub(super) fn trouble(&self) -> Option<String> {
        if !self.troubled.load(Ordering::Relaxed) {
            return None;
        }
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Only the first is told: what follows has the same reason, or will be seen when that is mended.
    fn complain(&self, leaf: &Leaf, error: &io::Error) {
        let what = leaf.folder.display();
        let rest = "a run without a cgroup of its own is known by its session, its group and its mark";
        self.say(format!("cannot use the cgroup {what}: {error}; {rest}"));
    }

    fn say(&self, text: String) {
        if !self.troubled.swap(true, Ordering::Relaxed) {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        }
    }

    fn prepare(&self, supervisor: &str) -> Option<Ground> {
        let first = std::process::id() == 1;
        if !first && std::env::var_os(BY_SYSTEMD).is_none() {
            return None;
        }
        let own = Membership::own();
        let folder = own.unified()?.folder;
        let ours = first && own.is_unified_alone() || is_handed_over(&folder);
        if !ours {
            return None;
        }
        match Ground::prepare(folder, supervisor) {
            Ok(ground) => Some(ground),
            Err(Unfit::NotOurs) => None,
            Err(Unfit::Because(why)) => {
                self.say(why);
                None
            }
        }
    }
}

/// Why our cgroup cannot be divided.
#[derive(Debug)]
enum Unfit {
    /// It is not for us to write, as in most containers.
    NotOurs,
    /// It is, and something is in the way.
    Because(String),
}

impl Ground {
    /// Makes our cgroup ready: we move into one below it, because the kernel divides memory and processors only among
    /// cgroups whose parent holds no process.
    fn prepare(folder: PathBuf, supervisor: &str) -> Result<Self, Unfit> {
        sweep(&folder);
        let own = folder.join(format!("{PREFIX}{SEPARATOR}{supervisor}"));
        fs::create_dir(&own).map_err(|error| match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Unfit::NotOurs,
            _ => Unfit::Because(format!("cannot make the cgroup {}: {error}", own.display())),
        })?;
        let is_bounded =
            |file: &&str| read(&folder.join(file)).is_some_and(|bound| !bound.starts_with("max"));
        let bounds: Vec<_> = BOUNDS.into_iter().filter(is_bounded).collect();
        let dies_whole = read(&folder.join("memory.oom.group")).as_deref() == Some("1");
        let ground = Self { folder, bounds, dies_whole };
        if ground.bounds.is_empty() && !ground.dies_whole {
            drop(fs::remove_dir(&own)); // nothing is to be divided, so we may stay
            return Ok(ground);
        }
        let Err(error) = ground.divide(&own) else { return Ok(ground) };
        let at = ground.folder.display();
        let what = "no run has a cgroup of its own";
        let why = format!("cannot hand memory and processors of the cgroup {at} on: {error}; {what}");
        let whole = match ground.dies_whole {
            false => "",
            // One process of many that is killed is better than all, and us.
            true if ground.die_one_by_one().is_ok() => {
                "; memory.oom.group is taken back, so that one process that runs out of memory does not end all"
            }
            true => {
                "; memory.oom.group is set, so the kernel kills all, and this supervisor, when one runs out of memory"
            }
        };
        Err(Unfit::Because(format!("{why}{whole}")))
    }

    fn divide(&self, own: &Path) -> io::Result<()> {
        // Whoever else is here would be in the way too: it is our cgroup. Who has ended meanwhile is in nobody's.
        for pid in processes(&self.folder) {
            match fs::write(own.join("cgroup.procs"), pid.to_string()) {
                Err(error) if error.raw_os_error() != Some(libc::ESRCH) => return Err(error),
                _ => {}
            }
        }
        let memory = self.dies_whole || self.bounds.contains(&"memory.max");
        let controllers = [(memory, "+memory"), (self.bounds.contains(&"cpu.max"), "+cpu")];
        for (_, controller) in controllers.into_iter().filter(|(wanted, _)| *wanted) {
            fs::write(self.folder.join("cgroup.subtree_control"), controller)?;
        }
        if self.dies_whole { self.die_one_by_one() } else { Ok(()) }
    }

    fn die_one_by_one(&self) -> io::Result<()> {
        fs::write(self.folder.join("memory.oom.group"), "0")
    }

    fn open(&self, leaf: &Leaf) -> io::Result<OwnedFd> {
        fs::create_dir(&leaf.folder)?;
        let made = (|| {
            for bound in &self.bounds {
                if let Some(value) = read(&self.folder.join(bound)) {
                    fs::write(leaf.folder.join(bound), value)?;
                }
            }
            if self.dies_whole {
                fs::write(leaf.folder.join("memory.oom.group"), "1")?;
            }
            Ok(File::open(&leaf.folder)?.into())
        })();
        if made.is_err() {
            leaf.remove();
        }
        made
    }
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

/// The mark that the name of a folder of ours ends with.
fn mark_in(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)?.rsplit_once(SEPARATOR).map(|(_, mark)| mark)
}

fn is_handed_over(folder: &Path) -> bool {
    let marked = |name| {
        let mut value = [0; 8];
        let length = rustix::fs::getxattr(folder, name, &mut value).ok();
        length.and_then(|length| value.get(..length)) == Some(b"1")
    };
    HANDED_OVER.into_iter().any(marked)
}

/// Removes what supervisors that are gone have left here, where nobody is in it.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(mark_in).and_then(mark::supervisor);
        let lives = |(pid, began): (i32, u64)| Stat::of(pid).is_some_and(|stat| stat.began == began);
        if maker.is_some_and(|maker| !lives(maker)) {
            remove(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_core::ids::{InstanceId, ProcessId};

    /// A folder with these files, which stands for a cgroup.
    fn cgroup(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("room");
        }
        folder
    }

    fn text(folder: &Path, name: &str) -> Option<String> {
        read(&folder.join(name))
    }

    #[test]
    fn with_nothing_to_divide_we_stay_where_we_are() {
        let folder =
            cgroup(&[("memory.oom.group", "0\n"), ("memory.max", "max\n"), ("cpu.max", "max 100000\n")]);
        let ground = Ground::prepare(folder.path().to_owned(), "7.1").expect("it is ours");
        assert!(!ground.dies_whole && ground.bounds.is_empty());
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 3, "nothing was written");
    }

    #[test]
    fn one_that_runs_out_of_memory_takes_its_own_with_it_and_nobody_else() {
        let files = [
            ("memory.oom.group", "1\n"),
            ("memory.max", "134217728\n"),
            ("cpu.max", "150000 100000\n"),
            ("cgroup.procs", "4711\n"),
            ("cgroup.subtree_control", ""),
        ];
        let folder = cgroup(&files);
        let ground = Ground::prepare(folder.path().to_owned(), "7.1").expect("it is ours");
        assert_eq!(
            text(&folder.path().join("pm@7.1"), "cgroup.procs").as_deref(),
            Some("4711"),
            "all move out"
        );
        assert_eq!(
            text(folder.path(), "cgroup.subtree_control").as_deref(),
            Some("+cpu"),
            "after the memory"
        );
        assert_eq!(text(folder.path(), "memory.oom.group").as_deref(), Some("0"));
        let leaf = Leaf { folder: folder.path().join("pm-a@7.1.r.0.1.1").into_boxed_path() };
        assert!(ground.open(&leaf).is_ok());
        let written = ["memory.max", "cpu.max", "memory.oom.group"].map(|name| text(&leaf.folder, name));
        assert_eq!(
            written.each_ref().map(|w| w.as_deref().unwrap_or("")),
            ["134217728", "150000 100000", "1"]
        );
    }

    #[test]
    fn bounds_that_cannot_be_handed_on_are_a_reason_to_make_none() {
        let folder = cgroup(&[("memory.max", "134217728\n"), ("memory.oom.group", "1\n")]);
        fs::create_dir(folder.path().join("cgroup.subtree_control")).expect("nothing to write to");
        let Err(Unfit::Because(why)) = Ground::prepare(folder.path().to_owned(), "7.1") else {
            panic!("it is not fit")
        };
        assert!(why.contains("no run has a cgroup of its own; memory.oom.group is taken back"), "{why}");
        assert_eq!(text(folder.path(), "memory.oom.group").as_deref(), Some("0"), "all the same");
    }

    #[test]
    fn a_name_leads_to_its_task_and_no_other_name_does() {
        let task = TaskId::Run(InstanceId { process: ProcessId(3), serial: 7 }.run(12));
        let name = format!("{PREFIX}-web{SEPARATOR}{}", mark::of("1.2", task));
        let found = |name: &str| mark_in(name).and_then(|mark| mark::task("1.2", mark));
        assert_eq!(found(&name), Some(task));
        for other in ["pm@1.2", "pm-web@1.3.r.3.7.12", "web@1.2.r.3.7.12", "pm-web", ""] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn without_a_cgroup_handed_over_nothing_is_made() {
        let leaves = Leaves::default();
        let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: 1 }.run(1));
        assert!(leaves.make(task, "web", "1.2").is_none() && !leaves.are_in_use());
        assert!(leaves.trouble().is_none() && leaves.task_of(1, "1.2").is_none(), "and nobody is told");
    }
}
