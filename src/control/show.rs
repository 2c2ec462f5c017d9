//! The `telemetry` command: what became of the spans of a running supervisor, as a block for people or as JSON, and an
//! exit code for scripts. Asks only, but for the flush that it was told to ask for.

use super::TelemetryReport;
use super::client::{Client, ClientError, Target};
use super::report::{ExporterState, Verdict};
use crate::app::chain;
use crate::cli::TelemetryArguments;
use crate::exit;
use crate::status::span;
use bytes::Bytes;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long `--flush` waits until nothing is pending.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks while it waits.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the command. 0: all is well, or tracing is off. 1: spans were lost, or the receiver does not take them.
/// 3: no supervisor runs.
#[must_use]
pub fn command(config: Option<PathBuf>, arguments: &TelemetryArguments) -> u8 {
    let target = Target { socket: arguments.socket.clone(), config };
    match ask(&target, arguments.flush) {
        Ok((bytes, report)) => {
            let text = if arguments.json { bytes } else { block(&report).into() };
            // A closed standard output is no reason to fail: the answer is the exit code.
            drop(std::io::stdout().write_all(&text));
            match report.verdict() {
                Verdict::Well => exit::OK,
                Verdict::Ill => exit::FAILURE,
            }
        }
        Err(error) => {
            drop(writeln!(std::io::stderr(), "phpeek-pm: {}", chain(&error)));
            error.exit_code()
        }
    }
}

fn ask(target: &Target, flush: bool) -> Result<(Bytes, TelemetryReport), ClientError> {
    let client = Client::find(target)?;
    let get = || {
        let bytes = client.get("/telemetry")?;
        let report = serde_json::from_slice(&bytes).map_err(|error| ClientError::NotOurs {
            path: client.path().to_owned(),
            why: format!("its answer is not understood: {error}"),
        })?;
        Ok((bytes, report))
    };
    if flush {
        client.post("/telemetry/flush")?;
    }
    let begun = Instant::now();
    loop {
        let (bytes, report): (Bytes, TelemetryReport) = get()?;
        if !flush || report.pending == 0 || begun.elapsed() >= FLUSH_LIMIT {
            return Ok((bytes, report));
        }
        std::thread::park_timeout(LOOK);
    }
}

/// The report for people.
fn block(report: &TelemetryReport) -> String {
    if report.state == Some(ExporterState::Off) {
        return "tracing is off: set global.tracing_enabled: true\n".to_owned();
    }
    let mut rows: Vec<(&str, String)> = Vec::new();
    let to = report.endpoint.as_ref().map(|e| format!(" to {e}")).unwrap_or_default();
    rows.push(("exporter", format!("{}{to}", report.exporter)));
    if let Some(state) = report.state {
        rows.push(("state", state.as_str().to_owned()));
    }
    if let Some(length) = report.queue.length {
        let of = report.queue.capacity.map(|c| format!(" of {c}")).unwrap_or_default();
        rows.push(("queue", format!("{length}{of} spans")));
    }
    if let Some(spool) = &report.spool {
        let age = spool.oldest_age_s.map(|age| format!(", the oldest for {}", span(age))).unwrap_or_default();
        let why = spool.last_error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
        let held =
            format!("{} spans in {} segments, {} bytes{age}", spool.spans, spool.segments, spool.bytes);
        rows.push(("spool", format!("{} ({}{why}): {held}", spool.directory, spool.state)));
    }
    let recovered =
        report.recovered.filter(|n| *n > 0).map(|n| format!(", {n} recovered")).unwrap_or_default();
    rows.push(("started", format!("{}{recovered}", report.started)));
    let last = report.last_export_at.as_ref().map(|at| format!(", last at {at}")).unwrap_or_default();
    rows.push(("exported", format!("{}{last}", report.exported)));
    rows.push(("pending", report.pending.to_string()));
    rows.push(("failed", report.failed.to_string()));
    let reasons: Vec<_> =
        report.dropped.iter().filter(|(_, n)| **n > 0).map(|(r, n)| format!("{r} {n}")).collect();
    let total: u64 = report.dropped.values().sum();
    let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    rows.push(("dropped", format!("{total}{reasons}")));
    if report.left_out > 0 {
        rows.push(("left out", format!("{} by sampling", report.left_out)));
    }
    if report.panics > 0 {
        rows.push(("panics", format!("{}; what panicked was started again", report.panics)));
    }
    if let Some(error) = &report.last_error {
        rows.push(("last error", format!("{}: {}", error.at, error.cause)));
    }
    rows.iter().map(|(name, value)| format!("{name:10}  {value}\n")).collect()
}
