//! Everything an actor of supervision reaches the world through, in one shared value; and the board on which the
//! state of instances is shown to status readers. Built by `phpeek-pm`, or by tests from fakes.

use crate::clock::Clock;
use crate::ports::{LastWords, Launcher, LogSink};
use crate::trace::Tracing;
use phpeek_core::outcome::Exit;
use phpeek_core::spec::ProcessIndex;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::Notify;

/// The ports, the clock and the tracer. Lives on the supervision thread.
#[derive(Clone)]
pub struct World {
    /// Starts and signals processes.
    pub launcher: Rc<dyn Launcher>,
    /// Keeps the last lines of what has ended.
    pub words: Rc<dyn LastWords>,
    /// Takes log records.
    pub log: Arc<dyn LogSink>,
    /// Opens spans.
    pub tracing: Tracing,
    /// The one clock.
    pub clock: Clock,
    /// Where the state of everything is shown.
    pub status: Rc<dyn StatusBoard>,
    /// Deaths that wait for their last words.
    pub deaths: Deaths,
}

/// Deaths that are not fully told yet, of all processes: the end of everything waits for them. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Deaths(Rc<Untold>);

#[derive(Debug, Default)]
struct Untold {
    count: Cell<usize>,
    told: Notify,
}

/// One of them; told when it goes, however it goes.
#[derive(Debug)]
pub struct UntoldDeath(Rc<Untold>);

impl Deaths {
    /// One more.
    #[must_use]
    pub fn begin(&self) -> UntoldDeath {
        self.0.count.set(self.0.count.get() + 1);
        UntoldDeath(Rc::clone(&self.0))
    }

    /// Waits until there is none.
    pub async fn all_told(&self) {
        while self.0.count.get() > 0 {
            self.0.told.notified().await;
        }
    }
}

impl Drop for UntoldDeath {
    fn drop(&mut self) {
        self.0.count.set(self.0.count.get().saturating_sub(1));
        if self.0.count.get() == 0 {
            self.0.told.notify_one(); // kept until it is waited for
        }
    }
}

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

/// Where the state of everything is shown. Calls return at once; a board that nobody reads does nothing.
pub trait StatusBoard {
    /// An instance has changed.
    fn instance(&self, process: ProcessIndex, instance: u32, shown: InstanceStatus);

    /// The run of an instance has ended like this. What changes with it is told by [`Self::instance`].
    fn ended(&self, process: ProcessIndex, instance: u32, exit: Exit);

    /// The system has changed.
    fn system(&self, state: SystemState);
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

/// A board that nobody reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBoard;

impl StatusBoard for NoBoard {
    fn instance(&self, _: ProcessIndex, _: u32, _: InstanceStatus) {}
    fn ended(&self, _: ProcessIndex, _: u32, _: Exit) {}
    fn system(&self, _: SystemState) {}
}
