//! Who belongs to a task although it has left its process group: a worker that `timeout` or job control has put into
//! a group of its own, a daemon that has forked twice. When its parent dies it becomes our child, and is known by its
//! cgroup, by its mark in the environment, by group or session, or by whose death has brought it here. Keeps whose each of them is
//! for as long as it is our child; signals nobody.

use super::leaves::Leaves;
use super::mark::{self, MARK};
use super::procfs::{self, Adopted, Stat};
use super::sys::{self, Sent, Target};
use phpeek_core::ids::TaskId;
use phpeek_core::member::{Condition, Member};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// What is known of those whom a leader has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remains {
    /// Daemons, and nobody else.
    Daemons,
    /// None of them may be signalled.
    OutOfReach,
}

/// A child that we have adopted.
#[derive(Debug, Clone)]
struct Stray {
    stat: Stat,
    /// Whose it is; none when nobody knows.
    task: Option<TaskId>,
    /// SIGKILL has not helped.
    hopeless: bool,
}

/// All that we have adopted.
pub(super) struct Kin {
    adopted: Adopted,
    /// What no other supervisor has; the mark of each task begins with it.
    supervisor: String,
    leaves: Arc<Leaves>,
    strays: RefCell<HashMap<i32, Stray>>,
    /// Tasks of ours of which somebody has died since strays were looked for last.
    bereaved: RefCell<Vec<TaskId>>,
}

impl Kin {
    pub(super) fn new(leaves: Arc<Leaves>) -> Self {
        Self {
            leaves,
            adopted: Adopted::open(),
            supervisor: mark::of_supervisor(),
            strays: RefCell::default(),
            bereaved: RefCell::default(),
        }
    }

    /// With it the marks of our tasks begin.
    pub(super) fn supervisor(&self) -> &str {
        &self.supervisor
    }

    /// Somebody of this task has ended: what it leaves is the task's.
    pub(super) fn bereave(&self, task: TaskId) {
        let mut bereaved = self.bereaved.borrow_mut();
        if bereaved.last() != Some(&task) {
            bereaved.push(task);
        }
    }

    /// An adopted child was reaped.
    pub(super) fn bury(&self, pid: i32) {
        if let Some(Stray { task: Some(task), .. }) = self.strays.borrow_mut().remove(&pid) {
            self.bereave(task);
        }
    }

    /// This pid is a leader's.
    pub(super) fn is_no_stray(&self, pid: i32) {
        self.strays.borrow_mut().remove(&pid);
    }

    /// Looks for those that have come since it looked last. `leader` tells whose group or session a number is; a pid
    /// that it knows, or that is `starting`, is no stray. Costs one read of a file that is empty, unless somebody was
    /// left; where the kernel keeps no such file, a look at each process of the machine.
    pub(super) fn look(&self, leader: impl Fn(i32) -> Option<TaskId>, starting: impl Fn(i32) -> bool) {
        let bereaved = std::mem::take(&mut *self.bereaved.borrow_mut());
        if self.adopted.are_none() {
            return self.strays.borrow_mut().clear();
        }
        let pids = self.adopted.pids();
        let mut strays = self.strays.borrow_mut();
        for pid in pids {
            if strays.contains_key(&pid) || leader(pid).is_some() || starting(pid) {
                continue;
            }
            let Some(stat) = Stat::of(pid).filter(|stat| !stat.is_dead()) else { continue };
            let known = self.leaves.task_of(pid, &self.supervisor).or_else(|| self.marked(pid));
            let task = known.or_else(|| leader(stat.group)).or_else(|| leader(stat.session));
            let task = task.or(match bereaved.as_slice() {
                [only] => Some(*only),
                _ => None,
            });
            strays.insert(pid, Stray { stat, task, hopeless: false });
        }
    }

    fn marked(&self, pid: i32) -> Option<TaskId> {
        let carried = procfs::variable(pid, MARK.as_bytes())?;
        mark::task(&self.supervisor, std::str::from_utf8(&carried).ok()?)
    }

    /// The strays of a task that live, as they are now: a daemon may have changed its session since it was found.
    pub(super) fn of(&self, task: TaskId) -> Vec<Stat> {
        let mut strays = self.strays.borrow_mut();
        let own = strays.values_mut().filter(|stray| stray.task == Some(task));
        own.filter_map(|stray| {
            stray.stat = Stat::of(stray.stat.pid)?;
            (!stray.stat.is_dead()).then(|| stray.stat.clone())
        })
        .collect()
    }

    /// Whether any stray is this task's.
    pub(super) fn any_of(&self, task: TaskId) -> bool {
        self.strays.borrow().values().any(|stray| stray.task == Some(task))
    }

    /// Nobody looks after them any more.
    pub(super) fn disown(&self, task: TaskId) {
        for stray in self.strays.borrow_mut().values_mut().filter(|stray| stray.task == Some(task)) {
            (stray.task, stray.hopeless) = (None, true);
        }
    }

    /// All strays that live, but for those that were given up.
    pub(super) fn all(&self) -> Vec<Stat> {
        let strays = self.strays.borrow();
        let there = strays.values().filter(|stray| !stray.hopeless).filter_map(|s| Stat::of(s.stat.pid));
        there.filter(|stat| !stat.is_dead()).collect()
    }

    /// The members of a process group below what we have adopted, wherever they hang, that live.
    pub(super) fn group(&self, group: i32) -> Vec<Stat> {
        let below = self.adopted.pids().into_iter().flat_map(procfs::tree);
        below.filter(|stat| stat.group == group && !stat.is_dead()).collect()
    }
}

/// As people are told of it.
pub(super) fn member(stat: &Stat) -> Member {
    let refused = sys::send(Target::Process(stat.pid), None) == Sent::Refused;
    let condition = match () {
        () if refused => Condition::OutOfReach,
        () if stat.is_uninterruptible() => Condition::Uninterruptible,
        () => Condition::Alive,
    };
    Member { pid: stat.pid, name: stat.name.clone(), condition }
}
