//! Planted bugs: each corrupts what the fleet gives back.

use super::{Bug, World};
use phpeek_core::facts::{Fact, OperationEnd, Output, SystemFact, Told};
use phpeek_core::fleet::{Amount, BootFailure, BootFailureCause, Effect, Event};
use phpeek_core::ids::ProcessId;
use phpeek_core::operation::Cause;
use phpeek_core::process::Command;
use std::time::Duration;

impl World<'_> {
    pub(super) fn corrupt(&self, event: &Event, out: &mut Vec<Output<Effect>>) {
        let is_answer = |o: &Output<Effect>| {
            matches!(o, Output::Tell(Told { fact: Fact::System(SystemFact::Answered(..)), .. }))
        };
        let answer = |id, end| {
            Output::Tell(Told { at: Duration::ZERO, fact: Fact::System(SystemFact::Answered(id, end)) })
        };
        match (self.bug, event) {
            (Bug::AnswerForgotten, _) => out.retain(|o| !is_answer(o)),
            (Bug::AnswerTwice, _) => {
                let more: Vec<_> = out.iter().filter(|o| is_answer(o)).cloned().collect();
                out.extend(more);
            }
            (Bug::StoppedSaysDoneAtOnce, Event::Stop(operation, _)) => {
                out.retain(|o| !is_answer(o));
                out.push(answer(operation.id, OperationEnd::Done));
            }
            (Bug::StartAfterStop, Event::Stopped(p)) if !self.over => {
                let cause = Cause::Request;
                let operation = phpeek_core::operation::Operations::of_system().begin(cause);
                out.push(Output::Do(Effect::Command(*p, operation, Command::Start)));
            }
            (Bug::LimitIgnored | Bug::RefusalActsToo, Event::Scale(operation, name, to)) => {
                let refused = out.iter().any(|o| {
                    matches!(o, Output::Tell(Told { fact: Fact::System(SystemFact::Refused(..)), .. }))
                });
                if refused {
                    if self.bug == Bug::LimitIgnored {
                        out.clear();
                    }
                    let p = self.fleet.find(name).unwrap_or(ProcessId(0));
                    let command = Command::Scale { to: to.resolve(0), run: true };
                    out.push(Output::Do(Effect::Command(p, operation.clone(), command)));
                }
            }
            (Bug::ChangeFromNothing, Event::Scale(_, _, Amount::By(by))) => out.iter_mut().for_each(|o| {
                if let Output::Do(Effect::Command(_, _, Command::Scale { to, .. })) = o {
                    *to = Amount::By(*by).resolve(0);
                }
            }),
            (Bug::ScheduleToldWhenStopped, Event::Schedule(operation, name, command)) => {
                let p = self.fleet.find(name).unwrap_or(ProcessId(0));
                out.push(Output::Do(Effect::Command(p, operation.clone(), Command::Schedule(*command))));
            }
            (Bug::StopWaitsForTheBoot, Event::Stop(..)) if !self.booted => {
                out.retain(|o| !matches!(o, Output::Do(Effect::Command(_, _, Command::Stop(_)))));
            }
            (Bug::StopEndsTheBoot, Event::Stop(_, name)) if !self.booted => {
                let process = self.fleet.find(name);
                let failure = BootFailure { process, cause: BootFailureCause::Gone };
                let fact = Fact::System(SystemFact::BootFailed(failure));
                out.push(Output::Tell(Told { at: Duration::ZERO, fact }));
            }
            (Bug::FailureSaysDone, _) => out.iter_mut().for_each(|o| {
                if let Output::Tell(Told { fact: Fact::System(SystemFact::Answered(_, end)), .. }) = o {
                    *end = OperationEnd::Done;
                }
            }),
            _ => {}
        }
    }
}
