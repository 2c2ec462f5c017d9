//! The accounting law, seen from outside: which spans must arrive for what was done. Pure. The names are those that
//! users know from the documentation, written here again on purpose: the harness is a user.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a wait is configured between a death and the next run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Backoff {
    /// None: the next run begins at once.
    #[default]
    Zero,
    /// One, for runs that were shorter than the wait. How long a run was cannot be told from outside.
    Some,
}

/// What was done to the supervisor, as far as it is a cause of spans.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deeds {
    /// Configured processes, crash loops included.
    pub(crate) processes: u64,
    /// Configured processes that crash at once.
    pub(crate) crash_loops: u64,
    /// Edges of the dependency graph.
    pub(crate) dependencies: u64,
    /// Starts that long-running workers have recorded.
    pub(crate) starts: u64,
    /// Starts that crashing workers have recorded.
    pub(crate) crash_starts: u64,
    /// Workers killed by the harness.
    pub(crate) kills: u64,
    /// Restarts of crash loops that have no spans, by the counts in those that have.
    pub(crate) folded: u64,
    /// Whether a wait was configured between a death and the next run.
    pub(crate) backoff: Backoff,
    /// Rolling restarts that went through.
    pub(crate) rollings: u64,
    /// Workers whose successor came by a rolling restart, over all of them.
    pub(crate) rolled: u64,
}

/// How many spans of a name may arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The least.
    pub(crate) at_least: u64,
    /// The most.
    pub(crate) at_most: u64,
    /// Distinct spans that arrived.
    pub(crate) received: u64,
}

impl Account {
    /// How many are missing (below zero) or too many (above).
    pub(crate) fn difference(&self) -> i64 {
        let missing = self.at_least.saturating_sub(self.received);
        let excess = self.received.saturating_sub(self.at_most);
        excess.cast_signed() - missing.cast_signed()
    }
}

/// Whether the tracing of the run keeps every span or only some traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Every span must arrive.
    All,
    /// Sampled: any number up to the expected one may arrive.
    Some,
}

/// Compares by name. Names that are not expected at all may not arrive.
pub(crate) fn accounts(
    deeds: Deeds,
    keeps: Keeps,
    received: &BTreeMap<String, u64>,
) -> BTreeMap<String, Account> {
    let expected = expected(deeds);
    let names: BTreeSet<&str> = expected.keys().copied().chain(received.keys().map(String::as_str)).collect();
    names
        .into_iter()
        .map(|name| {
            let (least, at_most) = expected.get(name).copied().unwrap_or((0, 0));
            let at_least = if keeps == Keeps::All { least } else { 0 };
            let received = received.get(name).copied().unwrap_or(0);
            (name.to_owned(), Account { at_least, at_most, received })
        })
        .collect()
}

/// The least and the most spans of each name.
fn expected(deeds: Deeds) -> BTreeMap<&'static str, (u64, u64)> {
    let Deeds { processes, crash_loops, dependencies, starts, crash_starts, .. } = deeds;
    let Deeds { kills, folded, rollings, rolled, .. } = deeds;
    let waits = if deeds.backoff == Backoff::Some { kills + crash_starts + crash_loops * 10 } else { 0 };
    // A crashing worker may be killed between its exec and its record, and at the end sits in a backoff or is up;
    // what it does in those last moments cannot be seen from outside. Ten for each is far above what fits in.
    let unseen = crash_loops * 10;
    let crashes = (crash_starts.saturating_sub(crash_loops), crash_starts + unseen);
    // Deaths that are told: those that are not folded.
    let deaths = ((kills + crashes.0).saturating_sub(folded), (kills + crashes.1).saturating_sub(folded));
    // A rolling restart goes over crashing workers too. Whether it finds one up, in its backoff or between two runs
    // decides whether a wait is cut short, a spawn is told in two parts, or a stop is needed.
    let caught = crash_loops * rollings;
    let exactly = |n: u64| (n, n);
    let from = |least: u64, more: u64| (least, least + more);
    BTreeMap::from([
        ("process_manager.start", exactly(1)),
        ("process_manager.start_process", exactly(processes)),
        // One for each edge, waited for or not: so a trace shows what a start did depend on.
        ("process_manager.wait_dependency", exactly(dependencies)),
        ("process.spawn", from((starts + crash_starts).saturating_sub(folded), unseen + caught)),
        ("process_manager.restart_process", (rolled + deaths.0, rolled + deaths.1 + caught)),
        ("process_manager.restart", exactly(rollings)),
        ("process.backoff", (0, waits)),
        // At the end, one for each process that still runs; in a rolling restart, one for each worker.
        ("process_manager.stop_process", from(processes - crash_loops + rolled, crash_loops + caught)),
        // One more for each loop: where attempts were limited by `--global`, an end that nothing follows.
        ("process.exit", (deaths.0.saturating_sub(caught), deaths.1 + crash_loops)),
        ("process_manager.shutdown", exactly(1)),
    ])
}
