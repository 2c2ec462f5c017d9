//! The board on which actors show their state, for when somebody asks. Owns a few words for each instance, and whether
//! all is up; with a pid file it gathers changes for a moment and hands the result to the file thread. Lives on the
//! supervision thread, never waits, and makes no text.

use super::pid_file::Writer;
use phpeek_actors::board::{InstanceStatus, StatusBoard, SystemState};
use phpeek_actors::clock::Clock;
use phpeek_api::view::{Identity, Phase, Slot, View};
use phpeek_core::ids::ProcessId;
use phpeek_core::outcome::Exit;
use phpeek_core::spec::{InitialState, ProcessKind, ProcessSpec};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How long changes are gathered before they are written: a boot of 1000 is a handful of writes.
const GATHER: Duration = Duration::from_millis(20);

/// The word for an instance that is not started again (`phpeek_core::lifecycle`).
const FAILED: &str = "failed";

/// The board. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct SharedBoard(Rc<Inner>);

struct Inner {
    identity: Arc<Identity>,
    clock: Clock,
    cells: RefCell<Cells>,
    phase: watch::Sender<Phase>,
    file: Option<File>,
}

struct File {
    changed: Notify,
    writer: Writer,
}

struct Cells {
    state: SystemState,
    exit_code: Option<u8>,
    slots: Vec<Slot>,
    /// Where the slots of each process of the specification begin.
    first: Vec<usize>,
    /// The place of the process that is told of next, most likely.
    told: usize,
    /// The slots of each process that was told of, and whether they have to be up.
    slots_of: BTreeMap<ProcessId, Slots>,
    /// Instances that have to be up and are not.
    missing: usize,
    /// Of these, those that have failed for good.
    failed: usize,
}

/// The slots of one process.
#[derive(Clone, Copy)]
struct Slots {
    first: usize,
    count: u32,
    expected: bool,
}

/// Whether a process is started with the system: only these have to be up.
fn is_expected(process: &ProcessSpec) -> bool {
    process.initial == InitialState::Running && process.kind != ProcessKind::Scheduled
}

impl SharedBoard {
    /// A board for these processes, with a file behind it or without.
    #[must_use]
    pub(super) fn new(identity: Identity, clock: Clock, writer: Option<Writer>) -> Self {
        let (mut slots, mut first, mut missing) = (Vec::new(), Vec::new(), 0);
        for process in &identity.spec.processes {
            let scale = process.scale.get() as usize;
            first.push(slots.len());
            slots.resize(slots.len() + scale, Slot::STOPPED);
            missing += if is_expected(process) { scale } else { 0 };
        }
        slots.shrink_to_fit();
        let state = SystemState::Starting;
        Self(Rc::new(Inner {
            identity: Arc::new(identity),
            clock,
            cells: RefCell::new(Cells {
                state,
                exit_code: None,
                slots,
                first,
                told: 0,
                slots_of: BTreeMap::new(),
                missing,
                failed: 0,
            }),
            phase: watch::Sender::new(Phase::Coming),
            file: writer.map(|writer| File { changed: Notify::new(), writer }),
        }))
    }

    /// The state of everything, now.
    #[must_use]
    pub(super) fn view(&self) -> View {
        let cells = self.0.cells.borrow();
        View {
            identity: self.0.identity.clone(),
            at: self.0.clock.now(),
            state: cells.state,
            ready: cells.ready(),
            hopeless: cells.hopeless(),
            exit_code: cells.exit_code,
            slots: cells.slots.clone(),
        }
    }

    /// Told when all is up, when that is over, and when it will not be.
    #[must_use]
    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.0.phase.subscribe()
    }

    /// Writes each change a moment after it happened. Runs for as long as the supervisor does; sleeps when nothing
    /// changes, and ends at once when there is no file.
    pub(super) async fn publish(self) {
        let Some(file) = &self.0.file else { return };
        loop {
            file.changed.notified().await;
            tokio::time::sleep(GATHER).await;
            file.writer.write(self.view());
        }
    }

    /// Shows the end, and waits a bounded time until the file is on its way.
    pub(super) fn finish(&self, code: u8) {
        self.0.cells.borrow_mut().exit_code = Some(code);
        self.changed();
        if let Some(file) = &self.0.file {
            file.writer.write(self.view());
            file.writer.finish();
        }
    }

    fn changed(&self) {
        let phase = {
            let cells = self.0.cells.borrow();
            match (cells.hopeless(), cells.ready()) {
                (true, _) => Phase::Never,
                (false, true) => Phase::Ready,
                (false, false) => Phase::Coming,
            }
        };
        self.0.phase.send_if_modified(|shown| std::mem::replace(shown, phase) != phase);
        if let Some(file) = &self.0.file {
            file.changed.notify_one();
        }
    }

    fn change_slot(&self, process: ProcessId, number: u32, change: impl FnOnce(&mut Slot)) {
        {
            let cells = &mut *self.0.cells.borrow_mut();
            let own = cells.slots_of.get(&process).filter(|own| number < own.count);
            let Some(own) = own.copied() else { return };
            let Some(slot) = cells.slots.get_mut(own.first + number as usize) else { return };
            let was = (slot.is_up(), slot.state == FAILED);
            change(slot);
            if own.expected {
                count(&mut cells.missing, !was.0, !slot.is_up());
                count(&mut cells.failed, was.1, slot.state == FAILED);
            }
        }
        self.changed();
    }
}

/// One more or one less.
fn count(number: &mut usize, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *number += 1,
        (true, false) => *number = number.saturating_sub(1),
        (true, true) | (false, false) => {}
    }
}

impl Cells {
    fn ready(&self) -> bool {
        self.state == SystemState::Running && self.missing == 0 && self.exit_code.is_none()
    }

    /// What has failed for good comes back only when somebody asks for it, as a rolling restart does.
    fn hopeless(&self) -> bool {
        let ends = self.state == SystemState::Stopping || self.exit_code.is_some();
        ends || self.failed > 0 && self.state != SystemState::Restarting
    }
}

impl StatusBoard for SharedBoard {
    fn process(&self, process: ProcessId, spec: &ProcessSpec) {
        let cells = &mut *self.0.cells.borrow_mut();
        let shown = &self.0.identity.spec.processes;
        // They are told of in the order of the specification: a look at all for each would cost n^2 at the start.
        let place = match shown.get(cells.told).is_some_and(|next| next.name == spec.name) {
            true => Some(cells.told),
            false => shown.iter().position(|p| p.name == spec.name),
        };
        let Some((place, known)) = place.and_then(|place| Some((place, shown.get(place)?))) else { return };
        let first = cells.first.get(place).copied().unwrap_or(usize::MAX);
        let own = Slots { first, count: known.scale.get(), expected: is_expected(known) };
        cells.slots_of.insert(process, own);
        cells.told = place + 1;
    }

    fn instance(&self, process: ProcessId, number: u32, shown: InstanceStatus) {
        let now = self.0.clock.now();
        self.change_slot(process, number, |slot| {
            let begins = shown.state == "running" && slot.state != "running";
            slot.since = match shown.pid {
                None => None,
                Some(_) if begins => Some(now),
                Some(_) => slot.since,
            };
            slot.state = shown.state;
            slot.pid = shown.pid;
            slot.restarts = shown.restarts;
        });
    }

    fn ended(&self, process: ProcessId, number: u32, exit: Exit) {
        self.change_slot(process, number, |slot| slot.last_exit = Some(exit));
    }

    fn system(&self, state: SystemState) {
        self.0.cells.borrow_mut().state = state;
        self.changed();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_actors::testkit::{SpecBuilder, system};
    use std::time::SystemTime;

    #[test]
    fn the_board_says_when_all_is_up() {
        let spec = system(vec![SpecBuilder::new("a"), SpecBuilder::new("b")]);
        let spec = Arc::new(spec);
        let identity = Identity { spec: spec.clone(), config: Some("/c".into()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let board = SharedBoard::new(identity, Clock::starting_at(SystemTime::UNIX_EPOCH), None);
            let phase = board.phase();
            for (id, process) in (0..).map(ProcessId).zip(&spec.processes) {
                board.process(id, process);
            }
            let show = |process, state, pid| {
                board.instance(ProcessId(process), 0, InstanceStatus { state, pid, restarts: 1 });
            };
            show(0, "running", Some(5));
            show(1, "running", Some(6));
            assert_eq!(*phase.borrow(), Phase::Coming, "the boot is not over");
            board.system(SystemState::Running);
            assert_eq!(*phase.borrow(), Phase::Ready);
            board.ended(ProcessId(1), 0, Exit::Code(3));
            show(1, "backoff", None);
            assert_eq!(*phase.borrow(), Phase::Coming);
            let snapshot = board.view().snapshot();
            assert!(!snapshot.ready && snapshot.config == Some("/c".into()) && snapshot.uptime_s.is_some());
            let [a, b] = [0, 1].map(|i| snapshot.processes[i].instances[0].clone());
            assert!(a.uptime_s.is_some() && a.pid == Some(5) && a.last_exit.is_none(), "{a:?}");
            assert!(
                b.uptime_s.is_none() && b.pid.is_none() && b.last_exit.is_some_and(|e| e.code == Some(3))
            );
            // What the board does not know changes nothing.
            board.instance(ProcessId(9), 0, InstanceStatus { state: "running", pid: None, restarts: 0 });
            board.instance(ProcessId(0), 7, InstanceStatus { state: "failed", pid: None, restarts: 0 });
            show(1, "completed", None);
            assert_eq!(*phase.borrow(), Phase::Ready);
            show(0, "failed", None);
            assert!(*phase.borrow() == Phase::Never && board.view().hopeless, "nobody starts it again");
            board.system(SystemState::Restarting);
            assert_eq!(*phase.borrow(), Phase::Coming, "a rolling restart does");
            show(0, "running", Some(7));
            board.system(SystemState::Running);
            assert_eq!(*phase.borrow(), Phase::Ready);
            board.system(SystemState::Stopping);
            assert_eq!(*phase.borrow(), Phase::Never);
            board.finish(0);
            assert_eq!(*phase.borrow(), Phase::Never);
            assert_eq!(board.view().snapshot().state, "stopped");
        });
    }
}
