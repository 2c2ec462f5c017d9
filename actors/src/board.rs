//! The status board as a listener: makes of facts what is shown of the system and of each instance. Owns the words for
//! it; who shows them, and to whom, is behind [`StatusBoard`]. Never waits.

use crate::listeners::Listener;
use phpeek_core::facts::{Fact, InstanceFact, ProcessFact, SystemFact, Told};
use phpeek_core::fleet::RestartEnd;
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::outcome::Exit;
use phpeek_core::spec::ProcessSpec;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What the system as a whole is doing, for status readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemState {
    /// Not everything was up yet.
    Starting,
    /// Everything was up.
    Running,
    /// A rolling restart is under way.
    Restarting,
    /// It is going down.
    Stopping,
}

/// What is shown of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceStatus {
    /// One word.
    pub state: &'static str,
    /// The leader's pid while it runs.
    pub pid: Option<i32>,
    /// Restarts since the supervisor began.
    pub restarts: u32,
}

/// Where the state of everything is shown. Instances are named by process and number. Calls return at once.
pub trait StatusBoard {
    /// There is a process; told before anything else of it.
    fn process(&self, process: ProcessId, spec: &ProcessSpec);

    /// An instance has changed.
    fn instance(&self, process: ProcessId, number: u32, shown: InstanceStatus);

    /// The run of an instance has ended like this. What changes with it is told by [`Self::instance`].
    fn ended(&self, process: ProcessId, number: u32, exit: Exit);

    /// The system has changed.
    fn system(&self, state: SystemState);
}

/// Shows facts on a board.
pub struct BoardListener<B> {
    board: B,
    numbers: RefCell<BTreeMap<InstanceId, u32>>,
}

impl<B: StatusBoard> BoardListener<B> {
    /// On this one.
    #[must_use]
    pub fn new(board: B) -> Self {
        Self { board, numbers: RefCell::default() }
    }

    fn instance(&self, id: InstanceId, fact: &InstanceFact) {
        match fact {
            InstanceFact::Added { number } => {
                self.numbers.borrow_mut().insert(id, *number);
            }
            InstanceFact::Changed(change, shown) => {
                let status = InstanceStatus { state: change.to, pid: shown.pid, restarts: shown.restarts };
                if let Some(number) = self.number(id) {
                    self.board.instance(id.process, number, status);
                }
            }
            InstanceFact::Ended(death) => {
                if let Some(number) = self.number(id) {
                    self.board.ended(id.process, number, death.autopsy.exit);
                }
            }
            _ => {}
        }
    }

    fn number(&self, id: InstanceId) -> Option<u32> {
        self.numbers.borrow().get(&id).copied()
    }
}

impl<B: StatusBoard> Listener for BoardListener<B> {
    fn hear(&self, told: &Told) {
        let state = match &told.fact {
            Fact::Instance(id, fact) => return self.instance(*id, fact),
            Fact::Process(process, ProcessFact::Added(spec)) => return self.board.process(*process, spec),
            Fact::Process(..) | Fact::Hook(..) | Fact::Health(..) => return,
            Fact::System(SystemFact::BootBegan { .. }) => SystemState::Starting,
            Fact::System(SystemFact::RestartBegan { .. }) => SystemState::Restarting,
            Fact::System(SystemFact::RestartEnded { end: RestartEnd::Interrupted, .. }) => return,
            Fact::System(SystemFact::BootSucceeded | SystemFact::RestartEnded { .. }) => SystemState::Running,
            Fact::System(SystemFact::ShutdownBegan { .. }) => SystemState::Stopping,
            Fact::System(_) => return,
        };
        self.board.system(state);
    }
}
