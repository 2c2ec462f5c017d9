//! What all signals have in common: the thread, and in it for each a queue, a store, an actor and an exporter. Owns the
//! numbers of batching, and what becomes of a spool directory that cannot be used. Must never wait for the network.

use super::begin::{StartError, Surroundings};
use super::encode::Origin;
use super::make::MakeExporter;
use super::recent::Recent;
use super::spool::{self, Place, Spool, SpoolError, SpoolParts, SpoolReport};
use super::stdout::WriteBlock;
use super::thread::{self, Begin, Thread};
use actix::Addr;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_actors::telemetry::{Make, Parts, Queue, Sieve, SpanStore, TelemetryActor, Wake};
use phpeek_core::backoff::Backoff;
use phpeek_core::batch::Rules;
use phpeek_core::otel::OtelSignal;
use phpeek_settings::env;
use phpeek_settings::tracing::{Limits, SpoolSettings};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const FIRST_DELAY: Duration = Duration::from_millis(100);
/// How long the telemetry thread looks by itself after it has found something. What has ended and is not on the disk is
/// lost when we are killed, so with a spool it looks often.
const LINGER: Duration = Duration::from_millis(100);
const LINGER_SPOOL: Duration = Duration::from_millis(4);
/// How long the boot waits for the disk of the spool. A lock that somebody has is known after 200 ms.
const DISK_PATIENCE: Duration = Duration::from_millis(500);
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What is to be laid for one signal.
pub(super) struct Stretch {
    pub(super) signal: OtelSignal,
    pub(super) queueing: env::Queueing,
    pub(super) spool: SpoolSettings,
    pub(super) origin: Origin,
    /// For spans.
    pub(super) recent: Option<Arc<Recent>>,
    pub(super) sift: MakeSift,
    pub(super) exporter: MakeExporter,
}

type MakeSift = Box<dyn FnMut() -> Box<dyn Sieve> + Send>;

/// What one signal goes through.
pub(super) struct Pipe {
    pub(super) signal: OtelSignal,
    pub(super) queue: Arc<Queue>,
    pub(super) spool: Arc<Mutex<SpoolReport>>,
    pub(super) actor: Addr<TelemetryActor>,
    /// Whether what waits outlives the program.
    pub(super) durable: bool,
}

/// The thread to be, and what begins in it.
pub(super) struct Line {
    pub(super) clock: Clock,
    pub(super) write_block: WriteBlock,
    log: Arc<dyn LogSink>,
    thread_init: Box<dyn FnOnce() + Send>,
    trim: Arc<Mutex<Box<dyn Fn() + Send>>>,
    begins: Vec<Begin>,
}

impl Line {
    pub(super) fn new(around: Surroundings) -> Self {
        let Surroundings { log, clock, write_block, thread_init, trim } = around;
        Self { clock, write_block, log, thread_init, trim: Arc::new(Mutex::new(trim)), begins: Vec::new() }
    }

    /// The way of one signal; it begins with the thread.
    pub(super) fn lay(&mut self, wanted: Stretch) -> Result<Pipe, StartError> {
        let Stretch { signal, queueing, spool, origin, recent, sift, exporter } = wanted;
        let place = self.place(signal, &spool)?;
        let durable = !matches!(place, Place::Memory);
        let rules = rules(queueing)?;
        let queue = Arc::new(Queue::new(queueing.capacity));
        let report = Arc::<Mutex<SpoolReport>>::default();
        let (clock, log, trim) = (self.clock, self.log.clone(), self.trim.clone());
        let mut parts = SpoolParts {
            signal,
            place,
            limits: spool.limits,
            // Only spans are asked for afterwards.
            history: if signal == OtelSignal::Traces { spool.history } else { Limits::NOTHING },
            origin,
            recent,
            report: report.clone(),
            clock,
            log: log.clone(),
        };
        let of_actor = queue.clone();
        // The exporter is built on its own thread: a connection belongs to the runtime that it was made on.
        let make = move || {
            let store: Make<Box<dyn SpanStore>> =
                Box::new(move || Box::new(Spool::new(parts.for_one_more())));
            TelemetryActor::new(Parts {
                signal,
                queue: of_actor,
                sift,
                store,
                exporter,
                rules,
                linger: if durable { LINGER_SPOOL } else { LINGER },
                clock,
                log,
                trim: Box::new(move || (trim.lock().unwrap_or_else(PoisonError::into_inner))()),
            })
        };
        let (actor, begin) = thread::actor(make);
        self.begins.push(begin);
        queue.wakes(actor.clone().recipient());
        if durable {
            // What an earlier supervisor has left goes out, whether or not there will be anything new.
            actor.do_send(Wake);
        }
        Ok(Pipe { signal, queue, spool: report, actor, durable })
    }

    /// Begins something else in the thread.
    pub(super) fn begin(&mut self, begin: Begin) {
        self.begins.push(begin);
    }

    pub(super) fn start(self) -> Result<Thread, StartError> {
        thread::start(self.thread_init, self.begins).map_err(StartError::Thread)
    }

    /// The lock is taken here, before anything is started: two supervisors in one directory are an error of the
    /// configuration. All else that the disk may refuse is left to the telemetry thread, which tries again, and waits.
    fn place(&self, signal: OtelSignal, settings: &SpoolSettings) -> Result<Place, SpoolError> {
        let Some(folder) = settings.directory.clone() else { return Ok(Place::Memory) };
        let folder = match signal {
            OtelSignal::Traces => folder,
            other => folder.join(other.name()),
        };
        let locked = match spool::lock_within(&folder, DISK_PATIENCE) {
            Ok(answer) => answer,
            // The spool says so.
            Err(pending) => return Ok(Place::Late(folder, pending)),
        };
        match locked {
            Ok(lock) => Ok(Place::Directory(folder, Some(lock))),
            Err(error @ SpoolError::InUse { .. }) if settings.named => Err(error),
            Err(error @ SpoolError::InUse { .. }) => {
                self.warn(format!("{error}; {} are kept in memory", signal.items()));
                Ok(Place::Memory)
            }
            Err(SpoolError::Unusable { .. }) => Ok(Place::Directory(folder, None)),
        }
    }

    fn warn(&self, message: String) {
        let (at, message) = (self.clock.now(), message.into());
        let (process, instance, fields) = (None, None, Vec::new());
        self.log.log(LogRecord { at, level: Level::Warn, message, process, instance, fields });
    }
}

fn rules(queueing: env::Queueing) -> Result<Rules, StartError> {
    let backoff = Backoff::new(BACKOFF.0, BACKOFF.1).ok_or(StartError::Backoff)?;
    Ok(Rules {
        batch: queueing.batch,
        backlog_batch: queueing.backlog_batch,
        first_delay: FIRST_DELAY.min(queueing.delay),
        delay: queueing.delay,
        backoff,
    })
}
