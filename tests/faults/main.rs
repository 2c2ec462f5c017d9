//! Each system call that a start, a restart and a stop make fails once: no death, no hang, no lost child, no part that is
//! dead afterwards. strace makes the faults, in the real program; a healthy run says which calls there are. Needs strace
//! and a kernel that lets it trace, and fails where it has not got them (feature `needs-strace`); `tests/run` runs it.
//!
//! `PHPEEK_FAULTS=all` tries every number of each call, not the first, second, middle and last alone, and takes long;
//! `PHPEEK_FAULTS=clone3` (a call, or call:error) only those. strace counts for each thread by itself, so a fault comes
//! once in each thread that gets so far. Where the dynamic loader makes a call of the same number, its end is accepted.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

mod calls;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod trial;

use calls::{Calls, Case, Part};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use trial::Trial;

/// Lives under way at a time, in each of the two tests: most of one is waiting.
const AT_A_TIME: usize = 2;

fn chosen(part: Part) -> Vec<Case> {
    let healthy = Trial::new();
    healthy.run(part, None);
    let wanted = std::env::var("PHPEEK_FAULTS").unwrap_or_default();
    let mut cases = Calls::read(&healthy.record()).cases(part, !wanted.is_empty());
    assert!(cases.len() > 20, "strace shows no calls: {cases:?}");
    if !wanted.is_empty() && wanted != "all" {
        cases.retain(|c| wanted == c.call || wanted == format!("{}:{}", c.call, c.error));
    }
    cases
}

/// Tries all cases and gives those that went wrong.
fn campaign(part: Part) {
    let cases = chosen(part);
    let count = cases.len();
    let (waiting, faulty, made) = (Mutex::new(cases), Mutex::new(Vec::new()), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(case) = waiting.lock().expect("no panic").pop() else { break };
                    match catch_unwind(AssertUnwindSafe(|| Trial::new().run(part, Some(case)))) {
                        Ok(injected) => *made.lock().expect("no panic") += usize::from(injected),
                        Err(_) => {
                            eprintln!("--- of {case}");
                            faulty.lock().expect("no panic").push(case.to_string());
                        }
                    }
                }
            });
        }
    });
    let (faulty, made) = (faulty.into_inner().expect("no panic"), made.into_inner().expect("no panic"));
    eprintln!("{part:?}: {count} cases, {made} faults made and borne, {} not", faulty.len());
    assert!(faulty.is_empty(), "{} of {count}:\n{}", faulty.len(), faulty.join("\n"));
    // Threads do not make the same number of calls each time; most of the faults must have been made.
    assert!(made * 2 >= count, "only {made} of {count} faults were made");
}

#[test]
fn a_start_bears_each_fault_or_says_what_it_cannot_do() {
    campaign(Part::Start);
}

#[test]
fn a_restart_and_a_stop_bear_each_fault() {
    campaign(Part::Life);
}
