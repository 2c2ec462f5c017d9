//! The laws K1 to K4 of the history of a schedule, in worlds of jobs that begin, end and are skipped; with planted bugs,
//! each of which a law must notice. And what is remembered of oneshots.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

use phpeek_core::facts::{JobOver, ScheduleFact, Words};
use phpeek_core::history::{Became, JobHistory, JobRun, OneshotHistory, Started, When};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::name::ProcessName;
use phpeek_core::outcome::Exit;
use phpeek_core::schedule::{JobEnd, Skip, Trigger};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin,
    /// The job in this place of those that run.
    End(usize, bool),
    Skip(Skip, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    OneTooMany,
    EndForgotten,
    EndTwice,
    SkipForgotten,
    SkipTwice,
    OldestFirst,
    SuccessIsFailure,
}

const BUGS: [Bug; 7] = [
    Bug::OneTooMany,
    Bug::EndForgotten,
    Bug::EndTwice,
    Bug::SkipForgotten,
    Bug::SkipTwice,
    Bug::OldestFirst,
    Bug::SuccessIsFailure,
];

/// An entry that is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Job(u64, bool),
    Skipped(Skip, usize),
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn over(job: u64, success: bool) -> JobOver {
    let instance = InstanceId { process: ProcessId(0), serial: u32::try_from(job).unwrap_or(0) };
    let end = if success { JobEnd::Succeeded } else { JobEnd::Failed };
    JobOver { job, instance, end, attempts: 1, exit: Some(Exit::Code(u8::from(!success))) }
}

/// What is wrong after these steps.
fn play(most: usize, steps: &[Step], bug: Bug) -> Vec<String> {
    let mut history = JobHistory::new(most + usize::from(bug == Bug::OneTooMany));
    let (mut wanted, mut running, mut given, mut broken) = (Vec::new(), Vec::new(), 0, Vec::new());
    let (mut skipped, mut ended, mut well) = (0, 0, 0);
    for (at, step) in (1..).zip(steps) {
        let when = When { at: seconds(at), wall: seconds(1000 + at) };
        let facts = match *step {
            Step::Begin => {
                given += 1;
                running.push(given);
                let (instance, trigger) = (over(given, true).instance, Trigger::Clock);
                let (tick, late) = (when.wall, Duration::ZERO);
                vec![ScheduleFact::Began { job: given, instance, tick, trigger, late }]
            }
            Step::End(place, success) if !running.is_empty() => {
                let job = running.remove(place % running.len());
                wanted.push(Wanted::Job(job, success));
                (ended, well) = (ended + 1, well + u64::from(success));
                let told = ScheduleFact::Ended(over(job, success && bug != Bug::SuccessIsFailure));
                match bug {
                    Bug::EndForgotten => vec![],
                    // A job of the same number that is told to have begun again.
                    Bug::EndTwice => {
                        let (instance, trigger) = (over(job, true).instance, Trigger::Clock);
                        let (tick, late) = (when.wall, Duration::ZERO);
                        let again = ScheduleFact::Began { job, instance, tick, trigger, late };
                        vec![told.clone(), again, told]
                    }
                    _ => vec![told],
                }
            }
            Step::End(..) => vec![],
            Step::Skip(reason, ticks) => {
                skipped += ticks as u64;
                match wanted.last_mut() {
                    Some(Wanted::Skipped(why, before)) if *why == reason => *before += ticks,
                    _ => wanted.push(Wanted::Skipped(reason, ticks)),
                }
                let (tick, trigger) = (when.wall, Trigger::Clock);
                let told = ScheduleFact::Skipped { tick, ticks, more: false, trigger, reason };
                match bug {
                    Bug::SkipForgotten => vec![],
                    Bug::SkipTwice => vec![told.clone(), told],
                    _ => vec![told],
                }
            }
        };
        facts.iter().for_each(|fact| history.hear(when, fact));
        let mut all: Vec<&JobRun> = history.newest().collect();
        if bug == Bug::OldestFirst {
            all.reverse();
        }
        judge(most, &all, &wanted, running.len(), &mut broken);
        let totals = history.totals();
        if (totals.began, totals.succeeded, totals.failed, totals.skipped)
            != (given, well, ended - well, skipped)
        {
            broken.push(format!("K3: {totals:?}"));
        }
    }
    broken
}

fn judge(most: usize, all: &[&JobRun], wanted: &[Wanted], running: usize, broken: &mut Vec<String>) {
    let (open, closed): (Vec<&JobRun>, Vec<&JobRun>) =
        all.iter().partition(|run| matches!(run.what, Became::Runs(_)));
    if closed.len() > most {
        broken.push(format!("K1: {} of {most}", closed.len()));
    }
    if open.len() != running {
        broken.push(format!("K2: {} run, and {running} do", open.len()));
    }
    let told: Vec<Wanted> = closed
        .iter()
        .map(|run| match run.what {
            Became::Over { over, .. } => Wanted::Job(over.job, run.succeeded()),
            Became::Skipped { reason, ticks, .. } => Wanted::Skipped(reason, ticks),
            Became::Runs(_) => unreachable!("it was taken out"),
        })
        .collect();
    let expected: Vec<Wanted> = wanted.iter().rev().take(most).cloned().collect();
    if told != expected {
        broken.push(format!("K2, K4: {told:?}, and {expected:?} is so"));
    }
}

fn steps() -> impl Strategy<Value = (usize, Vec<Step>)> {
    let reason = prop_oneof![Just(Skip::Overlap), Just(Skip::Missed)];
    let step = prop_oneof![
        3 => Just(Step::Begin),
        3 => (0usize..3, any::<bool>()).prop_map(|(place, success)| Step::End(place, success)),
        2 => (reason, 1usize..5).prop_map(|(reason, ticks)| Step::Skip(reason, ticks)),
    ];
    (1usize..5, prop::collection::vec(step, 0..40))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_history_of_a_schedule_keeps_its_laws((most, steps) in steps()) {
        prop_assert_eq!(play(most, &steps, Bug::None), Vec::<String>::new());
    }
}

#[test]
fn every_planted_bug_is_noticed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"what was run is told once, later");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let worlds: Vec<_> =
        (0..100).map(|_| steps().new_tree(&mut runner).expect("nothing is filtered").current()).collect();
    let noticed = |bug| worlds.iter().any(|(most, steps)| !play(*most, steps, bug).is_empty());
    let missed: Vec<Bug> = BUGS.into_iter().filter(|bug| !noticed(*bug)).collect();
    assert_eq!(missed, [], "no law notices these");
}

#[test]
fn last_words_are_those_of_the_job_that_wrote_them() {
    let mut history = JobHistory::new(10);
    let (tick, late, trigger) = (seconds(1), Duration::ZERO, Trigger::Clock);
    let when = |at| When { at: seconds(at), wall: seconds(at) };
    for job in [1, 2] {
        let instance = over(job, true).instance;
        history.hear(when(job), &ScheduleFact::Began { job, instance, tick, trigger, late });
    }
    history.hear(when(5), &ScheduleFact::Ended(over(1, true)));
    let words = |line: &str| Words { stdout: vec![line.to_owned()], stderr: Vec::new() };
    history.hear_words(over(1, true).instance, &words("of the first"));
    history.hear_words(over(2, true).instance, &words("of the second"));
    let told: Vec<_> = history.newest().map(|run| (run.id, run.output.clone().expect("a line"))).collect();
    assert_eq!(told, [(2, "of the second".to_owned()), (1, "of the first".to_owned())]);
    let Became::Over { took, .. } = history.newest().last().expect("an entry").what else {
        panic!("it is over")
    };
    assert_eq!(took, seconds(4));
}

#[test]
fn oneshots_are_remembered_by_number_and_age() {
    let mut history = OneshotHistory::new(2, seconds(10));
    let name = ProcessName::new("migrate").expect("a plain name");
    let run = |n| InstanceId { process: ProcessId(0), serial: 0 }.run(n);
    for n in 1..=3 {
        history.began(run(n), name.clone(), 0, Started::Startup, seconds(n));
        history.ended(run(n), seconds(n + 1), seconds(1), Exit::Code(0), true);
    }
    let ids =
        |history: &OneshotHistory, at| history.newest(seconds(at)).map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(&history, 5), [3, 2]);
    assert_eq!(ids(&history, 14), [3], "the older is too old");
    history.began(run(4), name, 0, Started::Manual, seconds(60));
    assert_eq!(ids(&history, 1000), [4], "one that runs is never too old");
    history.failed(run(4), seconds(61), "no such file".to_owned());
    let failed = history.newest(seconds(62)).next().expect("it is there");
    assert_eq!((failed.success, failed.error.as_deref()), (false, Some("no such file")));
}
