//! The table of runs: the one owner of wait and of kill. Lives on the supervision thread, and never waits there.
//! A child that has ended is in the table, in a spawner's slot, in the queue of reports, or an orphan. Decides
//! nothing about restarts. Called by the actors (as their [`Launcher`]) and by the signal loop.

use super::capture::CaptureSink;
use super::environment::Environment;
use super::oom::OomKills;
use super::spawner::{SpawnReport, Spawners};
use super::sys::{self, Target};
use phpeek_actors::ports::{LaunchOrder, Launcher, TaskEvent, TaskReport};
use phpeek_core::autopsy::{Autopsy, Oom, Sender, Usage};
use phpeek_core::ids::TaskId;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How often a group without a leader is looked at when no child of ours tells of its end by ending itself.
const DRAIN_POLL: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The leader has not been reaped.
    Running,
    /// The leader is gone, its group is not empty.
    Draining,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    task: TaskId,
    phase: Phase,
    /// What we have sent to it; bit n - 1 is signal n.
    sent: u64,
}

impl Run {
    fn sender(&self, exit: Exit) -> Sender {
        match exit {
            Exit::Code(_) => Sender::Nobody,
            Exit::Signal { signal, .. } if self.sent & bit(signal) != 0 => Sender::Supervisor,
            Exit::Signal { .. } => Sender::Other,
        }
    }
}

/// A signal as a bit of a set.
fn bit(signal: Signal) -> u64 {
    u32::try_from(signal.number() - 1).ok().and_then(|n| 1_u64.checked_shl(n)).unwrap_or(0)
}

/// How a child ended, and what it has used.
type End = (Exit, Option<Usage>);

/// Every run that has begun and whose group is not empty yet.
pub struct Children {
    spawners: Arc<Spawners>,
    deliver: Rc<dyn Fn(TaskReport)>,
    /// By leader, which is the id of the group too.
    table: RefCell<HashMap<i32, Run>>,
    leaders: RefCell<HashMap<TaskId, i32>>,
    /// How many of the table drain.
    draining: Cell<usize>,
    /// Reaped before their spawner has reported them.
    parked: RefCell<HashMap<i32, End>>,
    /// Children that never became a program and are not reaped yet.
    failed: RefCell<HashSet<i32>>,
    orphans: Cell<u64>,
    /// What is to be delivered when all that has ended together is known.
    outbox: RefCell<Vec<TaskReport>>,
    oom: OomKills,
    /// Orphans among them that a SIGKILL ended: the memory controller may have meant them.
    killed_orphans: Cell<u64>,
}

impl Children {
    /// Starts the spawner threads. `deliver` is called on this thread and may call back into the table.
    ///
    /// # Errors
    /// When a thread, its stack or /dev/null cannot be had.
    pub fn new(
        deliver: Rc<dyn Fn(TaskReport)>,
        sink: Arc<dyn CaptureSink>,
        base: Environment,
    ) -> io::Result<Self> {
        Ok(Self {
            spawners: Spawners::start(sink, base)?,
            deliver,
            table: RefCell::default(),
            leaders: RefCell::default(),
            draining: Cell::new(0),
            parked: RefCell::default(),
            failed: RefCell::default(),
            orphans: Cell::new(0),
            outbox: RefCell::default(),
            oom: OomKills::of_this_cgroup(),
            killed_orphans: Cell::new(0),
        })
    }

    /// Handles the spawners' reports and looks after draining groups, for ever. No timer runs unless a group
    /// drains.
    pub async fn run(self: Rc<Self>) {
        loop {
            let report = self.spawners.wake.notified();
            if self.draining.get() == 0 {
                report.await;
            } else {
                // Either way there is something to look at.
                drop(tokio::time::timeout(DRAIN_POLL, report).await);
            }
            self.take_reports();
            self.find_empty_groups();
            self.send_reports();
        }
    }

    /// Reaps all that have ended. Call it whenever SIGCHLD came: the kernel sends one for many.
    pub fn on_sigchld(&self) {
        let drained_before = self.draining.get();
        while let Some((pid, exit)) = sys::peek() {
            self.bury(pid, exit);
        }
        if drained_before > 0 || self.draining.get() > 0 {
            self.find_empty_groups();
        }
        self.send_reports();
        if self.draining.get() > 0 {
            self.spawners.wake.notify_one(); // the driver sets its timer
        }
    }

    /// How many runs have begun and have not drained.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.borrow().len()
    }

    /// Whether no run is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were reaped that nobody here has started.
    #[must_use]
    pub fn orphans(&self) -> u64 {
        self.orphans.get()
    }

    /// The leader of a run that has not been reaped.
    #[must_use]
    pub fn leader(&self, task: TaskId) -> Option<i32> {
        let pid = *self.leaders.borrow().get(&task)?;
        self.is_running(pid).then_some(pid)
    }

    fn is_running(&self, pid: i32) -> bool {
        self.table.borrow().get(&pid).is_some_and(|run| run.phase == Phase::Running)
    }

    /// A child that has ended and is still a zombie, so its pid is nobody else's yet.
    fn bury(&self, pid: i32, exit: Exit) {
        let known = || self.is_running(pid) || self.failed.borrow().contains(&pid);
        if !known() {
            let starting = self.spawners.is_starting(pid); // before the reports: see there
            self.take_reports();
            if !known() {
                let usage = sys::reap(pid);
                if starting {
                    self.parked.borrow_mut().insert(pid, (exit, usage));
                } else {
                    self.orphans.set(self.orphans.get() + 1);
                    if Autopsy::from(exit).is_unexplained_kill() {
                        self.killed_orphans.set(self.killed_orphans.get() + 1);
                    }
                }
                return;
            }
        }
        let usage = sys::reap(pid);
        if !self.failed.borrow_mut().remove(&pid) {
            self.leader_ended(pid, (exit, usage));
        }
    }

    fn leader_ended(&self, pid: i32, (exit, usage): End) {
        let (task, sender) = match self.table.borrow_mut().get_mut(&pid) {
            Some(run) if run.phase == Phase::Running => {
                run.phase = Phase::Draining;
                (run.task, run.sender(exit))
            }
            _ => return,
        };
        self.draining.set(self.draining.get() + 1);
        self.report(task, TaskEvent::Exited(Autopsy { exit, usage, sender, oom: Oom::None }));
        self.forget_if_empty(pid);
    }

    fn take_reports(&self) {
        for report in self.spawners.reports() {
            self.take_report(report);
        }
    }

    fn take_report(&self, SpawnReport { task, pid, failure }: SpawnReport) {
        let ended = pid.and_then(|pid| self.parked.borrow_mut().remove(&pid));
        match (pid, failure) {
            (pid, Some(failure)) => {
                self.failed.borrow_mut().extend(pid.filter(|_| ended.is_none()));
                self.report(task, TaskEvent::SpawnFailed(failure));
            }
            (Some(pid), None) => {
                self.forget(pid); // the kernel gave the number again, so the old group was empty
                self.table.borrow_mut().insert(pid, Run { task, phase: Phase::Running, sent: 0 });
                self.leaders.borrow_mut().insert(task, pid);
                self.report(task, TaskEvent::Spawned { pid });
                if let Some(exit) = ended {
                    self.leader_ended(pid, exit);
                }
            }
            (None, None) => {}
        }
    }

    fn find_empty_groups(&self) {
        if self.draining.get() == 0 {
            return;
        }
        let draining = |(pid, run): (&i32, &Run)| (run.phase == Phase::Draining).then_some(*pid);
        let pids: Vec<i32> = self.table.borrow().iter().filter_map(draining).collect();
        for pid in pids {
            self.forget_if_empty(pid);
        }
    }

    fn forget_if_empty(&self, pid: i32) {
        let drains = self.table.borrow().get(&pid).is_some_and(|run| run.phase == Phase::Draining);
        if drains && !sys::kill(Target::Group(pid), None) {
            self.forget(pid);
        }
    }

    fn forget(&self, pid: i32) {
        let Some(Run { task, phase, .. }) = self.table.borrow_mut().remove(&pid) else { return };
        self.leaders.borrow_mut().remove(&task);
        if phase == Phase::Draining {
            self.draining.set(self.draining.get() - 1);
        }
        self.report(task, TaskEvent::GroupEmpty);
    }

    fn report(&self, task: TaskId, event: TaskEvent) {
        self.outbox.borrow_mut().push(TaskReport { task, event });
    }

    /// Delivers what has come together, with a judgement about those that a SIGKILL of nobody knows whom has ended.
    fn send_reports(&self) {
        let mut reports = std::mem::take(&mut *self.outbox.borrow_mut());
        self.judge(&mut reports);
        for report in reports {
            (self.deliver)(report);
        }
    }

    /// Asks the memory controller once for all of them. It counts a kill before it kills, so those that are reaped
    /// are in its count.
    fn judge(&self, reports: &mut [TaskReport]) {
        let orphans = self.killed_orphans.take();
        let of =
            |report: &TaskReport| matches!(&report.event, TaskEvent::Exited(a) if a.is_unexplained_kill());
        let deaths = reports.iter().filter(|report| of(report)).count() as u64 + orphans;
        if deaths == 0 {
            return;
        }
        let oom = Oom::judge(self.oom.since_last(), deaths);
        for report in reports {
            if let TaskEvent::Exited(autopsy) = &mut report.event
                && autopsy.is_unexplained_kill()
            {
                autopsy.oom = oom;
            }
        }
    }

    /// Remembers what was sent to the leader of a run.
    fn note_sent(&self, pid: i32, signal: Signal) {
        if let Some(run) = self.table.borrow_mut().get_mut(&pid) {
            run.sent |= bit(signal);
        }
    }
}

impl Launcher for Children {
    fn launch(&self, order: LaunchOrder) {
        self.spawners.order(order);
    }

    fn signal_group(&self, task: TaskId, signal: Signal) -> bool {
        let Some(pid) = self.leaders.borrow().get(&task).copied() else { return false };
        let sent = sys::kill(Target::Group(pid), Some(signal));
        self.note_sent(pid, signal);
        // 19 to 22 stop a process: to let it go on at once would undo them.
        if sent && signal != Signal::KILL && !(18..=22).contains(&signal.number()) {
            sys::kill(Target::Group(pid), Some(Signal::CONT));
        }
        sent
    }

    fn signal_leader(&self, task: TaskId, signal: Signal) -> bool {
        let Some(pid) = self.leader(task) else { return false };
        self.note_sent(pid, signal);
        sys::kill(Target::Process(pid), Some(signal))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.spawners.close();
    }
}
