//! Planted bugs: each corrupts what the machine gives back, and a law must notice it.

use super::{Bug, Plan, Step, play};
use phpeek_core::ends::Refusal;
use phpeek_core::facts::{Fact, InstanceFact, Output, ScheduleFact, Told};
use phpeek_core::ids::ProcessId;
use phpeek_core::process::{Effect, Report, ScheduleCommand};
use phpeek_core::schedule::{CatchUp, Overlap};

#[test]
fn planted_bugs_break_a_law() {
    fn ends_forgotten(out: &mut Vec<Output<Effect>>) {
        let ended = |o: &Output<Effect>| {
            matches!(o, Output::Tell(Told { fact: Fact::Schedule(_, ScheduleFact::Ended(_)), .. }))
        };
        out.retain(|o| !ended(o));
    }
    fn beginnings_forgotten(out: &mut Vec<Output<Effect>>) {
        let began = |o: &Output<Effect>| {
            matches!(o, Output::Tell(Told { fact: Fact::Schedule(_, ScheduleFact::Began { .. }), .. }))
        };
        out.retain(|o| !began(o));
    }
    fn signals_forgotten(out: &mut Vec<Output<Effect>>) {
        out.retain(|o| !matches!(o, Output::Do(Effect::Signal(_))));
    }
    fn stops_unanswered(out: &mut Vec<Output<Effect>>) {
        out.retain(|o| !matches!(o, Output::Do(Effect::Report(Report::Stopped))));
    }
    fn answers_forgotten(out: &mut Vec<Output<Effect>>) {
        out.retain(|o| !matches!(o, Output::Do(Effect::Report(Report::Answered(..)))));
    }
    fn answers_doubled(out: &mut Vec<Output<Effect>>) {
        let answer = |o: &&Output<Effect>| matches!(o, Output::Do(Effect::Report(Report::Answered(..))));
        let more: Vec<_> = out.iter().filter(answer).cloned().collect();
        out.extend(more);
    }
    fn runs_are_restarts(out: &mut Vec<Output<Effect>>) {
        for output in out {
            if let Output::Tell(Told { fact: Fact::Instance(_, InstanceFact::Changed(_, shown)), .. }) =
                output
            {
                shown.restarts += 1;
            }
        }
    }
    fn what_has_run_is_refused(out: &mut Vec<Output<Effect>>) {
        for output in out {
            if let Output::Do(Effect::Report(Report::Answered(_, answer))) = output {
                *answer = Err(Refusal::Busy(ProcessId(0)));
            }
        }
    }
    let steps = vec![Step::Tell(ScheduleCommand::Trigger), Step::Pass(6000)];
    let (overlap, catch_up) = (Overlap::Replace, CatchUp::None);
    let plan = Plan { at_once: 1, overlap, retries: 0, timeout: None, catch_up, steps };
    assert_eq!(play(&plan, |_| ()), Vec::<String>::new());
    let bugs: [(&str, Bug); 8] = [
        ("answers", answers_forgotten),
        ("second answers", answers_doubled),
        ("restarts", runs_are_restarts),
        ("refusals", what_has_run_is_refused),
        ("ends", ends_forgotten),
        ("beginnings", beginnings_forgotten),
        ("signals", signals_forgotten),
        ("stops", stops_unanswered),
    ];
    for (name, bug) in bugs {
        assert!(!play(&plan, bug).is_empty(), "{name}: no law is broken");
    }
}
