//! The board on which actors show their state, for when somebody asks. Owns a few words for each instance that there is,
//! by its id; with a pid file it gathers changes for a moment and hands the result to the file thread. Lives on the
//! supervision thread, never waits, judges nothing, and makes no text.

use super::pid_file::Writer;
use phpeek_actors::board::{InstanceStatus, StatusBoard, SystemState};
use phpeek_actors::clock::Clock;
use phpeek_actors::history::Histories;
use phpeek_actors::panics::Panics;
use phpeek_api::view::{Changes, Slot, View};
use phpeek_config::Written;
use phpeek_core::death::{Asked, Death};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::Failure;
use phpeek_core::limit::Breach;
use phpeek_core::list_map::{ListMap, Serials};
use phpeek_core::outlook::Outlook;
use phpeek_core::spec::ProcessSpec;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How long changes are gathered before they are written: a boot of 1000 is a handful of writes.
const GATHER: Duration = Duration::from_millis(20);

/// The board. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct SharedBoard(Rc<Inner>);

struct Inner {
    config: RefCell<Option<Arc<Path>>>,
    written: RefCell<Written>,
    clock: Clock,
    histories: Rc<Histories>,
    panics: Panics,
    cells: RefCell<Cells>,
    outlook: watch::Sender<Outlook>,
    changes: Changes,
    file: Option<File>,
}

struct File {
    changed: Notify,
    writer: Writer,
}

struct Cells {
    state: SystemState,
    exit_code: Option<u8>,
    processes: ListMap<ProcessId, Shown>,
}

/// A process that there is.
struct Shown {
    spec: Arc<ProcessSpec>,
    instances: Serials<Slot>,
}

impl SharedBoard {
    /// A board with nothing on it, with a file behind it or without.
    #[must_use]
    pub(super) fn new(
        config: Option<&Path>,
        clock: Clock,
        writer: Option<Writer>,
        (histories, panics): (Rc<Histories>, Panics),
    ) -> Self {
        let cells = Cells { state: SystemState::Starting, exit_code: None, processes: ListMap::default() };
        Self(Rc::new(Inner {
            config: RefCell::new(config.map(Arc::from)),
            written: RefCell::default(),
            clock,
            histories,
            panics,
            cells: RefCell::new(cells),
            outlook: watch::Sender::new(Outlook::Coming),
            changes: Changes::default(),
            file: writer.map(|writer| File { changed: Notify::new(), writer }),
        }))
    }

    /// Another file is read from now on.
    pub(super) fn read_from(&self, file: Option<&Path>) {
        self.0.config.replace(file.map(Arc::from));
        self.0.changes.one_more();
    }

    /// This is configured from now on.
    pub(super) fn written(&self, written: Written) {
        self.0.written.replace(written);
        self.0.changes.one_more();
    }

    /// The state of everything, now.
    #[must_use]
    pub(super) fn view(&self) -> View {
        let cells = self.0.cells.borrow();
        let all = cells.processes.values();
        let at = self.0.clock.now();
        View {
            config: self.0.config.borrow().clone(),
            written: self.0.written.borrow().0.clone(),
            changes: self.0.changes.count(),
            at,
            wall: self.0.clock.wall(at),
            state: cells.state,
            outlook: *self.0.outlook.borrow(),
            exit_code: cells.exit_code,
            panics: self.0.panics.counts(),
            schedules: self.0.histories.schedules(),
            processes: all.clone().map(|p| (p.spec.clone(), p.instances.values().len())).collect(),
            slots: all.flat_map(|p| p.instances.values().cloned()).collect(),
        }
    }

    /// Told when all is up, when that is over, and when it will not be.
    #[must_use]
    pub(super) fn watch_outlook(&self) -> watch::Receiver<Outlook> {
        self.0.outlook.subscribe()
    }

    /// Counts what changes; any thread may look.
    #[must_use]
    pub(super) fn changes(&self) -> Changes {
        self.0.changes.clone()
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
        self.change(|cells| cells.exit_code = Some(code));
        self.outlook(Outlook::Never);
        if let Some(file) = &self.0.file {
            file.writer.write(self.view());
            file.writer.finish();
        }
    }

    fn change(&self, change: impl FnOnce(&mut Cells)) {
        change(&mut self.0.cells.borrow_mut());
        self.0.changes.one_more();
        if let Some(file) = &self.0.file {
            file.changed.notify_one();
        }
    }

    /// One that is not there any more, or never was, changes nothing.
    fn change_slot(&self, id: InstanceId, change: impl FnOnce(&mut Slot)) {
        self.change(|cells| {
            let process = cells.processes.get_mut(id.process);
            if let Some(slot) = process.and_then(|process| process.instances.get_mut(id.serial)) {
                change(slot);
            }
        });
    }
}

impl StatusBoard for SharedBoard {
    fn process(&self, process: ProcessId, spec: &Arc<ProcessSpec>) {
        self.change(|cells| match cells.processes.get_mut(process) {
            Some(shown) => shown.spec = spec.clone(),
            None => {
                let shown = Shown { spec: spec.clone(), instances: Serials::default() };
                cells.processes.insert(process, shown);
            }
        });
    }

    fn process_gone(&self, process: ProcessId) {
        self.change(|cells| drop(cells.processes.remove(process)));
    }

    fn added(&self, instance: InstanceId, number: u32) {
        self.change(|cells| {
            if let Some(process) = cells.processes.get_mut(instance.process) {
                process.instances.insert(instance.serial, Slot::new(number));
            }
        });
    }

    fn gone(&self, instance: InstanceId) {
        self.change(|cells| {
            if let Some(process) = cells.processes.get_mut(instance.process) {
                process.instances.remove(instance.serial);
            }
        });
    }

    fn instance(&self, instance: InstanceId, shown: InstanceStatus) {
        let now = self.0.clock.now();
        self.change_slot(instance, |slot| {
            slot.since = shown.pid.and(slot.since.or(Some(now)));
            slot.state = shown.state;
            slot.pid = shown.pid;
            slot.restarts = shown.restarts;
            slot.failure = slot.failure.filter(|_| shown.pid.is_none());
        });
    }

    fn ended(&self, instance: InstanceId, death: &Death) {
        self.change_slot(instance, |slot| {
            slot.last_exit = Some(death.autopsy.exit);
            slot.crashes = slot.crashes.saturating_add(u32::from(death.asked == Asked::No && !death.fine));
            slot.last_over_limit = slot.over_limit.take();
            slot.says = None;
        });
    }

    fn failed(&self, instance: InstanceId, failure: Failure, restarts: u32) {
        self.change_slot(instance, |slot| slot.failure = Some((failure, restarts)));
    }

    fn over_limit(&self, instance: InstanceId, breach: Breach) {
        self.change_slot(instance, |slot| slot.over_limit = Some(breach));
    }

    fn says(&self, instance: InstanceId, status: &str) {
        self.change_slot(instance, |slot| {
            slot.says = Some(status).filter(|text| !text.is_empty()).map(Arc::from)
        });
    }

    fn system(&self, state: SystemState) {
        self.change(|cells| cells.state = state);
    }

    fn schedule(&self, _: ProcessId) {
        self.change(|_| ());
    }

    fn outlook(&self, outlook: Outlook) {
        self.0.outlook.send_replace(outlook);
        self.change(|_| ());
    }
}

#[cfg(test)]
mod tests;
