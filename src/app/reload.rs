//! A reload as the program does it: reads and checks the configuration on a thread of its own, says what is wrong with it
//! or hands it to the manager, and follows what comes of it. One at a time; of those that are asked for meanwhile the last
//! is done. Decides nothing about processes.

use super::follow::Follower;
use super::reading;
use super::reloads::{Ask, Reloads};
use super::running::{Running, say};
use phpeek_actors::clock::Clock;
use phpeek_actors::envelope::Envelope;
use phpeek_actors::listeners::Listener;
use phpeek_actors::manager::{ManagerActor, Request};
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_api::Reloaded;
use phpeek_config::{Configuration, Loaded, Report, Severity, Source};
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_core::fleet::{ReloadEnd, Wanted};
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Cause;
use phpeek_core::plan::{Plan, plan};
use phpeek_output::Output;
use phpeek_settings::lines::ProcessLines;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Where a reload reads, and how it says what is wrong there.
#[derive(Clone)]
pub struct ReloadOptions {
    /// The configuration.
    pub source: Source,
    /// Whether its files are followed.
    pub watch: bool,
    /// A report for people.
    pub tell: fn(&Report) -> String,
}

impl Debug for ReloadOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReloadOptions").field("source", &self.source).field("watch", &self.watch).finish()
    }
}

/// What runs, as far as a reload has to know.
struct Current {
    spec: Wanted,
    lines: ProcessLines,
    /// What cannot be changed while the supervisor runs, by its keys.
    fixed: Vec<(&'static str, String)>,
}

impl Current {
    fn of(configuration: &Configuration) -> Self {
        let spec = &configuration.spec;
        let fixed = vec![
            ("global.log_*", format!("{:?}", configuration.log)),
            ("global.tracing_*", format!("{:?}", configuration.tracing)),
            ("global.control_socket", format!("{:?}", configuration.control_socket)),
            ("global.survivors", format!("{:?}", configuration.survivors)),
            ("signals", format!("{:?}", spec.signals)),
            ("hooks", format!("{:?}", spec.hooks)),
        ];
        Self { spec: Wanted::of(spec, BTreeSet::new()), lines: configuration.lines.clone(), fixed }
    }

    /// The keys of what differs and stays as it is.
    fn fixed_that_differ(&self, other: &Self) -> Vec<&'static str> {
        let both = self.fixed.iter().zip(&other.fixed);
        both.filter(|(old, new)| old != new).map(|(old, _)| old.0).collect()
    }
}

/// Whose output is written in another way. What is the same in both is made one in `new`.
fn relogged(old: &ProcessLines, new: &mut ProcessLines) -> BTreeSet<ProcessName> {
    let mut changed: BTreeSet<ProcessName> =
        old.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
    for (name, rules) in new {
        match old.get(name) {
            Some(before) if format!("{before:?}") == format!("{rules:?}") => *rules = before.clone(),
            _ => drop(changed.insert(name.clone())),
        }
    }
    changed
}

/// Hears how the reload under way ends.
#[derive(Default)]
pub(super) struct ReloadEar(RefCell<Option<oneshot::Sender<ReloadEnd>>>);

impl Listener for ReloadEar {
    fn hear(&self, told: &Told) {
        let end = match &told.fact {
            Fact::System(SystemFact::ReloadEnded(_, end)) => end.clone(),
            Fact::System(SystemFact::ShutdownBegan { .. }) => ReloadEnd::Interrupted,
            _ => return,
        };
        if let Some(waits) = self.0.borrow_mut().take() {
            waits.send(end).ok(); // whoever has waited is gone
        }
    }
}

/// See the top of the file.
struct Reloader {
    options: ReloadOptions,
    current: Current,
    asks: mpsc::UnboundedReceiver<Ask>,
    ear: Rc<ReloadEar>,
    output: Output,
    log: Arc<dyn LogSink>,
    clock: Clock,
    manager: actix::Addr<ManagerActor>,
    follower: Option<Follower>,
}

/// Begins to take wishes, where there is something to read again.
pub(super) fn start(
    (options, files): (Option<ReloadOptions>, Vec<std::path::PathBuf>),
    configuration: &Configuration,
    running: &Running,
    ends: (actix::Addr<ManagerActor>, Rc<ReloadEar>),
) -> Option<Reloads> {
    let (reloader, reloads) = Reloader::new(options?, configuration, running, ends);
    actix::spawn(reloader.run(files));
    Some(reloads)
}

impl Reloader {
    /// One that does nothing yet, and where to ask it.
    fn new(
        options: ReloadOptions,
        configuration: &Configuration,
        running: &Running,
        (manager, ear): (actix::Addr<ManagerActor>, Rc<ReloadEar>),
    ) -> (Self, Reloads) {
        let (ask, asks) = mpsc::unbounded_channel();
        let follower = options.watch.then(|| Follower::new(Reloads(ask.clone())));
        let follower = follower.and_then(|follower| match follower {
            Ok(follower) => Some(follower),
            Err(error) => {
                let message = format!("the configuration is not followed: {error}; reload it by SIGHUP");
                say(running, Level::Error, message);
                None
            }
        });
        let reloader = Self {
            current: Current::of(configuration),
            options,
            asks,
            ear,
            output: running.output.clone(),
            log: running.log.clone(),
            clock: running.clock,
            manager,
            follower,
        };
        (reloader, Reloads(ask))
    }

    /// Reloads whenever it is asked to, for as long as the program runs.
    async fn run(mut self, files: Vec<std::path::PathBuf>) {
        self.follow(&files);
        while let Some(mut ask) = self.asks.recv().await {
            while let Ok(later) = self.asks.try_recv() {
                ask = match (ask, later) {
                    (by @ Ask::By(..), Ask::Changed) => by,
                    (_, later) => later,
                };
            }
            match reading::read_aside(self.options.source.clone()).await {
                Some(loaded) => self.take(*loaded, ask).await,
                None => self
                    .say(Level::Error, "reading the configuration has failed within the program".to_owned()),
            }
        }
    }

    async fn take(&mut self, Loaded { configuration, report }: Loaded, ask: Ask) {
        self.follow(&files_of(&report));
        let Some(mut configuration) = configuration else {
            let why = (self.options.tell)(&report);
            let message =
                format!("the configuration is faulty and was not taken over, nothing was changed:\n{why}");
            if let Ask::By(_, Some(reply)) = ask {
                drop(reply.send(Err(message.clone()))); // an error: nobody waits any more
            }
            return self.say(Level::Error, message);
        };
        let relogged = relogged(&self.current.lines, &mut configuration.lines);
        let next = Current::of(&configuration);
        let plan = self.plan(&next, &relogged);
        let fixed = self.current.fixed_that_differ(&next);
        let (cause, reply) = match ask {
            Ask::Changed if plan.steps.is_empty() && fixed.is_empty() && self.same_times(&next) => return,
            Ask::Changed => (Cause::Request, None),
            Ask::By(cause, reply) => (cause, reply),
        };
        for warning in report.of(Severity::Warning) {
            self.say(Level::Warn, warning.message.clone());
        }
        if !fixed.is_empty() {
            let message = format!("changed, and taken over by a new start only: {}", fixed.join(", "));
            self.say(Level::Warn, message);
        }
        let end = self.apply(next, relogged, cause).await;
        if let Some(reply) = reply {
            drop(reply.send(end)); // an error: nobody waits any more
        }
    }

    /// Hands it over, and waits for what comes of it.
    async fn apply(&mut self, next: Current, relogged: BTreeSet<ProcessName>, cause: Cause) -> Reloaded {
        let (waits, end) = oneshot::channel();
        self.ear.0.replace(Some(waits));
        self.output.follow(next.lines.clone());
        let wanted = Arc::new(Wanted { relogged, ..next.spec.clone() });
        self.manager.do_send(Envelope::root(self.clock.now(), Request::Reload(wanted, cause)));
        let end = end.await;
        if end == Ok(ReloadEnd::Complete) {
            // What stays as it is is told of once more by the next reload.
            self.current = Current { fixed: self.current.fixed.clone(), ..next };
            return Ok(());
        }
        self.output.follow(self.current.lines.clone());
        Err(match end {
            Ok(ReloadEnd::RolledBack(name)) => {
                format!("{name:?} could not be started or changed: everything is as it was before")
            }
            Ok(ReloadEnd::Broken(name, other)) => {
                format!("{name:?} could not be started or changed, and {other:?} could not be brought back")
            }
            _ => "everything is being stopped".to_owned(),
        })
    }

    fn plan(&self, next: &Current, relogged: &BTreeSet<ProcessName>) -> Plan {
        plan(&self.current.spec.processes, &next.spec.processes, relogged)
    }

    fn same_times(&self, next: &Current) -> bool {
        let times = |wanted: &Wanted| (wanted.shutdown_timeout, wanted.dependency_timeout);
        times(&self.current.spec) == times(&next.spec)
    }

    fn follow(&mut self, files: &[std::path::PathBuf]) {
        let Some(follower) = &self.follower else { return };
        for (folder, error) in follower.follow(files) {
            let message = format!("the folder {} is not followed: {error}", folder.display());
            self.say(Level::Warn, message);
        }
    }

    fn say(&self, level: Level, message: String) {
        if self.log.enabled(level) {
            let (at, message) = (self.clock.now(), message.into());
            self.log.log(LogRecord { at, level, message, process: None, instance: None, fields: Vec::new() });
        }
    }
}

/// The files that a configuration was read from.
#[must_use]
pub fn files_of(report: &Report) -> Vec<std::path::PathBuf> {
    report.file.iter().cloned().chain(report.included.iter().map(|included| included.path.clone())).collect()
}
