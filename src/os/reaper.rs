//! The table of runs: the one owner of wait and of kill. Lives on the supervision thread, and never waits there.
//! A child that has ended is in the table, in a spawner's slot, in the queue of reports, or an orphan. Decides
//! nothing about restarts. Called by the actors (as their [`Launcher`]) and by the signal loop.

use super::capture::CaptureSink;
use super::environment::Environment;
use super::spawner::{SpawnReport, Spawners};
use super::sys::{self, Target};
use phpeek_actors::ports::{LaunchOrder, Launcher, RunEvent, RunId, RunReport};
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

/// Every run that has begun and whose group is not empty yet.
pub struct Children {
    spawners: Arc<Spawners>,
    deliver: Rc<dyn Fn(RunReport)>,
    /// By leader, which is the id of the group too.
    table: RefCell<HashMap<i32, (RunId, Phase)>>,
    leaders: RefCell<HashMap<RunId, i32>>,
    /// How many of the table drain.
    draining: Cell<usize>,
    /// Reaped before their spawner has reported them.
    parked: RefCell<HashMap<i32, Exit>>,
    /// Children that never became a program and are not reaped yet.
    failed: RefCell<HashSet<i32>>,
    orphans: Cell<u64>,
}

impl Children {
    /// Starts the spawner threads. `deliver` is called on this thread and may call back into the table.
    ///
    /// # Errors
    /// When a thread, its stack or /dev/null cannot be had.
    pub fn new(
        deliver: Rc<dyn Fn(RunReport)>,
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
    pub fn leader(&self, id: RunId) -> Option<i32> {
        let pid = *self.leaders.borrow().get(&id)?;
        self.is_running(pid).then_some(pid)
    }

    fn is_running(&self, pid: i32) -> bool {
        matches!(self.table.borrow().get(&pid), Some((_, Phase::Running)))
    }

    /// A child that has ended and is still a zombie, so its pid is nobody else's yet.
    fn bury(&self, pid: i32, exit: Exit) {
        let known = || self.is_running(pid) || self.failed.borrow().contains(&pid);
        if !known() {
            let starting = self.spawners.is_starting(pid); // before the reports: see there
            self.take_reports();
            if !known() {
                if starting {
                    self.parked.borrow_mut().insert(pid, exit);
                } else {
                    self.orphans.set(self.orphans.get() + 1);
                }
                sys::reap(pid);
                return;
            }
        }
        sys::reap(pid);
        if !self.failed.borrow_mut().remove(&pid) {
            self.leader_ended(pid, exit);
        }
    }

    fn leader_ended(&self, pid: i32, exit: Exit) {
        let id = match self.table.borrow_mut().get_mut(&pid) {
            Some((id, phase @ Phase::Running)) => {
                *phase = Phase::Draining;
                *id
            }
            _ => return,
        };
        self.draining.set(self.draining.get() + 1);
        self.report(id, RunEvent::Exited(exit));
        self.forget_if_empty(pid);
    }

    fn take_reports(&self) {
        for report in self.spawners.reports() {
            self.take_report(report);
        }
    }

    fn take_report(&self, SpawnReport { id, pid, failure }: SpawnReport) {
        let ended = pid.and_then(|pid| self.parked.borrow_mut().remove(&pid));
        match (pid, failure) {
            (pid, Some(failure)) => {
                self.failed.borrow_mut().extend(pid.filter(|_| ended.is_none()));
                self.report(id, RunEvent::SpawnFailed(failure));
            }
            (Some(pid), None) => {
                self.forget(pid); // the kernel gave the number again, so the old group was empty
                self.table.borrow_mut().insert(pid, (id, Phase::Running));
                self.leaders.borrow_mut().insert(id, pid);
                self.report(id, RunEvent::Spawned { pid });
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
        let draining =
            |(pid, (_, phase)): (&i32, &(RunId, Phase))| (*phase == Phase::Draining).then_some(*pid);
        let pids: Vec<i32> = self.table.borrow().iter().filter_map(draining).collect();
        for pid in pids {
            self.forget_if_empty(pid);
        }
    }

    fn forget_if_empty(&self, pid: i32) {
        let drains = matches!(self.table.borrow().get(&pid), Some((_, Phase::Draining)));
        if drains && !sys::kill(Target::Group(pid), None) {
            self.forget(pid);
        }
    }

    fn forget(&self, pid: i32) {
        let Some((id, phase)) = self.table.borrow_mut().remove(&pid) else { return };
        self.leaders.borrow_mut().remove(&id);
        if phase == Phase::Draining {
            self.draining.set(self.draining.get() - 1);
        }
        self.report(id, RunEvent::GroupEmpty);
    }

    fn report(&self, id: RunId, event: RunEvent) {
        (self.deliver)(RunReport { id, event });
    }
}

impl Launcher for Children {
    fn launch(&self, order: LaunchOrder) {
        self.spawners.order(order);
    }

    fn signal_group(&self, id: RunId, signal: Signal) -> bool {
        let Some(pid) = self.leaders.borrow().get(&id).copied() else { return false };
        let sent = sys::kill(Target::Group(pid), Some(signal));
        // 19 to 22 stop a process: to let it go on at once would undo them.
        if sent && signal != Signal::KILL && !(18..=22).contains(&signal.number()) {
            sys::kill(Target::Group(pid), Some(Signal::CONT));
        }
        sent
    }

    fn signal_leader(&self, id: RunId, signal: Signal) -> bool {
        self.leader(id).is_some_and(|pid| sys::kill(Target::Process(pid), Some(signal)))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.spawners.close();
    }
}
