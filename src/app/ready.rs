//! Whether all is ready, as the program uses it: a listener to facts, the file, and the answers of the supervision thread
//! to what the pages ask. Answers by a copy, never by work.

use super::ready_file::ReadyWriter;
use phpeek_actors::listeners::Listener;
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_core::readiness::Readiness;
use phpeek_pages::Inquiry;
use phpeek_settings::readiness::ReadinessSettings;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::mpsc;

/// What is known of readiness, and the file that says it.
pub(super) struct Ready {
    fold: RefCell<Readiness>,
    started: Cell<bool>,
    file: Option<ReadyWriter>,
}

impl Ready {
    /// Nothing is ready yet.
    pub(super) fn new(settings: &ReadinessSettings, file: Option<ReadyWriter>) -> Self {
        let fold = RefCell::new(Readiness::new(settings.mode, settings.processes.iter().cloned()));
        Self { fold, started: Cell::new(false), file }
    }

    /// Answers the pages, for as long as the supervisor runs.
    pub(super) async fn answer(self: Rc<Self>, mut inquiries: mpsc::Receiver<Inquiry>) {
        while let Some(inquiry) = inquiries.recv().await {
            // An error below: whoever asked has gone away.
            match inquiry {
                Inquiry::Life(reply) => drop(reply.send(())),
                Inquiry::Start(reply) => drop(reply.send(self.started.get())),
                Inquiry::Readiness(reply) => {
                    let fold = self.fold.borrow();
                    drop(reply.send((fold.is_ready(), fold.look())));
                }
            }
        }
    }

    /// Nothing is ready any more, whatever was told; waits for the file, but not long.
    pub(super) fn finish(&self) {
        if let Some(file) = &self.file {
            file.wish(false);
            file.finish();
        }
    }
}

impl Listener for Ready {
    fn hear(&self, told: &Told) {
        if matches!(told.fact, Fact::System(SystemFact::BootSucceeded)) {
            self.started.set(true);
        }
        let changed = self.fold.borrow_mut().hear(&told.fact);
        if let (Some(ready), Some(file)) = (changed, &self.file) {
            file.wish(ready);
        }
    }
}
