//! What runs by the clock: when its jobs run, what becomes of a tick that may not, how a job is stopped and tried again,
//! and that each is a trace of its own.

use crate::support::{Rig, linked, ms, paused, rounded, text};
use opentelemetry::trace::SpanId;
use phpeek_actors::ports::Level;
use phpeek_actors::testkit::{Behaviour, SpecBuilder, attribute, error_type, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::outcome::Exit;
use phpeek_core::schedule::{CatchUp, Overlap, ScheduleSpec};
use phpeek_core::spec::SystemSpec;
use std::time::Duration;

const WELL: Exit = Exit::Code(0);

/// A worker, and a job of each tenth second.
fn with(change: impl FnOnce(&mut ScheduleSpec)) -> SystemSpec {
    system(vec![SpecBuilder::new("a"), SpecBuilder::new("job").by_the_clock("*/10 * * * * *", change)])
}

/// When runs of the job were ordered, to the hundredth.
fn runs(rig: &Rig) -> Vec<Duration> {
    let all = rig.launcher.launches().into_iter();
    all.filter(|(_, run)| run.process().0 == 1).map(|(at, _)| rounded(at)).collect()
}

fn seconds(all: &[u64]) -> Vec<Duration> {
    all.iter().map(|n| Duration::from_secs(*n)).collect()
}

#[test]
fn a_job_runs_at_its_ticks_in_traces_of_their_own() {
    paused(async {
        let mut rig = Rig::booted(with(|_| ()), |l| l.script(1, |_| Behaviour::ends(ms(500), WELL)));
        rig.all_up().await;
        assert!(runs(&rig).is_empty(), "no tick has come");
        rig.pass(Duration::from_secs(25)).await;
        assert_eq!(runs(&rig), seconds(&[10, 20]));
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let jobs = rig.spans.named(names::SPAN_SCHEDULE_RUN);
        assert_eq!(jobs.len(), 2);
        for (place, job) in jobs.iter().enumerate() {
            assert_eq!(job.parent_span_id, SpanId::INVALID);
            assert_eq!(text(job, names::SCHEDULE_CRON), "*/10 * * * * *");
            assert_eq!(text(job, names::SCHEDULE_TRIGGER), "schedule");
            assert_eq!(text(job, names::SCHEDULE_JOB), (place + 1).to_string());
            assert_eq!(text(job, names::PROCESS_EXIT_CODE), "0");
            assert!(rig.spans.children(job).iter().any(|child| child.name == names::SPAN_SPAWN));
        }
        let previous = linked(&rig, &jobs[1], "previous_run");
        assert_eq!(previous.span_context.span_id(), jobs[0].span_context.span_id());
    });
}

#[test]
fn a_tick_while_one_runs_is_skipped_and_told() {
    paused(async {
        let mut rig = Rig::booted(with(|_| ()), |l| l.script(1, |_| Behaviour::ends(ms(15_000), WELL)));
        rig.pass(Duration::from_secs(38)).await;
        assert_eq!(runs(&rig), seconds(&[10, 30]));
        assert!(rig.log.holds(Level::Warn, "scheduled run is skipped: as many run as may"));
        let skipped = rig.spans.named(names::SPAN_SCHEDULE_RUN);
        assert_eq!(skipped.len(), 2, "one that has ended, one that did not run");
        assert_eq!(text(&skipped[0], names::SCHEDULE_SKIP_REASON), "overlap");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let last = rig.spans.named(names::SPAN_SCHEDULE_RUN);
        let interrupted = |s: &&_| text(s, names::SCHEDULE_OUTCOME) == "interrupted";
        assert_eq!(last.iter().filter(interrupted).count(), 1, "stopped like any process");
        assert!(rig.launcher.alive().is_empty());
    });
}

#[test]
fn without_a_bound_jobs_run_beside_each_other_as_instances_of_their_own() {
    paused(async {
        let spec = with(|schedule| schedule.at_once = u32::MAX);
        let mut rig = Rig::booted(spec, |l| l.script(1, |_| Behaviour::ends(ms(25_000), WELL)));
        rig.pass(Duration::from_secs(45)).await;
        assert_eq!(runs(&rig), seconds(&[10, 20, 30, 40]));
        assert_eq!(rig.board.numbers(1), [0, 1, 2], "the fourth has the place of the first");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_run_that_takes_too_long_is_stopped_and_tried_again() {
    paused(async {
        let spec = with(|schedule| {
            (schedule.timeout, schedule.retries) = (Some(Duration::from_secs(2)), 1);
            schedule.retry_delay = Duration::from_secs(1);
        });
        let mut rig = Rig::booted(spec, |_| ());
        rig.pass(Duration::from_secs(18)).await;
        assert_eq!(runs(&rig), seconds(&[10, 13]));
        assert!(rig.log.holds(Level::Warn, "takes longer than schedule_timeout"));
        let job = rig.one(names::SPAN_SCHEDULE_RUN);
        assert_eq!(error_type(&job).as_deref(), Some(names::ERROR_DEADLINE));
        assert_eq!(text(&job, names::SCHEDULE_ATTEMPTS), "2");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_newer_run_takes_the_place_of_one_that_runs() {
    paused(async {
        let spec = with(|schedule| schedule.overlap = Overlap::Replace);
        let mut rig = Rig::booted(spec, |_| ());
        rig.pass(Duration::from_secs(25)).await;
        assert_eq!(runs(&rig), seconds(&[10, 20]));
        assert_eq!(rig.launcher.signals().len(), 1, "the first was asked to go");
        let job = rig.one(names::SPAN_SCHEDULE_RUN);
        assert_eq!(text(&job, names::SCHEDULE_OUTCOME), "replaced");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_system_of_jobs_alone_goes_on() {
    paused(async {
        let alone = SpecBuilder::new("job").by_the_clock("*/10 * * * * *", |s| s.catch_up = CatchUp::None);
        let mut rig =
            Rig::booted(system(vec![alone]), |l| l.script(0, |_| Behaviour::ends(ms(10), Exit::Code(3))));
        rig.pass(Duration::from_secs(35)).await;
        assert_eq!(rig.launcher.launches().len(), 3, "one that has failed runs again");
        let failed = rig.spans.named(names::SPAN_SCHEDULE_RUN);
        assert!(failed.iter().all(|job| attribute(job, names::PROCESS_EXIT_CODE).is_some()));
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}
