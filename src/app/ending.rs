//! The end of the program, after the last process has stopped: sweep, drain, flush, tell. Each part has its own slice
//! of time, and none can hold the exit up for longer.

use super::{Ending, Running, say};
use crate::control::Control;
use crate::exit;
use crate::os::pid1::{self, Sweep};
use crate::status::SharedBoard;
use phpeek_actors::manager::Finished;
use phpeek_actors::ports::Level;
use phpeek_actors::telemetry::FlushOutcome;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// The flush of spans; a receiver that is known to be away gets less, and asks for it itself.
const TELEMETRY_FLUSH: Duration = Duration::from_secs(2);
/// The kernel takes killed orphans down within this, or holds them for good.
const SWEEP: Duration = Duration::from_secs(2);
/// A standard output that nobody reads costs no more than this.
const OUTPUT_STILL: Duration = Duration::from_secs(1);
/// One that is read slowly costs no more than this.
const OUTPUT_FLUSH: Duration = Duration::from_secs(10);
/// Answers that are under way, and the end of streams; a client that does not read costs no more than this.
const CONTROL_CLOSE: Duration = Duration::from_millis(200);

/// Whether everything has stopped and only the last flush is under way.
#[derive(Clone, Default)]
pub(super) struct Finish(Rc<RefCell<Option<AbortHandle>>>);

impl Finish {
    /// Gives the flush up, if it has come to that; what is left takes no time worth asking about.
    pub(super) fn hurry(&self) -> Hurried {
        match &*self.0.borrow() {
            Some(flush) => {
                flush.abort();
                Hurried::Yes
            }
            None => Hurried::TooEarly,
        }
    }
}

/// What became of the wish to end at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hurried {
    /// The last flush was given up.
    Yes,
    /// Something has to be stopped first.
    TooEarly,
}

/// Ends everything in order and gives what is left to tell.
pub(super) async fn end(
    running: Running,
    finished: Option<Finished>,
    finish: &Finish,
    board: &SharedBoard,
    control: Option<Control>,
) -> Ending {
    let code = finished.as_ref().map_or(exit::INTERNAL, |f| exit::of_outcome(f.outcome));
    let telemetry = running.telemetry.clone();
    let flush = actix::spawn(async move { telemetry.flush(TELEMETRY_FLUSH).await });
    *finish.0.borrow_mut() = Some(flush.abort_handle());
    if pid1::sweep(&running.children, SWEEP).await == Sweep::Left {
        say(&running, Level::Error, "some processes could not be killed: the kernel holds them".to_owned());
    }
    // The first drain takes the last words of the processes, so that they stand before our own.
    running.output.flush(OUTPUT_STILL, OUTPUT_FLUSH).await;
    if let Ok(outcome) = flush.await {
        tell_of_spans(&running, outcome);
    } // an error: it was given up
    last_words(&running, finished.as_ref(), code);
    running.output.flush(OUTPUT_STILL, OUTPUT_FLUSH).await;
    board.finish(code);
    if let Some(control) = control {
        control.close(CONTROL_CLOSE).await;
    }
    Ending { code, spans: running.kept.map(|memory| memory.take()).unwrap_or_default() }
}

fn tell_of_spans(running: &Running, outcome: FlushOutcome) {
    match outcome {
        // The telemetry thread has said what it lost.
        FlushOutcome::Drained | FlushOutcome::Left(_) => {}
        FlushOutcome::Spooled(count) => {
            say(running, Level::Info, format!("{count} spans wait in the spool for the next supervisor"));
        }
        FlushOutcome::Unanswered(count) => {
            let message =
                format!("{count} spans are not delivered: the telemetry thread did not answer in time");
            say(running, Level::Warn, message);
        }
    }
}

fn last_words(running: &Running, finished: Option<&Finished>, code: u8) {
    match finished {
        None => say(running, Level::Error, "internal error: the manager is lost".to_owned()),
        Some(Finished { boot_failure: Some(why), .. }) => {
            say(running, Level::Error, format!("boot failed, exit code {code}: {why}"));
        }
        Some(_) => say(running, Level::Info, format!("everything has stopped, exit code {code}")),
    }
}
