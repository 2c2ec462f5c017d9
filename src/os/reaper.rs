//! The table of runs: the one owner of wait and of kill. Lives on the supervision thread, and never waits there. A
//! child that has ended is in the table, in a spawner's slot, in the queue of reports, or an orphan. Decides nothing
//! about restarts.

use super::asked::Asked;
use super::capture::CaptureSink;
use super::ground::Ground;
use super::kin::Kin;
use super::launch::Child;
use super::leaf::Leaf;
use super::notify::EarSink;
use super::oom::OomKills;
use super::run::{Phase, Run};
use super::spawner::{SpawnReport, Spawners};
use super::sys::{self, Target, Waited};
use super::terminal;
use phpeek_actors::ports::{LaunchOrder, Launcher, TaskEvent, TaskReport};
use phpeek_core::autopsy::{Autopsy, Oom, Usage};
use phpeek_core::ids::TaskId;
use phpeek_core::member::Member;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How soon those whom a leader has left are looked at again when no child of ours tells of their end by ending itself.
pub(super) const DRAIN_POLL: Duration = Duration::from_millis(50);

/// So many ends are one turn: what follows from them, an exported span above all, does not wait for a thousand others.
const TURN: usize = 64;

/// How a child ended, and what it has used.
type End = (Exit, Usage);

/// Every run that has begun and of which somebody is left.
pub struct Children {
    pub(super) spawners: Arc<Spawners>,
    deliver: Rc<dyn Fn(TaskReport)>,
    /// By leader, which is the id of the group too.
    pub(super) table: RefCell<HashMap<i32, Box<Run>>>, // boxed: a hash table is half empty
    pub(super) leaders: RefCell<HashMap<TaskId, i32>>,
    /// Those of the table whose leader is gone.
    pub(super) draining: RefCell<BTreeSet<i32>>,
    pub(super) kin: Kin,
    pub(super) asked: Asked,
    /// When a leader has ended last.
    pub(super) bereft: Cell<Option<Instant>>,
    /// How long the next look at those who drain is put off, when nothing tells of their end.
    pub(super) patience: Cell<Duration>,
    /// Reaped before their spawner has reported them.
    parked: RefCell<HashMap<i32, End>>,
    /// Children that never became a program and are not reaped yet.
    failed: RefCell<HashMap<i32, Option<Leaf>>>,
    orphans: Cell<u64>,
    /// There may be others to reap.
    more: Cell<bool>,
    /// What is to be delivered when all that has ended together is known.
    outbox: RefCell<Vec<TaskReport>>,
    /// Opened with the first order: nobody of ours was killed before, and a start need not wait for it.
    oom: OnceCell<OomKills>,
    /// Orphans among them that a SIGKILL ended: the memory controller may have meant them.
    killed_orphans: Cell<u64>,
    complain: OnceCell<Box<dyn Fn(String)>>,
    changed: Notify,
}

impl Children {
    /// An empty table. `deliver` is called on this thread and may call back into the table; `sink` takes the output of
    /// children.
    #[must_use]
    pub fn new(ground: Ground, deliver: Rc<dyn Fn(TaskReport)>, sink: Arc<dyn CaptureSink>) -> Self {
        let Ground { spawners, kin } = ground;
        spawners.capture_to(sink);
        Self {
            spawners,
            deliver,
            table: RefCell::default(),
            leaders: RefCell::default(),
            draining: RefCell::default(),
            kin,
            asked: Asked::default(),
            bereft: Cell::new(None),
            patience: Cell::new(DRAIN_POLL),
            parked: RefCell::default(),
            failed: RefCell::default(),
            orphans: Cell::new(0),
            more: Cell::new(false),
            outbox: RefCell::default(),
            oom: OnceCell::new(),
            killed_orphans: Cell::new(0),
            complain: OnceCell::new(),
            changed: Notify::new(),
        }
    }

    /// Who listens to what programs say of themselves. Said once, before the first order.
    pub fn heard_by(&self, ears: Arc<dyn EarSink>) {
        self.spawners.heard_by(ears);
    }

    /// Who is told of what does not work and stops nothing. Said once, before the first order.
    pub fn complain_to(&self, complain: impl Fn(String) + 'static) {
        self.complain.get_or_init(|| Box::new(complain));
    }

    /// Handles the spawners' reports and looks after those who drain or were asked to end, for ever. No timer runs
    /// unless there is such a one.
    pub async fn run(self: Rc<Self>) {
        loop {
            let report = self.spawners.wake.notified();
            match self.next_look() {
                None => report.await,
                // Either way there is something to look at.
                Some(wait) => drop(tokio::time::timeout(wait, report).await),
            }
            if self.more.get() {
                self.on_sigchld();
            }
            self.take_reports();
            self.spawners.look();
            self.look_at_the_asked();
            self.look_at_remains();
            self.send_reports();
            if self.spawners.is_in_front() {
                self.stop_with_the_program(); // it was stopped before its spawner has told of it
            }
        }
    }

    /// Reaps those that have ended; of very many some, and the driver the others. Call it whenever SIGCHLD came: the
    /// kernel sends one for many.
    pub fn on_sigchld(&self) {
        self.reap(TURN);
    }

    /// Reaps all that have ended.
    pub(super) fn reap_all(&self) {
        self.reap(usize::MAX);
    }

    /// Some that were killed are never torn from the others: how many of them the memory controller meant is judged of
    /// all together.
    fn reap(&self, most: usize) {
        let mut reaped = 0;
        let mut killed = false;
        while killed || reaped < most {
            match sys::wait() {
                Some(Waited::Ended(pid, exit, usage)) => {
                    killed |= Autopsy::from(exit).is_unexplained_kill();
                    self.ended(pid, (exit, usage));
                }
                Some(Waited::Trapped(pid, signal)) => self.spawners.let_go(pid, signal),
                None => break,
            }
            reaped += 1;
        }
        self.more.set(!killed && reaped >= most);
        if self.more.get() {
            self.wake();
        }
        self.look_at_remains();
        self.send_reports();
        if self.spawners.is_in_front() {
            self.stop_with_the_program();
        }
        if self.next_look().is_some() {
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

    /// The leaders that run, with their tasks.
    #[must_use]
    pub fn leaders(&self) -> Vec<(i32, TaskId)> {
        let table = self.table.borrow();
        table.iter().filter(|(_, run)| run.is_running()).map(|(pid, run)| (*pid, run.task)).collect()
    }

    /// Told when a leader has begun or ended since this was asked last.
    pub fn changes(&self) -> &Notify {
        &self.changed
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
        self.table.borrow().get(&pid).is_some_and(|run| run.is_running())
    }

    /// A child has ended and is buried. Whom the table knows as running was not buried before, so it is that one.
    fn ended(&self, pid: i32, end: End) {
        if self.spawners.is_in_front() {
            terminal::take_back_from(pid);
        }
        let known = || self.is_running(pid) || self.failed.borrow().contains_key(&pid);
        if !known() {
            if sys::is_child(pid) {
                return self.orphan_ended(pid, end); // its number is already that of one who has begun since
            }
            let starting = self.spawners.is_starting(pid); // before the reports: see there
            self.take_reports();
            if !known() {
                if starting {
                    self.parked.borrow_mut().insert(pid, end);
                } else {
                    self.orphan_ended(pid, end);
                }
                return;
            }
        }
        let failed = self.failed.borrow_mut().remove(&pid);
        match failed {
            Some(leaf) => leaf.iter().for_each(Leaf::clear),
            None => self.leader_ended(pid, end),
        }
    }

    fn orphan_ended(&self, pid: i32, (exit, _): End) {
        self.kin.bury(pid);
        self.orphans.set(self.orphans.get() + 1);
        if Autopsy::from(exit).is_unexplained_kill() {
            self.killed_orphans.set(self.killed_orphans.get() + 1);
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
        self.changed.notify_one();
        self.bereft.set(Some(Instant::now()));
        self.draining.borrow_mut().insert(pid);
        self.patience.set(DRAIN_POLL);
        self.kin.bereave(task);
        self.report(task, TaskEvent::Exited(Autopsy { exit, usage: Some(usage), sender, oom: Oom::None }));
    }

    fn take_reports(&self) {
        for report in self.spawners.reports() {
            self.take_report(report);
        }
        if let Some(complain) = self.complain.get() {
            self.spawners.trouble().into_iter().for_each(complain);
        }
    }

    fn take_report(&self, SpawnReport { task, child, failure }: SpawnReport) {
        let ended = child.as_ref().and_then(|child| self.parked.borrow_mut().remove(&child.pid));
        match (child, failure) {
            (child, Some(failure)) => {
                match child {
                    Some(Child { leaf, .. }) if ended.is_some() => leaf.iter().for_each(Leaf::clear),
                    child => self.failed.borrow_mut().extend(child.map(|child| (child.pid, child.leaf))),
                }
                self.report(task, TaskEvent::SpawnFailed(failure));
            }
            (Some(Child { pid, leaf }), None) => {
                self.forget(pid); // the kernel gave the number again, so the old group was empty
                self.kin.is_no_stray(pid);
                self.table.borrow_mut().insert(pid, Box::new(Run::new(task, leaf)));
                self.changed.notify_one();
                self.leaders.borrow_mut().insert(task, pid);
                self.report(task, TaskEvent::Spawned { pid });
                if let Some(exit) = ended {
                    self.leader_ended(pid, exit);
                }
            }
            (None, None) => {}
        }
    }

    /// Takes a run out of the table: nobody is left of it.
    pub(super) fn forget(&self, pid: i32) {
        if let Some(task) = self.strike(pid) {
            self.report(task, TaskEvent::GroupEmpty);
        }
    }

    /// Takes a run out of the table.
    pub(super) fn strike(&self, pid: i32) -> Option<TaskId> {
        let Run { task, leaf, .. } = *self.table.borrow_mut().remove(&pid)?;
        leaf.iter().for_each(Leaf::clear);
        if let TaskId::Run(run) = task {
            self.spawners.over(run);
        }
        self.leaders.borrow_mut().remove(&task);
        self.draining.borrow_mut().remove(&pid);
        Some(task)
    }

    pub(super) fn report(&self, task: TaskId, event: TaskEvent) {
        self.outbox.borrow_mut().push(TaskReport { task, event });
    }

    /// The driver comes round soon: for what was reported within a call of the actors, and for its timer.
    pub(super) fn wake(&self) {
        self.spawners.wake.notify_one();
    }

    /// Delivers what has come together, with a judgement about those that a SIGKILL of nobody knows whom has ended.
    fn send_reports(&self) {
        let mut reports = std::mem::take(&mut *self.outbox.borrow_mut());
        self.judge(&mut reports);
        for report in reports {
            (self.deliver)(report);
        }
    }

    fn oom(&self) -> &OomKills {
        self.oom.get_or_init(OomKills::of_this_cgroup)
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
        let oom = Oom::judge(self.oom().since_last(), deaths);
        for report in reports {
            if let TaskEvent::Exited(autopsy) = &mut report.event
                && autopsy.is_unexplained_kill()
            {
                autopsy.oom = oom;
            }
        }
    }
}

impl Launcher for Children {
    fn launch(&self, order: LaunchOrder) {
        self.spawners.order(order);
        self.oom(); // while a spawner is at it
    }

    fn signal_group(&self, task: TaskId, signal: Signal) -> bool {
        self.signal_all_of(task, signal)
    }

    fn press_leader(&self, task: TaskId, signal: Signal) -> bool {
        self.signal_the_leader_of(task, signal)
    }

    fn signal_leader(&self, task: TaskId, signal: Signal) -> bool {
        let Some(pid) = self.leader(task) else { return false };
        self.note_sent(pid, signal);
        sys::kill(Target::Process(pid), Some(signal))
    }

    fn cancel(&self, task: TaskId) {
        self.spawners.cancel(task);
    }

    fn leave(&self, task: TaskId) -> Vec<Member> {
        self.leave_all_of(task)
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.spawners.close();
    }
}
