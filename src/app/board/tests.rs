//! What is shown is what was told last.

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
