//! The status board as a listener: makes of facts what is shown of the system and of each instance. Owns the words for
//! it; who shows them, and to whom, is behind [`StatusBoard`]. Never waits.

use crate::listeners::Listener;
use phpeek_core::facts::{Death, Fact, HealthFact, InstanceFact, ProcessFact, SystemFact, Told};
use phpeek_core::fleet::RestartEnd;
use phpeek_core::health::news::Saying;
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::{Failure, InstanceState, Rest};
use phpeek_core::limit::Breach;
use phpeek_core::outlook::{Forecast, Outlook};
use phpeek_core::spec::ProcessSpec;
use std::cell::RefCell;
use std::sync::Arc;

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
    /// Where it stands.
    pub state: InstanceState,
    /// The leader's pid while it runs.
    pub pid: Option<i32>,
    /// Restarts since the supervisor began.
    pub restarts: u32,
}

/// Where the state of everything is shown. Calls return at once. What is told of a process or an instance comes between
/// its coming and its going.
pub trait StatusBoard {
    /// There is a process; or it is configured like this from now on, and its instances stay.
    fn process(&self, process: ProcessId, spec: &Arc<ProcessSpec>);

    /// There is no such process any more.
    fn process_gone(&self, process: ProcessId);

    /// There is an instance, which was never started, as `NAME-number`.
    fn added(&self, instance: InstanceId, number: u32);

    /// There is no such instance any more.
    fn gone(&self, instance: InstanceId);

    /// An instance has changed.
    fn instance(&self, instance: InstanceId, shown: InstanceStatus);

    /// The run of an instance has ended like this. What changes with it is told by [`Self::instance`].
    fn ended(&self, instance: InstanceId, death: &Death);

    /// An instance has failed for good, after so many restarts.
    fn failed(&self, instance: InstanceId, failure: Failure, restarts: u32);

    /// The run of an instance takes more memory than it may. What changes with it is told by [`Self::instance`].
    fn over_limit(&self, instance: InstanceId, breach: Breach);

    /// The schedule of a process, or one of its jobs, has changed; what of it is known is in the history.
    fn schedule(&self, process: ProcessId);

    /// The program of an instance says this of itself, until it ends or says something else.
    fn says(&self, instance: InstanceId, status: &str);

    /// The system has changed.
    fn system(&self, state: SystemState);

    /// Whether all is up, or will be, has changed. Told after what has changed it.
    fn outlook(&self, outlook: Outlook);
}

/// Shows facts on a board.
pub struct BoardListener<B> {
    board: B,
    forecast: RefCell<Forecast>,
}

impl<B: StatusBoard> BoardListener<B> {
    /// On this one.
    #[must_use]
    pub fn new(board: B) -> Self {
        Self { board, forecast: RefCell::default() }
    }

    fn instance(&self, id: InstanceId, fact: &InstanceFact) {
        match fact {
            InstanceFact::Added { number } => self.board.added(id, *number),
            InstanceFact::Removed => self.board.gone(id),
            InstanceFact::Changed(change, shown) => {
                let status = InstanceStatus { state: change.to, pid: shown.pid, restarts: shown.restarts };
                self.board.instance(id, status);
            }
            InstanceFact::OverLimit { breach, .. } => self.board.over_limit(id, *breach),
            InstanceFact::Ended(death) => self.board.ended(id, death),
            InstanceFact::Rested { rest: Rest::Failed(failure), restarts, .. } => {
                self.board.failed(id, *failure, *restarts);
            }
            InstanceFact::Changes(_)
            | InstanceFact::Ordered { .. }
            | InstanceFact::Started { .. }
            | InstanceFact::SpawnFailed { .. }
            | InstanceFact::Died(_)
            | InstanceFact::Daemonised { .. }
            | InstanceFact::LeftAlone(_)
            | InstanceFact::Autopsied(_)
            | InstanceFact::Signalled { .. }
            | InstanceFact::ToldToReload
            | InstanceFact::ReloadTurnOver
            | InstanceFact::RestartBegan(_)
            | InstanceFact::StopTakenOver
            | InstanceFact::Restarting { .. }
            | InstanceFact::Unfolded(_)
            | InstanceFact::BackoffBegan { .. }
            | InstanceFact::Rested { .. }
            | InstanceFact::RelayFailed(_) => {}
        }
    }

    fn system(&self, fact: &SystemFact) {
        let state = match fact {
            SystemFact::BootBegan { .. } => SystemState::Starting,
            SystemFact::RestartBegan { .. } => SystemState::Restarting,
            SystemFact::RestartEnded { end: RestartEnd::Interrupted, .. } => return, // a shutdown follows
            SystemFact::BootSucceeded { .. } | SystemFact::RestartEnded { .. } => SystemState::Running,
            SystemFact::ShutdownBegan { .. } => SystemState::Stopping,
            SystemFact::BootFailed(_)
            | SystemFact::RestartJoined { .. }
            | SystemFact::ReloadBegan { .. }
            | SystemFact::ReloadFailed(_)
            | SystemFact::ReloadEnded(..)
            | SystemFact::ReloadReplaced(_)
            | SystemFact::ReloadRefused(..)
            | SystemFact::ShutdownHurried(_)
            | SystemFact::Relayed(..)
            | SystemFact::Refused(..)
            | SystemFact::Answered(..)
            | SystemFact::Over(_) => return,
        };
        self.board.system(state);
    }
}

impl<B: StatusBoard> Listener for BoardListener<B> {
    fn hear(&self, told: &Told) {
        match &told.fact {
            Fact::Instance(id, fact) => self.instance(*id, fact),
            Fact::Process(process, ProcessFact::Added(spec) | ProcessFact::Changed(spec)) => {
                self.board.process(*process, spec);
            }
            Fact::Process(process, ProcessFact::Removed) => self.board.process_gone(*process),
            Fact::Health(id, HealthFact::Said { saying: Saying::Status(status), .. }) => {
                self.board.says(*id, status);
            }
            Fact::Process(..) | Fact::Hook(..) | Fact::Health(..) => {}
            Fact::Schedule(process, _) => self.board.schedule(*process),
            Fact::System(fact) => self.system(fact),
        }
        let changed = self.forecast.borrow_mut().hear(&told.fact);
        if let Some(outlook) = changed {
            self.board.outlook(outlook);
        }
    }
}
