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
mod second;
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

    // A deploy: the workers are other ones, in place and in process, and the masters and the store are the same.
    let (stay, go) = (["redis", "php-fpm", "nginx"], [0, 1]);
    let kept = stay.map(|process| stack.pid_of(process, 0));
    let [php, web] = [kept[1], kept[2]].map(children_of);
    let queue = go.map(|instance| stack.pid_of("queue", instance));
    let load = load::Load::start(stack.port());
    stack.supervisor().signal(Signal::USR1);
    wait_until(LONG * 2, "every worker is another one", || {
        let queue = go.iter().all(|i| stack.try_pid_of("queue", *i).is_some_and(|pid| !queue.contains(&pid)));
        let [php, web] = [(kept[1], &php), (kept[2], &web)].map(|(master, before)| {
            let now = children_of(master);
            !now.is_empty() && now.iter().all(|pid| !before.contains(pid))
        });
        stack.all_up() && queue && php && web
    });
    assert_eq!(stay.map(|process| stack.pid_of(process, 0)), kept, "what reloads itself keeps its pid");
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
