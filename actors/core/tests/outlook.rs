//! The laws O1 to O3 of the outlook: whatever is told, in whatever order, the fold says what a look at all that was told
//! says; and planted bugs, each of which that comparison must notice.
#![allow(clippy::expect_used, reason = "a test may fail")]

use phpeek_core::facts::{Change, Fact, InstanceFact, ProcessFact, Shown, SystemFact};
use phpeek_core::fleet::{Outcome, RestartEnd, RestartScope};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::outlook::{Forecast, Outlook};
use phpeek_core::spec::{InitialState, ProcessKind, ProcessSpec};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;
use std::time::Duration;

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "support/spec.rs"]
mod support;

use support::spec;

const STATES: [InstanceState; 9] = [
    InstanceState::Stopped,
    InstanceState::Starting,
    InstanceState::Unready,
    InstanceState::Running,
    InstanceState::Draining,
    InstanceState::Stopping,
    InstanceState::Backoff,
    InstanceState::Completed,
    InstanceState::Failed,
];

/// What the numbers of a plan mean; most are of instances, for these are many.
fn fact((what, process, serial, state): (u8, u8, u8, u8)) -> Fact {
    let process = ProcessId(u32::from(process % 3));
    let operation = Operations::of_system().begin(Cause::Request);
    let of = |fact| Fact::Process(process, fact);
    let instance = |fact| Fact::Instance(InstanceId { process, serial: u32::from(serial % 3) }, fact);
    let configured = || match state % 4 {
        0 => spec(InitialState::Stopped, ProcessKind::LongRun),
        1 => spec(InitialState::Running, ProcessKind::Scheduled),
        2 => spec(InitialState::Running, ProcessKind::Oneshot),
        _ => spec(InitialState::Running, ProcessKind::LongRun),
    };
    let scope = RestartScope::All;
    let to = STATES[usize::from(state) % STATES.len()];
    match what % 24 {
        0 => Fact::System(SystemFact::BootBegan { operation, processes: 3 }),
        1 | 2 => Fact::System(SystemFact::BootSucceeded { stopped: 0 }),
        3 => Fact::System(SystemFact::RestartBegan { operation, scope }),
        4 => Fact::System(SystemFact::RestartEnded { scope, end: RestartEnd::Complete }),
        5 => Fact::System(SystemFact::RestartEnded { scope, end: RestartEnd::Interrupted }),
        6 if state > 200 => {
            Fact::System(SystemFact::ShutdownBegan { operation, processes: 3, timeout: Duration::ZERO })
        }
        6 if state > 190 => Fact::System(SystemFact::Over(Outcome::Stopped)),
        6 => of(ProcessFact::Removed),
        7 | 8 => of(ProcessFact::Added(configured())),
        9 => of(ProcessFact::Changed(configured())),
        10 if state < 80 => of(ProcessFact::Stopped),
        10 if state < 160 => of(ProcessFact::StopBegan(operation)),
        10 if state < 180 => of(ProcessFact::StopBegan(Operations::of_system().begin(Cause::Boot))),
        10 => of(ProcessFact::StartBegan { operation, waits: Vec::new() }),
        11 => instance(InstanceFact::Removed),
        12 | 13 => instance(InstanceFact::Added { number: 0 }),
        _ => {
            let to = if state > 150 { InstanceState::Running } else { to };
            let change = Change { from: InstanceState::Stopped, to };
            instance(InstanceFact::Changed(change, Shown { pid: None, restarts: 0 }))
        }
    }
}

/// What has been told so far, looked at as a whole.
fn truth(told: &[Fact]) -> Outlook {
    use InstanceState::{Completed, Failed, Running};
    let mut course = "boot";
    for fact in told {
        let Fact::System(fact) = fact else { continue };
        course = match fact {
            SystemFact::ShutdownBegan { .. } | SystemFact::Over(_) => return Outlook::Never,
            SystemFact::BootBegan { .. } => "boot",
            SystemFact::BootSucceeded { .. } => "runs",
            SystemFact::RestartBegan { .. } => "restart",
            SystemFact::RestartEnded { end: RestartEnd::Complete, .. } => "runs",
            _ => course,
        };
    }
    let mut states = Vec::new();
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
        if !has_to_be_up(process, &life[begin..]) {
            continue;
        }
        for serial in 0..3 {
            let own = life[begin..].iter().filter_map(|f| match f {
                Fact::Instance(id, fact) if *id == (InstanceId { process, serial }) => Some(fact),
                _ => None,
            });
            states.extend(own.fold(None, |state, fact| match fact {
                InstanceFact::Added { .. } => Some(InstanceState::Stopped),
                InstanceFact::Changed(change, _) => state.map(|_| change.to),
                InstanceFact::Removed => None,
                _ => state,
            }));
        }
    }
    match course {
        "restart" => Outlook::Coming,
        _ if states.contains(&Failed) => Outlook::Never,
        "runs" if states.iter().all(|s| matches!(s, Running | Completed)) => Outlook::Ready,
        _ => Outlook::Coming,
    }
}

/// What was configured, started and stopped, one after the other.
fn has_to_be_up(process: ProcessId, life: &[Fact]) -> bool {
    let own = life.iter().filter_map(|fact| match fact {
        Fact::Process(p, fact) if *p == process => Some(fact),
        _ => None,
    });
    let (mut configured, mut by_clock, mut wanted) = (false, false, None);
    for fact in own {
        match fact {
            ProcessFact::Added(spec) | ProcessFact::Changed(spec) => {
                by_clock = spec.kind == ProcessKind::Scheduled;
                let starts = spec.initial == InitialState::Running && !by_clock;
                wanted = wanted.filter(|_| starts == configured);
                configured = starts;
            }
            ProcessFact::StopBegan(operation) if operation.cause == Cause::Request => wanted = Some(false),
            ProcessFact::StartBegan { .. } => wanted = Some(true),
            _ => {}
        }
    }
    !by_clock && wanted.unwrap_or(configured)
}

// How the fold may be wrong: what it hears, or what it says.
bugs! {
    ALL:
        GoneInstanceCounts, GoneProcessCounts, SleeperIsExpected, JobIsExpected, ChangeOfSpecIgnored,
        StartedIsNotExpected, StoppedIsExpected, StoppedByUsIsNotExpected,
        NewInstanceIsUp, CompletedIsMissing, FailureIsComing, BootIsNotWaitedFor, RestartIgnored,
        InterruptedRestartIsOver, ShutdownIgnored, ChangeNotTold, ToldAgain;
}

fn awake(spec: &ProcessSpec, bug: Option<Bug>) -> Arc<ProcessSpec> {
    let mut spec = spec.clone();
    match bug {
        Some(SleeperIsExpected) => spec.initial = InitialState::Running,
        Some(JobIsExpected) if spec.kind == ProcessKind::Scheduled => spec.kind = ProcessKind::LongRun,
        _ => {}
    }
    Arc::new(spec)
}

fn turned(id: InstanceId, to: InstanceState, shown: Shown) -> Fact {
    Fact::Instance(id, InstanceFact::Changed(Change { from: InstanceState::Stopped, to }, shown))
}

/// What a fold with this bug hears of a fact; nothing when it misses it.
fn heard(fact: &Fact, bug: Option<Bug>) -> Option<Fact> {
    match (fact, bug) {
        (Fact::Instance(_, InstanceFact::Removed), Some(GoneInstanceCounts))
        | (Fact::Process(_, ProcessFact::Removed), Some(GoneProcessCounts))
        | (Fact::Process(_, ProcessFact::Changed(_)), Some(ChangeOfSpecIgnored))
        | (Fact::Process(_, ProcessFact::StartBegan { .. }), Some(StartedIsNotExpected))
        | (Fact::Process(_, ProcessFact::StopBegan(_)), Some(StoppedIsExpected))
        | (Fact::System(SystemFact::RestartBegan { .. }), Some(RestartIgnored))
        | (Fact::System(SystemFact::ShutdownBegan { .. }), Some(ShutdownIgnored)) => None,
        (Fact::Process(p, ProcessFact::StopBegan(_)), Some(StoppedByUsIsNotExpected)) => {
            Some(Fact::Process(*p, ProcessFact::StopBegan(Operations::of_system().begin(Cause::Request))))
        }
        (Fact::Process(p, ProcessFact::Added(spec)), _) => {
            Some(Fact::Process(*p, ProcessFact::Added(awake(spec, bug))))
        }
        (Fact::Process(p, ProcessFact::Changed(spec)), _) => {
            Some(Fact::Process(*p, ProcessFact::Changed(awake(spec, bug))))
        }
        (Fact::System(SystemFact::BootBegan { .. }), Some(BootIsNotWaitedFor)) => {
            Some(Fact::System(SystemFact::BootSucceeded { stopped: 0 }))
        }
        (Fact::System(SystemFact::RestartEnded { scope, .. }), Some(InterruptedRestartIsOver)) => {
            Some(Fact::System(SystemFact::RestartEnded { scope: scope.clone(), end: RestartEnd::Complete }))
        }
        (Fact::Instance(id, InstanceFact::Changed(change, shown)), Some(CompletedIsMissing))
            if change.to == InstanceState::Completed =>
        {
            Some(turned(*id, InstanceState::Backoff, *shown))
        }
        (Fact::Instance(id, InstanceFact::Changed(change, shown)), Some(FailureIsComing))
            if change.to == InstanceState::Failed =>
        {
            Some(turned(*id, InstanceState::Backoff, *shown))
        }
        _ => Some(fact.clone()),
    }
}

/// The first law that is broken.
fn run(plan: &[(u8, u8, u8, u8)], bug: Option<Bug>) -> Result<(), String> {
    let facts: Vec<Fact> = plan.iter().copied().map(fact).collect();
    let mut fold = Forecast::default();
    let mut was = Outlook::Coming;
    for (at, fact) in facts.iter().enumerate() {
        let mut told = heard(fact, bug).and_then(|fact| fold.hear(&fact));
        if let (Fact::Instance(id, InstanceFact::Added { .. }), Some(NewInstanceIsUp)) = (fact, bug) {
            fold.hear(&turned(*id, InstanceState::Running, Shown { pid: None, restarts: 0 }));
        }
        match bug {
            Some(ChangeNotTold) if told == Some(Outlook::Ready) => told = None,
            Some(ToldAgain) => told = Some(fold.outlook()),
            _ => {}
        }
        let now = truth(&facts[..=at]);
        if fold.outlook() != now {
            return Err(format!("{:?} where {now:?} is so, after {:#?}", fold.outlook(), &facts[..=at]));
        }
        let due = (now != was).then_some(now);
        if told != due {
            return Err(format!("{told:?} was told where {due:?} is due"));
        }
        was = now;
    }
    Ok(())
}

fn plan() -> impl Strategy<Value = Vec<(u8, u8, u8, u8)>> {
    vec(any::<(u8, u8, u8, u8)>(), 0..60)
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]
    #[test]
    fn o1_to_o3_the_fold_says_what_was_told(plan in plan()) {
        run(&plan, None).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn every_bug_planted_in_the_outlook_is_noticed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"whether all is up is a hard case");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = plan();
    let plans: Vec<_> =
        (0..3000).map(|_| strategy.new_tree(&mut runner).expect("nothing is filtered").current()).collect();
    let missed: Vec<_> =
        ALL.into_iter().filter(|bug| plans.iter().all(|plan| run(plan, Some(*bug)).is_ok())).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}
