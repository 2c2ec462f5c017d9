//! The stack that the product is for: nginx, php-fpm, redis and two PHP queue workers, from `config/php-stack.yaml`,
//! under real requests; its traces are read from receivers that are not ours: rotel's log and Jaeger's query API.
//! Needs root and what `tests/run` installs (feature `needs-stack`), and fails where it has not got them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

#[path = "../support/mod.rs"]
mod support;

mod backend;
mod load;
mod readers;
mod stack;
mod story;

use backend::Rotel;
use rustix::process::Signal;
use stack::{Extras, Stack};
use support::jaeger::Jaeger;
use support::procfs::{children_of, signal, zombies_of};
use support::supervisor::Place;
use support::{LONG, wait_until};

/// What an operator does in a day, on this stack.
fn a_day(stack: &mut Stack) -> load::Load {
    assert_eq!(stack.page("/"), (200, "visit 1\n".to_owned()));

    assert_eq!(stack.page("/?push=300"), (200, "pushed 300\n".to_owned()));
    stack.drained(300);
    let victim = stack.pid_of("queue", 0);
    assert_eq!(stack.page("/?push=200"), (200, "pushed 200\n".to_owned()));
    assert!(signal(victim, Signal::KILL));
    wait_until(LONG, "the worker's successor", || {
        stack.try_pid_of("queue", 0).is_some_and(|pid| pid != victim)
    });
    stack.drained(500);

    let before = stack.pids();
    let load = load::Load::start(stack.port());
    stack.supervisor().signal(Signal::USR1);
    wait_until(LONG * 2, "every process is another one", || {
        stack.all_up()
            && stack.pids().iter().all(|pid| !before.contains(pid))
            && stack.pids().len() == before.len()
    });
    // The load must also see the stack after the restart.
    load.goes_on();
    assert_eq!(
        stack.page("/?queue"),
        (200, "waiting 0 done 500\n".to_owned()),
        "nothing of the queue was lost"
    );
    load
}

#[test]
fn a_day_of_the_stack_seen_in_jaeger() {
    let jaeger = Jaeger::start();
    let mut stack = Stack::start(Place::Here, &jaeger.endpoint(), Extras::None);
    let load = a_day(&mut stack).stop();
    stack.ends_well();
    let trace = jaeger.wait_for("php-stack", story::SHUTDOWN);
    story::check(&trace, &load);
}

#[test]
fn a_day_of_the_stack_as_pid_1_with_orphans_seen_in_rotel() {
    let rotel = Rotel::start();
    let mut stack = Stack::start(Place::Namespace, &rotel.endpoint(), Extras::OrphansAndShortRuns);
    stack.sandbox().seen("orphans", "start", 1);
    stack.sandbox().seen("short", "start", 500);
    no_orphan_is_left(&stack);
    // Each of the 500 ended with 0; a wrong status would have been a failure, and started again.
    assert_eq!(stack.sandbox().events_of("short", "start").len(), 500);
    let load = a_day(&mut stack).stop();
    no_orphan_is_left(&stack);
    stack.ends_well();
    let trace = rotel.wait_for(story::SHUTDOWN);
    story::check(&trace, &load);
}

/// Below PID 1 are redis, php-fpm, nginx, two workers and the maker of the orphans, and no zombie.
fn no_orphan_is_left(stack: &Stack) {
    let pid = stack.supervisor().pid();
    wait_until(LONG, "no zombie, no orphan", || zombies_of(pid).is_empty() && children_of(pid).len() == 6);
}
