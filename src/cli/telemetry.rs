//! The `telemetry` command: what became of the spans of a running supervisor, as a block for people or as JSON, and an
//! exit code for scripts. Asks only, but for the flush that it was told to ask for.

use super::ask::Target;
use super::fault::Fault;
use super::say::say;
use super::table::{draw, left, span};
use crate::exit;
use bytes::Bytes;
use clap::Args;
use phpeek_actors::telemetry::SpoolState;
use phpeek_api::TelemetryReport;
use phpeek_api::client::ClientError;
use phpeek_api::report::{ExporterState, Verdict};
use phpeek_viewer::text;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Options of `telemetry`.
#[derive(Debug, Args)]
pub struct TelemetryArguments {
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Send what is pending first, and wait up to 10 seconds for it.
    #[arg(long)]
    pub flush: bool,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How long `--flush` waits until nothing is pending.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks while it waits.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the command. 0: all is well, or tracing is off. 1: spans were lost, or the receiver does not take them.
/// 3: no supervisor of ours runs.
pub(super) fn run(config: Option<PathBuf>, arguments: &TelemetryArguments) -> Result<u8, Fault> {
    let target = Target { socket: arguments.socket.clone(), config };
    let (bytes, report) = ask(&target, arguments.flush)?;
    say(if arguments.json { bytes } else { block(&report).into() });
    Ok(match report.verdict() {
        Verdict::Well => exit::OK,
        Verdict::Ill => exit::FAILURE,
    })
}

fn ask(target: &Target, flush: bool) -> Result<(Bytes, TelemetryReport), ClientError> {
    let client = target.client()?;
    let get = || {
        let bytes = client.get("/telemetry")?;
        let report = serde_json::from_slice(&bytes).map_err(|error| ClientError::Strange {
            path: client.path().to_owned(),
            why: error.to_string(),
        })?;
        Ok((bytes, report))
    };
    if flush {
        client.order("/telemetry/flush", String::new())?;
    }
    let begun = Instant::now();
    loop {
        let (bytes, report): (Bytes, TelemetryReport) = get()?;
        if !flush || report.pending_in_all() == 0 || begun.elapsed() >= FLUSH_LIMIT {
            return Ok((bytes, report));
        }
        std::thread::park_timeout(LOOK);
    }
}

/// The report for people: spans, then each other signal that is sent.
fn block(report: &TelemetryReport) -> String {
    let mut out = match report.state {
        Some(ExporterState::Off) => "tracing is off: set global.tracing_enabled: true\n".to_owned(),
        _ => draw([left("").at_least(10), left("")], &rows(report, "spans")),
    };
    for (name, other) in report.others() {
        out.push_str(&format!("\n{name}\n"));
        let items = if name == "logs" { "log records" } else { name };
        out.push_str(&draw([left("").at_least(10), left("")], &rows(other, items)));
    }
    out
}

fn rows(report: &TelemetryReport, items: &str) -> Vec<[String; 2]> {
    let mut rows: Vec<[String; 2]> = Vec::new();
    let mut row = |name: &str, value: String| rows.push([name.to_owned(), value]);
    let to = report.endpoint.as_ref().map(|e| format!(" to {e}")).unwrap_or_default();
    // Without an exporter nothing leaves the supervisor.
    let stays = report.exporter == "none";
    let exporter = format!("{}{to}", report.exporter);
    row(
        "exporter",
        if stays { "none; what is told stays here, for `phpeek-pm trace`".to_owned() } else { exporter },
    );
    if let Some(ExporterState::On(state)) = report.state {
        row("state", state.as_str().to_owned());
    }
    if let Some(length) = report.queue.length {
        let of = report.queue.capacity.map(|c| format!(" of {c}")).unwrap_or_default();
        row("queue", format!("{length}{of} {items}"));
    }
    if let Some(spool) = &report.spool {
        let age = spool
            .oldest_age_s
            .map(|age| format!(", the oldest for {}", span(age as f64)))
            .unwrap_or_default();
        let why = spool.last_error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
        let held = format!(
            "{} {items} in {}, {} bytes{age}",
            spool.spans,
            text::count(spool.segments, "segment"),
            spool.bytes
        );
        let state = match spool.state {
            SpoolState::Memory | SpoolState::Disk => "good",
            SpoolState::Degraded => "in memory for now",
        };
        row("spool", format!("{} ({state}{why}): {held}", spool.directory.as_deref().unwrap_or("memory")));
        if spool.history_bytes > 0 {
            row("history", format!("{} bytes that were delivered", spool.history_bytes));
        }
    }
    let recovered =
        report.recovered.filter(|n| *n > 0).map(|n| format!(", {n} recovered")).unwrap_or_default();
    row("started", format!("{}{recovered}", report.started));
    let last = report.last_export_at.as_ref().map(|at| format!(", last at {at}")).unwrap_or_default();
    row(if stays { "kept" } else { "exported" }, format!("{}{last}", report.exported));
    row("pending", report.pending.to_string());
    row("failed", report.failed.to_string());
    let reasons: Vec<_> =
        report.dropped.iter().filter(|(_, n)| **n > 0).map(|(r, n)| format!("{r} {n}")).collect();
    let total: u64 = report.dropped.values().sum();
    let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    row("dropped", format!("{total}{reasons}"));
    if report.left_out > 0 {
        row("left out", format!("{} by sampling", report.left_out));
    }
    if report.panics > 0 {
        row("panics", format!("{}; what panicked was started again", report.panics));
    }
    if let Some(error) = &report.last_error {
        row("last error", format!("{}: {}", error.at, error.cause));
    }
    rows
}
