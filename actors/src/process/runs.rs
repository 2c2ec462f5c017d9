//! What a `ProcessActor` does when something happens to a run. Called by actix with what the launcher delivers.

use super::{ProcessActor, ReportKind};
use crate::clock::Moment;
use crate::ports::{LastLines, Level, TaskEvent, TaskReport};
use actix::{Context, Handler};
use opentelemetry::trace::SpanContext;
use phpeek_core::fleet::{Ending, RestartOutcome};
use phpeek_core::foreground::advice;
use phpeek_core::ids::TaskId;
use phpeek_core::lifecycle::{Event, First, Leader, State};
use phpeek_core::member::{Member, list};
use phpeek_core::outcome::SpawnFailure;
use phpeek_core::spec::ProcessKind;

impl Handler<TaskReport> for ProcessActor {
    type Result = ();

    fn handle(&mut self, report: TaskReport, ctx: &mut Context<Self>) {
        if self.finished {
            return;
        }
        let at = self.moment(self.world.clock.now());
        let TaskId::Run(id) = report.task;
        let (i, run) = (id.instance as usize, id.run);
        let current = self.instances.get(i).is_some_and(|instance| instance.machine.run() == run);
        if !current {
            return; // of a run that is long over
        }
        match report.event {
            TaskEvent::Spawned { pid } => {
                if self.instances[i].pid == 0 {
                    self.instances[i].pid = pid; // told once; a second time would not be of this run
                }
                self.step(i, at, Event::Spawned { run });
            }
            TaskEvent::SpawnFailed(failure) => self.spawn_failed(i, at, run, failure),
            TaskEvent::Exited(autopsy) => {
                self.note_exit(i, at, run, autopsy);
                self.step(i, at, Event::Exited { run, exit: autopsy.exit });
            }
            TaskEvent::GroupEmpty => self.step(i, at, Event::GroupEmpty { run }),
            TaskEvent::Left(members) => {
                self.log_left(i, at, &members);
                self.step(i, at, Event::Left { run });
            }
            TaskEvent::OutOfReach => self.step(i, at, Event::OutOfReach { run }),
        }
        self.settle(at);
        self.rearm(ctx);
    }
}

impl Handler<LastLines> for ProcessActor {
    type Result = ();

    /// Of a run that is over, so the next may have begun.
    fn handle(&mut self, LastLines { task, lines }: LastLines, ctx: &mut Context<Self>) {
        if self.finished {
            return;
        }
        let TaskId::Run(id) = task;
        self.hear(id.instance as usize, id.run, &lines);
        self.rearm(ctx);
    }
}

impl ProcessActor {
    fn spawn_failed(&mut self, i: usize, at: Moment, run: u64, failure: SpawnFailure) {
        let state = self.instances[i].machine.state();
        if !matches!(state, State::Starting { .. } | State::Stopping { leader: Leader::Unborn, .. }) {
            return; // it was up already
        }
        self.folded_run_failed(i, at, &failure);
        let (kind, message) = (failure.kind, failure.message.clone());
        let first = matches!(state, State::Starting { first: First::Yes, .. });
        let spans = self.instances[i].spans();
        let (spawn, restart) = (spans.spawn.take(), spans.restart.take());
        if let Some(span) = spawn {
            span.fail(at, kind.as_str(), &message);
        }
        if let Some(span) = restart {
            span.fail(at, kind.as_str(), &message);
        }
        self.log(at, Level::Error, message, Some(i), || vec![("error.type", kind.as_str().into())]);
        self.step(i, at, Event::SpawnFailed { run, kind });
        if self.rolling.as_ref().is_some_and(|r| r.current == i) {
            self.rolling = None;
            self.report(at, ReportKind::Restarted(RestartOutcome::Failed));
        }
        if let Some(start) = self.start.as_mut().filter(|s| first && !s.failed) {
            start.failed = true;
            let span = std::mem::take(&mut start.span);
            let context = span.context();
            span.fail(at, kind.as_str(), &failure.message);
            self.report_under(context, at, ReportKind::StartFailed(failure));
        }
        self.instances[i].tidy();
    }

    /// It has put something into the background: right for a oneshot, a mistake for what is meant to stay.
    fn log_left(&self, i: usize, at: Moment, members: &[Member]) {
        let fields = || vec![("left", list(members).into())];
        if self.spec.kind == ProcessKind::Oneshot {
            self.log(at, Level::Info, "has left daemons, they are stopped with it", Some(i), fields);
        } else {
            let advice = advice(&self.spec.program.command);
            let message =
                format!("has put itself into the background, where it is not looked after: {advice}");
            self.log(at, Level::Warn, message, Some(i), fields);
        }
    }

    pub(super) fn report_end(&mut self, at: Moment) {
        let ending = self.failed_code.map_or(Ending::Completed, |code| Ending::Failed { code });
        if self.rolling.take().is_some() {
            self.report(at, ReportKind::Restarted(RestartOutcome::Failed));
        }
        let ended = std::mem::replace(&mut self.ended, SpanContext::NONE);
        self.report_under(ended, at, ReportKind::Ended(ending));
    }
}
