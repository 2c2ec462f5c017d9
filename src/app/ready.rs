//! Whether all is ready, as the program uses it: a listener to facts, the file, and the answers of the supervision thread
//! to what the pages ask. Answers by a copy, never by work.

use super::ready_file::{self, Now, ReadyWriter, Warn};
use super::running::{BeginError, Running, tell};
use phpeek_actors::listeners::Listener;
use phpeek_actors::ports::Level;
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_core::readiness::Readiness;
use phpeek_pages::{Door, Inquiry, Page};
use phpeek_settings::readiness::ReadinessSettings;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use tokio::sync::mpsc;

/// What is known of readiness, and the file that says it.
pub(super) struct Ready {
    fold: RefCell<Readiness>,
    started: Cell<bool>,
    file: Option<ReadyWriter>,
}

impl Ready {
    /// Nothing is ready yet; whom the configuration names is told so from now on, before anything is started.
    pub(super) fn begin(
        wanted: Option<&ReadinessSettings>,
        running: &Running,
        in_a_thread: fn(),
    ) -> Result<Option<Rc<Self>>, BeginError> {
        let Some(wanted) = wanted else { return Ok(None) };
        let failed = |what| move |source| BeginError::System { what, source };
        let (log, clock) = (running.log.clone(), running.clock);
        let warn: Warn = Box::new(move |text| tell(&*log, clock, Level::Warn, text));
        let now: Now = Box::new(move || clock.wall(clock.now()));
        let (watches, watched) = mpsc::unbounded_channel();
        let told = (warn, watches);
        let file = wanted.file.clone().map(|file| ReadyWriter::start(file, now, in_a_thread, told));
        let file = file.transpose().map_err(failed("begin with a readiness file"))?;
        if let Some(file) = &file {
            actix::spawn(ready_file::keep(file.clone(), watched));
        }
        let fold = RefCell::new(Readiness::new(wanted.mode, wanted.processes.iter().cloned()));
        let ready = Rc::new(Self { fold, started: Cell::new(false), file });
        if let Some(address) = wanted.http {
            let pages = [("/readyz", Page::Readiness), ("/livez", Page::Life), ("/startupz", Page::Start)];
            let pages = pages.map(|(path, page)| (path.to_owned(), page)).to_vec();
            let door = Door::open(address, pages).map_err(|error| {
                let source = io::Error::new(error.kind(), format!("{address} (global.readiness): {error}"));
                failed("listen for questions about readiness")(source)
            })?;
            let inquiries =
                phpeek_pages::serve(vec![door], in_a_thread).map_err(failed("start the thread of pages"))?;
            actix::spawn(ready.clone().answer(inquiries));
        }
        Ok(Some(ready))
    }

    /// Answers the pages, for as long as the supervisor runs.
    async fn answer(self: Rc<Self>, mut inquiries: mpsc::Receiver<Inquiry>) {
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
        if matches!(told.fact, Fact::System(SystemFact::BootSucceeded { .. })) {
            self.started.set(true);
        }
        let changed = self.fold.borrow_mut().hear(&told.fact);
        if let (Some(ready), Some(file)) = (changed, &self.file) {
            file.wish(ready);
        }
    }
}
