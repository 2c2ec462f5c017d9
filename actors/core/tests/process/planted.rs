//! Planted bugs of the process machine: each corrupts one event or output, and a law must notice every one of them in
//! the same worlds in which the real machine breaks none.

use crate::world::{self, Asked, Plan, Real, Subject, step};
use phpeek_core::facts::{Fact, InstanceFact, Output, ProcessFact, Told, Words};
use phpeek_core::fleet::{Ending, OperationEnd, RestartOutcome};
use phpeek_core::fold::Telling;
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::Now;
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::process::{Command, Effect, Event, Process, Report};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const SEED: [u8; 32] = *b"the laws of a process notice it ";
const WORLDS: usize = 600;

bugs! {
    ALL:
        UpAtTheFirst, UpNever, UpTwice, StartFailureForgotten, StoppedNever, StoppedTwice, StoppedAtOnce,
        RestartedNever, RestartedTwice, RestartedAtOnce, FailedRestartIsUp, RestartsAllAtOnce, EndedNever,
        EndedTwice, FailureForgotten, LaunchedTwice, SignalToAnotherRun, ObituaryNever, ObituaryTwice,
        WordsNotAsked, WordsForgotten, RestartNotTold, FoldedNotTold, TallyWrong, RelayForgotten,
        RelayTwice, RelayFailureNotTold, RelayAnswerForgotten, RelayAlwaysDone, SignalNotTold,
        SignalToldAsDelivered, FatalNever, FatalAtEveryEnd, ScaledNever, ScaledAtOnce, RemovedNotTold,
        RemovedAtOnce, ScaleIgnored, OneTooMany;
}

struct Planted(Bug);

fn reports(asked: &Asked, which: impl Fn(&Report) -> bool) -> bool {
    matches!(asked, Output::Do(Effect::Report(report)) if which(report))
}

fn tells(asked: &Asked, which: impl Fn(&InstanceFact) -> bool) -> bool {
    matches!(asked, Output::Tell(Told { fact: Fact::Instance(_, fact), .. }) if which(fact))
}

fn does(asked: &Asked, which: impl Fn(&Effect) -> bool) -> bool {
    matches!(asked, Output::Do(effect) if which(effect))
}

fn is_up(report: &Report) -> bool {
    matches!(report, Report::Up)
}

fn is_stopped(report: &Report) -> bool {
    matches!(report, Report::Stopped)
}

fn is_restarted(report: &Report) -> bool {
    matches!(report, Report::Restarted(_))
}

fn is_scaled(report: &Report) -> bool {
    matches!(report, Report::Scaled(..))
}

fn is_ended(report: &Report) -> bool {
    matches!(report, Report::Ended(_))
}

fn double(out: &mut Vec<Asked>, which: impl Fn(&Asked) -> bool) {
    *out = out.iter().flat_map(|o| std::iter::repeat_n(o.clone(), 1 + usize::from(which(o)))).collect();
}

impl Subject for Planted {
    fn step(&mut self, process: &mut Process, now: Now, event: Event, out: &mut Vec<Asked>) {
        let command = match &event {
            Event::Command { command, .. } => Some(*command),
            _ => None,
        };
        let event = match (self.0, event) {
            (OneTooMany, Event::Command { operation, asked, command: Command::Scale { to, run } }) => {
                Event::Command { operation, asked, command: Command::Scale { to: to + 1, run } }
            }
            (ScaleIgnored, Event::Command { command: Command::Scale { .. }, .. }) => Event::Tick,
            (WordsForgotten, Event::LastWords(run, _)) => Event::LastWords(run, Words::default()),
            (_, event) => event,
        };
        step(process, now, event, out);
        self.corrupt(command, out);
    }
}

impl Planted {
    fn corrupt(&self, command: Option<Command>, out: &mut Vec<Asked>) {
        let report = |report| Output::Do(Effect::Report(report));
        match self.0 {
            UpAtTheFirst if out.iter().any(|o| tells(o, |f| matches!(f, InstanceFact::Started { run: 1, .. }))) => {
                out.retain(|o| !reports(o, is_up));
                out.push(report(Report::Up));
            }
            UpNever => out.retain(|o| !reports(o, is_up)),
            UpTwice => double(out, |o| reports(o, is_up)),
            StartFailureForgotten => out.retain(|o| !reports(o, |r| matches!(r, Report::StartFailed(_)))),
            StoppedNever => out.retain(|o| !reports(o, is_stopped)),
            StoppedTwice => double(out, |o| reports(o, is_stopped)),
            StoppedAtOnce if matches!(command, Some(Command::Stop(_))) => {
                out.retain(|o| !reports(o, is_stopped));
                out.push(report(Report::Stopped));
            }
            RestartedNever => out.retain(|o| !reports(o, is_restarted)),
            RestartedTwice => double(out, |o| reports(o, is_restarted)),
            RestartedAtOnce if command == Some(Command::Restart) => {
                out.push(report(Report::Restarted(RestartOutcome::Up)));
            }
            FailedRestartIsUp => out.iter_mut().for_each(|o| {
                if let Output::Do(Effect::Report(Report::Restarted(outcome))) = o {
                    *outcome = RestartOutcome::Up;
                }
            }),
            RestartsAllAtOnce => double(out, |o| tells(o, |f| matches!(f, InstanceFact::RestartBegan(_)))),
            EndedNever => out.retain(|o| {
                let told = matches!(o, Output::Tell(Told { fact: Fact::Process(_, ProcessFact::Ended(_)), .. }));
                !told && !reports(o, is_ended)
            }),
            EndedTwice => double(out, |o| reports(o, is_ended)),
            FailureForgotten => out.iter_mut().for_each(|o| {
                if let Output::Tell(Told { fact: Fact::Process(_, ProcessFact::Ended(ending)), .. }) = o {
                    *ending = Ending::Completed;
                }
            }),
            LaunchedTwice => double(out, |o| does(o, |e| matches!(e, Effect::Launch(_)))),
            SignalToAnotherRun => out.iter_mut().for_each(|o| {
                if let Output::Do(Effect::Signal(pressing)) = o {
                    pressing.run.run += 1;
                }
            }),
            ObituaryNever => out.retain(|o| !tells(o, |f| matches!(f, InstanceFact::Autopsied(_)))),
            ObituaryTwice => double(out, |o| tells(o, |f| matches!(f, InstanceFact::Autopsied(_)))),
            WordsNotAsked => out.retain(|o| !does(o, |e| matches!(e, Effect::AskLastWords(_)))),
            RestartNotTold => out.retain(|o| {
                let told = |f: &InstanceFact| {
                    matches!(f, InstanceFact::Restarting { telling: Telling::Told(tally), .. } if tally.folded > 0)
                };
                !tells(o, told)
            }),
            FoldedNotTold => out.retain(|o| !tells(o, |f| matches!(f, InstanceFact::Unfolded(_)))),
            TallyWrong => out.iter_mut().for_each(|o| {
                if let Output::Tell(Told {
                    fact: Fact::Instance(_, InstanceFact::Restarting { telling: Telling::Told(tally), .. }),
                    ..
                }) = o
                {
                    tally.folded += 1;
                }
            }),
            RelayForgotten => out.retain(|o| !does(o, |e| matches!(e, Effect::Relay { .. }))),
            RelayTwice => double(out, |o| does(o, |e| matches!(e, Effect::Relay { .. }))),
            RelayFailureNotTold => out.retain(|o| !tells(o, |f| matches!(f, InstanceFact::RelayFailed(_)))),
            RelayAnswerForgotten => out.retain(|o| !reports(o, |r| matches!(r, Report::Answered(..)))),
            RelayAlwaysDone => out.iter_mut().for_each(|o| {
                if let Output::Do(Effect::Report(Report::Answered(_, answer))) = o {
                    *answer = Ok(OperationEnd::Done);
                }
            }),
            SignalNotTold => out.retain(|o| !tells(o, |f| matches!(f, InstanceFact::Signalled { .. }))),
            SignalToldAsDelivered => out.iter_mut().for_each(|o| {
                if let Output::Tell(Told {
                    fact: Fact::Instance(_, InstanceFact::Signalled { delivered, .. }), ..
                }) = o
                {
                    *delivered = true;
                }
            }),
            ScaledNever => out.retain(|o| !reports(o, is_scaled)),
            ScaledAtOnce if matches!(command, Some(Command::Scale { .. })) => {
                out.retain(|o| !reports(o, is_scaled));
                let id = Operations::of_system().begin(Cause::Request).id;
                out.push(report(Report::Scaled(id, RestartOutcome::Up)));
            }
            RemovedNotTold => out.retain(|o| !tells(o, |f| matches!(f, InstanceFact::Removed))),
            RemovedAtOnce if matches!(command, Some(Command::Scale { to: 1, .. })) => {
                let of = InstanceId { process: ProcessId(7), serial: 1 };
                let fact = Fact::Instance(of, InstanceFact::Removed);
                out.push(Output::Tell(Told { at: std::time::Duration::ZERO, fact }));
            }
            FatalNever => out.retain(|o| !reports(o, |r| matches!(r, Report::Fatal(_)))),
            FatalAtEveryEnd if out.iter().any(|o| reports(o, is_ended)) => {
                out.push(report(Report::Fatal(Ending::Completed)));
            }
            _ => {}
        }
    }
}

fn worlds() -> Vec<Plan> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let plan = world::plan();
    (0..WORLDS).map(|_| plan.new_tree(&mut runner).expect("nothing is filtered").current()).collect()
}

#[test]
fn every_bug_planted_in_the_process_machine_is_noticed() {
    let worlds = worlds();
    let real: Vec<_> = worlds.iter().flat_map(|plan| world::run(plan, &mut Real).broken).collect();
    assert!(real.is_empty(), "the real machine breaks laws: {real:?}");
    let noticed = |bug| worlds.iter().any(|plan| !world::run(plan, &mut Planted(bug)).broken.is_empty());
    let missed: Vec<_> = ALL.into_iter().filter(|bug| !noticed(*bug)).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}
