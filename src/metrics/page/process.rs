//! The series of processes, their instances, hooks and schedules.

use super::out::{Labels, Out, count, seconds, timestamp, truth};
use crate::fold::code;
use crate::fold::edges::Edge;
use crate::fold::health::Kind;
use crate::fold::instance::Instance;
use crate::fold::process::Process;
use crate::fold::schedule::Schedule;
use crate::snapshot::Snapshot;
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::outcome::Exit;
use std::fmt;

/// A series of `T`: name, help, and the value.
type Of<T, V> = (&'static str, &'static str, fn(&T) -> V);

pub(super) fn write(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    instances(out, snapshot)?;
    processes(out, snapshot)?;
    health(out, snapshot)?;
    edges(out, snapshot)?;
    hooks(out, snapshot)?;
    schedules(out, snapshot)
}

fn all(snapshot: &Snapshot) -> impl Iterator<Item = &Process> + Clone {
    snapshot.processes.iter().map(|process| &**process)
}

/// Those that are more than the jobs of a schedule.
fn staying(snapshot: &Snapshot) -> impl Iterator<Item = &Process> + Clone {
    all(snapshot).filter(|process| process.stays())
}

fn of(process: &Process) -> Labels<'_, 1> {
    [("name", process.name())]
}

/// Every instance with its labels.
fn each<'a, V>(
    snapshot: &'a Snapshot,
    value: impl Fn(&'a Instance) -> Option<V> + 'a,
) -> impl Iterator<Item = (Labels<'a, 2>, V)> + 'a {
    let one = |process: &'a Process| process.instances.values().map(move |instance| (process, instance));
    staying(snapshot).flat_map(one).filter_map(move |(process, instance)| {
        Some(([("name", process.name()), ("instance", &*instance.id)], value(instance)?))
    })
}

#[expect(clippy::cast_precision_loss, reason = "a code has eight bits")]
fn exit_code(exit: Exit) -> f64 {
    code(exit) as f64
}

fn instances(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    out.gauge(
        "process_up",
        "Whether an instance runs",
        each(snapshot, |instance| Some(truth(instance.is_up()))),
    )?;
    out.gauge(
        "process_ready",
        "Whether an instance runs and its checks, if it has any, say that it is ready",
        each(snapshot, |instance| Some(truth(instance.is_ready()))),
    )?;
    out.gauge(
        "process_start_time_seconds",
        "When the run of an instance began, in seconds since 1970",
        each(snapshot, |instance| instance.since.map(timestamp)),
    )?;
    out.gauge(
        "process_last_exit_code",
        "Code with which an instance has ended last; -1: a signal ended it",
        each(snapshot, |instance| instance.last_exit.map(exit_code)),
    )?;
    out.gauge(
        "process_last_exit_signal",
        "Signal that has ended an instance last; 0: none",
        each(snapshot, |instance| {
            instance.last_exit.map(|exit| match exit {
                Exit::Signal { signal, .. } => f64::from(signal.number()),
                Exit::Code(_) => 0.0,
            })
        }),
    )?;
    out.gauge(
        "process_failed",
        "Whether an instance has failed for good, and nothing follows by itself",
        each(snapshot, |instance| Some(truth(instance.state == InstanceState::Failed))),
    )?;
    out.gauge(
        "process_backoff_delay_seconds",
        "How long an instance waits before its next run; only while it does",
        each(snapshot, |instance| instance.backoff.map(seconds)),
    )
}

fn processes(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    let now = snapshot.at;
    let tallies = |process: &'_ Process| (process.name().to_owned(), process.restarts.clone());
    let restarts: Vec<_> = staying(snapshot).map(tallies).collect();
    out.tally(
        "process_restarts",
        "Restarts of instances by their reason",
        restarts.iter().flat_map(|(name, tallies)| {
            tallies.iter().map(move |(reason, tally)| ([("name", name.as_str()), ("reason", reason)], tally))
        }),
    )?;
    let counts: [Of<Process, u64>; 4] = [
        ("process_backoffs", "Waits before a next run", |process| process.backoffs),
        ("process_spawn_failures", "Runs that could not be started", |process| process.spawn_failures),
        ("process_kills", "Stops that took too long and were brought about by force", |process| {
            process.kills
        }),
        ("process_oom_kills", "Runs that most likely ended because memory ran out", |p| p.oom_kills),
    ];
    for (name, help, value) in counts {
        out.counter(name, help, staying(snapshot).map(|process| (of(process), value(process))))?;
    }
    out.gauge(
        "process_desired_scale",
        "How many instances there are to be",
        staying(snapshot).map(|process| (of(process), f64::from(process.desired))),
    )?;
    out.gauge(
        "process_current_scale",
        "How many instances run",
        staying(snapshot).map(|process| (of(process), count(process.up()))),
    )?;
    out.gauge(
        "supervisor_uptime_seconds",
        "How long a process has been looked after",
        all(snapshot).map(|process| (of(process), seconds(now.saturating_sub(process.added)))),
    )?;
    out.gauge(
        "process_info",
        "What is configured of a process",
        all(snapshot).map(|process| {
            let labels = [("name", process.name()), ("type", process.spec.kind.as_str())];
            (labels, 1.0)
        }),
    )
}

fn health(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    let kinds = || {
        all(snapshot).flat_map(|process| {
            let kinds = process.health.iter().flat_map(|health| health.kinds());
            kinds.map(move |kind| (process, kind))
        })
    };
    let labels = |(process, kind): &(&'_ Process, &'_ Kind)| -> [(&'static str, String); 2] {
        [("name", process.name().to_owned()), ("type", kind.name.to_owned())]
    };
    out.gauge(
        "health_check_status",
        "Whether the last answer to each check of this type was good, of every instance",
        kinds().filter_map(|found| {
            let answers = found.0.instances.values().filter_map(|one| one.answers.well(found.1.name));
            let well = answers.reduce(|all, one| all && one)?;
            Some((labels(&found), truth(well)))
        }),
    )?;
    out.gauge(
        "health_check_consecutive_fails",
        "Bad answers in a row; of several instances the most",
        all(snapshot).filter_map(|process| {
            let worst = process.instances.values().filter_map(|one| one.answers.worst()).max()?;
            Some((of(process), f64::from(worst)))
        }),
    )?;
    out.tally(
        "health_check",
        "Answers to checks",
        kinds().flat_map(|(process, kind)| {
            let labels = move |status| [("name", process.name()), ("type", kind.name), ("status", status)];
            [(labels("success"), &kind.good), (labels("failure"), &kind.bad)]
        }),
    )?;
    out.histogram(
        "health_check_duration_seconds",
        "How long checks took",
        kinds().map(|found| (labels(&found), &found.1.seconds)),
    )
}

fn edges(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    let edges = || {
        all(snapshot).flat_map(|process| {
            process.edges.iter().flat_map(|edges| edges.all()).map(move |edge| (process, edge))
        })
    };
    let labels = |process: &Process, edge: &Edge| -> [(&'static str, String); 2] {
        [("name", process.name().to_owned()), ("dependency", edge.name.as_str().to_owned())]
    };
    out.gauge(
        "dependency_waiting",
        "How many other processes a process waits for before it starts",
        all(snapshot).filter_map(|process| Some((of(process), count(process.edges.as_ref()?.waiting())))),
    )?;
    out.histogram(
        "dependency_wait_seconds",
        "How long a process has waited for another",
        edges().map(|(process, edge)| (labels(process, edge), &edge.seconds)),
    )?;
    out.counter(
        "dependency_failures",
        "Waits for another process that took too long or could not end well, and what was lost again",
        edges().flat_map(|(process, edge)| {
            let counts = [("lost", edge.lost), ("given_up", edge.given_up), ("failed", edge.failed)];
            counts.map(|(reason, count)| {
                let [name, dependency] = labels(process, edge);
                ([name, dependency, ("reason", reason.to_owned())], count)
            })
        }),
    )
}

fn hooks(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    let hooks = snapshot.hooks.all();
    out.tally(
        "hook_executions",
        "Hooks that are over",
        hooks.iter().flat_map(|hook| {
            let labels = |status| [("name", &*hook.name), ("type", hook.stage.as_str()), ("status", status)];
            hook.ended.iter().map(move |(status, tally)| (labels(status), tally))
        }),
    )?;
    out.histogram(
        "hook_duration_seconds",
        "How long hooks took, with all their tries",
        hooks.iter().map(|hook| ([("name", &*hook.name), ("type", hook.stage.as_str())], &hook.seconds)),
    )
}

fn schedules(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    let jobs = || all(snapshot).filter_map(|process| Some((process, process.schedule.as_deref()?)));
    let gauges: [Of<Schedule, Option<f64>>; 6] = [
        ("scheduled_task_last_run_timestamp", "When the last job began, in seconds since 1970", |jobs| {
            jobs.last.map(timestamp)
        }),
        ("scheduled_task_next_run_timestamp", "When the next job is due, in seconds since 1970", |jobs| {
            jobs.next.map(seconds)
        }),
        ("scheduled_task_last_exit_code", "Code with which the last job has ended; -1: a signal", |jobs| {
            jobs.last_exit.map(exit_code)
        }),
        ("scheduled_task_duration_seconds", "How long the last job took", |jobs| jobs.seconds),
        ("scheduled_task_running", "Jobs under way", |jobs| Some(count(jobs.running()))),
        ("scheduled_task_paused", "Whether no job begins by the clock", |jobs| Some(truth(jobs.paused))),
    ];
    for (name, help, value) in gauges {
        let rows = jobs().filter_map(|(process, jobs)| Some((of(process), value(jobs)?)));
        out.gauge(name, help, rows)?;
    }
    out.tally(
        "scheduled_task",
        "Jobs that are over",
        jobs().flat_map(|(process, jobs)| {
            let labels = |status| [("name", process.name()), ("status", status)];
            jobs.ended.iter().map(move |(status, tally)| (labels(status), tally))
        }),
    )?;
    out.counter(
        "scheduled_task_skipped",
        "Ticks at which no job began",
        jobs().flat_map(|(process, jobs)| {
            let labels = |reason| [("name", process.name()), ("reason", reason)];
            jobs.skipped.iter().map(move |(reason, tally)| (labels(reason), tally.count))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_no_code() {
        use phpeek_core::signal::Signal;
        assert!((exit_code(Exit::Code(255)) - 255.0).abs() < f64::EPSILON);
        let killed = Exit::Signal { signal: Signal::KILL, core: false };
        assert!((exit_code(killed) + 1.0).abs() < f64::EPSILON);
    }
}
