//! What a supervisor has kept on the disk of what was done: restarts with their causes, and the jobs and oneshots that it no
//! longer remembers, or that one before it ran. Read from the spans of its spool, beside it or after its end.

use super::ask::Target;
use crate::app::load;
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_api::TelemetryReport;
use phpeek_api::client::Client;
use phpeek_config::{ProcessEnv, Source};
use phpeek_core::names;
use phpeek_telemetry::spool::reader::{ReadError, SpoolReader};
use phpeek_viewer::text::Charset;
use phpeek_viewer::{Span, Trace, autopsy_lines};
use prost::Message as _;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Restarts that are no sign of a fault.
const WANTED: [&str; 5] = ["normal_exit", "manual", "signal", "dependency", "watch"];

/// The spool of a supervisor that runs; none when it has none, or does not say.
pub(super) fn spool_of(client: &Client) -> Option<PathBuf> {
    let bytes = client.get("/telemetry").ok()?;
    let report: TelemetryReport = serde_json::from_slice(&bytes).ok()?;
    report.spool?.directory.map(PathBuf::from)
}

/// The spool that the configuration names.
pub(super) fn configured_spool(target: &Target) -> Option<PathBuf> {
    let source = target.config.clone().map_or(Source::Discover, Source::File);
    load(&source, &ProcessEnv).configuration?.tracing?.spool.directory
}

/// What a line of an autopsy begins with that the program has written.
const STDERR: &str = "stderr: ";

/// Whether an entry is no fault.
pub(super) fn is_well(entry: &Value) -> bool {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("kind") {
        "restart" => WANTED.contains(&text("outcome")),
        _ => matches!(text("outcome"), "succeeded" | "running"),
    }
}

/// All that is known since then, in the form in which the supervisor tells of its runs, the newest first.
pub(super) fn entries(folder: &Path, since: Option<Duration>) -> Result<Vec<Value>, ReadError> {
    let since = since.and_then(|since| SystemTime::now().checked_sub(since)).unwrap_or(UNIX_EPOCH);
    let (mut found, mut deaths) = (Vec::new(), HashMap::new());
    for bytes in SpoolReader::open(folder)?.requests_since(since)? {
        // What was written as OTLP is OTLP; anything else has no spans to give.
        let Ok(request) = ExportTraceServiceRequest::decode(bytes.as_slice()) else { continue };
        for trace in Trace::all(&request) {
            for span in &trace.spans {
                let ids =
                    || span.links.iter().map(|link| const_hex::encode(&link.span_id)).collect::<Vec<_>>();
                found.extend(entry(&trace.id, span).map(|entry| (span.start, entry, ids())));
                if span.name == names::SPAN_EXIT {
                    deaths.extend(last_word(span).map(|word| (span.id.clone(), word)));
                }
            }
        }
    }
    found.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
    // The last words of a run come after its restart has begun: they stand in the span of its death.
    let with_words = |(_, mut entry, links): (u64, Value, Vec<String>)| {
        let word = links.iter().find_map(|id| deaths.get(id));
        if let (Some(word), Some(output)) = (word, entry.get_mut("output")) {
            *output = json!(word);
        }
        entry
    };
    Ok(found.into_iter().map(with_words).collect())
}

/// The last line that a run has written to standard error.
fn last_word(span: &Span) -> Option<String> {
    let lines = autopsy_lines(span, Charset::Ascii);
    lines.iter().rev().find_map(|line| Some(line.strip_prefix(STDERR)?.to_owned()))
}

fn entry(trace: &str, span: &Span) -> Option<Value> {
    let text = |key: &str| span.attribute(key);
    let number = |key: &str| text(key).and_then(|text| text.parse::<i64>().ok());
    let failed = span.error().map(str::to_owned);
    let (kind, triggered, outcome) = match span.name.as_str() {
        names::SPAN_RESTART_PROCESS => ("restart", "restart".to_owned(), text(names::RESTART_REASON)?),
        names::SPAN_SCHEDULE_RUN => {
            ("job", text(names::SCHEDULE_TRIGGER).unwrap_or_default(), text(names::SCHEDULE_OUTCOME)?)
        }
        names::SPAN_RUN => {
            let outcome = if failed.is_some() { "failed" } else { "succeeded" };
            ("oneshot", "start".to_owned(), outcome.to_owned())
        }
        _ => return None,
    };
    let cause = autopsy_lines(span, Charset::Ascii);
    let error = cause.into_iter().find(|line| !line.starts_with(STDERR)).or(failed);
    Some(json!({
        "kind": kind,
        "process": text(names::PROCESS_NAME)?,
        "instance": text(names::PROCESS_INSTANCE_ID),
        "triggered": triggered,
        "outcome": outcome,
        "start_time": time(span.start),
        "duration_ms": span.took() / 1_000_000,
        "exit_code": number(names::PROCESS_EXIT_CODE),
        "error": error.unwrap_or_default(),
        "output": last_word(span).unwrap_or_default(),
        "attempt": number(names::RESTART_ATTEMPT),
        "folded": number(names::RESTART_FOLDED).filter(|folded| *folded > 0),
        "trace_id": trace,
    }))
}

fn time(ns: u64) -> String {
    let at = Timestamp::try_from(UNIX_EPOCH + Duration::from_nanos(ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

/// Puts what the disk knows behind what is remembered: all restarts, and of the runs those before the oldest that the
/// supervisor remembers of the same process.
pub(super) fn behind(
    remembered: Vec<Value>,
    kept: Vec<Value>,
    stamp: impl Fn(&Value) -> Option<Timestamp>,
) -> Vec<Value> {
    let began = |entry: &Value| entry.get("start_time").and_then(&stamp);
    let of = |entry: &Value| entry.get("process").cloned().unwrap_or_default();
    let oldest =
        |process: &Value| remembered.iter().filter(|run| of(run) == *process).filter_map(began).min();
    let older = |entry: &Value| {
        let restart = entry.get("kind").is_some_and(|kind| kind == "restart");
        // A run begins a moment before its span, or after it.
        let before = oldest(&of(entry))
            .zip(began(entry))
            .is_none_or(|(oldest, at)| oldest.duration_since(at).as_secs() >= 1);
        restart || before
    };
    let kept: Vec<Value> = kept.into_iter().filter(older).collect();
    let mut all: Vec<Value> = remembered.into_iter().chain(kept).collect();
    // Those without a time stay in front, as the supervisor has told them.
    all.sort_by_key(|entry| std::cmp::Reverse(began(entry).unwrap_or(Timestamp::MAX)));
    all
}
