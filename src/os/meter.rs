//! How much memory a run takes: the leader, all that descends from it, and what it has left to us, together. A thread of its own
//! reads that from /proc, because a look at many processes takes a while; it begins with the first question, and sleeps
//! between two. Decides nothing about what is too much.
//!
//! Measured is what is resident (RSS). Pages that processes share, as forked workers do, count once for each of them, so
//! the sum is never below the truth; only when it is above a bound are they shared out (PSS), which costs the kernel a walk
//! through all their pages. Where we may not ask for that, what is resident counts.

use super::mark;
use super::procfs::{self, Adopted, Stat};
use super::reaper::Children;
use phpeek_actors::ports::{MeasureOrder, Measured, Meter};
use phpeek_core::ids::TaskId;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::sync::mpsc::{Receiver, SendError, Sender, channel};

/// The port. Lives on the supervision thread.
pub struct MemoryMeter {
    supervisor: String,
    orders: RefCell<Option<Sender<MeasureOrder>>>,
    /// First thing in the thread: it must block all signals there.
    first: fn(),
}

impl MemoryMeter {
    /// Of the runs in this table. Nothing runs before the first question.
    #[must_use]
    pub fn of(children: &Children, first: fn()) -> Self {
        Self { supervisor: children.kin.supervisor().to_owned(), orders: RefCell::default(), first }
    }

    fn begin(&self) -> io::Result<Sender<MeasureOrder>> {
        let (sender, orders) = channel();
        let (supervisor, first) = (self.supervisor.clone(), self.first);
        std::thread::Builder::new().name("memory".to_owned()).spawn(move || {
            first();
            serve(&supervisor, &orders);
        })?;
        Ok(sender)
    }
}

impl Meter for MemoryMeter {
    /// What no thread takes has no answer, and is asked again by whoever wants to know.
    fn measure(&self, order: MeasureOrder) {
        let mut orders = self.orders.borrow_mut();
        let order = match &*orders {
            Some(sender) => match sender.send(order) {
                Ok(()) => return,
                Err(SendError(order)) => order, // it was lost to a fault: it is begun anew
            },
            None => order,
        };
        *orders = self.begin().ok();
        if let Some(sender) = &*orders {
            let taken = sender.send(order);
            debug_assert!(taken.is_ok(), "the thread has just begun");
        }
    }
}

/// Measures until nobody can ask any more.
fn serve(supervisor: &str, orders: &Receiver<MeasureOrder>) {
    let adopted = Adopted::open();
    while let Ok(MeasureOrder { run, leader, exact_above, hearer }) = orders.recv() {
        let members = members(supervisor, &adopted, TaskId::Run(run), leader);
        if let Some(used) = used(&members, exact_above) {
            hearer.do_send(Measured { run, used });
        }
    }
}

/// All that belongs to a run.
pub(super) fn members(supervisor: &str, adopted: &Adopted, task: TaskId, leader: i32) -> BTreeSet<i32> {
    let strays = if adopted.are_none() { Vec::new() } else { adopted.pids() };
    let belongs = |pid: &i32| {
        let near = |stat: Stat| stat.group == leader || stat.session == leader;
        *pid != leader
            && match procfs::variable(*pid, mark::MARK.as_bytes()) {
                Some(carried) => {
                    std::str::from_utf8(&carried).ok().and_then(|carried| mark::task(supervisor, carried))
                        == Some(task)
                }
                None => Stat::of(*pid).is_some_and(near),
            }
    };
    let roots = std::iter::once(leader).chain(strays.into_iter().filter(belongs));
    roots.flat_map(procfs::tree).filter(|stat| !stat.is_dead()).map(|stat| stat.pid).collect()
}

/// What they take together; `None` when nobody is there.
fn used(members: &BTreeSet<i32>, exact_above: u64) -> Option<u64> {
    let resident: Vec<(i32, u64)> =
        members.iter().filter_map(|pid| Some((*pid, procfs::resident(*pid)?))).collect();
    let sum = resident.iter().map(|(_, bytes)| bytes).fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
    if resident.is_empty() || sum <= exact_above {
        return (!resident.is_empty()).then_some(sum);
    }
    let shared_out = resident.iter().map(|(pid, bytes)| procfs::proportional(*pid).unwrap_or(*bytes));
    Some(shared_out.fold(0, u64::saturating_add))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn what_is_shared_out_is_no_more_than_what_is_resident() {
        let own = BTreeSet::from([std::process::id().cast_signed()]);
        let (estimate, exact) = (used(&own, u64::MAX).expect("we run"), used(&own, 0).expect("we run"));
        assert!(estimate > 0 && exact > 0, "{estimate} {exact}");
        // Between the two reads other threads of this program may take or give back some.
        assert!(exact <= estimate + (8 << 20), "{exact} of {estimate}");
        assert_eq!(used(&BTreeSet::from([i32::MAX]), 0), None, "nobody is there");
    }
}
