//! What a healthy run calls, and which cases come of it. Owns the reading of strace's record; injects nothing.

use super::table::MAY_FAIL;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// When the calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// From the first call to a supervisor that is up.
    Start,
    /// From then on: a restart, questions, a stop.
    Life,
}

/// One fault: in each thread the call of this number fails once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) part: Part,
    pub(crate) call: &'static str,
    pub(crate) error: &'static str,
    pub(crate) number: usize,
    /// The dynamic loader makes a call of this number too: what it cannot do is not ours.
    pub(crate) loader: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}:error={}:when={}", self.part, self.call, self.error, self.number)
    }
}

/// The most calls that one thread makes, and those of the loader, for each name.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    most: BTreeMap<String, usize>,
    loader: BTreeMap<String, usize>,
}

impl Calls {
    /// Reads what `strace -f -o` has written. The loader's part ends where Rust looks at its three descriptors.
    pub(crate) fn read(record: &str) -> Self {
        let mut of_thread: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut calls = Self::default();
        let mut first = None;
        let mut loading = true;
        for line in record.lines() {
            let Some((thread, rest)) = line.trim_start().split_once(' ') else { continue };
            let Some((name, _)) = rest.trim_start().split_once('(') else { continue };
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                continue; // a signal, an end, the second half of a call
            }
            loading = loading && *first.get_or_insert(thread) == thread && name != "poll";
            if loading {
                *calls.loader.entry(name.to_owned()).or_default() += 1;
            }
            let count = of_thread.entry((thread, name)).or_default();
            *count += 1;
            let most = calls.most.entry(name.to_owned()).or_default();
            *most = (*most).max(*count);
        }
        calls
    }

    /// The cases: each error of the table at each number, or at a few of them.
    pub(crate) fn cases(&self, part: Part, all: bool) -> Vec<Case> {
        let mut cases = Vec::new();
        for &(call, errors) in MAY_FAIL {
            let most = self.most.get(call).copied().unwrap_or(0);
            let loader = if part == Part::Start { self.loader.get(call).copied().unwrap_or(0) } else { 0 };
            let few =
                BTreeSet::from([1, 2, loader + 1, loader + most.saturating_sub(loader).div_ceil(2), most]);
            for number in (1..=most).filter(|n| all || few.contains(n)) {
                let case = |&error| Case { part, call, error, number, loader: number <= loader };
                cases.extend(errors.iter().map(case));
            }
        }
        cases
    }
}
