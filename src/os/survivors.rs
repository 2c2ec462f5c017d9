//! What a supervisor that was killed has left running, found by the next one: by the record of the runs that it had (pid,
//! when it began, and which boot of the machine: never a pid alone), by the mark that its processes carry in their
//! environment, by the groups of its runs, and by descent. They are nobody's children any more, so each is signalled by
//! a handle of its own (pidfd_open(2)). Looks and signals; decides nothing. Called before anything is started.

use super::mark::{self, MARK};
use super::procfs::{self, Stat};
use super::sys;
use phpeek_core::ids::{Owner, ProcessId, TaskId};
use phpeek_core::signal::Signal;
use std::collections::{BTreeMap, BTreeSet};

/// The first line of a record.
const HEAD: &str = "phpeek-pm state 2";
/// That of one in which a process has the number of its place, and hooks of the system the last.
const HEAD_BY_PLACE: &str = "phpeek-pm state 1";

/// Stands for the hooks of the system, which belong to no process.
const HOOKS: &str = "(hooks)";
const OF_NO_PROCESS: &str = "-";

/// A run as the record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The leader.
    pub pid: i32,
    /// In ticks since the boot.
    pub began: u64,
    /// Its process; `None`: a hook of the system.
    pub process: Option<ProcessId>,
}

/// What a supervisor writes down of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    boot: String,
    supervisor: i32,
    began: u64,
    names: BTreeMap<ProcessId, String>,
    runs: Vec<Recorded>,
}

impl Record {
    /// Of this supervisor, with the names of its processes.
    #[must_use]
    pub fn own(names: BTreeMap<ProcessId, String>) -> Self {
        let supervisor = std::process::id().cast_signed();
        Self { boot: boot_id(), supervisor, began: procfs::own_beginning(), names, runs: Vec::new() }
    }

    /// The same with these names of its processes.
    #[must_use]
    pub fn with(self, names: BTreeMap<ProcessId, String>) -> Self {
        Self { names, ..self }
    }

    /// Takes down which leaders run: pids, with their tasks. Those that were there before are kept, so
    /// only new ones are looked up; one that is gone by now is left out.
    pub fn note(&mut self, leaders: &[(i32, TaskId)]) {
        let known: BTreeMap<i32, u64> = self.runs.iter().map(|run| (run.pid, run.began)).collect();
        let recorded = |(pid, task): &(i32, TaskId)| {
            let began = match known.get(pid) {
                Some(began) => *began,
                None => Stat::of(*pid).filter(|stat| stat.parent == self.supervisor)?.began,
            };
            Some(Recorded { pid: *pid, began, process: process_of_task(*task) })
        };
        self.runs = leaders.iter().filter_map(recorded).collect();
    }

    /// As it is written.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\nboot {}\nsupervisor {} {}\n", self.boot, self.supervisor, self.began);
        for (id, name) in &self.names {
            text.push_str(&format!("process {} {name}\n", id.0));
        }
        for Recorded { pid, began, process } in &self.runs {
            let process = process.map_or(OF_NO_PROCESS.to_owned(), |process| process.0.to_string());
            text.push_str(&format!("run {pid} {began} {process}\n"));
        }
        text
    }

    /// As it was written; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let by_place = match lines.next()? {
            HEAD => false,
            HEAD_BY_PLACE => true,
            _ => return None,
        };
        let mut record = Self::default();
        for line in lines {
            let (word, rest) = line.split_once(' ')?;
            let mut numbers = rest.split(' ');
            match word {
                "boot" => rest.clone_into(&mut record.boot),
                "supervisor" => {
                    record.supervisor = numbers.next()?.parse().ok()?;
                    record.began = numbers.next()?.parse().ok()?;
                }
                "process" if by_place => {
                    let place = u32::try_from(record.names.len()).ok()?;
                    record.names.insert(ProcessId(place), rest.to_owned());
                }
                "process" => {
                    let (id, name) = rest.split_once(' ')?;
                    record.names.insert(ProcessId(id.parse().ok()?), name.to_owned());
                }
                "run" => record.runs.push(Recorded {
                    pid: numbers.next()?.parse().ok()?,
                    began: numbers.next()?.parse().ok()?,
                    process: match numbers.next()? {
                        OF_NO_PROCESS => None,
                        number => Some(ProcessId(number.parse().ok()?)),
                    },
                }),
                _ => return None,
            }
        }
        Some(record)
    }

    /// The supervisor that wrote it, if it lives.
    #[must_use]
    pub fn living_supervisor(&self) -> Option<u32> {
        let lives = self.boot == boot_id()
            && Stat::of(self.supervisor).is_some_and(|stat| stat.began == self.began && !stat.is_dead());
        lives.then(|| self.supervisor.unsigned_abs())
    }

    /// All that it had and that lives, by the name of the process. Reads each process of the machine once.
    #[must_use]
    pub fn survivors(&self) -> BTreeMap<String, Vec<Survivor>> {
        let mut found: BTreeMap<String, Vec<Survivor>> = BTreeMap::new();
        if self.boot != boot_id() {
            return found;
        }
        let mut seen: BTreeSet<i32> = BTreeSet::from([std::process::id().cast_signed()]);
        let pids = procfs::every_pid();
        let roots =
            pids.iter().filter_map(|pid| Some((*pid, self.process_of(&Stat::of(*pid)?, || carried(*pid))?)));
        for (pid, process) in roots.collect::<Vec<_>>() {
            let name = self.name_of(process);
            for stat in procfs::tree(pid).into_iter().filter(|stat| !stat.is_dead()) {
                if seen.insert(stat.pid) {
                    found.entry(name.clone()).or_default().push(Survivor(stat));
                }
            }
        }
        found
    }

    /// The process that it is of; `None` within: a hook of the system.
    fn process_of(&self, stat: &Stat, mark: impl FnOnce() -> Option<String>) -> Option<Option<ProcessId>> {
        let leader = |pid: i32| self.runs.iter().find(|run| run.pid == pid);
        if let Some(run) = leader(stat.pid) {
            return (run.began == stat.began).then_some(run.process);
        }
        if let Some(run) = leader(stat.group) {
            // A group outlives its leader, and keeps its number from being given again.
            let same = Stat::of(run.pid).is_none_or(|leader| leader.began == run.began);
            return same.then_some(run.process);
        }
        let own = format!("{}.{}", self.supervisor, self.began);
        mark::task(&own, &mark()?).map(process_of_task)
    }

    /// One that began a moment before the supervisor was killed may not be named yet: what it left is found all the same.
    fn name_of(&self, process: Option<ProcessId>) -> String {
        let Some(id) = process else { return HOOKS.to_owned() };
        self.names.get(&id).cloned().unwrap_or_else(|| format!("(process {})", id.0))
    }
}

/// The mark that a process carries.
fn carried(pid: i32) -> Option<String> {
    String::from_utf8(procfs::variable(pid, MARK.as_bytes())?).ok()
}

/// Of which of these records nobody lives, neither the supervisor nor what it had. Reads each process of the machine once,
/// and none when all are of another boot.
#[must_use]
pub fn over(records: &[&Record]) -> Vec<bool> {
    let boot = boot_id();
    let mut over: Vec<bool> = records.iter().map(|record| record.living_supervisor().is_none()).collect();
    let now = |record: &Record| record.boot == boot;
    if !records.iter().any(|record| now(record)) {
        return over;
    }
    for stat in procfs::every_pid().into_iter().filter_map(Stat::of) {
        let mark = carried(stat.pid);
        for (record, over) in records.iter().zip(&mut over).filter(|(record, over)| **over && now(record)) {
            *over = record.process_of(&stat, || mark.clone()).is_none();
        }
    }
    over
}

fn process_of_task(task: TaskId) -> Option<ProcessId> {
    match task.owner() {
        Owner::Process(process) => Some(process),
        Owner::System => None,
    }
}

/// What carries the mark of a supervisor that is gone, whichever that was: for when no record tells. What runs in another
/// pid namespace is another's: numbers mean nothing across them. Reads each process of the machine once.
#[must_use]
pub fn marked() -> Vec<Survivor> {
    let own = std::process::id().cast_signed();
    let of_a_dead_one = |pid: &i32| {
        let (supervisor, began) = mark::supervisor(&carried(*pid)?)?;
        let lives = Stat::of(supervisor).is_some_and(|stat| stat.began == began && !stat.is_dead());
        (!lives).then_some(())
    };
    let near = |pid: &i32| procfs::pid_namespace(*pid) == procfs::pid_namespace(own);
    let found = procfs::every_pid()
        .into_iter()
        .filter(|pid| *pid != own && of_a_dead_one(pid).is_some() && near(pid));
    found.filter_map(|pid| Stat::of(pid).filter(|stat| !stat.is_dead()).map(Survivor)).collect()
}

/// A process that a killed supervisor has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor(Stat);

impl Survivor {
    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.0.pid
    }

    /// What the kernel calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether this very process lives.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.parent().is_some()
    }

    /// Whose child it is now, while it lives.
    #[must_use]
    pub fn parent(&self) -> Option<i32> {
        Stat::of(self.0.pid).filter(|now| now.began == self.0.began && !now.is_dead()).map(|now| now.parent)
    }

    /// Sends it a signal, and SIGCONT after one that it can act on.
    pub fn signal(&self, signal: Signal) {
        sys::send_exactly(&self.0, signal);
        if signal != Signal::KILL {
            sys::send_exactly(&self.0, Signal::CONT);
        }
    }
}

fn boot_id() -> String {
    procfs::text("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_core::ids::InstanceId;

    fn names<const N: usize>(names: [(u32, &str); N]) -> BTreeMap<ProcessId, String> {
        names.map(|(id, name)| (ProcessId(id), name.to_owned())).into()
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut record = Record::own(names([(0, "web"), (3, "queue")]));
        let run = |pid, process: Option<u32>| Recorded { pid, began: 8, process: process.map(ProcessId) };
        record.runs = vec![run(7, Some(3)), run(9, Some(0)), run(10, None)];
        assert_eq!(Record::parse(&record.to_text()), Some(record.clone()));
        for broken in ["", "something else\n", &record.to_text().replace("run 7 8 3", "run 7 x 3")] {
            assert_eq!(Record::parse(broken), None, "{broken}");
        }
        assert_eq!(record.living_supervisor(), Some(std::process::id()), "it is this very process");
    }

    #[test]
    fn a_record_by_place_is_read_as_it_was_meant() {
        let text = "phpeek-pm state 1\nboot b\nsupervisor 1 2\nprocess db\nprocess web\nprocess (hooks)\nrun 7 8 1\nrun 9 8 2\n";
        let record = Record::parse(text).expect("it is sound");
        let of: Vec<_> = record.runs.iter().map(|run| record.name_of(run.process)).collect();
        assert_eq!(of, ["web", HOOKS]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "nobody else waits in this test program")]
    fn what_carries_the_mark_of_one_that_is_gone_is_found_without_a_record() {
        let start = |mark: &str| {
            std::process::Command::new("sleep").arg("1000").env(MARK, mark).spawn().expect("sleep")
        };
        // Somebody who lives, and is not this program: the other tests here look for what it has left.
        let parent = Stat::of(std::process::id().cast_signed()).expect("we run").parent;
        let living = format!("{parent}.{}", Stat::of(parent).expect("it waits for us").began);
        let mut all = [
            start(&format!("{living}.r.0.1.1")),
            start(&format!("{parent}.{}.r.0.1.1", u64::MAX)),
            start("anything"),
        ];
        let pids = all.iter().map(|child| child.id().cast_signed()).collect::<Vec<_>>();
        let found: Vec<_> = marked().iter().map(Survivor::pid).filter(|pid| pids.contains(pid)).collect();
        all.iter_mut().for_each(|child| child.kill().and_then(|()| child.wait().map(drop)).expect("ours"));
        assert_eq!(found, [pids[1]], "its pid was given again");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "nobody else waits in this test program")]
    fn a_pid_alone_is_nobody() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().expect("sleep");
        let pid = child.id().cast_signed();
        let stat = Stat::of(pid).expect("it runs");
        let mut record = Record::own(names([(4, "web")]));
        let task = TaskId::Run(InstanceId { process: ProcessId(4), serial: 0 }.run(1));
        record.note(&[(pid, task), (1, task)]);
        assert_eq!(
            record.runs,
            [Recorded { pid, began: stat.began, process: Some(ProcessId(4)) }],
            "PID 1 is no child of ours"
        );
        let found = record.survivors();
        assert_eq!(found["web"].iter().map(Survivor::pid).collect::<Vec<_>>(), [pid]);
        let of_others = |change: fn(&mut Record)| {
            let mut other = record.clone();
            change(&mut other);
            other.survivors()
        };
        let unnamed = of_others(|record| record.names.clear());
        assert_eq!(unnamed["(process 4)"].len(), 1, "it may have come a moment ago");
        assert!(of_others(|record| record.runs[0].began += 1).is_empty(), "the pid was given again");
        assert!(
            of_others(|record| record.boot = "another".to_owned()).is_empty(),
            "the machine has booted since"
        );
        assert!(found["web"][0].lives());
        found["web"][0].signal(Signal::TERM);
        child.wait().expect("it ends");
        assert!(!found["web"][0].lives());
    }
}
