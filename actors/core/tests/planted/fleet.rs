//! Bugs planted in the fleet.

use super::Bug::*;
use super::{Planted, double};
use crate::sim::{self, Asked};
use phpeek_core::facts::{Fact, Output, ProcessFact, SystemFact, Told};
use phpeek_core::fleet::{self, Fleet, Outcome, Phase};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::Urgency;
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::process::Command;
use std::time::Duration;

impl Planted {
    pub(super) fn corrupt_fleet_event(&self, f: &Fleet, event: fleet::Event) -> Option<fleet::Event> {
        let phase = f.phase();
        match (self.0, &event) {
            (DependencyMetIgnored, fleet::Event::Up(p)) if p.0 == 0 && phase == Phase::Booting => None,
            (SecondShutdownIgnored, fleet::Event::Shutdown(_)) if phase == Phase::Stopping => None,
            (ShutdownIgnoredDuringBoot, fleet::Event::Shutdown(_)) if phase == Phase::Booting => None,
            (AllRestartedForSome, fleet::Event::RestartThese(operation, _)) => {
                Some(fleet::Event::RestartAll(operation.clone()))
            }
            (LeftForgotten, fleet::Event::Left(_)) => None,
            (StoppedForLossAndLeft, fleet::Event::Stopped(_)) if phase == Phase::Running => None,
            (StartFailedIgnored, fleet::Event::StartFailed(..)) => None,
            (UpAfterTheBootIgnored, fleet::Event::Up(_)) if phase == Phase::Running => None,
            (FailureCodeForgotten, fleet::Event::Ended(p, _)) => {
                Some(fleet::Event::Ended(*p, fleet::Ending::Completed))
            }
            _ => Some(event),
        }
    }

    pub(super) fn corrupt_fleet_effects(
        &self,
        fleet_before: &Fleet,
        f: &mut Fleet,
        now: Duration,
        event: &fleet::Event,
        out: &mut Vec<Asked>,
    ) {
        let before = fleet_before.phase();
        let began = out.iter().any(|o| is_fact(o, |f| matches!(f, SystemFact::ShutdownBegan { .. })));
        let operation = Operations::of_system().begin(Cause::Boot); // the boot: under way for as long as the system
        let order = |p, command| Output::Do(fleet::Effect::Command(p, operation.clone(), command));
        let done = Output::Do(fleet::Effect::Done(Outcome::Stopped));
        match self.0 {
            DependentStartedTwice => double(out, |o| command_of(o) == Some(Command::Start)),
            StopForward | StopAllAtOnce if began => {
                let live = (0..8).map(ProcessId).filter(|p| f.standing(*p) == fleet::Standing::Up);
                let first = if self.0 == StopForward { 1 } else { 8 };
                let more: Vec<_> =
                    live.take(first).map(|p| order(p, Command::Stop(Urgency::Graceful))).collect();
                out.extend(more);
            }
            StoppedTooEarly if matches!(event, fleet::Event::Shutdown(_)) => {
                let told: Vec<_> = out
                    .iter()
                    .filter_map(|o| match o {
                        Output::Do(fleet::Effect::Command(p, _, Command::Stop(_))) => Some(*p),
                        _ => None,
                    })
                    .collect();
                told.into_iter().for_each(|p| sim::step(f, now, fleet::Event::Stopped(p), out));
            }
            DormantLeftRunning => {
                let dormant = |p: &ProcessId| fleet_before.standing(*p) == fleet::Standing::Dormant;
                let is_stop = |command| matches!(command, Some(Command::Stop(_)));
                let left: Vec<_> =
                    out.iter().filter(|o| is_stop(command_of(o))).filter_map(told).filter(dormant).collect();
                out.retain(|o| !told(o).is_some_and(|p| left.contains(&p)));
                left.into_iter().for_each(|p| sim::step(f, now, fleet::Event::Stopped(p), out));
            }
            TakenForUp => {
                let starts = out.iter().filter(|o| command_of(o) == Some(Command::Start));
                let starts: Vec<_> = starts.filter_map(told).collect();
                starts.into_iter().for_each(|p| sim::step(f, now, fleet::Event::Up(p), out));
            }
            StartBeganMissing => {
                out.retain(|o| !is_edge(o, |f| matches!(f, ProcessFact::StartBegan { .. })));
            }
            AnswerForgotten => out.retain(|o| !is_fact(o, |f| matches!(f, SystemFact::Answered(..)))),
            AnswerTwice => double(out, |o| is_fact(o, |f| matches!(f, SystemFact::Answered(..)))),
            RefusalForgotten => out.retain(|o| !is_fact(o, |f| matches!(f, SystemFact::Refused(..)))),
            RelayForgotten => out.retain(|o| !matches!(command_of(o), Some(Command::Relay(_)))),
            FinishForgotten => out.retain(|o| !matches!(o, Output::Do(fleet::Effect::Finish(_)))),
            DoneTwice => double(out, is_done),
            DoneEarly if began => out.push(done),
            DoneNever => out.retain(|o| !is_done(o)),
            OverNotTold => out.retain(|o| !is_fact(o, |f| matches!(f, SystemFact::Over(_)))),
            EffectAfterDone if before == Phase::Done => {
                out.push(tell(now, Fact::System(SystemFact::BootSucceeded { stopped: 0 })));
            }
            SecondShutdownMeansDone
                if before == Phase::Stopping
                    && f.phase() == Phase::Stopping
                    && matches!(event, fleet::Event::Shutdown(_)) =>
            {
                out.push(done);
            }
            BootFailureForgotten => out.retain(|o| !is_boot_failure(o)),
            BootFailureWithoutShutdown if out.iter().any(is_boot_failure) => {
                out.retain(|o| {
                    is_boot_failure(o) || is_edge(o, |f| matches!(f, ProcessFact::EdgeFailed(..)))
                });
            }
            RestartsInParallel => double(out, |o| command_of(o) == Some(Command::Restart)),
            RestartBackwards => out.iter_mut().for_each(|o| {
                if let Output::Do(fleet::Effect::Command(p, _, Command::Restart)) = o {
                    *p = ProcessId(0);
                }
            }),
            RestartDuringShutdown if began => out.push(order(ProcessId(0), Command::Restart)),
            RestartEndMissing => {
                out.retain(|o| !is_fact(o, |f| matches!(f, SystemFact::RestartEnded { .. })));
            }
            EdgeMetNotTold => out.retain(|o| !is_edge(o, |f| matches!(f, ProcessFact::EdgeMet(_)))),
            EdgeMetTwice => double(out, |o| is_edge(o, |f| matches!(f, ProcessFact::EdgeMet(_)))),
            EdgeLossNotTold => out.retain(|o| !is_edge(o, |f| matches!(f, ProcessFact::EdgeLost(_)))),
            OperationForgotten => out.iter_mut().for_each(|o| {
                if let Output::Do(fleet::Effect::Command(_, operation, _)) = o {
                    operation.id.serial += 1000;
                }
            }),
            CauseForgotten => out.iter_mut().for_each(|o| {
                if let Output::Tell(Told {
                    fact: Fact::System(SystemFact::RestartBegan { operation, .. }),
                    ..
                }) = o
                {
                    operation.cause = Cause::Internal;
                }
            }),
            _ => {}
        }
    }
}

fn tell(at: Duration, fact: Fact) -> Asked {
    Output::Tell(Told { at, fact })
}

fn is_done(asked: &Asked) -> bool {
    matches!(asked, Output::Do(fleet::Effect::Done(_)))
}

fn command_of(asked: &Asked) -> Option<Command> {
    match asked {
        Output::Do(fleet::Effect::Command(_, _, command)) => Some(*command),
        _ => None,
    }
}

/// Whom a command is for.
fn told(asked: &Asked) -> Option<ProcessId> {
    match asked {
        Output::Do(fleet::Effect::Command(p, ..)) => Some(*p),
        _ => None,
    }
}

fn is_fact(asked: &Asked, which: impl Fn(&SystemFact) -> bool) -> bool {
    matches!(asked, Output::Tell(Told { fact: Fact::System(fact), .. }) if which(fact))
}

fn is_edge(asked: &Asked, which: impl Fn(&ProcessFact) -> bool) -> bool {
    matches!(asked, Output::Tell(Told { fact: Fact::Process(_, fact), .. }) if which(fact))
}

fn is_boot_failure(asked: &Asked) -> bool {
    is_fact(asked, |f| matches!(f, SystemFact::BootFailed(_)))
}
