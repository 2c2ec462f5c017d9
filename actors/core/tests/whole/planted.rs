//! Planted bugs of the whole: each corrupts one event or output of the fleet or of a process, and a law must notice every one of
//! them in the same worlds in which the real machines break none.

use crate::plan::{self, Plan};
use crate::world::{self, OfFleet, OfProcess, Real, Subject, step_fleet, step_process};
use phpeek_core::facts::{Fact, Output, SystemFact, Told};
use phpeek_core::fleet::{Effect, Event, Fleet, Outcome, Phase};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{Now, Urgency};
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::process::{self, Command, Process, Report};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeSet;
use std::time::Duration;

const SEED: [u8; 32] = *b"the laws of the whole will tell!";
const WORLDS: usize = 1200;

bugs! {
    RELOAD:
        RemovedWhileItRuns, RemovalForgotten, RemovedIsTold, IdComesAgain, ChangeForgotten, NewForgotten,
        ReloadEndForgotten, ReloadEndsTwice, ReplacedNotTold, ReloadsWhileStopping, ReloadStartsTheStopped;
    SCALE:
        OneTooMany, OneStays, ScaledNever, ScaledByAnother, AllAreKept;
    REQUESTS:
        AnswerForgotten, AnswerTwice, RefusalForgotten, StopForgotten, StopDuringBootForgotten, StartedAfterStop,
        StoppedIsLost, RestartedIsLost, UpIsLost;
    ENDS:
        ShutdownForgottenInReload, ShutdownForgottenInBoot, DoneNever, DoneEarly, DoneTwice, StartsWhileStopping,
        StopsAllAtOnce, DeadlineForgotten, BootEndsTwice, EndOfNothing, KillForgotten;
}

struct Planted(Bug);

fn double(out: &mut Vec<OfFleet>, which: impl Fn(&OfFleet) -> bool) {
    *out = out.iter().flat_map(|o| std::iter::repeat_n(o.clone(), 1 + usize::from(which(o)))).collect();
}

fn tells(output: &OfFleet, which: impl Fn(&SystemFact) -> bool) -> bool {
    matches!(output, Output::Tell(Told { fact: Fact::System(fact), .. }) if which(fact))
}

fn commands(output: &OfFleet, which: impl Fn(ProcessId, Command) -> bool) -> bool {
    matches!(output, Output::Do(Effect::Command(p, _, command)) if which(*p, *command))
}

fn is_stop(command: Command) -> bool {
    matches!(command, Command::Stop(_))
}

fn is_reload_end(fact: &SystemFact) -> bool {
    matches!(fact, SystemFact::ReloadEnded(..))
}

fn is_answer(fact: &SystemFact) -> bool {
    matches!(fact, SystemFact::Answered(..))
}

fn is_boot_end(fact: &SystemFact) -> bool {
    matches!(fact, SystemFact::BootSucceeded { .. })
}

impl Planted {
    fn corrupt_event(&self, f: &Fleet, event: Event) -> Option<Event> {
        let (booting, running) = (f.phase() == Phase::Booting, f.phase() == Phase::Running);
        match (self.0, event) {
            (ShutdownForgottenInReload, Event::Shutdown(_)) if f.reloading() => None,
            (ShutdownForgottenInBoot, Event::Shutdown(_)) if booting => None,
            (StopForgotten, Event::Stop(..)) if running => None,
            (StopDuringBootForgotten, Event::Stop(..)) if booting => None,
            (StoppedIsLost, Event::Stopped(_)) if running => None,
            (RestartedIsLost, Event::Restarted(..)) => None,
            (UpIsLost, Event::Up(_)) if running => None,
            (ScaledNever, Event::Scaled(..)) => None,
            (DeadlineForgotten, Event::Tick) if f.phase() == Phase::Stopping => None,
            (_, event) => Some(event),
        }
    }

    fn corrupt(&self, before: &Fleet, f: &mut Fleet, now: Duration, event: &Event, out: &mut Vec<OfFleet>) {
        let operation = Operations::of_system().begin(Cause::Boot);
        let order = |p, command| Output::Do(Effect::Command(p, operation.clone(), command));
        match self.0 {
            RemovedWhileItRuns if f.reloading() => {
                let told: Vec<ProcessId> = out
                    .iter()
                    .filter_map(|o| match o {
                        Output::Do(Effect::Command(p, _, Command::Stop(_))) => Some(*p),
                        _ => None,
                    })
                    .collect();
                told.into_iter().for_each(|p| step_fleet(f, now, Event::Stopped(p), out));
            }
            RemovalForgotten => out.retain(|o| !matches!(o, Output::Do(Effect::Remove(_)))),
            RemovedIsTold => {
                let gone: Vec<ProcessId> = out
                    .iter()
                    .filter_map(|o| match o {
                        Output::Do(Effect::Remove(p)) => Some(*p),
                        _ => None,
                    })
                    .collect();
                out.extend(gone.into_iter().map(|p| order(p, Command::Start)));
            }
            IdComesAgain => out.iter_mut().for_each(|o| {
                if let Output::Do(Effect::Create(p, _)) = o
                    && before.phase() == Phase::Running
                {
                    *p = ProcessId(0);
                }
            }),
            ChangeForgotten => out.retain(|o| !matches!(o, Output::Do(Effect::Configure(..)))),
            NewForgotten if before.phase() == Phase::Running => {
                out.retain(|o| !matches!(o, Output::Do(Effect::Create(..))));
            }
            ReloadEndForgotten => out.retain(|o| !tells(o, is_reload_end)),
            ReloadEndsTwice => double(out, |o| tells(o, is_reload_end)),
            ReplacedNotTold => out.retain(|o| !tells(o, |f| matches!(f, SystemFact::ReloadReplaced(_)))),
            ReloadsWhileStopping if matches!(event, Event::Reload(..)) && f.phase() == Phase::Stopping => {
                let first = f.processes().next().map(|(p, spec)| (p, spec.clone()));
                out.extend(first.map(|(p, spec)| Output::Do(Effect::Configure(p, spec))));
            }
            ReloadStartsTheStopped if out.iter().any(|o| tells(o, is_reload_end)) => {
                let stopped =
                    f.processes().find(|(p, _)| f.standing(*p) == phpeek_core::fleet::Standing::Stopped);
                out.extend(stopped.map(|(p, _)| order(p, Command::Start)));
            }
            OneTooMany => out.iter_mut().for_each(|o| {
                if let Output::Do(Effect::Command(_, _, Command::Scale { to, .. })) = o {
                    *to += 1;
                }
            }),
            AnswerForgotten => out.retain(|o| !tells(o, is_answer)),
            AnswerTwice => double(out, |o| tells(o, is_answer)),
            RefusalForgotten => out.retain(|o| !tells(o, |f| matches!(f, SystemFact::Refused(..)))),
            StartedAfterStop => {
                if let Event::Stopped(p) = event
                    && f.phase() == Phase::Running
                {
                    out.push(order(*p, Command::Start));
                }
            }
            DoneNever => out.retain(|o| !matches!(o, Output::Do(Effect::Done(_)))),
            DoneTwice => double(out, |o| matches!(o, Output::Do(Effect::Done(_)))),
            DoneEarly if out.iter().any(|o| tells(o, |f| matches!(f, SystemFact::ShutdownBegan { .. }))) => {
                out.push(Output::Do(Effect::Done(Outcome::Stopped)));
            }
            StartsWhileStopping if f.phase() == Phase::Stopping => {
                if let Event::Stopped(p) = event {
                    out.push(order(*p, Command::Start));
                }
            }
            StopsAllAtOnce if matches!(event, Event::Shutdown(_)) && before.phase() == Phase::Running => {
                let all: Vec<ProcessId> = f.processes().map(|(p, _)| p).collect();
                out.extend(all.into_iter().map(|p| order(p, Command::Stop(Urgency::Graceful))));
            }
            KillForgotten => out.retain(|o| !commands(o, |_, c| c == Command::Stop(Urgency::Now))),
            BootEndsTwice => double(out, |o| tells(o, is_boot_end)),
            _ => {}
        }
    }
}

impl Subject for Planted {
    fn fleet(&mut self, f: &mut Fleet, now: Duration, event: Event, out: &mut Vec<OfFleet>) {
        let Some(event) = self.corrupt_event(f, event) else { return };
        let before = f.clone();
        step_fleet(f, now, event.clone(), out);
        self.corrupt(&before, f, now, &event, out);
    }

    fn process(&mut self, p: &mut Process, now: Now, event: process::Event, out: &mut Vec<OfProcess>) {
        let scale = match &event {
            process::Event::Command { command: Command::Scale { run: true, .. }, .. } => true,
            process::Event::Command { command, .. } if is_stop(*command) => false,
            _ => false,
        };
        let first = p.machines().next().is_some_and(|(_, m)| m.run() == 0);
        step_process(p, now, event, out);
        match self.0 {
            OneStays if scale => {
                if let Some(at) = out.iter().position(|o| matches!(o, Output::Do(process::Effect::Signal(_))))
                {
                    out.remove(at);
                }
            }
            AllAreKept if scale => {
                out.retain(|o| {
                    !matches!(o, Output::Do(process::Effect::Signal(_) | process::Effect::Cancel(_)))
                });
            }
            ScaledByAnother => out.iter_mut().for_each(|o| {
                if let Output::Do(process::Effect::Report(Report::Scaled(id, _))) = o {
                    id.serial += 1;
                }
            }),
            // As it once was: of nothing that has ever run an end was told.
            EndOfNothing if first => {
                let ended = Report::Ended(phpeek_core::fleet::Ending::Completed);
                if out.iter().any(|o| matches!(o, Output::Do(process::Effect::Report(Report::Scaled(..))))) {
                    out.push(Output::Do(process::Effect::Report(ended)));
                }
            }
            _ => {}
        }
    }
}

fn worlds() -> Vec<Plan> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..WORLDS).map(|_| plan::plan().new_tree(&mut runner).expect("nothing is filtered").current()).collect()
}

#[test]
fn every_bug_planted_in_the_whole_is_noticed() {
    let worlds = worlds();
    let real = worlds.iter().map(|plan| world::run(plan, &mut Real)).find(|story| !story.broken.is_empty());
    if let Some(story) = real {
        panic!("the real machines break laws: {:?}\n{}", story.broken, story.history.join("\n"));
    }
    let noticed =
        |bug: Bug| worlds.iter().find_map(|plan| Some(world::run(plan, &mut Planted(bug)).broken.first()?.0));
    let all = RELOAD.into_iter().chain(SCALE).chain(REQUESTS).chain(ENDS);
    let found: Vec<_> = all.map(|bug| (bug, noticed(bug))).collect();
    let missed: Vec<_> = found.iter().filter(|(_, law)| law.is_none()).map(|(bug, _)| bug).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}; the others: {found:?}");
    let laws: BTreeSet<_> = found.iter().filter_map(|(_, law)| *law).collect();
    assert_eq!(laws.len(), 9, "each law notices a bug of its own: {found:?}");
}
