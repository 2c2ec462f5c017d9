//! Runs of jobs and oneshots, and schedules with their counts, as PHPeek PM's API shows them. Texts and numbers; asks
//! nobody.

use super::super::view::View;
use jiff::Timestamp;
use phpeek_actors::history::ScheduleShown;
use phpeek_actors::phrases::{job_failure, skip_reason};
use phpeek_core::facts::JobOver;
use phpeek_core::history::{Became, JobRun, OneshotRun, Totals};
use phpeek_core::name::ProcessName;
use phpeek_core::outcome::Exit;
use phpeek_core::schedule::{JobEnd, ScheduleSpec, Timetable, Trigger};
use phpeek_core::spec::{ProcessKind, ProcessSpec};
use serde_json::{Value, json};
use std::time::Duration;

/// A moment by the clock on the wall.
pub(super) fn time(since: Duration) -> Value {
    let stamp = i64::try_from(since.as_millis()).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    stamp.map_or(Value::Null, |stamp| Value::from(format!("{stamp:.3}")))
}

fn maybe(since: Option<Duration>) -> Value {
    since.map_or(Value::Null, time)
}

/// As a shell says it.
pub(super) fn code(exit: Option<Exit>) -> Value {
    match exit {
        None => Value::Null,
        Some(Exit::Code(code)) => Value::from(code),
        Some(Exit::Signal { signal, .. }) => Value::from(128 + signal.number()),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// An entry of the history of a schedule.
pub(super) fn job(process: &ProcessName, run: &JobRun) -> Value {
    let operation = match run.trigger {
        Trigger::Manual(by) => Some(by.serial),
        Trigger::Clock | Trigger::CatchUp => None,
    };
    let mut shown = json!({
        "id": run.id,
        "process": process.as_str(),
        "type": ProcessKind::Scheduled.as_str(),
        "operation": operation,
        "start_time": time(run.began),
        "end_time": null,
        "exit_code": null,
        "success": run.succeeded(),
        "error": "",
        "triggered": run.trigger.as_str(),
        "scheduled_time": time(run.tick),
        "output": run.output,
    });
    let more = match &run.what {
        Became::Runs(_) => json!({ "outcome": "running" }),
        Became::Over { over, ended, took } => json!({
            "outcome": over.end.as_str(),
            "end_time": time(*ended),
            "exit_code": code(over.exit),
            "error": error(over),
            "attempts": over.attempts,
            "duration_ms": millis(*took),
        }),
        Became::Skipped { reason, ticks, more } => json!({
            "outcome": "skipped",
            "end_time": time(run.began),
            "error": skip_reason(*reason),
            "skip_reason": reason.as_str(),
            "skipped_ticks": ticks,
            "skipped_more": more,
        }),
    };
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    shown
}

fn error(over: &JobOver) -> String {
    if over.end == JobEnd::Succeeded { String::new() } else { job_failure(over) }
}

/// A run of a oneshot.
pub(super) fn oneshot(run: &OneshotRun) -> Value {
    json!({
        "id": run.id,
        "process_name": run.process.as_str(),
        "instance_id": run.process.instance_id(run.number),
        "started_at": time(run.began),
        "finished_at": maybe(run.ended),
        "exit_code": code(run.exit),
        "success": run.success,
        "error": why(run),
        "duration": format!("{:.3}s", run.took.as_secs_f64()),
        "duration_ms": millis(run.took),
        "trigger_type": run.started.as_str(),
        "outcome": outcome(run),
        "output": run.output,
    })
}

/// The same in the shape of a job.
pub(super) fn as_a_job(run: &OneshotRun) -> Value {
    json!({
        "id": run.id,
        "process": run.process.as_str(),
        "type": ProcessKind::Oneshot.as_str(),
        "start_time": time(run.began),
        "end_time": maybe(run.ended),
        "exit_code": code(run.exit),
        "success": run.success,
        "error": why(run),
        "triggered": run.started.as_str(),
        "outcome": outcome(run),
        "duration_ms": millis(run.took),
        "output": run.output,
    })
}

fn why(run: &OneshotRun) -> String {
    match (&run.error, run.exit) {
        (Some(error), _) => error.clone(),
        (None, Some(exit)) if !run.success => exit.to_string(),
        (None, _) => String::new(),
    }
}

fn outcome(run: &OneshotRun) -> &'static str {
    match (run.ended, run.success) {
        (None, _) => "running",
        (Some(_), true) => "succeeded",
        (Some(_), false) => "failed",
    }
}

/// A schedule with its counts.
pub(super) fn schedule(spec: &ProcessSpec, of: &ScheduleSpec, shown: &ScheduleShown) -> Value {
    json!({
        "name": spec.name.as_str(),
        "schedule": of.text,
        "timezone": zone(of),
        "state": state(shown),
        "last_run": maybe(shown.totals.last),
        "next_run": maybe(shown.next),
        "current_execution_id": shown.running.first(),
        "current_execution_ids": shown.running,
        "stats": stats(shown),
        "last": shown.last.as_ref().map(|run| job(&spec.name, run)),
    })
}

/// `idle`, `executing`, `paused` or `stopped`. One that is paused and finishes a job is paused.
pub(super) fn state(shown: &ScheduleShown) -> &'static str {
    match (shown.paused, shown.running.is_empty()) {
        (true, _) => "paused",
        (false, false) => "executing",
        // A schedule that goes on has a next tick: this one has not begun, or somebody has stopped it.
        (false, true) if shown.next.is_none() => "stopped",
        (false, true) => "idle",
    }
}

/// In percent, of those that are over.
pub(super) fn success_rate(totals: &Totals) -> f64 {
    let over = totals.succeeded.saturating_add(totals.failed);
    if over == 0 { 0.0 } else { totals.succeeded as f64 / over as f64 * 100.0 }
}

fn stats(shown: &ScheduleShown) -> Value {
    let totals = &shown.totals;
    let over = u32::try_from(totals.succeeded.saturating_add(totals.failed)).unwrap_or(u32::MAX);
    json!({
        "total_executions": totals.began,
        "success_count": totals.succeeded,
        "failure_count": totals.failed,
        "running_count": shown.running.len(),
        "skipped_count": totals.skipped,
        "success_rate": success_rate(totals),
        "average_duration": totals.took.checked_div(over).map_or(0, nanos),
        "last_execution_time": maybe(totals.last),
        "last_success_time": maybe(totals.last_success),
        "last_failure_time": maybe(totals.last_failure),
    })
}

pub(super) fn zone(of: &ScheduleSpec) -> Option<String> {
    match &of.timetable {
        Timetable::Calendar { zone, .. } => Some(zone.iana_name().unwrap_or("Local").to_owned()),
        Timetable::Every(_) => None,
    }
}

/// The schedule of a process at one moment.
pub(super) fn shown<'v, 's>(
    view: &'v View,
    spec: &'s ProcessSpec,
) -> Option<(&'s ScheduleSpec, &'v ScheduleShown)> {
    spec.schedule.as_deref().zip(view.schedules.get(&spec.name))
}
