//! Starting the output layer, and what the rest of the program holds of it. Owns when its threads begin; never blocks a
//! caller but for the start of a thread.

use super::actor::{Ask, Beside, Drain, Forget, GiveUp, OutputActor, Release};
use super::failure::StartError;
use super::files::{Begin, Files, FirstLook, Say};
use super::held::Taken;
use super::intake::Intake;
use super::reader::Reader;
use super::sink::Sink;
use super::stats::Stats;
use super::steps;
use super::writer::Writer;
use actix::prelude::*;
use phpeek_actors::clock::Clock;
use phpeek_actors::lines::LineSource;
use phpeek_actors::ports::{LastLines, LastWords, Level, LogRecord, LogSink, NewsDesk};
use phpeek_core::ids::{InstanceId, TaskId};
use phpeek_core::name::ProcessName;
use phpeek_os::capture::{Capture, CaptureSink};
use phpeek_settings::lines::{LineFormat, ProcessLines};
use phpeek_settings::log::LogSettings;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Counting what is given up takes no longer.
const GIVE_UP: Duration = Duration::from_millis(100);

/// What is in files by the end is handed on within this.
const LAST_LOOK: Duration = Duration::from_secs(1);

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
    shared: Arc<Shared>,
}

struct Shared {
    sink: Arc<Sink>,
    intake: Arc<Intake>,
    reader: Reader,
    writer: Writer,
    files: Files,
    /// Of raw output to standard error.
    twin: Writer,
    clock: Clock,
    /// Runs first in each thread.
    first: Arc<dyn Fn() + Send + Sync>,
}

impl Output {
    /// Lets the output of these processes follow their rules. To be called before there is any output. `stderr` is a
    /// duplicate of descriptor 2.
    #[must_use]
    pub fn following(self, lines: ProcessLines, stderr: Option<OwnedFd>) -> Self {
        let raw = lines.values().any(|rules| rules.format == LineFormat::Raw);
        self.shared.sink.follow(lines.clone(), stderr.filter(|_| raw));
        self.follow_files(&lines).wait();
        self
    }

    /// Tells this desk what is looked for in lines and found. Said once, before the first pipe.
    #[must_use]
    pub fn telling(self, desk: Arc<dyn NewsDesk>) -> Self {
        self.shared.sink.desk.get_or_init(|| desk);
        self
    }

    /// The same for output from now on; what was read before follows what held before. Rules that are the same `Arc` stay
    /// with what they have begun.
    pub fn follow(&self, lines: ProcessLines) {
        let raw = lines.values().any(|rules| rules.format == LineFormat::Raw);
        let stderr = rustix::stdio::stderr().try_clone_to_owned().ok();
        self.shared.sink.follow(lines.clone(), stderr.filter(|_| raw));
        drop(self.follow_files(&lines));
    }

    /// Follows the files of these processes, and no others.
    fn follow_files(&self, lines: &ProcessLines) -> FirstLook {
        let told = Arc::downgrade(&self.shared);
        let begun = self.shared.files.follow(lines, || {
            let say: Say = Arc::new(move |process, told_of| {
                if let Some(shared) = told.upgrade() {
                    Self { shared }.say(process, told_of);
                }
            });
            self.expect_pipes()?;
            let first = Arc::clone(&self.shared.first);
            let actor = self.shared.read()?.clone();
            Ok(Begin {
                intake: Arc::clone(&self.shared.intake),
                say,
                first: Box::new(move || first()),
                aside: Box::new(move |task| actor.do_send(Beside(task))),
            })
        });
        begun.unwrap_or_else(|error: StartError| {
            let why = std::error::Error::source(&error).map_or_else(String::new, |why| format!(": {why}"));
            self.say(None, Err(format!("logging.files: no file is followed: {error}{why}")));
            FirstLook::none()
        })
    }

    fn say(&self, process: Option<&ProcessName>, told: Result<String, String>) {
        let (level, message) = match told {
            Ok(message) => (Level::Info, message),
            Err(message) => (Level::Warn, message),
        };
        let at = self.shared.clock.now();
        let process = process.cloned();
        self.log(LogRecord {
            at,
            level,
            message: message.into(),
            process,
            instance: None,
            fields: Vec::new(),
        });
    }

    /// Starts the output layer, in a task of actix. Its threads begin with the first use of each, or now where records
    /// are sure to come: one writes, one reads pipes. `first` runs first in each of the two: it must block all signals
    /// there. `stdout` is a duplicate of descriptor 1.
    ///
    /// # Errors
    /// [`StartError`] says which part the kernel refused.
    pub fn start(
        settings: LogSettings,
        clock: Clock,
        stdout: OwnedFd,
        first: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let intake = Arc::new(Intake::new().map_err(|error| StartError::Watch(error.into()))?);
        // Without stderr the loss of stdout is only counted.
        let stderr = rustix::stdio::stderr().try_clone_to_owned().ok();
        let sink = Arc::new(Sink::new(settings, stdout, stderr, clock.wall(clock.now())));
        let (reader, writer, twin) = (Reader::new(), Writer::new(), Writer::new());
        let files = Files::default();
        let shared =
            Arc::new(Shared { sink, intake, reader, writer, files, twin, clock, first: Arc::new(first) });
        if shared.sink.shows(Level::Info) {
            shared.write()?;
        }
        let told = Arc::downgrade(&shared);
        actix::spawn(steps::watch(move || {
            if let Some(shared) = told.upgrade() {
                shared.tell_step();
            }
        }));
        Ok(Self { shared })
    }

    /// Starts all threads now: there will be pipes, and what they need is not to be missing then.
    ///
    /// # Errors
    /// [`StartError`] says which part the kernel refused.
    pub fn expect_pipes(&self) -> Result<(), StartError> {
        self.shared.write()?;
        self.shared.read().map(drop)
    }

    /// Writes bytes that no record may interrupt, such as an exported span. False when there was no room: counted.
    #[must_use = "a block may be dropped"]
    pub fn write_block(&self, bytes: Vec<u8>) -> bool {
        let taken = self.shared.sink.push_own(bytes);
        self.shared.write_or_wait();
        taken
    }

    /// Reads what ended children have left and waits until stdout has taken all of it: as long as its reader makes
    /// progress, but for `still` without any, and `most` in all. What is not read then is counted as lost.
    pub async fn flush(&self, still: Duration, most: Duration) -> FlushReport {
        let begun = Instant::now();
        let until = begun + most;
        let Shared { sink, reader, files, .. } = &*self.shared;
        let everything = async {
            if let Some(read) = files.finish() {
                tokio::time::timeout(LAST_LOOK, read).await.ok(); // a disk that takes longer is not waited for
            }
            // An actor that is gone has left nothing to read; the queue is still written.
            if let Some(actor) = reader.get().filter(|_| !self.shared.all_is_read()) {
                let drained = actor.send(Drain { until });
                sink.hurry.ask();
                drained.await.ok();
            }
            let twin = sink.twin().map(|twin| twin.flushed());
            let first = sink.flushed().await.is_ok();
            match twin {
                Some(twin) => twin.await.is_ok() && first,
                None => first,
            }
        };
        if !sink.is_idle() && self.shared.write().is_err() {
            return FlushReport { complete: false, stats: self.stats() };
        }
        let mut everything = std::pin::pin!(everything);
        let complete = loop {
            let due = || until.min(sink.either_stuck_since().unwrap_or_else(Instant::now).max(begun) + still);
            match tokio::time::timeout_at(due().into(), &mut everything).await {
                Ok(complete) => break complete,
                Err(_) if Instant::now() >= due() => break false,
                Err(_) => {}
            }
        };
        if let Some(actor) = reader.get().filter(|_| !complete) {
            tokio::time::timeout(GIVE_UP, actor.send(GiveUp)).await.ok();
        }
        FlushReport { complete, stats: self.stats() }
    }

    /// What SIGUSR2 asks for. Stdout cannot be opened again: it was handed to us open.
    pub fn reopen(&self) {
        self.log(LogRecord {
            at: self.shared.clock.now(),
            level: Level::Info,
            message: "reopened log files: none, output goes to standard output".into(),
            process: None,
            instance: None,
            fields: Vec::new(),
        });
    }

    /// The newest lines of each instance, and those that come.
    #[must_use]
    pub fn kept(&self) -> Arc<dyn LineSource> {
        Arc::clone(self.shared.sink.kept()) as Arc<dyn LineSource>
    }

    /// An instance is no more: its lines are not kept any longer, once what it has written is read.
    pub fn forget(&self, instance: InstanceId) {
        if let Some(actor) = self.shared.reader.get() {
            actor.do_send(Forget(instance));
        }
    }

    /// All have been told that a run has begun: now what it writes may be read.
    pub fn begun(&self, run: TaskId) {
        self.shared.intake.begun(run);
    }

    /// The counts so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.shared.sink.stats();
        if let Some(twin) = self.shared.sink.twin() {
            stats.add(&twin.stats());
        }
        stats
    }

    /// Ends the writer thread once the queue is empty.
    pub fn close(&self) {
        self.shared.sink.close();
        if let Some(twin) = self.shared.sink.twin() {
            twin.close();
        }
    }
}

impl Shared {
    fn read(&self) -> Result<&Addr<OutputActor>, StartError> {
        if let Some(actor) = self.reader.get() {
            return Ok(actor);
        }
        let first = Arc::clone(&self.first);
        self.reader.start((&self.intake, &self.sink, self.clock), move || first())
    }

    fn write(&self) -> Result<(), StartError> {
        let first = Arc::clone(&self.first);
        self.writer.start(&self.sink, move || first()).map_err(StartError::Thread)
    }

    /// Sees that somebody writes. Where there is no thread to be had the queue waits for the next record, or the end.
    fn write_or_wait(&self) {
        self.write().ok();
    }

    /// Whether nothing is in any pipe nor on its way from there, so that a record need not wait for what was written
    /// before it.
    fn all_is_read(&self) -> bool {
        self.sink.held.is_empty() && self.intake.is_idle()
    }

    /// Says that the wall clock was set.
    fn tell_step(&self) {
        match self.reader.get() {
            Some(actor) => actor.do_send(Release),
            None => {
                self.sink.tell_step(&self.clock);
                self.write_or_wait();
            }
        }
    }

    fn watch(&self, capture: Capture) -> Result<(), StartError> {
        self.write()?;
        if let Some(twin) = self.sink.twin() {
            let first = Arc::clone(&self.first);
            self.twin.start(twin, move || first()).map_err(StartError::Thread)?;
        }
        self.read()?;
        self.intake.add(capture).map_err(|error| StartError::Watch(error.into()))
    }
}

impl CaptureSink for Output {
    fn capture(&self, capture: Capture) {
        let (process, instance) = (capture.process.clone(), capture.number);
        if let Err(error) = self.shared.watch(capture) {
            let cause =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            self.log(LogRecord {
                at: self.shared.clock.now(),
                level: Level::Error,
                message: "cannot watch the output of an instance: it is lost".into(),
                process: Some(process),
                instance,
                fields: vec![("error", cause.into())],
            });
        }
    }
}

impl LastWords for Output {
    /// One message for each death that is told: bounded by the number of runs, so none is refused.
    fn ask(&self, task: TaskId, process: &ProcessName, hearer: Recipient<LastLines>) -> bool {
        let Some(actor) = self.shared.reader.get() else { return false };
        let there = actor.connected();
        actor.do_send(Ask { task, process: process.clone(), hearer });
        there
    }
}

impl LogSink for Output {
    fn enabled(&self, level: Level) -> bool {
        self.shared.sink.shows(level)
    }

    fn log(&self, record: LogRecord) {
        if !self.enabled(record.level) {
            return;
        }
        let Shared { sink, intake, reader, clock, .. } = &*self.shared;
        match reader.get().filter(|_| !self.shared.all_is_read()) {
            None => {
                sink.tell_step(clock);
                sink.push_record(&record, clock.wall(record.at));
            }
            Some(actor) => match sink.held.add(record, intake.count(), sink.own_limit()) {
                Taken::No => sink.lose_record(),
                _ if !actor.connected() => sink.push_held(clock),
                Taken::First => actor.do_send(Release),
                Taken::Another => {}
            },
        }
        self.shared.write_or_wait();
    }
}
