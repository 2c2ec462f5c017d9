//! How processes take what they are told: some time later, and now and then badly.

use super::plan::Mood;
use super::{Happening, World};
use phpeek_core::ends::Refusal;
use phpeek_core::facts::OperationEnd;
use phpeek_core::fleet::{Ending, Event, RestartOutcome};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::Failure;
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::outcome::{Exit, SpawnFailure, SpawnFailureKind};
use phpeek_core::process::Command;
use phpeek_core::spec::ProcessKind;
use std::time::Duration;

impl World<'_> {
    /// A process takes what it is told, some time later.
    pub(super) fn command(&mut self, p: ProcessId, operation: Operation, command: Command) {
        let Operation { id, cause } = operation;
        if let Command::Scale { to, .. } = command {
            self.scaled(p, id, to);
        }
        let (mood, delay) = self.draw();
        let at = self.now + delay;
        let starts = matches!(command, Command::Start | Command::Restart);
        if starts && self.stopped.contains(&p) && cause == Cause::Request {
            self.broken.push(format!("{p:?} was stopped, and is started again for nobody"));
        }
        let bad = Ending::Failed(Failure::Exit(Exit::Code(3)));
        match (command, mood) {
            (Command::Start, Mood::FailsToStart) => {
                let failure = SpawnFailure { kind: SpawnFailureKind::Resources, message: "no".to_owned() };
                self.report(p, at, Event::StartFailed(p, failure));
            }
            (Command::Start, mood) => {
                self.runs.insert(p);
                self.report(p, at, Event::Up(p));
                let oneshot = self.plan.processes[p.0 as usize].0 == ProcessKind::Oneshot;
                let later = at + Duration::from_millis(15);
                match mood {
                    Mood::EndsBadly => self.report(p, later, Event::Ended(p, bad)),
                    Mood::EndsWell => self.report(p, later, Event::Ended(p, Ending::Completed)),
                    _ if oneshot => self.report(p, later, Event::Ended(p, Ending::Completed)),
                    _ => {}
                }
            }
            (Command::Stop(_), _) => {
                // What it would have told is overtaken by its stop.
                self.queue.retain(|_, h| !matches!(h, Happening::Report(e) if of(e) == Some(p)));
                self.report(p, at, Event::Stopped(p));
            }
            (Command::Restart, Mood::FailsToStart) => {
                self.report(p, at, Event::Restarted(p, RestartOutcome::Failed))
            }
            (Command::Restart, _) => {
                self.runs.insert(p);
                self.report(p, at, Event::Restarted(p, RestartOutcome::Up));
            }
            (Command::Scale { .. }, Mood::FailsToStart) => {
                self.report(p, at, Event::Scaled(p, id, RestartOutcome::Failed))
            }
            (Command::Scale { .. }, _) => self.report(p, at, Event::Scaled(p, id, RestartOutcome::Up)),
            (Command::AbandonRestart, _) => {
                self.queue.retain(|_, h| !matches!(h, Happening::Report(Event::Restarted(q, _)) if *q == p));
            }
            (Command::Schedule(_), mood) => {
                if self.stopped.contains(&p) {
                    self.broken.push(format!("the schedule of {p:?} is told something, and is stopped"));
                }
                let answer = match mood {
                    Mood::FailsToStart => Err(Refusal::Busy(p)),
                    Mood::EndsBadly => Ok(OperationEnd::Failed),
                    Mood::Well | Mood::EndsWell => Ok(OperationEnd::Done),
                };
                self.report(p, at, Event::Answered(p, id, answer));
            }
            (Command::Relay(_) | Command::Reload(_), _) => {}
        }
    }

    fn report(&mut self, _: ProcessId, at: Duration, event: Event) {
        self.at(at, Happening::Report(event));
    }
}

/// Whose report it is.
fn of(event: &Event) -> Option<ProcessId> {
    match event {
        Event::Up(p)
        | Event::Ended(p, _)
        | Event::Stopped(p)
        | Event::StartFailed(p, _)
        | Event::Restarted(p, _) => Some(*p),
        Event::Scaled(..) => None,
        _ => None,
    }
}
