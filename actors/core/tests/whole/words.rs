//! The words between the fleet and its processes, and how they are told to a person.

use crate::world::OfFleet;
use phpeek_core::facts::{Fact, Output};
use phpeek_core::fleet;
use phpeek_core::ids::{ProcessId, TaskId};
use phpeek_core::process::{self, Report};

/// For a person to follow.
pub(crate) fn brief(output: &OfFleet) -> String {
    match output {
        Output::Do(fleet::Effect::Create(p, spec)) => format!("create p{} as {:?}", p.0, spec.name),
        Output::Do(fleet::Effect::Configure(p, spec)) => format!("configure p{} x{}", p.0, spec.scale),
        Output::Do(fleet::Effect::Command(p, _, command)) => format!("p{} {command:?}", p.0),
        Output::Do(effect) => format!("{effect:?}"),
        Output::Tell(told) => match &told.fact {
            Fact::System(fact) => format!("<{}>", format!("{fact:?}").chars().take(200).collect::<String>()),
            _ => String::new(),
        },
    }
}

pub(crate) fn brief_of_process(effect: &process::Effect) -> String {
    match effect {
        process::Effect::Launch(launch) => format!("launch {}", launch.task),
        process::Effect::Signal(pressing) => format!("{} to {}", pressing.signal, TaskId::Run(pressing.run)),
        effect => format!("{effect:?}"),
    }
}

pub(crate) fn event_of(p: ProcessId, report: Report) -> fleet::Event {
    match report {
        Report::Up => fleet::Event::Up(p),
        Report::Ready => fleet::Event::Ready(p),
        Report::Unready => fleet::Event::Unready(p),
        Report::StartFailed(failure) => fleet::Event::StartFailed(p, failure),
        Report::Ended(ending) => fleet::Event::Ended(p, ending),
        Report::Left => fleet::Event::Left(p),
        Report::Stopped => fleet::Event::Stopped(p),
        Report::Restarted(outcome) => fleet::Event::Restarted(p, outcome),
        Report::Answered(id, answer) => fleet::Event::Answered(p, id, answer),
        Report::Scaled(id, outcome) => fleet::Event::Scaled(p, id, outcome),
        Report::Fatal(ending) => fleet::Event::Fatal(p, ending),
    }
}
