//! The transition table of the lifecycle machine as a document: every shape of state and every event, under two
//! policies, with what follows. A review sees a change of behaviour as a change of `table.md`; `UPDATE_GOLDEN=1`
//! rewrites it.
#![allow(clippy::expect_used, reason = "a test may fail")]

use phpeek_core::backoff::{Backoff, Jitter};
use phpeek_core::budget::Attempts;
use phpeek_core::lifecycle::{Effect, Event, LINGER, Machine, Now, Policy, Reach, State, Urgency};
use phpeek_core::limit::Limit;
use phpeek_core::outcome::{Exit, SpawnFailureKind};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{Ends, Exhausted, KillMode, ProcessKind, RestartPolicy, RestartSpec, StopSpec};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(10);
const FAILED: Exit = Exit::Code(1);
const NOTHING: &str = "nothing";

fn policy(kind: ProcessKind, restart: RestartPolicy, kill_signal: Signal) -> Policy {
    let (ends, mode) = (Ends::USUAL, KillMode::Group);
    let second = Duration::from_secs(1);
    let backoff = Backoff::new(second, second).expect("in order");
    let attempts = Attempts::AtMost(1);
    let stop = StopSpec { signal: Signal::TERM, grace: GRACE, kill_signal, kill_grace: GRACE, mode };
    let restart = RestartSpec { policy: restart, attempts, backoff, stable_after: None, ends };
    Policy { kind, restart, stop }
}

/// What the other policies are not.
fn unusual() -> Policy {
    let mut policy = policy(ProcessKind::LongRun, RestartPolicy::OnFailure, Signal::INT);
    policy.stop.mode = KillMode::Leader;
    let recycle = [1].into_iter().collect();
    policy.restart.ends = Ends { recycle, exhausted: Exhausted::SlowRetry, ..Ends::USUAL };
    policy
}

/// The events that say something about the run that the machine is in; those of another run follow in their own row.
fn events(run: u64) -> Vec<(&'static str, Event)> {
    vec![
        ("Start", Event::Start),
        ("Stop graceful", Event::Stop(Urgency::Graceful)),
        ("Stop now", Event::Stop(Urgency::Now)),
        ("Restart", Event::Restart),
        ("Unhealthy", Event::Unhealthy { run }),
        ("OverLimit soft", Event::OverLimit { run, limit: Limit::Soft }),
        ("OverLimit hard", Event::OverLimit { run, limit: Limit::Hard }),
        ("Spawned", Event::Spawned { run }),
        ("SpawnFailed", Event::SpawnFailed { run, kind: SpawnFailureKind::Resources }),
        ("Exited 0", Event::Exited { run, exit: Exit::Code(0) }),
        ("Exited 1", Event::Exited { run, exit: FAILED }),
        ("GroupEmpty", Event::GroupEmpty { run }),
        ("Left", Event::Left { run }),
        ("OutOfReach", Event::OutOfReach { run }),
        ("Extend", Event::Extend { run, by: GRACE * 9 }),
        ("Tick when due", Event::Tick),
        ("Tick too early", Event::Tick),
        ("Extend, another run", Event::Extend { run: run + 7, by: GRACE * 9 }),
        ("Unhealthy, another run", Event::Unhealthy { run: run + 7 }),
        ("OverLimit, another run", Event::OverLimit { run: run + 7, limit: Limit::Hard }),
        ("Spawned, another run", Event::Spawned { run: run + 7 }),
        ("SpawnFailed, another run", Event::SpawnFailed { run: run + 7, kind: SpawnFailureKind::Other }),
        ("Exited, another run", Event::Exited { run: run + 7, exit: FAILED }),
        ("GroupEmpty, another run", Event::GroupEmpty { run: run + 7 }),
        ("Left, another run", Event::Left { run: run + 7 }),
        ("OutOfReach, another run", Event::OutOfReach { run: run + 7 }),
    ]
}

/// A state without the numbers that only count: what a row of the table is about.
fn shape(machine: &Machine, policy: &Policy) -> String {
    let due = |due: Option<Duration>| match due {
        None => "never".to_owned(),
        Some(_) => "armed".to_owned(),
    };
    match machine.state() {
        State::Idle => "Idle".to_owned(),
        State::Starting { first, .. } => format!("Starting, first {first:?}, {}", left(machine, policy)),
        State::Running { .. } => format!("Running, {}", left(machine, policy)),
        State::Draining { exit, pressure, due: d, .. } => {
            format!("Draining after {exit}, pressure {pressure:?}, due {}, {}", due(d), left(machine, policy))
        }
        State::Stopping { leader, pressure, due: d, then, .. } => {
            let leader = match leader {
                phpeek_core::lifecycle::Leader::Unborn => "unborn".to_owned(),
                phpeek_core::lifecycle::Leader::Alive { .. } => "alive".to_owned(),
                phpeek_core::lifecycle::Leader::Ended { .. } => "ended".to_owned(),
                phpeek_core::lifecycle::Leader::Gone => "gone".to_owned(),
            };
            format!("Stopping, leader {leader}, pressure {pressure:?}, due {}, then {then:?}", due(d))
        }
        State::Backoff { .. } => format!("Backoff, {}", left(machine, policy)),
        State::Completed => "Completed".to_owned(),
        State::Left { .. } => "Completed, daemons left".to_owned(),
        State::Failed(failure) => {
            format!("{failure:?}").replace("Exit(", "Failed: exit (").replace("Spawn(", "Failed: spawn (")
        }
    }
}

fn left(machine: &Machine, policy: &Policy) -> String {
    format!(
        "{} left",
        machine.budget().left(policy.restart.attempts).map_or_else(|| "all".to_owned(), |n| n.to_string())
    )
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Spawn { .. } => "spawn".to_owned(),
        Effect::Signal { signal, step, reach: Reach::All, .. } => format!("{signal} ({step:?})"),
        Effect::Signal { signal, step, reach: Reach::Leader, .. } => {
            format!("{signal} to the leader ({step:?})")
        }
        Effect::Cancel { .. } => "cancel".to_owned(),
        Effect::Leave { .. } => "leave what is left".to_owned(),
        Effect::RunStarted { .. } => "run started".to_owned(),
        Effect::RunEnded { exit, .. } => format!("run ended ({exit})"),
        Effect::BackoffBegan { delay } => format!("backoff {delay:?}"),
        Effect::Restarting { after, attempt } => format!("restarting after {after:?}, attempt {attempt}"),
        Effect::Exhausted(_) => "budget spent".to_owned(),
        Effect::Rested(rest) => format!("rested: {rest:?}"),
    }
}

/// An event, the state that follows, and the effects.
type Transition = (&'static str, String, Vec<Effect>);

/// Walks through every state that can be reached and takes each event in each of them.
fn explore(policy: &Policy) -> BTreeMap<String, Vec<Transition>> {
    let mut table = BTreeMap::new();
    let mut open = VecDeque::from([(Machine::default(), Duration::ZERO)]);
    while let Some((machine, at)) = open.pop_front() {
        let row = shape(&machine, policy);
        if table.contains_key(&row) {
            continue;
        }
        let mut transitions = Vec::new();
        for (name, event) in events(machine.run()) {
            let soon = at + Duration::from_millis(1);
            let at = match (name, machine.deadline()) {
                ("Tick when due", Some(due)) => due,
                _ => soon,
            };
            let mut next = machine.clone();
            let mut effects = Vec::new();
            next.step(policy, Now { at, jitter: Jitter::NONE }, event, &mut effects);
            let same = next.state() == machine.state() && effects.is_empty();
            let follows = if same { NOTHING.to_owned() } else { shape(&next, policy) };
            transitions.push((name, follows, effects));
            open.push_back((next, at));
        }
        table.insert(row, transitions);
    }
    table
}

fn render() -> String {
    let mut text = String::from(
        "# Transitions of the lifecycle machine\n\nWritten by `tests/table.rs` (`UPDATE_GOLDEN=1`); a change here is a \
         change of behaviour. Every state that can be reached, every event.\nA stop asks with SIGTERM; the budget forgives one failure.\nEvents that are not listed for a state change nothing.\n",
    );
    let policies = [
        (
            "Long-running, restart always, killed with SIGKILL",
            policy(ProcessKind::LongRun, RestartPolicy::Always, Signal::KILL),
        ),
        (
            "Long-running, restart on-failure, killed with SIGINT first",
            policy(ProcessKind::LongRun, RestartPolicy::OnFailure, Signal::INT),
        ),
        ("Oneshot", policy(ProcessKind::Oneshot, RestartPolicy::Always, Signal::KILL)),
        ("Long-running, kill_mode leader, code 1 recycled, on_exhausted slow_retry", unusual()),
    ];
    for (title, policy) in policies {
        text.push_str(&format!(
            "\n## {title}\n\n| state | event | next state | effects |\n|---|---|---|---|\n"
        ));
        for (state, transitions) in explore(&policy) {
            for (event, next, effects) in transitions.iter().filter(|(_, next, _)| next != NOTHING) {
                let effects: Vec<String> = effects.iter().map(effect).collect();
                text.push_str(&format!("| {state} | {event} | {next} | {} |\n", effects.join("; ")));
            }
        }
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a golden file is a file")]
fn the_transition_table_is_the_one_that_was_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/table.md");
    let rendered = render();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &rendered).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there: run with UPDATE_GOLDEN=1");
    let difference = rendered.lines().zip(golden.lines()).find(|(now, then)| now != then);
    assert!(
        rendered == golden,
        "tests/table.md is out of date (UPDATE_GOLDEN=1 rewrites it); first: {difference:#?}"
    );
}

#[test]
fn every_event_of_another_run_changes_nothing() {
    let policy = policy(ProcessKind::LongRun, RestartPolicy::Always, Signal::INT);
    for (state, transitions) in explore(&policy) {
        for (event, next, _) in transitions {
            let stale = event.ends_with("another run") || event == "Tick too early";
            assert!(!stale || next == NOTHING, "{state}: {event} leads to {next}");
        }
    }
    assert!(LINGER > Duration::from_millis(1), "the early tick of this table would be due");
}
