//! What the manager does with requests and reports: turn them into events of the fleet. Called by actix.

use super::{ManagerActor, Request, RestartOrigin};
use crate::envelope::Envelope;
use crate::ports::{Level, TaskEvent, TaskReport};
use crate::process::{Command, ProcessReport, ReportKind};
use actix::{Context, Handler};
use opentelemetry::trace::SpanContext;
use phpeek_core::fleet::{Event, Phase, RestartScope, ShutdownReason};
use phpeek_core::signal::Signal;

impl Handler<Envelope<Request>> for ManagerActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Request>, ctx: &mut Context<Self>) {
        let at = self.moment(envelope.at);
        match envelope.message {
            Request::Boot if self.fleet.phase() != Phase::New => {} // once; and not after a stop that came first
            Request::Boot => {
                self.create_processes(ctx);
                self.open_boot(at);
                self.step(at, Event::Boot, ctx);
            }
            Request::Shutdown(reason, asker) => {
                if self.fleet.phase() == Phase::Stopping {
                    let message = "asked to stop again: killing everything";
                    self.log(at, Level::Warn, message, Self::shutdown_fields(&reason, asker.as_ref()));
                } else {
                    self.shutdown_asker = asker;
                }
                self.step(at, Event::Shutdown(reason), ctx);
            }
            Request::RestartAll(origin) => {
                self.remember_asker(RestartScope::All, origin);
                self.step(at, Event::RestartAll, ctx);
            }
            Request::Restart(process, origin) => {
                self.remember_asker(RestartScope::One(process), origin);
                self.step(at, Event::Restart(process), ctx);
            }
            Request::Relay(process, signal) => {
                self.command(process, SpanContext::NONE, at, Command::Relay(signal))
            }
        }
    }
}

impl Handler<Envelope<ProcessReport>> for ManagerActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<ProcessReport>, ctx: &mut Context<Self>) {
        let Envelope { parent, at, message: ProcessReport { process, kind } } = envelope;
        let at = self.moment(at);
        if let Some(context) = self.contexts.get_mut(process.get()).filter(|_| parent.is_valid()) {
            *context = parent;
        }
        let event = match kind {
            ReportKind::Up => Event::Up(process),
            ReportKind::StartFailed(failure) => {
                let kind = failure.kind;
                self.spawn_failure.get_or_insert((process, failure));
                Event::StartFailed(process, kind)
            }
            ReportKind::Ended(ending) => Event::Ended(process, ending),
            ReportKind::Stopped => {
                self.unanswered.remove(&process);
                Event::Stopped(process)
            }
            ReportKind::Restarted(outcome) => Event::Restarted(process, outcome),
            ReportKind::Lost { runs } => return self.lost(at, process, &runs, ctx),
        };
        self.step(at, event, ctx);
    }
}

impl Handler<TaskReport> for ManagerActor {
    type Result = ();

    /// A run whose actor is lost: it was ordered before, and nobody looks after it.
    fn handle(&mut self, report: TaskReport, _: &mut Context<Self>) {
        if matches!(report.event, TaskEvent::Spawned { .. }) {
            self.world.launcher.signal_group(report.task, Signal::KILL);
        }
    }
}

/// The manager's own end is the end of the program: a panic inside it drops `done`, and whoever waits knows.
impl ManagerActor {
    fn remember_asker(&mut self, scope: RestartScope, origin: RestartOrigin) {
        if !self.restart_askers.iter().any(|(s, _)| *s == scope) {
            self.restart_askers.push((scope, origin));
        }
    }

    pub(super) fn reason_of(reason: &ShutdownReason, boot_failure: Option<&str>) -> String {
        match (reason, boot_failure) {
            (ShutdownReason::BootFailed, Some(why)) => format!("{}: {why}", reason.text()),
            _ => reason.text(),
        }
    }
}
