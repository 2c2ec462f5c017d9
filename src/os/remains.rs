//! The end of all that belongs to a run: who gets a signal, who is left when the leader has ended, and when nobody is.
//! Part of the table of runs, and on its thread. An ordinary end costs one question for the group and one look at a
//! list that is empty; /proc is read only when somebody has left the group or outlives the leader. Decides nothing
//! about what follows.

use super::asked::Request;
use super::kin::Remains;
use super::kin::member;
use super::leaf::Leaf;
use super::procfs::{self, Stat};
use super::reaper::{Children, DRAIN_POLL};
use super::run::bit;
use super::sys::{self, Sent, Target};
use phpeek_actors::ports::TaskEvent;
use phpeek_core::ids::TaskId;
use phpeek_core::member::Member;
use phpeek_core::signal::Signal;
use std::time::{Duration, Instant};

/// How long after a request a leader that lives on is looked at: what it has put into other groups may not have heard
/// of it.
const SECOND_LOOK: Duration = Duration::from_millis(100);
/// A look costs more than an end, so while others end one after the other it waits for such a pause,
const LULL: Duration = Duration::from_millis(20);
/// but no longer than this after the request.
const LATEST_LOOK: Duration = Duration::from_secs(1);
/// The longest time between two looks at those who drain.
const LONGEST_POLL: Duration = Duration::from_secs(1);

impl Children {
    /// When the driver must look at the clock, if it must.
    pub(super) fn next_look(&self) -> Option<Duration> {
        let asked = self.asked.0.borrow().front().map(|request| self.until_look(request));
        let polled = |pid: &i32| {
            let daemons = self.table.borrow().get(pid).is_some_and(|r| r.reported == Some(Remains::Daemons));
            !daemons // they are our children: the kernel tells of their end
        };
        let drains = self.draining.borrow().iter().any(polled).then(|| self.patience.get());
        asked.into_iter().chain(drains).chain(self.spawners.next_look()).min()
    }

    pub(super) fn signal_all_of(&self, task: TaskId, signal: Signal) -> bool {
        let Some(pid) = self.leaders.borrow().get(&task).copied() else { return false };
        let resume = resumes(signal);
        let running = self.table.borrow().get(&pid).is_some_and(|run| run.is_running());
        let mut sent = vec![signal_to(Target::Group(pid), signal, resume)];
        if running && sys::group_of(pid).is_some_and(|group| group != pid) {
            sent.push(signal_to(Target::Process(pid), signal, resume));
        }
        let strays = if running { self.strays_of(task) } else { self.left_of(pid, task) };
        for stray in strays.iter().filter(|stray| stray.group != pid) {
            sent.push(signal_to(Target::Process(stray.pid), signal, resume));
        }
        if signal == Signal::KILL && self.in_leaf(pid, Leaf::kill).unwrap_or(false) {
            sent.push(Sent::Yes);
        }
        if let Some(run) = self.table.borrow_mut().get_mut(&pid) {
            run.last = Some(signal);
            run.told = strays.iter().map(|stray| stray.pid).collect();
        }
        self.note_sent(pid, signal);
        let delivered = sent.contains(&Sent::Yes);
        if running {
            self.ask_again_later(pid, task, signal);
        } else if !delivered && sent.contains(&Sent::Refused) {
            self.report_once(pid, Remains::OutOfReach, || TaskEvent::OutOfReach);
            self.wake();
        }
        delivered || sent.contains(&Sent::Refused)
    }

    /// The leader alone, while it lives.
    pub(super) fn signal_the_leader_of(&self, task: TaskId, signal: Signal) -> bool {
        let Some(pid) = self.leader(task) else { return false };
        self.note_sent(pid, signal);
        matches!(signal_to(Target::Process(pid), signal, resumes(signal)), Sent::Yes | Sent::Refused)
    }

    /// Remembers what was sent to the leader of a run.
    pub(super) fn note_sent(&self, pid: i32, signal: Signal) {
        if let Some(run) = self.table.borrow_mut().get_mut(&pid) {
            run.sent |= bit(signal);
        }
    }

    fn find_strays(&self) {
        let table = self.table.borrow();
        let starting = |pid| self.spawners.is_starting(pid);
        self.kin.look(|pid| table.get(&pid).map(|run| run.task), starting);
    }

    fn strays_of(&self, task: TaskId) -> Vec<Stat> {
        if self.kin.any_of(task) { self.kin.of(task) } else { Vec::new() }
    }

    /// Asks the cgroup of a run, where it has one of its own.
    fn in_leaf<T>(&self, pid: i32, ask: impl FnOnce(&Leaf) -> T) -> Option<T> {
        self.table.borrow().get(&pid)?.leaf.as_ref().map(ask)
    }

    /// The strays of a run whose leader is gone, and who else is in its cgroup.
    fn left_of(&self, pid: i32, task: TaskId) -> Vec<Stat> {
        let strays = self.strays_of(task);
        if strays.is_empty() { self.in_leaf(pid, Leaf::members).unwrap_or_default() } else { strays }
    }

    fn ask_again_later(&self, leader: i32, task: TaskId, signal: Signal) {
        let mut asked = self.asked.0.borrow_mut();
        if asked.is_empty() {
            self.wake(); // the driver sets its timer
        }
        asked.push_back(Request { at: Instant::now(), leader, task, signal });
    }

    /// A leader that still lives may wait for somebody in another group: a shell waits for `timeout` before it looks
    /// at the signal. Those who were there when it was asked are asked too.
    pub(super) fn look_at_the_asked(&self) {
        while let Some(request) = self.next_asked() {
            let there = self.table.borrow().get(&request.leader).is_some_and(|run| {
                run.task == request.task && run.is_running() && run.last == Some(request.signal)
            });
            if there {
                ask_outside(&request);
            }
        }
    }

    fn next_asked(&self) -> Option<Request> {
        let mut asked = self.asked.0.borrow_mut();
        let due = asked.front().is_some_and(|request| self.until_look(request).is_zero());
        if due { asked.pop_front() } else { None }
    }

    fn until_look(&self, request: &Request) -> Duration {
        let since = request.at.elapsed();
        let lull = self.bereft.get().map_or(Duration::ZERO, |ended| LULL.saturating_sub(ended.elapsed()));
        SECOND_LOOK.saturating_sub(since).max(lull).min(LATEST_LOOK.saturating_sub(since))
    }

    /// Finds out of whom nobody is left, and sends to those who have turned up what the others have had.
    pub(super) fn look_at_remains(&self) {
        if self.draining.borrow().is_empty() {
            return self.patience.set(DRAIN_POLL);
        }
        self.find_strays();
        let draining: Vec<i32> = self.draining.borrow().iter().copied().collect();
        let mut left = false;
        for pid in draining {
            left |= self.look_at(pid);
        }
        if left {
            self.patience.set((self.patience.get() * 2).min(LONGEST_POLL));
        } else {
            self.patience.set(DRAIN_POLL);
        }
    }

    /// True when somebody is left of whom the kernel does not tell by itself.
    fn look_at(&self, pid: i32) -> bool {
        let Some(task) = self.table.borrow().get(&pid).map(|run| run.task) else { return false };
        let group = sys::kill(Target::Group(pid), None);
        let strays = self.strays_of(task);
        if strays.is_empty() {
            // A group may be nothing but zombies that their parents, who are not of it, do not wait for.
            let nobody = !group || self.patience.get() > DRAIN_POLL && self.kin.group(pid).is_empty();
            if !nobody {
                return true;
            }
            if self.in_leaf(pid, Leaf::remove).unwrap_or(true) {
                self.forget(pid);
                return false;
            }
            self.tell_newcomers(pid, &self.left_of(pid, task)); // whoever is in its cgroup is of it
            return true;
        }
        self.tell_newcomers(pid, &strays);
        let own_session = sys::own_session();
        let daemon = |stat: &Stat| stat.session != own_session && stat.session != pid && stat.group != pid;
        if strays.iter().all(daemon) && (!group || self.kin.group(pid).is_empty()) {
            let members = || TaskEvent::Left(strays.iter().map(member).collect());
            self.report_once(pid, Remains::Daemons, members);
            return false;
        }
        true
    }

    fn tell_newcomers(&self, pid: i32, strays: &[Stat]) {
        let mut table = self.table.borrow_mut();
        let Some(run) = table.get_mut(&pid) else { return };
        let Some(signal) = run.last else { return };
        for stray in strays.iter().filter(|stray| stray.group != pid) {
            if !run.told.contains(&stray.pid) {
                run.told.push(stray.pid);
                signal_to(Target::Process(stray.pid), signal, signal != Signal::KILL);
            }
        }
    }

    fn report_once(&self, pid: i32, remains: Remains, event: impl FnOnce() -> TaskEvent) {
        let task = match self.table.borrow_mut().get_mut(&pid) {
            Some(run) if run.reported != Some(remains) => {
                run.reported = Some(remains);
                run.task
            }
            _ => return,
        };
        self.report(task, event());
    }

    /// Those who belong to nobody that could still be stopped: who has left them is unknown, or is told no more.
    pub(super) fn abandoned(&self) -> Vec<Member> {
        self.find_strays();
        self.kin.all().iter().map(member).collect()
    }

    /// Names all that is left. When the leader has ended nobody looks after them any more.
    pub(super) fn leave_all_of(&self, task: TaskId) -> Vec<Member> {
        let Some(pid) = self.leaders.borrow().get(&task).copied() else { return Vec::new() };
        let running = self.table.borrow().get(&pid).is_some_and(|run| run.is_running());
        let mut left = self.kin.group(pid);
        if running {
            left.extend(procfs::tree(pid));
        }
        left.extend(self.kin.of(task));
        left.extend(self.in_leaf(pid, Leaf::members).unwrap_or_default());
        left.sort_by_key(|stat| stat.pid);
        left.dedup_by_key(|stat| stat.pid);
        if !running {
            self.kin.disown(task);
            self.strike(pid);
        }
        left.iter().map(member).collect()
    }
}

/// Whether one that was stopped must go on to act on this signal.
fn resumes(signal: Signal) -> bool {
    let stops = (18..=22).contains(&signal.number()); // to let it go on at once would undo 19 to 22
    signal != Signal::KILL && !stops
}

/// With SIGCONT after it, so that who is stopped can act on it.
fn signal_to(target: Target, signal: Signal, resume: bool) -> Sent {
    let sent = sys::send(target, Some(signal));
    if sent == Sent::Yes && resume {
        sys::send(target, Some(Signal::CONT));
    }
    sent
}

/// The topmost of those below the leader who are in other groups: what they have below them is theirs to tell.
fn ask_outside(request: &Request) {
    let tree = procfs::tree(request.leader);
    let asked = procfs::ticks(request.at);
    let inside =
        |pid: i32| pid == request.leader || tree.iter().any(|s| s.pid == pid && s.group == request.leader);
    let outside =
        tree.iter().filter(|s| s.group != request.leader && s.pid != request.leader && inside(s.parent));
    for stat in outside.filter(|s| s.began <= asked && !s.is_dead()) {
        sys::send_exactly(stat, request.signal);
    }
}
