//! The board on which actors show their state, for when somebody asks. Owns a few words for each instance that there is,
//! by its id; with a pid file it gathers changes for a moment and hands the result to the file thread. Lives on the
//! supervision thread, never waits, judges nothing, and makes no text.

use super::pid_file::Writer;
use phpeek_actors::board::{InstanceStatus, StatusBoard, SystemState};
use phpeek_actors::clock::Clock;
use phpeek_actors::history::Histories;
use phpeek_actors::panics::Panics;
use phpeek_api::view::{Changes, Slot, View};
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

    /// The state of everything, now.
    #[must_use]
    pub(super) fn view(&self) -> View {
        let cells = self.0.cells.borrow();
        let all = cells.processes.values();
        let at = self.0.clock.now();
        View {
            config: self.0.config.borrow().clone(),
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
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_actors::board::BoardListener;
    use phpeek_actors::listeners::Listener;
    use phpeek_actors::testkit::RecordingLog;
    use phpeek_actors::testkit::SpecBuilder;
    use phpeek_api::snapshot::ProcessSnapshot;
    use phpeek_core::autopsy::Autopsy;
    use phpeek_core::facts::{Change, Fact, InstanceFact, ProcessFact, Shown, SystemFact, Told};
    use phpeek_core::history::Limits;
    use phpeek_core::lifecycle::{InstanceState, Rest};
    use phpeek_core::operation::{Cause, Operations};
    use phpeek_core::outcome::Exit;
    use std::time::SystemTime;

    struct Rig {
        board: SharedBoard,
        listener: BoardListener<SharedBoard>,
    }

    impl Rig {
        fn new() -> Self {
            let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
            let limits = Limits { jobs: 1, oneshots: 1, age: Duration::ZERO };
            let histories = Rc::new(Histories::new(clock, limits));
            let panics = Panics::new(Arc::new(RecordingLog::default()), clock);
            let board = SharedBoard::new(Some(Path::new("/c")), clock, None, (histories, panics));
            Self { listener: BoardListener::new(board.clone()), board }
        }

        fn tell(&self, fact: Fact) {
            self.listener.hear(&Told { at: Duration::ZERO, fact });
        }

        fn add(&self, process: u32, name: &str, instances: u32) {
            let process = ProcessId(process);
            self.tell(Fact::Process(process, ProcessFact::Added(Arc::new(SpecBuilder::new(name).spec()))));
            for number in 0..instances {
                self.of(process.0, number, InstanceFact::Added { number });
            }
        }

        fn of(&self, process: u32, serial: u32, fact: InstanceFact) {
            let instance = InstanceId { process: ProcessId(process), serial };
            self.tell(Fact::Instance(instance, fact));
        }

        fn turn(&self, process: u32, serial: u32, to: InstanceState, pid: Option<i32>) {
            let change = Change { from: InstanceState::Stopped, to };
            self.of(process, serial, InstanceFact::Changed(change, Shown { pid, restarts: 1 }));
        }

        fn outlook(&self) -> Outlook {
            *self.board.watch_outlook().borrow()
        }

        fn processes(&self) -> Vec<ProcessSnapshot> {
            self.board.view().snapshot().processes
        }

        /// Each instance with its state.
        fn lines(&self) -> Vec<String> {
            let instances = self.processes().into_iter().flat_map(|p| p.instances);
            instances.map(|i| format!("{} {}", i.id, i.state)).collect()
        }
    }

    fn run(test: impl FnOnce(&Rig)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { test(&Rig::new()) });
    }

    #[test]
    fn a_process_that_is_configured_anew_is_shown_so_with_its_instances() {
        run(|rig| {
            rig.add(0, "a", 1);
            rig.turn(0, 0, InstanceState::Running, Some(5));
            let mut spec = SpecBuilder::new("a").spec();
            spec.max_scale = 7;
            rig.tell(Fact::Process(ProcessId(0), ProcessFact::Changed(Arc::new(spec))));
            let view = rig.board.view();
            assert_eq!(view.processes.first().map(|(spec, count)| (spec.max_scale, *count)), Some((7, 1)));
            assert_eq!(rig.lines(), ["a-0 running"]);
        });
    }

    #[test]
    fn the_board_shows_what_it_is_told() {
        run(|rig| {
            let operation = Operations::of_system().begin(Cause::Boot);
            rig.add(0, "a", 1);
            rig.add(1, "b", 1);
            rig.tell(Fact::System(SystemFact::BootBegan { operation, processes: 2 }));
            rig.turn(0, 0, InstanceState::Running, Some(5));
            rig.turn(1, 0, InstanceState::Running, Some(6));
            assert_eq!(rig.outlook(), Outlook::Coming, "the boot is not over");
            rig.tell(Fact::System(SystemFact::BootSucceeded { stopped: 0 }));
            assert!(rig.outlook() == Outlook::Ready && rig.board.view().snapshot().ready);
            let (exit, time) = (Exit::Code(3), Duration::ZERO);
            let autopsy = Autopsy::from(exit);
            let death = Death { run: 1, autopsy, ended: time, uptime: time, asked: Asked::No, fine: false };
            rig.of(1, 0, InstanceFact::Ended(death));
            rig.turn(1, 0, InstanceState::Backoff, None);
            rig.board.0.panics.caught("metrics", || std::panic::resume_unwind(Box::new("planted")));
            assert_eq!(rig.board.view().snapshot().panics, [("metrics".to_owned(), 1)].into());
            let snapshot = rig.board.view().snapshot();
            assert!(!snapshot.ready && snapshot.config == Some("/c".into()) && snapshot.uptime_s.is_some());
            let [a, b] = [0, 1].map(|i| snapshot.processes[i].instances[0].clone());
            assert!(a.uptime_s.is_some() && a.pid == Some(5) && a.last_exit.is_none(), "{a:?}");
            let code = b.last_exit.and_then(|exit| exit.code);
            assert!(b.uptime_s.is_none() && b.pid.is_none() && code == Some(3));
            assert_eq!((a.crashes, b.crashes, b.reason), (0, 1, None));
            rig.of(1, 0, InstanceFact::Ended(Death { asked: Asked::Yes, ..death }));
            let rest = Rest::Failed(Failure::GaveUp(exit));
            rig.of(1, 0, InstanceFact::Rested { rest, restarts: 1, looped: 0 });
            rig.turn(1, 0, InstanceState::Failed, None);
            let failed = rig.board.view().snapshot().processes[1].instances[0].clone();
            assert_eq!(failed.reason.as_deref(), Some("gave up after 1 restart: exit code 3"));
            assert_eq!(failed.crashes, 1, "an end that was asked for is no crash");
            rig.board.finish(0);
            let snapshot = rig.board.view().snapshot();
            assert!(rig.outlook() == Outlook::Never && snapshot.hopeless && snapshot.state == "stopped");
            assert!(snapshot.started_at.is_some() && snapshot.ended_at.is_some());
        });
    }

    #[test]
    fn what_comes_later_appears_and_what_goes_is_gone() {
        run(|rig| {
            rig.add(0, "b", 2);
            rig.tell(Fact::System(SystemFact::BootSucceeded { stopped: 0 }));
            rig.turn(0, 0, InstanceState::Running, Some(5));
            rig.turn(0, 1, InstanceState::Running, Some(6));
            assert_eq!(rig.outlook(), Outlook::Ready);
            rig.add(1, "a", 1);
            assert_eq!(rig.lines(), ["a-0 stopped", "b-0 running", "b-1 running"], "by name");
            assert_eq!(rig.outlook(), Outlook::Coming, "there is one more to wait for");
            rig.of(0, 1, InstanceFact::Removed);
            rig.turn(0, 1, InstanceState::Failed, None); // older than that
            assert_eq!(rig.lines(), ["a-0 stopped", "b-0 running"]);
            rig.of(0, 2, InstanceFact::Added { number: 1 });
            assert_eq!(rig.lines(), ["a-0 stopped", "b-0 running", "b-1 stopped"], "nothing of the old one");
            rig.turn(0, 2, InstanceState::Running, Some(7));
            assert_eq!(rig.outlook(), Outlook::Coming);
            rig.tell(Fact::Process(ProcessId(1), ProcessFact::Removed));
            assert_eq!(rig.lines(), ["b-0 running", "b-1 running"]);
            assert_eq!(rig.outlook(), Outlook::Ready, "nobody waits for what is gone");
        });
    }
}
