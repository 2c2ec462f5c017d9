//! Hooks of the system: their order around processes, what their failure means, and that none of them holds up an end.

use crate::support::{Rig, ms, paused, text, why};
use phpeek_actors::ports::Level;
use phpeek_actors::testkit::{Behaviour, Obeys, SpecBuilder, hook, hooks, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::{BootFailureCause, Outcome};
use phpeek_core::hook::{HookSpec, Hooks, OnError};
use phpeek_core::outcome::{Exit, HookFault};
use phpeek_core::signal::Signal;
use phpeek_core::spec::SystemSpec;

const WELL: Exit = Exit::Code(0);

/// One process, and these hooks.
fn with(hooks: Hooks) -> SystemSpec {
    SystemSpec { hooks, ..system(vec![SpecBuilder::new("a")]) }
}

fn one_of_each() -> Hooks {
    Hooks {
        pre_start: hooks([hook("one"), hook("two")]),
        post_start: hooks([hook("up")]),
        pre_stop: hooks([hook("before")]),
        post_stop: hooks([hook("after")]),
        ..Hooks::default()
    }
}

/// The names of the hooks that were started, in their order.
fn ran(rig: &Rig) -> Vec<String> {
    rig.launcher.hooks().into_iter().map(|(_, _, name)| name).collect()
}

#[test]
fn hooks_run_around_the_whole_and_leave_no_time_dark() {
    paused(async {
        let mut rig = Rig::booted(with(one_of_each()), |l| l.script_hooks(|_| Behaviour::ends(ms(40), WELL)));
        rig.all_up().await;
        let launched = rig.launcher.launches()[0].0;
        let times = |rig: &Rig| rig.launcher.hooks().iter().map(|h| h.0).collect::<Vec<_>>();
        assert_eq!(ran(&rig), ["one", "two", "up"]);
        let began = times(&rig);
        assert!(began[1] >= began[0] + ms(40) && launched >= began[1] + ms(40) && began[2] > launched);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert_eq!(ran(&rig), ["one", "two", "up", "before", "after"]);
        let (began, stopped) = (times(&rig), rig.launcher.signals()[0].at);
        assert!(stopped >= began[3] + ms(40) && began[4] > stopped);
        let (start, shutdown) = (rig.one(names::SPAN_START), rig.one(names::SPAN_SHUTDOWN));
        for span in rig.spans.named(names::SPAN_HOOK) {
            let parent = if text(&span, names::HOOK_TYPE).ends_with("start") { &start } else { &shutdown };
            assert_eq!(span.parent_span_id, parent.span_context.span_id());
        }
        for operation in [start, shutdown] {
            assert!(rig.spans.coverage(&operation) >= 0.99, "{operation:#?}");
        }
    });
}

#[test]
fn a_pre_start_hook_that_fails_fails_the_boot() {
    paused(async {
        let mut rig = Rig::booted(with(one_of_each()), |l| {
            l.script_hooks(|task| Behaviour::ends(ms(5), Exit::Code(if task.serial == 1 { 3 } else { 0 })));
        });
        let end = rig.finished().await;
        let Some(BootFailureCause::Hook(failure)) = why(&end) else { unreachable!("{end:?}") };
        assert_eq!((&*failure.hook, failure.fault), ("one", HookFault::Exit(Exit::Code(3))));
        assert!(end.boot_failure.unwrap().contains("\"one\" failed: exit code 3"));
        assert_eq!(
            ran(&rig),
            ["one", "after"],
            "what may have to be cleared up is, what never ran is not stopped"
        );
        assert!(rig.launcher.launches().is_empty());
        let span = rig.spans.named(names::SPAN_HOOK).remove(0);
        assert_eq!(text(&span, names::ERROR_TYPE), "exit");
        assert_eq!(text(&rig.one(names::SPAN_START), names::ERROR_TYPE), names::ERROR_HOOK_FAILED);
    });
}

#[test]
fn what_may_fail_fails_nothing_but_is_told() {
    paused(async {
        let may_fail = HookSpec { on_error: OnError::Continue, ..hook("one") };
        let lists = Hooks {
            pre_start: hooks([may_fail, hook("two")]),
            post_start: hooks([hook("up"), hook("never")]),
            ..Hooks::default()
        };
        let mut rig = Rig::booted(with(lists), |l| {
            l.script_hooks(|task| Behaviour::ends(ms(5), Exit::Code(u8::from(task.serial != 2))));
        });
        rig.all_up().await;
        assert_eq!(ran(&rig), ["one", "two", "up"], "the first failure ends the list");
        let warned =
            |r: &phpeek_actors::ports::LogRecord| r.level == Level::Warn && r.message.contains("hook failed");
        assert_eq!(rig.log.records().iter().filter(|r| warned(r)).count(), 2);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_stop_in_the_middle_of_a_hook_of_the_boot_ends_it() {
    paused(async {
        let mut rig = Rig::booted(with(one_of_each()), |l| {
            l.script_hooks(|task| {
                if task.serial == 1 { Behaviour::default() } else { Behaviour::ends(ms(5), WELL) }
            });
        });
        rig.until("the hook", |rig| rig.launcher.hook_runs()).await;
        rig.pass(ms(20)).await;
        let asked = rig.clock.now();
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert!(rig.clock.now() < asked + ms(200), "it listens to its signal");
        assert_eq!(ran(&rig), ["one", "after"]);
        assert!(rig.launcher.launches().is_empty());
        assert_eq!(text(&rig.spans.named(names::SPAN_HOOK)[0], names::ERROR_TYPE), names::ERROR_INTERRUPTED);
    });
}

#[test]
fn a_hook_that_hangs_costs_its_time_and_is_killed() {
    paused(async {
        let lists = Hooks { pre_start: hooks([hook("one")]), ..Hooks::default() };
        let mut rig = Rig::booted(with(lists), |l| {
            l.script_hooks(|_| Behaviour { obeys: Obeys::OnlyKill, ..Behaviour::default() });
        });
        let end = rig.finished().await;
        assert!(matches!(why(&end), Some(BootFailureCause::Hook(f)) if f.fault == HookFault::TimedOut));
        let took = rig.clock.now();
        assert!(took >= ms(15_000) && took < ms(15_500), "its timeout and the grace: {took:?}");
        assert!(!rig.launcher.hook_runs());
    });
}

#[test]
fn hooks_before_the_stop_are_part_of_its_time() {
    paused(async {
        let slow = HookSpec { timeout: ms(600_000), ..hook("before") };
        let lists = Hooks { pre_stop: hooks([slow]), post_stop: hooks([hook("after")]), ..Hooks::default() };
        let mut rig = Rig::booted(with(lists), |l| {
            l.script_hooks(|_| Behaviour { obeys: Obeys::OnlyKill, ..Behaviour::default() });
        });
        rig.all_up().await;
        let asked = rig.clock.now();
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::DeadlineMissed);
        assert!(rig.clock.now() < asked + ms(30_100), "shutdown_timeout is 30 s");
        assert_eq!(ran(&rig), ["before"], "there is no time for what comes after");
        assert!(rig.log.records().iter().any(|r| r.message.contains("1 post_stop hook is skipped")));
        assert!(rig.launcher.signals().iter().all(|s| s.signal == Signal::KILL));
        assert!(!rig.launcher.hook_runs() && rig.launcher.alive().is_empty());
    });
}

#[test]
fn a_second_request_kills_the_hook_that_runs() {
    paused(async {
        for list in ["pre_stop", "post_stop"] {
            let own = hooks([HookSpec { timeout: ms(600_000), ..hook("it") }]);
            let lists = match list {
                "pre_stop" => Hooks { pre_stop: own, ..Hooks::default() },
                _ => Hooks { post_stop: own, ..Hooks::default() },
            };
            let mut rig = Rig::booted(with(lists), |l| {
                l.script_hooks(|_| Behaviour { obeys: Obeys::OnlyKill, ..Behaviour::default() });
            });
            rig.all_up().await;
            rig.terminate();
            rig.until("the hook", |rig| rig.launcher.hook_runs()).await;
            rig.terminate();
            let asked = rig.clock.now();
            assert_eq!(rig.finished().await.outcome, Outcome::Stopped, "{list}");
            assert!(rig.clock.now() < asked + ms(100), "{list}");
        }
    });
}
