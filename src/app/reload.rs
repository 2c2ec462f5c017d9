//! Another configuration as the program takes it over: reads and checks it on a thread of its own, says what is wrong with it or hands it to
//! the manager, and follows what comes of it. One at a time; of those asked for meanwhile the last is done. Decides nothing about processes.

mod faults;
use super::board::SharedBoard;
use super::configure::load_edited;
use super::current::{Current, relogged, told};
use super::follow::Follower;
use super::reading::{Unread, aside, read_aside};
use super::reloads::{Ask, By, PlanReply, Reloads};
use super::running::{Running, say};
use super::save::save;
use faults::{in_words, is_about};
use phpeek_actors::clock::Clock;
use phpeek_actors::envelope::Envelope;
use phpeek_actors::listeners::Listener;
use phpeek_actors::manager::{ManagerActor, Request};
use phpeek_actors::phrases::reload_end;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_api::change::PlanReport;
use phpeek_api::order::{Answer, Begun};
use phpeek_config::{
    Configuration, Edit, EditError, Edited, EditedError, Edits, Finding, Loaded, Read, Report, Severity,
    Source,
};
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_core::fleet::{ReloadEnd, Wanted};
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Cause;
use phpeek_output::Output;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Where a reload reads, and how it says what is wrong there.
#[derive(Clone)]
pub struct ReloadOptions {
    /// The configuration.
    pub source: Source,
    /// What was read from it.
    pub read: Read,
    /// The files that it was read from.
    pub files: Vec<PathBuf>,
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

/// Hears how the reload under way ends.
#[derive(Default)]
pub(super) struct ReloadEar(RefCell<Option<oneshot::Sender<ReloadEnd>>>);

impl Listener for ReloadEar {
    fn hear(&self, told: &Told) {
        let end = match &told.fact {
            Fact::System(SystemFact::ReloadEnded(_, end)) => end.clone(),
            Fact::System(SystemFact::ShutdownBegan { .. }) => ReloadEnd::Interrupted,
            // Each reload that has begun ends by one of these two, whatever else there is to tell.
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
    /// What was added, changed and removed since the files were read.
    edits: Edits,
    asks: mpsc::UnboundedReceiver<Ask>,
    /// The other end of `asks`.
    own: mpsc::WeakUnboundedSender<Ask>,
    ear: Rc<ReloadEar>,
    output: Output,
    log: Arc<dyn LogSink>,
    clock: Clock,
    manager: actix::Addr<ManagerActor>,
    board: SharedBoard,
    follower: Option<Follower>,
}

/// Begins to take wishes, where there is something to read again.
pub(super) fn start(
    options: Option<ReloadOptions>,
    configuration: &Configuration,
    running: &Running,
    ends: (actix::Addr<ManagerActor>, Rc<ReloadEar>, SharedBoard),
) -> Option<Reloads> {
    let (reloader, reloads) = Reloader::new(options?, configuration, running, ends);
    actix::spawn(reloader.run());
    Some(reloads)
}

impl Reloader {
    /// One that does nothing yet, and where to ask it.
    fn new(
        options: ReloadOptions,
        configuration: &Configuration,
        running: &Running,
        (manager, ear, board): (actix::Addr<ManagerActor>, Rc<ReloadEar>, SharedBoard),
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
        board.written(configuration.written.clone());
        let reloader = Self {
            current: Current::of(configuration),
            edits: Edits::default(),
            options,
            own: ask.downgrade(),
            asks,
            ear,
            output: running.output.clone(),
            log: running.log.clone(),
            clock: running.clock,
            manager,
            board,
            follower,
        };
        (reloader, Reloads(ask))
    }

    /// Does what it is asked for, for as long as the program runs.
    async fn run(mut self) {
        self.follow(&self.options.files);
        let mut next = None;
        loop {
            let ask = match next.take() {
                Some(ask) => ask,
                None => match self.asks.recv().await {
                    Some(ask) => ask,
                    None => return,
                },
            };
            match ask {
                Ask::Reload(by) => {
                    let by = self.last_wish(by, &mut next);
                    self.reload(None, by).await;
                }
                Ask::From(file, by) => self.reload(Some(Source::File(file)), Some(by)).await,
                Ask::Edit(edit, by) => self.edit(edit, by).await,
                Ask::Save(by) => self.save(by).await,
                Ask::Plan(file, reply) => self.read_for_plan(file, reply),
                Ask::Planned(read, reply) => drop(reply.send(self.would(read))), // an error: it has gone away
            }
        }
    }

    /// Of reloads that wait in a row, the one that is done: the last that somebody has asked for.
    fn last_wish(&mut self, mut by: Option<By>, next: &mut Option<Ask>) -> Option<By> {
        while let Ok(later) = self.asks.try_recv() {
            match later {
                Ask::Reload(later) => by = later.or(by),
                other => {
                    *next = Some(other);
                    break;
                }
            }
        }
        by
    }

    /// Takes over what the files say; what another says, which is read from then on.
    async fn reload(&mut self, other: Option<Source>, by: Option<By>) {
        let source = other.clone().unwrap_or_else(|| self.options.source.clone());
        let mut loaded = match read_aside(source).await {
            Ok(loaded) => loaded,
            Err(why) => return self.hangs(&why, by).await,
        };
        let same = loaded.report.read() == self.options.read && !self.edits.is_empty();
        // What the files name may have changed, and they have not: then what was edited stays.
        let edits = if by.is_none() && same { self.edits.clone() } else { Edits::default() };
        if !edits.is_empty() {
            match self.edited(None).await {
                Ok(Ok(edited)) => *loaded = edited.loaded,
                Ok(Err(_)) => return, // they have changed once more, which is told too
                Err(why) => return self.hangs(&why, by).await,
            }
        }
        let Loaded { configuration, report } = *loaded;
        if other.is_none() {
            self.follow(&files_of(&report));
        }
        let Some(configuration) = configuration else {
            let why = (self.options.tell)(&report);
            let message =
                format!("the configuration is faulty and was not taken over, nothing was changed:\n{why}");
            self.say(Level::Error, message.clone());
            return self.refused(faults::first(&report), by, Answer::Refused(422, message)).await;
        };
        let taken = self.take(configuration, (&report, None), edits, by).await;
        if let Some(other) = other.filter(|_| taken) {
            self.options.source = other;
            self.board.read_from(report.file.as_deref());
            self.follow(&files_of(&report));
        }
    }

    /// Takes over one process more, or less, or another.
    async fn edit(&mut self, edit: Edit, by: By) {
        let name = edit.name().to_owned();
        let Edited { loaded: Loaded { configuration, report }, edits } = match self.edited(Some(edit)).await {
            Err(why) => return self.unread(&why, by),
            Ok(Err(error)) => {
                let status = match &error {
                    EditedError::Edit(EditError::Missing(_)) => 404,
                    EditedError::Edit(EditError::Hidden(_)) => 422,
                    EditedError::Edit(EditError::Exists(_)) | EditedError::Changed => 409,
                };
                return by.refuse(Answer::Refused(status, error.to_string()));
            }
            Ok(Ok(edited)) => edited,
        };
        // A file may hold keys of another program; what is sent now, with one that nobody knows, means something else.
        let unknown = |f: &&Finding| f.unknown_key && is_about(&f.path, &name);
        let unknown = in_words(report.of(Severity::Warning).filter(unknown));
        match configuration {
            Some(_) if !unknown.is_empty() => by.refuse(Answer::Refused(422, unknown)),
            Some(configuration) => {
                self.take(configuration, (&report, Some(&name)), edits, Some(by)).await;
            }
            None => by.refuse(Answer::Refused(422, in_words(report.of(Severity::Error)))),
        }
    }

    /// What the files say, with the edits.
    async fn edited(&self, edit: Option<Edit>) -> Result<Result<Edited, EditedError>, Unread> {
        let (source, read, edits) = (self.options.source.clone(), self.options.read, self.edits.clone());
        aside(move || load_edited(&source, read, edits, edit)).await
    }

    /// Takes a configuration over, if there is something to do. Of one process, only its warnings are told. Whether it
    /// runs now.
    async fn take(
        &mut self,
        mut configuration: Configuration,
        (report, only): (&Report, Option<&str>),
        edits: Edits,
        by: Option<By>,
    ) -> bool {
        let relogged = relogged(&self.current.lines, &mut configuration.lines);
        let next = Current::of(&configuration);
        let plan = self.current.plan(&next, &relogged);
        let fixed = self.current.fixed_that_differ(&next);
        if by.is_none() && plan.steps.is_empty() && fixed.is_empty() && self.current.same_times(&next) {
            return true;
        }
        for warning in report.of(Severity::Warning) {
            if only.is_none_or(|name| is_about(&warning.path, name)) {
                self.say(Level::Warn, report.headline(warning));
            }
        }
        if !fixed.is_empty() {
            let message = format!("changed, and taken over by a new start only: {}", fixed.join(", "));
            self.say(Level::Warn, message);
        }
        let taken = self.apply(next, relogged, by).await;
        if taken {
            (self.options.read, self.edits) = (report.read(), edits);
        }
        taken
    }

    /// Hands it over, and waits for what comes of it. Whether it runs now.
    async fn apply(&mut self, next: Current, relogged: BTreeSet<ProcessName>, by: Option<By>) -> bool {
        let By { cause, under, told } = by.unwrap_or_else(|| By::itself(self.follows()));
        let (waits, ended) = oneshot::channel();
        self.ear.0.replace(Some(waits));
        self.output.follow(next.lines.clone());
        let wanted = Arc::new(Wanted { relogged, ..next.spec.clone() });
        let request = Envelope::under(under, self.clock.now(), Request::Reload(wanted, cause));
        let Ok(id) = self.manager.send(request).await else { return false }; // it is lost, and everything ends
        let (tell, end) = oneshot::channel();
        if let Some(told) = told {
            drop(told.send(Begun { operation: id.serial, end })); // an error, here and below: it has gone away
        }
        let answer = match ended.await {
            Ok(ReloadEnd::Complete) => {
                self.current = self.current.followed_by(next);
                self.board.written(self.current.written.clone());
                drop(tell.send(Answer::Done));
                return true;
            }
            Ok(end @ (ReloadEnd::RolledBack(_) | ReloadEnd::Broken(..))) => Answer::Failed(reload_end(&end)),
            Ok(ReloadEnd::Interrupted) | Err(_) => Answer::Interrupted,
        };
        self.output.follow(self.current.lines.clone());
        drop(tell.send(answer));
        false
    }

    /// That one of its files has changed.
    fn follows(&self) -> Cause {
        let file =
            self.options.files.first().map_or("the configuration".into(), |file| file.to_string_lossy());
        Cause::Watch(file.as_ref().into())
    }

    /// Reads a file in which nobody but the one who asks is interested: nothing else waits for it.
    fn read_for_plan(&self, file: PathBuf, reply: PlanReply) {
        let asks = self.own.clone();
        actix::spawn(async move {
            let read = read_aside(Source::File(file)).await;
            if let Some(asks) = asks.upgrade() {
                asks.send(Ask::Planned(read, reply)).ok(); // the program is about to end
            }
        });
    }

    /// What a reload of a file would do.
    fn would(&self, read: Result<Box<Loaded>, Unread>) -> Result<PlanReport, String> {
        let Loaded { configuration, report } = *read.map_err(|why| why.to_string())?;
        let Some(mut configuration) = configuration else { return Err((self.options.tell)(&report)) };
        let relogged = relogged(&self.current.lines, &mut configuration.lines);
        let next = Current::of(&configuration);
        let warnings = report.of(Severity::Warning).map(|warning| report.headline(warning)).collect();
        let fixed = self.current.fixed_that_differ(&next);
        Ok(told(&self.current.plan(&next, &relogged), fixed, warnings))
    }

    /// Lets the file say what runs.
    async fn save(&mut self, by: By) {
        let (source, read, edits) = (self.options.source.clone(), self.options.read, self.edits.clone());
        let scales = self.current.scaled(&self.board.view());
        let laid = scales.clone();
        match aside(move || save(&source, read, (&edits, &laid))).await {
            Err(why) => self.unread(&why, by),
            Ok(Err(error)) => by.refuse(Answer::Refused(409, error)),
            Ok(Ok(read)) => {
                (self.options.read, self.edits) = (read, Edits::default());
                self.current.configure_scales(&scales);
                self.say(Level::Info, "the configuration was written to its file".to_owned());
                by.refuse(Answer::Done);
            }
        }
    }

    /// Nothing was read that could be taken over.
    async fn hangs(&self, why: &Unread, by: Option<By>) {
        self.say(Level::Error, why.to_string());
        self.refused(why.to_string(), by, Answer::Failed(why.to_string())).await;
    }

    /// Tells everybody that nothing was taken over, and why.
    async fn refused(&self, why: String, by: Option<By>, answer: Answer) {
        let by = by.unwrap_or_else(|| By::itself(self.follows()));
        let request = Request::ReloadRefused(why.into(), by.cause.clone());
        let request = Envelope::under(by.under.clone(), self.clock.now(), request);
        let _lost = self.manager.send(request).await.is_err(); // then everything ends
        by.refuse(answer);
    }

    fn unread(&self, why: &Unread, by: By) {
        self.say(Level::Error, why.to_string());
        by.refuse(Answer::Failed(why.to_string()));
    }

    fn follow(&self, files: &[PathBuf]) {
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
pub fn files_of(report: &Report) -> Vec<PathBuf> {
    report.file.iter().cloned().chain(report.included.iter().map(|included| included.path.clone())).collect()
}
