//! The series of the system and of spans.

use super::out::{NONE, Out, count, number, seconds, timestamp, truth};
use crate::snapshot::{Snapshot, Spans};
use phpeek_actors::telemetry::ReceiverState;
use std::fmt;

/// A supervisor that is written in another language has none; the label is documented.
const GO_VERSION: &str = "none";

pub(super) fn write(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    let system = &snapshot.system;
    out.gauge(
        "manager_process_count",
        "How many processes are looked after",
        [(NONE, count(snapshot.processes.len()))],
    )?;
    let began = timestamp(system.began);
    out.gauge(
        "manager_start_time_seconds",
        "When the supervisor began, in seconds since 1970",
        [(NONE, began)],
    )?;
    out.gauge(
        "manager_stopping",
        "Whether everything is being stopped",
        [(NONE, truth(system.is_stopping()))],
    )?;
    out.gauge(
        "manager_boot_duration_seconds",
        "How long it took until everything was up",
        system.boot_seconds.map(|taken| (NONE, taken)),
    )?;
    out.histogram(
        "shutdown_duration_seconds",
        "How long the shutdown took",
        [(NONE, &system.shutdown_seconds)],
    )?;
    out.tally(
        "reloads",
        "Reloads of the configuration that are over",
        system.reloads.iter().map(|(status, tally)| ([("status", status)], tally)),
    )?;
    let version = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("go_version", GO_VERSION),
        ("rust_version", env!("CARGO_PKG_RUST_VERSION")),
    ];
    let panics = snapshot.panics.iter().map(|(part, count)| ([("part", *part)], *count));
    out.counter("manager_panics", "Panics of parts of the supervisor, which have gone on", panics)?;
    out.gauge("build_info", "Which supervisor this is", [(version, 1.0)])?;
    snapshot.spans.as_ref().map_or(Ok(()), |spans| write_spans(out, snapshot, spans))
}

fn write_spans(out: &mut Out<'_>, snapshot: &Snapshot, spans: &Spans) -> fmt::Result {
    let Spans { stats, health, spool } = spans;
    out.counter("trace_errors", TRACE_ERRORS, [(NONE, stats.errors())])?;
    out.counter("trace_spans_started", "Recorded spans that have ended", [(NONE, stats.started)])?;
    out.counter(
        "trace_spans_recovered",
        "Spans of an earlier supervisor that were found in the spool",
        [(NONE, stats.recovered)],
    )?;
    out.counter("trace_spans_exported", "Spans that a receiver has taken", [(NONE, stats.exported)])?;
    out.counter("trace_spans_failed", "Spans that were refused or given up", [(NONE, stats.failed)])?;
    let dropped = stats.lost().into_iter().chain([("sampled_out", stats.dropped_sampled_out)]);
    let dropped = dropped.map(|(reason, count)| ([("reason", reason)], count));
    out.counter("trace_spans_dropped", "Spans that were dropped, by reason", dropped)?;
    out.gauge("trace_spans_pending", "Spans that wait for a receiver", [(NONE, number(stats.pending))])?;
    let up = truth(health.state == ReceiverState::Good);
    out.gauge("trace_receiver_up", "Whether the receiver of spans took the last batch", [(NONE, up)])?;
    let last = health.last_export.and_then(|at| snapshot.wall.checked_sub(snapshot.at.saturating_sub(at)));
    out.gauge(
        "trace_last_export_timestamp_seconds",
        "When a receiver took spans last, in seconds since 1970",
        last.map(|at| (NONE, timestamp(at))),
    )?;
    out.gauge("trace_spool_bytes", "Bytes of spans that wait", [(NONE, number(spool.bytes))])?;
    let oldest = spool.oldest_age_s.map(|age| (NONE, seconds(std::time::Duration::from_secs(age))));
    out.gauge("trace_spool_oldest_seconds", "How long the oldest span has waited", oldest)
}

const TRACE_ERRORS: &str =
    "Spans that could not be delivered: those of each attempt that failed, and those that are lost";

/// The name without a prefix is that of the documented alert.
pub(super) fn plain(out: &mut Out<'_>, snapshot: &Snapshot) -> fmt::Result {
    let spans = snapshot.spans.as_ref();
    out.counter("trace_errors", TRACE_ERRORS, spans.map(|spans| (NONE, spans.stats.errors())))
}
