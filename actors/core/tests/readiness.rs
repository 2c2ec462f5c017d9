//! The laws D1 to D3 of readiness: whatever is told, in whatever order, the fold says what a look at all that was told
//! says; and planted bugs, each of which that comparison must notice.
#![allow(clippy::expect_used, reason = "a test may fail")]

use phpeek_core::autopsy::Autopsy;
use phpeek_core::facts::SystemFact;
use phpeek_core::facts::{Asked, Change, Death, Fact, HealthFact, InstanceFact, Probed, ProcessFact, Shown};
use phpeek_core::fleet::Outcome;
use phpeek_core::health::facts::{Answer, ProbeFault};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::name::ProcessName;
use phpeek_core::outcome::Exit;
use phpeek_core::readiness::{Mode, Readiness};
use phpeek_core::spec::{CheckSpec, InitialState, ProcessKind, ProcessSpec, Question, Role};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "support/spec.rs"]
mod support;

/// What a number of a plan is taken apart into.
type Step = (u8, u8, u8, u8);

const NAMES: [&str; 3] = ["a", "b", "c"];

fn spec(process: u32, shape: u8) -> Arc<ProcessSpec> {
    let (initial, kind) = match shape % 8 {
        0 => (InitialState::Stopped, ProcessKind::LongRun),
        1 => (InitialState::Running, ProcessKind::Scheduled),
        2 | 3 => (InitialState::Running, ProcessKind::Oneshot),
        _ => (InitialState::Running, ProcessKind::LongRun),
    };
    let mut spec = (*support::spec(initial, kind)).clone();
    spec.name = ProcessName::new(NAMES[process as usize % 3]).expect("a plain name");
    let check = |role| CheckSpec {
        numbered: None,
        role,
        question: Question::Tcp("a:1".into()),
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        failure_threshold: 1,
        success_threshold: 1,
    };
    spec.health = match shape / 8 % 4 {
        0 => Some(Arc::from([check(Role::Both)])),
        1 => Some(Arc::from([check(Role::Readiness), check(Role::Liveness)])),
        _ => None,
    };
    Arc::new(spec)
}

fn fact((what, process, serial, state): Step) -> Fact {
    let number = u32::from(process > 200); // most is of one process: what is rare needs many facts about one
    let process = ProcessId(number);
    let id = InstanceId { process, serial: u32::from(serial > 220) };
    let of = |fact| Fact::Process(process, fact);
    let instance = |fact| Fact::Instance(id, fact);
    let run = u64::from(state % 2);
    match what % 20 {
        0 if state > 245 => Fact::System(SystemFact::Over(Outcome::Stopped)),
        0 => of(ProcessFact::Removed),
        1 | 2 => of(ProcessFact::Added(spec(number, state))),
        3 => of(ProcessFact::Changed(spec(number, state))),
        4 => instance(InstanceFact::Removed),
        5 => instance(InstanceFact::Added { number: 0 }),
        6..9 => instance(InstanceFact::Ordered { run }),
        9 | 10 => instance(InstanceFact::Ended(Death {
            run,
            autopsy: Autopsy::from(Exit::Code(0)),
            ended: Duration::ZERO,
            uptime: Duration::ZERO,
            asked: Asked::No,
            fine: state % 3 > 0,
        })),
        11..16 => Fact::Health(
            id,
            HealthFact::Probed(Box::new(Probed {
                serial: 1,
                run,
                role: [Role::Both, Role::Readiness, Role::Liveness][usize::from(state / 2) % 3],
                kind: "tcp",
                began: Duration::ZERO,
                attempt: 1,
                in_a_row: 1,
                answer: match state % 5 {
                    0 => Answer::bad(ProbeFault::Refused, ""),
                    _ => Answer::well(""),
                },
                change: None,
            })),
        ),
        _ => {
            use InstanceState::{Backoff, Completed, Failed, Running, Unready};
            let to = [Running, Running, Running, Unready, Completed, Completed, Backoff, Failed];
            let change = Change { from: InstanceState::Stopped, to: to[usize::from(state) % to.len()] };
            instance(InstanceFact::Changed(change, Shown { pid: None, restarts: 0 }))
        }
    }
}

/// An instance, as a reader of all facts sees it.
#[derive(Clone)]
struct Seen {
    state: InstanceState,
    run: u64,
    answers: BTreeMap<&'static str, bool>,
    fine: bool,
}

const FRESH: Seen = Seen { state: InstanceState::Stopped, run: 0, answers: BTreeMap::new(), fine: false };

fn after(seen: Option<Seen>, fact: &Fact) -> Option<Seen> {
    let Fact::Instance(_, fact) = fact else {
        let Fact::Health(_, HealthFact::Probed(probed)) = fact else { return seen };
        return seen.map(|mut seen| {
            if seen.run == probed.run {
                seen.answers.insert(probed.role.as_str(), probed.answer.fault.is_none());
            }
            seen
        });
    };
    match fact {
        InstanceFact::Added { .. } => Some(FRESH),
        InstanceFact::Removed => None,
        InstanceFact::Ordered { run } => seen.map(|old| Seen { state: old.state, run: *run, ..FRESH }),
        InstanceFact::Changed(change, _) => seen.map(|old| Seen { state: change.to, ..old }),
        InstanceFact::Ended(death) => seen.map(|old| Seen { fine: death.fine, ..old }),
        _ => seen,
    }
}

fn takes(spec: &ProcessSpec, mode: Mode, seen: &Seen) -> bool {
    use InstanceState::{Completed, Running, Unready};
    let asked = || spec.health.iter().flat_map(|checks| checks.iter());
    // An answer to what nobody asks any more is no better than the others.
    let well = || {
        asked().all(|check| seen.answers.get(check.role.as_str()) == Some(&true))
            && (asked().next().is_none() || seen.answers.values().all(|well| *well))
    };
    let exactly = || asked().next().is_none() || seen.answers.len() == asked().count();
    match (spec.kind, mode) {
        (ProcessKind::Oneshot, _) => seen.state == Completed && seen.fine,
        (_, Mode::AllRunning) => matches!(seen.state, Running | Unready),
        (_, Mode::AllHealthy) => seen.state == Running && well() && exactly(),
    }
}

/// What has been told so far, looked at as a whole.
fn truth(told: &[Fact], mode: Mode, chosen: &[&str]) -> bool {
    if told.iter().any(|fact| matches!(fact, Fact::System(_))) {
        return false;
    }
    let mut counting = 0;
    for process in (0..3).map(ProcessId) {
        let gone = told.iter().rposition(|f| *f == Fact::Process(process, ProcessFact::Removed));
        let life = &told[gone.map_or(0, |at| at + 1)..];
        let configured = |f: &Fact| match f {
            Fact::Process(p, ProcessFact::Added(spec) | ProcessFact::Changed(spec)) if *p == process => {
                Some(spec.clone())
            }
            _ => None,
        };
        let Some(begin) = life.iter().position(|f| configured(f).is_some()) else { continue };
        let spec = life.iter().rev().find_map(configured).expect("there is one");
        let counts = match chosen {
            [] => spec.kind == ProcessKind::LongRun && spec.initial == InitialState::Running,
            names => names.contains(&spec.name.as_str()),
        };
        if !counts {
            continue;
        }
        counting += 1;
        let of = |serial| {
            let id = InstanceId { process, serial };
            let own = life[begin..]
                .iter()
                .filter(move |f| matches!(f, Fact::Instance(of, _) | Fact::Health(of, _) if *of == id));
            own.fold(None, after)
        };
        let instances: Vec<Seen> = (0..2).filter_map(of).collect();
        if instances.is_empty() || !instances.iter().all(|seen| takes(&spec, mode, seen)) {
            return false;
        }
    }
    counting > 0 && counting >= chosen.len()
}

// How the fold may be wrong: what it misses, or what it says.
bugs! {
    ALL:
        GoneInstanceCounts, GoneProcessCounts, ChangeOfSpecIgnored, RunsAreOne, BadAnswerIgnored,
        EndIsAlwaysFine, EndIgnored, AnyoneCounts, ModeIgnored, ChangeNotTold, ToldAgain;
}

fn heard(fact: &Fact, bug: Option<Bug>) -> Option<Fact> {
    match (fact, bug) {
        (Fact::Instance(_, InstanceFact::Removed), Some(GoneInstanceCounts))
        | (Fact::Process(_, ProcessFact::Removed), Some(GoneProcessCounts))
        | (Fact::Process(_, ProcessFact::Changed(_)), Some(ChangeOfSpecIgnored))
        | (Fact::Instance(_, InstanceFact::Ordered { .. }), Some(RunsAreOne))
        | (Fact::System(_), Some(EndIgnored)) => None,
        (Fact::Health(_, HealthFact::Probed(probed)), Some(BadAnswerIgnored)) => {
            probed.answer.fault.is_none().then(|| fact.clone())
        }
        (Fact::Instance(id, InstanceFact::Ended(death)), Some(EndIsAlwaysFine)) => {
            Some(Fact::Instance(*id, InstanceFact::Ended(Death { fine: true, ..*death })))
        }
        _ => Some(fact.clone()),
    }
}

/// The first law that is broken.
fn run(plan: &[Step], (running, chosen): (bool, u8), bug: Option<Bug>) -> Result<(), String> {
    let mode = if running { Mode::AllRunning } else { Mode::AllHealthy };
    let chosen: &[&str] = [&[][..], &["a"], &["a", "b"]][usize::from(chosen) % 3];
    let names = chosen.iter().map(|name| ProcessName::new(name).expect("a plain name"));
    let mut fold = match bug {
        Some(AnyoneCounts) => Readiness::new(mode, []),
        Some(ModeIgnored) => Readiness::new(Mode::AllHealthy, names),
        _ => Readiness::new(mode, names),
    };
    // Every plan begins with a process of one instance.
    let shape = plan.first().map_or(0, |step| step.3);
    let begin = [(1, 0, 0, shape), (5, 0, 0, 0)];
    let facts: Vec<Fact> = begin.iter().chain(plan).copied().map(fact).collect();
    let mut was = false;
    for (at, fact) in facts.iter().enumerate() {
        let mut told = heard(fact, bug).and_then(|fact| fold.hear(&fact));
        match bug {
            Some(ChangeNotTold) if told == Some(true) => told = None,
            Some(ToldAgain) => told = Some(fold.is_ready()),
            _ => {}
        }
        let now = truth(&facts[..=at], mode, chosen);
        if fold.is_ready() != now {
            return Err(format!("{} where {now} is so, after {:#?}", fold.is_ready(), &facts[..=at]));
        }
        let due = (now != was).then_some(now);
        if told != due {
            return Err(format!("{told:?} was told where {due:?} is due"));
        }
        let shown = fold.look();
        if now && !shown.iter().all(|seen| seen.ready) {
            return Err(format!("ready, and shown as {shown:?}"));
        }
        was = now;
    }
    Ok(())
}

fn plan() -> impl Strategy<Value = (Vec<Step>, (bool, u8))> {
    (vec(any::<Step>(), 0..50), any::<(bool, u8)>())
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]
    #[test]
    fn d1_to_d3_the_fold_says_what_was_told((plan, how) in plan()) {
        run(&plan, how, None).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn every_bug_planted_in_readiness_is_noticed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"a file that says that all is ok.");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = plan();
    let plans: Vec<_> =
        (0..2000).map(|_| strategy.new_tree(&mut runner).expect("nothing is filtered").current()).collect();
    let noticed = |bug: &Bug| plans.iter().any(|(plan, how)| run(plan, *how, Some(*bug)).is_err());
    let missed: Vec<_> = ALL.into_iter().filter(|bug| !noticed(bug)).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}
