//! The end of the program, after the last process has stopped: sweep, drain, flush, tell. Each part has its own slice
//! of time, and none can hold the exit up for longer.

use super::{Ending, Running, say};
use crate::exit;
use crate::os::pid1::{self, Sweep};
use crate::status::SharedBoard;
use phpeek_actors::manager::Finished;
use phpeek_actors::ports::Level;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// The flush of spans; a receiver that is known to be away gets less, and asks for it itself.
const TELEMETRY_FLUSH: Duration = Duration::from_secs(2);
/// The kernel takes killed orphans down within this, or holds them for good.
const SWEEP: Duration = Duration::from_secs(2);
/// A standard output that nobody reads costs no more than this.
const OUTPUT_FLUSH: Duration = Duration::from_millis(300);

/// Whether everything has stopped, and the code that the program will end with.
#[derive(Clone, Default)]
pub(super) struct Finish(Rc<Cell<Option<u8>>>);

impl Finish {
    pub(super) fn code(&self) -> Option<u8> {
        self.0.get()
    }
}

/// Ends everything in order and gives what is left to tell.
pub(super) async fn end(
    running: Running,
    finished: Option<Finished>,
    finish: &Finish,
    board: Option<&SharedBoard>,
) -> Ending {
    let code = finished.as_ref().map_or(exit::INTERNAL, |f| exit::of_outcome(f.outcome));
    finish.0.set(Some(code));
    let telemetry = running.telemetry.clone();
    let flush = actix::spawn(async move { telemetry.flush(TELEMETRY_FLUSH).await });
    if pid1::sweep(&running.children, SWEEP).await == Sweep::Left {
        say(&running, Level::Error, "some processes could not be killed: the kernel holds them".to_owned());
    }
    // The first drain takes the last words of the processes, so that they stand before our own.
    running.output.flush(OUTPUT_FLUSH).await;
    drop(flush.await);
    last_words(&running, finished.as_ref(), code);
    running.output.flush(OUTPUT_FLUSH).await;
    if let Some(board) = board {
        board.finish(code);
    }
    Ending { code, spans: running.kept.map(|memory| memory.take()).unwrap_or_default() }
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
