//! Everything an actor of supervision reaches the world through, in one shared value. Built by `phpeek-pm`, or by
//! tests from fakes.

use crate::clock::Clock;
use crate::listeners::Listeners;
use crate::ports::{LastWords, LaunchOrder, Launcher, Meter, Prober};
use phpeek_core::facts::Outbox;
use phpeek_core::process::Effect;
use phpeek_core::program::Launch;
use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::Notify;

/// The ports, the listeners and the clock. Lives on the supervision thread.
pub struct World {
    /// Starts and signals processes.
    pub launcher: Rc<dyn Launcher>,
    /// Keeps the last lines of processes.
    pub words: Rc<dyn LastWords>,
    /// Asks for the health of processes.
    pub prober: Rc<dyn Prober>,
    /// Measures the memory of processes.
    pub meter: Rc<dyn Meter>,
    /// Hear of all that happens.
    pub listeners: Rc<Listeners>,
    /// The one clock.
    pub clock: Clock,
    /// Room for what the machine of a process gives back in a step; empty between steps.
    pub scratch: Rc<Cell<Outbox<Effect>>>,
    /// Deaths that wait for their last words.
    pub deaths: Deaths,
}

impl World {
    /// Starts a task, with the context of the span that does.
    pub(crate) fn launch(&self, launch: Launch) {
        let context = self.listeners.context_of_task(launch.task);
        self.launcher.launch(LaunchOrder::new(launch, context));
    }
}

/// Deaths that are not fully told yet, of all processes: the end of everything waits for them. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Deaths(Rc<Untold>);

#[derive(Debug, Default)]
struct Untold {
    count: Cell<usize>,
    told: Notify,
}

/// Those of one process; told when it goes, however it goes.
#[derive(Debug)]
pub struct OwnDeaths {
    all: Rc<Untold>,
    own: usize,
}

impl Deaths {
    /// Those of one process: none so far.
    #[must_use]
    pub fn of_process(&self) -> OwnDeaths {
        OwnDeaths { all: Rc::clone(&self.0), own: 0 }
    }

    /// Waits until there is none.
    pub async fn all_told(&self) {
        while self.0.count.get() > 0 {
            self.0.told.notified().await;
        }
    }
}

impl OwnDeaths {
    /// So many of the process are not told by now.
    pub fn are(&mut self, count: usize) {
        let others = self.all.count.get().saturating_sub(self.own);
        let ended = self.own > 0 && count == 0 && others == 0;
        self.own = count;
        self.all.count.set(others.saturating_add(count));
        if ended {
            self.all.told.notify_one(); // kept until it is waited for
        }
    }
}

impl Drop for OwnDeaths {
    fn drop(&mut self) {
        self.are(0);
    }
}
