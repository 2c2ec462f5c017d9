//! The end of the program, after the last process has stopped: sweep, drain, flush, tell. Each part has its own slice
//! of time, and none can hold the exit up for longer.

use super::board::SharedBoard;
use super::metrics::Moments;
use super::ready::Ready;
use super::running::{Ending, Running, say};
use crate::exit;
use phpeek_actors::manager::Finished;
use phpeek_actors::ports::Level;
use phpeek_actors::telemetry::FlushOutcome;
use phpeek_api::Control;
use phpeek_api::web::Web;
use phpeek_core::fleet::Outcome;
use phpeek_core::member::{Member, list};
use phpeek_core::otel::OtelSignal;
use phpeek_os::pid1::{self, Sweep};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinHandle};

/// The flush of spans: all of it for a receiver that makes progress, however slowly; one that is silent or known to be
/// away gets a little, and nobody waits for it.
const TELEMETRY_FLUSH: Duration = Duration::from_secs(5);
/// The kernel takes killed orphans down within this, or holds them for good.
const SWEEP: Duration = Duration::from_secs(2);
/// A standard output that nobody reads costs no more than this.
const OUTPUT_STILL: Duration = Duration::from_secs(1);
/// One that is read slowly costs no more than this.
const OUTPUT_FLUSH: Duration = Duration::from_secs(10);
/// Answers that are under way, and the end of streams; a client that does not read costs no more than this.
const CONTROL_CLOSE: Duration = Duration::from_millis(200);

/// What processes have left behind without a trace of whose it is has this long to follow a request.
const SWEEP_GRACE: Duration = Duration::from_secs(5);

/// Whether everything has stopped and only the last flush is under way.
#[derive(Clone, Default)]
pub(super) struct Finish(Rc<Last>);

#[derive(Default)]
struct Last {
    flush: RefCell<Option<AbortHandle>>,
    hurried: Cell<bool>,
}

impl Finish {
    /// Flushes in a task that [`Self::hurry`] can give up.
    fn flushing(&self, flush: impl Future<Output = FlushOutcome> + 'static) -> JoinHandle<FlushOutcome> {
        let task = actix::spawn(flush);
        *self.0.flush.borrow_mut() = Some(task.abort_handle());
        task
    }

    /// Gives the flush up, if it has come to that; what is left takes no time worth asking about.
    pub(super) fn hurry(&self) -> Hurried {
        match &*self.0.flush.borrow() {
            Some(flush) => {
                self.0.hurried.set(true);
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

/// Who answers questions until the end.
pub(super) struct Servers {
    pub(super) control: Option<Control>,
    /// Those on TCP: the API, metrics.
    pub(super) pages: [Option<Web>; 2],
    pub(super) ready: Option<Rc<Ready>>,
    /// What is counted, when it is sent.
    pub(super) moments: Option<Rc<Moments>>,
}

/// Ends everything in order and gives what is left to tell.
pub(super) async fn end(
    running: Running,
    finished: Option<Finished>,
    finish: &Finish,
    board: &SharedBoard,
    servers: Servers,
) -> Ending {
    let own = running.last_exit.as_ref().and_then(|last| last.get());
    let code = finished.as_ref().map_or(exit::INTERNAL, |f| match own {
        Some(exit) if f.outcome != Outcome::Internal => exit::of_exit(exit),
        _ => exit::of_outcome(&f.outcome),
    });
    let telemetry = running.telemetry.clone();
    let flush = finish.flushing(async move { telemetry.flush(TELEMETRY_FLUSH).await });
    let missed = finished.as_ref().is_some_and(|f| f.outcome == Outcome::DeadlineMissed);
    let patience = (if missed { Duration::ZERO } else { SWEEP_GRACE }, SWEEP);
    let asked = |left: &[Member]| {
        let message = format!("left behind by processes that have ended, asked to end: {}", list(left));
        say(&running, Level::Warn, message);
    };
    let swept = pid1::sweep(&running.children, patience, asked, || finish.0.hurried.get()).await;
    // The first drain takes the last words of the processes, so that they stand before our own.
    running.output.flush(OUTPUT_STILL, OUTPUT_FLUSH).await;
    if let Ok(outcome) = flush.await {
        tell_of(&running, OtelSignal::Traces, outcome);
    } // an error: it was given up
    // A single program that stands where we do ends with its own code, whatever it leaves.
    let code = if swept == Sweep::Left && own.is_none() { exit::with_some_left(code) } else { code };
    last_words(&running, finished.as_ref(), code, swept);
    let Servers { control, pages, ready, moments } = servers;
    if !finish.0.hurried.get() {
        flush_others(&running, finish, moments).await;
    }
    running.output.flush(OUTPUT_STILL, OUTPUT_FLUSH).await;
    board.finish(code);
    if let Some(ready) = ready {
        ready.finish();
    }
    let pages = pages.into_iter().flatten().map(|page| actix::spawn(page.close(CONTROL_CLOSE)));
    let pages: Vec<_> = pages.collect(); // all at once
    if let Some(control) = control {
        control.close(CONTROL_CLOSE).await;
    }
    for page in pages {
        drop(page.await); // an error: nothing is left to close
    }
    Ending { code, spans: running.kept.map(|memory| memory.take()).unwrap_or_default() }
}

/// The last log records, and what is counted at the end; both at once.
async fn flush_others(running: &Running, finish: &Finish, moments: Option<Rc<Moments>>) {
    let metrics = moments.map(|moments| {
        let telemetry = running.telemetry.clone();
        actix::spawn(async move { telemetry.flush_metrics(moments.measure(), TELEMETRY_FLUSH).await })
    });
    if running.telemetry.logs().is_some() {
        let telemetry = running.telemetry.clone();
        let flush = finish.flushing(async move { telemetry.flush_logs(TELEMETRY_FLUSH).await });
        if let Ok(outcome) = flush.await {
            tell_of(running, OtelSignal::Logs, outcome);
        } // an error: it was given up
    }
    let Some(metrics) = metrics else { return };
    match finish.0.hurried.get() {
        true => metrics.abort(),
        false => {
            *finish.0.flush.borrow_mut() = Some(metrics.abort_handle());
            if let Ok(outcome) = metrics.await {
                tell_of(running, OtelSignal::Metrics, outcome);
            } // as above
        }
    }
}

fn tell_of(running: &Running, signal: OtelSignal, outcome: FlushOutcome) {
    let items = signal.items();
    match outcome {
        // The telemetry thread has said what it lost.
        FlushOutcome::Drained | FlushOutcome::Left(_) => {}
        FlushOutcome::Spooled(count) => {
            say(running, Level::Info, format!("{count} {items} wait in the spool for the next supervisor"));
        }
        FlushOutcome::Unanswered(count) => {
            let message =
                format!("{count} {items} are not delivered: the telemetry thread did not answer in time");
            say(running, Level::Warn, message);
        }
    }
}

fn last_words(running: &Running, finished: Option<&Finished>, code: u8, swept: Sweep) {
    match finished {
        None => say(running, Level::Error, "internal error: the manager is lost".to_owned()),
        Some(Finished { boot_failure: Some(why), .. }) => {
            say(running, Level::Error, format!("boot failed, exit code {code}: {why}"));
        }
        Some(_) if swept == Sweep::Left => {
            let why = "they are another user's, or the kernel holds them";
            let message = format!("exit code {code}; some processes could not be ended: {why}");
            say(running, Level::Error, message);
        }
        Some(_) => say(running, Level::Info, format!("everything has stopped, exit code {code}")),
    }
}
