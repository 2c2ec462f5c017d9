//! A crash loop told in few spans: nothing is lost, nothing is told twice, and its end is told whatever ends it.

use crate::support::{Rig, linked, ms, paused, run};
use opentelemetry::Value;
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::testkit::{
    Behaviour, Grandchildren, SpecBuilder, attribute, error_type, is_error, system,
};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::ids::RunId;
use phpeek_core::lifecycle::{Failure, InstanceState};
use phpeek_core::outcome::{Exit, SpawnFailure, SpawnFailureKind};

fn number(span: &SpanData, key: &str) -> u64 {
    match attribute(span, key) {
        Some(Value::I64(n)) => u64::try_from(n).expect("a count"),
        other => unreachable!("{key}: {other:?} of {span:#?}"),
    }
}

/// A loop of crashes after 1 ms each, with waits of one length, until run `last`; that one stays.
fn looping(last: u64) -> impl Fn(RunId) -> Behaviour {
    move |id| if id.run < last { Behaviour::ends(ms(1), Exit::Code(1)) } else { Behaviour::default() }
}

fn spec() -> SpecBuilder {
    SpecBuilder::new("c").attempts(100_000).backoff(ms(10), ms(10))
}

/// The restarts, oldest first, and how many there were; each is told or in one count.
fn accounted(rig: &Rig) -> (Vec<SpanData>, u64) {
    let mut restarts = rig.spans.named(names::SPAN_RESTART_PROCESS);
    restarts.retain(|s| attribute(s, names::RESTART_COUNT).is_some());
    restarts.sort_by_key(|s| s.start_time);
    let (mut before, mut sum) = (0, 0);
    for span in &restarts {
        let count = number(span, names::RESTART_COUNT);
        assert_eq!(number(span, names::RESTART_FOLDED), count - before - 1, "{span:#?}");
        sum += number(span, names::RESTART_FOLDED) + 1;
        before = count;
    }
    assert_eq!(sum, before);
    (restarts, sum)
}

/// From the newest restart back to the first spawn, by links alone.
fn walk_back(rig: &Rig, newest: &SpanData) -> usize {
    let (mut at, mut steps) = (newest.clone(), 0);
    while at.name == names::SPAN_RESTART_PROCESS {
        let death = linked(rig, &at, names::LINK_DEATH);
        let spawn = linked(rig, &death, names::LINK_PREVIOUS_RUN);
        at = rig.spans.by_id(spawn.parent_span_id).expect("the parent has ended");
        steps += 1;
    }
    assert_eq!(at.name, names::SPAN_START_PROCESS);
    steps
}

#[test]
fn a_loop_of_thousands_is_told_in_few_spans() {
    paused(async {
        let mut rig = Rig::booted(system(vec![spec()]), |l| l.script(0, looping(3001)));
        rig.until("the last run", |r| r.launcher.leader_of(0, 0) == Some(run(0, 0, 3001))).await;
        rig.pass(ms(61_000)).await; // it stays
        let (restarts, sum) = accounted(&rig);
        assert_eq!(sum, 3000);
        // 16, then 32 to 2048, and the last.
        assert_eq!(restarts.len(), 16 + 7 + 1);
        assert_eq!(rig.spans.named(names::SPAN_EXIT).len(), restarts.len());
        assert_eq!(rig.spans.named(names::SPAN_BACKOFF).len(), restarts.len());
        assert_eq!(rig.spans.named(names::SPAN_SPAWN).len(), restarts.len() + 1);
        assert_eq!(walk_back(&rig, restarts.last().unwrap()), restarts.len());
        let last = restarts.last().unwrap();
        assert!(rig.spans.coverage(last) >= 0.99, "no dark time in what is told late");
        let spawn = rig.spans.children(last).into_iter().find(|s| s.name == names::SPAN_SPAWN).unwrap();
        assert_eq!(number(&spawn, names::PROCESS_INCARNATION), 3001);
        assert_eq!(rig.log.records().iter().filter(|r| r.message.starts_with("ended")).count(), 3000);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        assert_eq!(accounted(&rig).1, 3000, "told once");
    });
}

#[test]
fn each_step_of_the_backoff_and_each_cause_is_told() {
    paused(async {
        let growing = SpecBuilder::new("c").attempts(100_000).backoff(ms(1), ms(1 << 30));
        let mut rig = Rig::booted(system(vec![growing]), |l| l.script(0, looping(u64::MAX)));
        rig.until("twenty restarts", |r| r.launcher.launches().len() > 20).await;
        assert_eq!(rig.spans.named(names::SPAN_EXIT).len(), rig.launcher.launches().len() - 1);
        rig.terminate();
        rig.finished().await;

        let mut rig = Rig::booted(system(vec![spec()]), |l| {
            l.script(0, |id| Behaviour::ends(ms(1), Exit::Code(if id.run == 40 { 9 } else { 1 })));
        });
        rig.until("fifty runs", |r| r.launcher.launches().len() > 50).await;
        rig.terminate();
        rig.finished().await;
        let (restarts, _) = accounted(&rig);
        let nine = |s: &&SpanData| attribute(s, names::PROCESS_EXIT_CODE) == Some(9.into());
        assert_eq!(restarts.iter().filter(nine).count(), 1, "its cause was new");
    });
}

#[test]
fn the_end_of_a_loop_is_told_although_the_supervisor_is_stopped_in_it() {
    use InstanceState::{Backoff, Running, Starting};
    // In the wait, in the order of a run, and in a run.
    for (spawn_after, moment) in [(1, Backoff), (200, Starting), (1, Running)] {
        paused(async {
            let mut rig = Rig::booted(system(vec![spec()]), |l| {
                l.script(0, move |id| Behaviour {
                    spawn_after: ms(if id.run == 51 { spawn_after } else { 1 }),
                    ..Behaviour::ends(ms(if id.run == 51 { 900 } else { 1 }), Exit::Code(1))
                });
            });
            let runs = if moment == Backoff { 50 } else { 51 };
            rig.until(moment.as_str(), |r| {
                r.launcher.launches().len() == runs && r.board.shown(0, 0).unwrap().state == moment
            })
            .await;
            let before = accounted(&rig).1;
            assert_eq!(before, 32, "the restarts after it are folded");
            rig.terminate();
            assert_eq!(rig.finished().await.outcome, Outcome::Stopped, "{moment:?}");
            let (restarts, sum) = accounted(&rig);
            assert_eq!((sum, restarts.len()), (50, 18), "{moment:?}");
            let last = restarts.last().unwrap();
            let cut = error_type(last).as_deref() == Some(names::ERROR_INTERRUPTED);
            assert_eq!(cut, moment == Backoff, "{moment:?}: {last:#?}");
            walk_back(&rig, last);
        });
    }
}

#[test]
fn giving_up_tells_the_last_restart_and_the_death_after_it() {
    paused(async {
        let spec = SpecBuilder::new("c").attempts(500).backoff(ms(10), ms(10));
        let mut rig = Rig::booted(system(vec![spec]), |l| {
            l.script(0, |id| Behaviour {
                // What a leader leaves behind is no span of its own in a loop either.
                grandchildren: if id.run > 20 { Grandchildren::UntilSignal } else { Grandchildren::None },
                ..Behaviour::ends(ms(1), Exit::Code(6))
            });
        });
        assert_eq!(rig.finished().await.outcome, Outcome::Failed(Failure::GaveUp(Exit::Code(6))));
        assert_eq!(rig.launcher.launches().len(), 501);
        let (restarts, sum) = accounted(&rig);
        assert_eq!(sum, 500);
        let exits = rig.spans.named(names::SPAN_EXIT);
        assert_eq!(exits.len(), restarts.len() + 1);
        let last = exits.iter().find(|s| error_type(s).as_deref() == Some("gave_up")).unwrap();
        assert_eq!(number(last, names::RESTART_COUNT), 500);
        let spawn = linked(&rig, last, names::LINK_PREVIOUS_RUN);
        assert_eq!(number(&spawn, names::PROCESS_INCARNATION), 501);
        assert_eq!(spawn.parent_span_id, restarts.last().unwrap().span_context.span_id());
        assert!(
            rig.spans.named(names::SPAN_STOP_PROCESS).is_empty(),
            "{:?}",
            rig.spans.named(names::SPAN_STOP_PROCESS)
        );
    });
}

#[test]
fn a_program_that_goes_away_in_a_loop_is_told_at_once() {
    paused(async {
        let mut rig = Rig::booted(system(vec![spec()]), |l| {
            l.script(0, |id| match id.run {
                ..40 => Behaviour::ends(ms(1), Exit::Code(1)),
                _ => Behaviour::fails(SpawnFailure {
                    kind: SpawnFailureKind::NotFound,
                    message: "gone".into(),
                }),
            });
        });
        rig.until("failures", |r| r.launcher.launches().len() == 45).await;
        let failed: Vec<_> = rig.spans.named(names::SPAN_SPAWN).into_iter().filter(is_error).collect();
        let first = failed.iter().map(|s| number(s, names::PROCESS_INCARNATION)).min();
        assert_eq!(first, Some(40), "the first that failed");
        rig.terminate();
        rig.finished().await;
        assert_eq!(accounted(&rig).1, 44);
    });
}

#[test]
fn after_a_stable_run_a_loop_begins_anew() {
    paused(async {
        let mut rig = Rig::booted(system(vec![spec()]), |l| {
            l.script(0, |id| Behaviour::ends(ms(if id.run == 30 { 61_000 } else { 1 }), Exit::Code(1)));
        });
        rig.until("the second loop", |r| r.launcher.launches().len() == 40).await;
        rig.terminate();
        rig.finished().await;
        let counts: Vec<u64> = rig
            .spans
            .named(names::SPAN_RESTART_PROCESS)
            .iter()
            .map(|s| number(s, names::RESTART_COUNT))
            .collect();
        assert_eq!(counts[16], 29, "the last of the first loop: {counts:?}");
        assert_eq!(counts[17], 1, "the first of the second");
    });
}
