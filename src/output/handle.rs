//! Starting the output layer, and what the rest of the program holds of it. Owns the threads; never blocks a caller
//! but for the start itself.

use super::actor::{Ask, Drain, GiveUp, OutputActor, Release, read_on};
use super::held::Taken;
use super::intake::Intake;
use super::pipes::Pipes;
use super::sink::Sink;
use super::stats::Stats;
use super::steps;
use super::watch::watch;
use actix::prelude::*;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{LastLines, LastWords, Level, LogRecord, LogSink};
use phpeek_core::ids::TaskId;
use phpeek_core::name::ProcessName;
use phpeek_os::capture::{Capture, CaptureSink};
use phpeek_os::threads::ThreadRuntime;
use phpeek_settings::log::LogSettings;
use phpeek_settings::redaction::Redactions;
use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Counting what is given up takes no longer.
const GIVE_UP: Duration = Duration::from_millis(100);

/// Why the output layer could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The descriptor that all pipes are watched through.
    #[error("cannot watch the output of processes")]
    Watch(#[source] io::Error),
    /// A thread.
    #[error("cannot start a thread for output")]
    Thread(#[source] io::Error),
    /// The arbiter ended before the actor was there.
    #[error("the output arbiter ended while it started")]
    Arbiter,
}

/// What a flush achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlushReport {
    /// Everything that could be read was written or dropped before the deadline.
    pub complete: bool,
    /// The counts at its end; `queued` is what the deadline left behind.
    pub stats: Stats,
}

/// The output layer. Cheap to clone; any thread may hold it.
#[derive(Clone)]
pub struct Output {
    sink: Arc<Sink>,
    intake: Arc<Intake>,
    actor: Addr<OutputActor>,
    clock: Clock,
    redactions: Arc<Redactions>,
}

impl Output {
    /// Hides these in last words, besides what is always hidden.
    #[must_use]
    pub fn hiding(mut self, redactions: Redactions) -> Self {
        self.redactions = Arc::new(redactions);
        self
    }

    /// Starts the writer thread and the arbiter, under a running [`System`]. `first` runs first in each of the two
    /// threads: it must block all signals there. `stdout` is a duplicate of descriptor 1.
    ///
    /// # Errors
    /// [`StartError`] says which part the kernel refused.
    pub fn start(
        settings: LogSettings,
        clock: Clock,
        stdout: OwnedFd,
        first: impl Fn() + Clone + Send + 'static,
    ) -> Result<Self, StartError> {
        let intake = Arc::new(Intake::new().map_err(|error| StartError::Watch(error.into()))?);
        let watched = intake.as_fd().try_clone_to_owned().map_err(StartError::Watch)?;
        let runtime = ThreadRuntime::new().map_err(StartError::Thread)?;
        // Without stderr the loss of stdout is only counted.
        let stderr = rustix::stdio::stderr().try_clone_to_owned().ok();
        let sink = Arc::new(Sink::new(settings, stdout, stderr));
        let (writer, before) = (Arc::clone(&sink), first.clone());
        std::thread::Builder::new()
            .name("stdout".into())
            .spawn(move || {
                before();
                writer.write_all_chunks();
            })
            .map_err(StartError::Thread)?;
        let arbiter = Arbiter::try_with_tokio_rt(move || {
            first();
            runtime.into_inner()
        })
        .map_err(StartError::Thread)?;
        let (tell, told) = mpsc::channel();
        let (their_intake, their_sink) = (Arc::clone(&intake), Arc::clone(&sink));
        arbiter.spawn_fn(move || {
            let begun = watch(watched).map(|ready| {
                let sink = Arc::clone(&their_sink);
                let pipes = Rc::new(RefCell::new(Pipes::new(their_intake, their_sink, clock)));
                actix::spawn(read_on(ready, Rc::clone(&pipes)));
                OutputActor { pipes, sink, clock }.start()
            });
            tell.send(begun).ok(); // the starter waits for it below
        });
        let actor = told.recv().map_err(|_| StartError::Arbiter)?.map_err(StartError::Watch)?;
        let teller = actor.clone();
        arbiter.spawn(steps::watch(move || teller.do_send(Release)));
        Ok(Self { sink, intake, actor, clock, redactions: Arc::default() })
    }

    /// Writes bytes that no record may interrupt, such as an exported span. False when there was no room: counted.
    #[must_use = "a block may be dropped"]
    pub fn write_block(&self, bytes: Vec<u8>) -> bool {
        self.sink.push_own(bytes)
    }

    /// Reads what ended children have left and waits until stdout has taken all of it: as long as its reader makes
    /// progress, but for `still` without any, and `most` in all. What is not read then is counted as lost.
    pub async fn flush(&self, still: Duration, most: Duration) -> FlushReport {
        let begun = Instant::now();
        let until = begun + most;
        let everything = async {
            // An actor that is gone has left nothing to read; the queue is still written.
            self.actor.send(Drain { until }).await.ok();
            self.sink.flushed().await.is_ok()
        };
        let mut everything = std::pin::pin!(everything);
        let complete = loop {
            let due = || until.min(self.sink.stuck_since().unwrap_or_else(Instant::now).max(begun) + still);
            match tokio::time::timeout_at(due().into(), &mut everything).await {
                Ok(complete) => break complete,
                Err(_) if Instant::now() >= due() => break false,
                Err(_) => {}
            }
        };
        if !complete {
            tokio::time::timeout(GIVE_UP, self.actor.send(GiveUp)).await.ok();
        }
        FlushReport { complete, stats: self.stats() }
    }

    /// What SIGUSR2 asks for. Stdout cannot be opened again: it was handed to us open.
    pub fn reopen(&self) {
        self.log(LogRecord {
            at: self.clock.now(),
            level: Level::Info,
            message: "reopened log files: none, output goes to standard output".into(),
            process: None,
            instance: None,
            fields: Vec::new(),
        });
    }

    /// The counts so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.sink.stats()
    }

    /// Ends the writer thread once the queue is empty.
    pub fn close(&self) {
        self.sink.close();
    }
}

impl CaptureSink for Output {
    fn capture(&self, capture: Capture) {
        let (process, instance) = (capture.process.clone(), capture.number);
        if let Err(error) = self.intake.add(capture) {
            self.log(LogRecord {
                at: self.clock.now(),
                level: Level::Error,
                message: "cannot watch the output of an instance: it is lost".into(),
                process: Some(process),
                instance: Some(instance),
                fields: vec![("error", io::Error::from(error).to_string().into())],
            });
        }
    }
}

impl LastWords for Output {
    /// One message for each death that is told: bounded by the number of runs, so none is refused.
    fn ask(&self, task: TaskId, process: &ProcessName, hearer: Recipient<LastLines>) -> bool {
        let there = self.actor.connected();
        let redactions = Arc::clone(&self.redactions);
        self.actor.do_send(Ask { task, process: process.clone(), redactions, hearer });
        there
    }
}

impl LogSink for Output {
    fn enabled(&self, level: Level) -> bool {
        self.sink.shows(level)
    }

    fn log(&self, record: LogRecord) {
        if !self.enabled(record.level) {
            return;
        }
        let taken = self.sink.held.add(record, self.intake.count(), self.sink.own_limit());
        match taken {
            Taken::No => self.sink.lose_record(),
            _ if !self.actor.connected() => self.sink.push_held(&self.clock),
            Taken::First => self.actor.do_send(Release),
            Taken::Another => {}
        }
    }
}
