//! What a supervisor is made of while it runs, why it could not begin, and what it leaves. Values.

use super::last_exit::LastExit;
use super::pid_file::PidFileError;
use bytes::Bytes;
use phpeek_actors::clock::Clock;
use phpeek_actors::history::Histories;
use phpeek_actors::panics::Panics;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_api::SocketError;
use phpeek_api::web::Audit;
use phpeek_api::web::BindError;
use phpeek_os::reaper::Children;
use phpeek_output::{self as output, Output};
use phpeek_telemetry::{self as telemetry, MemoryExporter, TelemetryHandle};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// What a run left.
#[derive(Debug)]
pub struct Ending {
    /// The exit code.
    pub code: u8,
    /// The spans as requests of OTLP, if they were kept.
    pub spans: Vec<Bytes>,
}

/// Another supervisor runs this configuration.
#[derive(Debug, thiserror::Error)]
#[error("a supervisor of {} runs already (pid {pid}): stop it first", config.display())]
pub struct AlreadyRuns {
    /// Which.
    pub(super) config: PathBuf,
    /// The other.
    pub(super) pid: u32,
}

/// What may have been left, and cannot be told.
#[derive(Debug, thiserror::Error)]
#[error(
    "the record {} is not used ({why}), and these carry the mark of a supervisor that is gone, maybe of this \
     configuration: {left}; end those that are, and remove the record, or set global.survivors: report",
    record.display()
)]
pub struct UnknownSurvivors {
    /// The record that is not believed.
    pub(super) record: PathBuf,
    /// Why not.
    pub(super) why: String,
    /// What may be of this configuration.
    pub(super) left: String,
}

/// Why the supervisor could not begin; nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The kernel refused something that cannot be done without.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The pid file.
    #[error(transparent)]
    PidFile(#[from] PidFileError),
    /// Another supervisor runs this configuration.
    #[error(transparent)]
    AlreadyRuns(#[from] AlreadyRuns),
    /// What a killed supervisor has left, which cannot be told.
    #[error(transparent)]
    Survivors(#[from] UnknownSurvivors),
    /// The control socket.
    #[error(transparent)]
    Control(#[from] SocketError),
    /// A way in of the management API.
    #[error("{key}: the API cannot be opened")]
    Api {
        /// The key that wants it.
        key: &'static str,
        /// Why not.
        #[source]
        source: BindError,
    },
    /// The page of metrics.
    #[error("metrics_enabled: the page of metrics cannot be opened")]
    Metrics(#[source] BindError),
    /// The exporter.
    #[error("cannot set up tracing")]
    Telemetry(#[from] telemetry::StartError),
    /// Standard output.
    #[error("cannot set up output")]
    Output(#[from] output::StartError),
}

/// Everything that lives while the supervisor does.
pub(super) struct Running {
    pub(super) clock: Clock,
    pub(super) output: Output,
    pub(super) telemetry: Rc<TelemetryHandle>,
    pub(super) kept: Option<MemoryExporter>,
    pub(super) children: Rc<Children>,
    pub(super) log: Arc<dyn LogSink>,
    /// Of parts that go on after one.
    pub(super) panics: Panics,
    /// What was run.
    pub(super) histories: Rc<Histories>,
    /// Where what happens is recorded for an audit, if it is.
    pub(super) audit: Option<Audit>,
    /// How the last program has ended, where its code is ours.
    pub(super) last_exit: Option<Rc<LastExit>>,
}

/// A record of the supervisor's own.
pub(super) fn say(running: &Running, level: Level, message: String) {
    tell(&*running.log, running.clock, level, message);
}

/// For who warns while the supervisor runs.
pub(super) fn warn(running: &Running) -> impl Fn(String) + 'static {
    warn_to(running.log.clone(), running.clock)
}

/// The same before everything is built.
pub(super) fn warn_to(log: Arc<dyn LogSink>, clock: Clock) -> impl Fn(String) + 'static {
    move |message| tell(&*log, clock, Level::Warn, message)
}

pub(super) fn tell(log: &dyn LogSink, clock: Clock, level: Level, message: String) {
    if log.enabled(level) {
        let (at, message) = (clock.now(), message.into());
        log.log(LogRecord { at, level, message, process: None, instance: None, fields: Vec::new() });
    }
}
