//! What has gone leaves nothing behind: an instance that comes later with the number of one that was removed, or a
//! process with the name of one, begins with nothing of it in any listener.

use crate::tale::ms;
use phpeek_actors::board::BoardListener;
use phpeek_actors::clock::Clock;
use phpeek_actors::journal::Journal;
use phpeek_actors::listeners::Listener;
use phpeek_actors::story::Story;
use phpeek_actors::testkit::{RecordingBoard, RecordingLog, SpanRecorder, SpecBuilder, attribute};
use phpeek_actors::trace::names;
use phpeek_core::autopsy::Autopsy;
use phpeek_core::facts::{Asked, Change, Death, Fact, InstanceFact, ProcessFact, Shown, Told};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::outcome::Exit;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

const WEB: ProcessId = ProcessId(3);

struct Rig {
    story: Story,
    spans: SpanRecorder,
    journal: Journal,
    log: RecordingLog,
    shown: BoardListener<Rc<RecordingBoard>>,
    board: Rc<RecordingBoard>,
}

impl Rig {
    fn new() -> Self {
        let (spans, log) = (SpanRecorder::default(), RecordingLog::default());
        let board = Rc::new(RecordingBoard::default());
        Self {
            story: Story::new(spans.tracing(Clock::starting_at(SystemTime::UNIX_EPOCH))),
            spans,
            journal: Journal::new(Arc::new(log.clone())),
            log,
            shown: BoardListener::new(board.clone()),
            board,
        }
    }

    fn tell(&mut self, at: u64, fact: Fact) {
        let told = Told { at: ms(at), fact };
        self.story.hear(&told);
        self.journal.hear(&told);
        self.shown.hear(&told);
    }

    fn of(&mut self, at: u64, serial: u32, fact: InstanceFact) {
        self.tell(at, Fact::Instance(InstanceId { process: WEB, serial }, fact));
    }

    fn add(&mut self, process: ProcessId, name: &str) {
        self.tell(0, Fact::Process(process, ProcessFact::Added(Arc::new(SpecBuilder::new(name).spec()))));
    }

    fn run(&mut self, at: u64, serial: u32, pid: i32) {
        self.of(at, serial, InstanceFact::Ordered { run: 1 });
        self.of(at, serial, InstanceFact::Started { run: 1, pid: Some(pid) });
        let change = Change { from: InstanceState::Starting, to: InstanceState::Running };
        self.of(at, serial, InstanceFact::Changed(change, Shown { pid: Some(pid), restarts: 0 }));
    }

    fn death(&mut self, at: u64, serial: u32) {
        let autopsy = Autopsy::from(Exit::Code(3));
        let death = Death { run: 1, autopsy, ended: ms(at), uptime: ms(1), asked: Asked::Yes, fine: true };
        self.of(at, serial, InstanceFact::Died(death));
        self.of(at, serial, InstanceFact::Ended(death));
    }
}

/// The instance `web-1` goes while `web-0` and `web-2` stay, and another comes by its number.
fn replaced() -> Rig {
    let mut rig = Rig::new();
    rig.add(WEB, "web");
    for serial in 0..3 {
        rig.of(0, serial, InstanceFact::Added { number: serial });
        rig.run(1, serial, 100 + i32::try_from(serial).expect("a few"));
    }
    rig.death(5, 1);
    rig.of(6, 1, InstanceFact::Removed);
    rig.of(7, 3, InstanceFact::Added { number: 1 });
    rig
}

#[test]
fn a_number_that_comes_again_is_of_another() {
    let mut rig = replaced();
    let new = InstanceId { process: WEB, serial: 3 };
    assert!(!rig.story.context_of_run(new.run(1)).is_valid(), "it was never started");
    assert!(rig.board.shown(3, 1).is_some(), "that of the old one, which nobody shows any more");
    let ends = rig.board.ends().len();
    // What is late of the old one changes nothing of the new one, nor of its neighbours.
    let neighbours =
        [0, 2].map(|serial| rig.story.context_of_run(InstanceId { process: WEB, serial }.run(1)));
    rig.run(8, 1, 999);
    rig.death(8, 1);
    assert_eq!((rig.board.ends().len(), rig.board.numbers(3)), (ends, vec![0, 2, 1]));
    assert!(rig.board.shown(3, 1).is_some_and(|shown| shown.pid == Some(101)), "not 999");
    assert!(!rig.story.context_of_run(new.run(1)).is_valid());
    let now = [0, 2].map(|serial| rig.story.context_of_run(InstanceId { process: WEB, serial }.run(1)));
    assert_eq!(now, neighbours);
    rig.run(9, 3, 103);
    let spawns = rig.spans.named(names::SPAN_SPAWN);
    let id = |i: usize| attribute(&spawns[i], names::PROCESS_INSTANCE_ID).map(|v| v.to_string());
    assert_eq!((spawns.len(), id(3)), (4, Some("web-1".to_owned())), "the old one's were three");
    assert!(rig.story.context_of_run(new.run(1)).is_valid());
    assert_eq!(rig.spans.open(), 0, "nothing is left open");
}

#[test]
fn the_journal_names_an_instance_that_is_there() {
    let mut rig = replaced();
    let before = rig.log.records().len();
    rig.death(8, 3);
    let died = rig.log.records().split_off(before);
    assert_eq!((died.len(), died[0].instance), (1, Some(1)));
    assert!(died[0].fields.iter().all(|(key, _)| *key != "pid"), "that pid was of the old one");
}

#[test]
fn a_process_that_comes_again_is_another() {
    let mut rig = replaced();
    rig.tell(10, Fact::Process(WEB, ProcessFact::Removed));
    rig.run(11, 0, 999); // older than that
    assert!(!rig.story.context_of_run(InstanceId { process: WEB, serial: 0 }.run(1)).is_valid());
    assert!(rig.board.numbers(3).is_empty());
    let again = ProcessId(4);
    rig.add(again, "web");
    let instance = InstanceId { process: again, serial: 0 };
    rig.tell(12, Fact::Instance(instance, InstanceFact::Added { number: 0 }));
    assert!(!rig.story.context_of_process(again).is_valid());
    assert_eq!((rig.board.numbers(4), rig.board.shown(4, 0)), (vec![0], None));
    let before = rig.log.records().len();
    rig.tell(13, Fact::Instance(instance, InstanceFact::Started { run: 1, pid: Some(7) }));
    let records = rig.log.records().split_off(before);
    assert_eq!(records[0].process.as_ref().map(ToString::to_string), Some("web".to_owned()));
}
