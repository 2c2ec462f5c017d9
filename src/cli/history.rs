//! The `history` command: what jobs and oneshots of a running supervisor have done. Asks over the control socket, and
//! shows what is remembered.

use super::control::{Asked, client, encoded, field, read};
use super::fault::Fault;
use super::say::say;
use super::table::{draw, left, right, span};
use crate::exit;
use clap::Args;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// Options of `history`.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// The process; without it, all of them.
    pub name: Option<String>,
    /// Only what began within this time: 90s, 15m, 6h, 7d.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<Duration>,
    /// Only what failed, or did not run when it was to.
    #[arg(long)]
    pub errors: bool,
    /// Whom to ask.
    #[command(flatten)]
    pub asked: Asked,
}

/// Runs the command. 0: it was told, whatever there was.
pub(super) fn run(config: Option<PathBuf>, arguments: &HistoryArguments) -> Result<u8, Fault> {
    let client = client(config, &arguments.asked)?;
    if let Some(name) = &arguments.name {
        // One that is not there has no history, and that is worth a word.
        read(&client, client.get(&format!("/api/v1/processes/{}", encoded(name))))?;
    }
    let answer = read(&client, client.get("/api/v1/history?limit=10000"))?;
    let runs = field(&answer, "runs").as_array().cloned().unwrap_or_default();
    let oldest = arguments.since.and_then(|since| Timestamp::now().checked_sub(since).ok());
    let runs: Vec<Value> = runs.into_iter().filter(|run| is_wanted(run, arguments, oldest)).collect();
    if arguments.asked.json {
        say(format!("{}\n", json!({ "runs": runs })));
        return Ok(exit::OK);
    }
    let columns = [
        left("BEGAN"),
        left("PROCESS"),
        left("TRIGGER"),
        left("OUTCOME"),
        right("CODE"),
        right("TOOK"),
        left("ERROR OR LAST LINE"),
    ];
    say(draw(columns, &runs.iter().map(row).collect::<Vec<_>>()));
    Ok(exit::OK)
}

fn is_wanted(run: &Value, arguments: &HistoryArguments, oldest: Option<Timestamp>) -> bool {
    let named = arguments.name.as_deref().is_none_or(|name| field(run, "process") == name);
    let fresh = oldest.is_none_or(|oldest| stamp(field(run, "start_time")).is_some_and(|at| at >= oldest));
    let well = matches!(field(run, "outcome").as_str(), Some("succeeded" | "running"));
    named && fresh && !(arguments.errors && well)
}

fn row(run: &Value) -> [String; 7] {
    let text = |key: &str| field(run, key).as_str().unwrap_or_default().to_owned();
    let code = field(run, "exit_code").as_u64();
    let ticks = field(run, "skipped_ticks").as_u64().filter(|ticks| *ticks > 1);
    let (error, output) = (text("error"), text("output"));
    let why = match (error.is_empty(), output.is_empty()) {
        (true, _) => output,
        (false, true) => error,
        (false, false) => format!("{error}: {output}"),
    };
    [
        moment(field(run, "start_time")),
        text("process"),
        text("triggered"),
        ticks.map_or_else(|| text("outcome"), |ticks| format!("{} x{ticks}", text("outcome"))),
        code.map_or_else(|| "-".to_owned(), |code| code.to_string()),
        took(run),
        why,
    ]
}

/// How long it took.
pub(super) fn took(run: &Value) -> String {
    match field(run, "duration_ms").as_u64() {
        None => "-".to_owned(),
        Some(ms) if ms < 1000 => format!("{ms}ms"),
        Some(ms) if ms < 60_000 => format!("{:.1}s", ms as f64 / 1000.0),
        Some(ms) => span(ms as f64 / 1000.0),
    }
}

/// A moment by the clock of whoever reads it.
pub(super) fn moment(value: &Value) -> String {
    let shown =
        |at: Timestamp| at.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    stamp(value).map_or_else(|| "-".to_owned(), shown)
}

fn stamp(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => Timestamp::from_second(other.as_i64()?).ok(),
    }
}

/// A span of time: a number and s, m, h or d.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let unit = |(unit, seconds)| Some((text.strip_suffix(unit)?.parse::<u64>().ok()?, seconds));
    let found = units.into_iter().find_map(unit);
    let seconds = found.and_then(|(number, seconds): (u64, u64)| number.checked_mul(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "a time is wanted: 90s, 15m, 6h, 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("7d"), Ok(Duration::from_secs(604_800)));
        for no in ["", "5", "h", "-1h", "1.5h", "99999999999999999999d", "99999999999999999d"] {
            assert!(time(no).is_err(), "{no}");
        }
    }

    #[test]
    fn a_row_says_why_it_failed_and_what_it_said_last() {
        let run = json!({
            "start_time": null, "process": "job", "triggered": "schedule", "outcome": "skipped",
            "exit_code": null, "error": "as many run as may", "output": null, "skipped_ticks": 3,
        });
        let wanted = ["-", "job", "schedule", "skipped x3", "-", "-", "as many run as may"];
        assert_eq!(row(&run), wanted.map(str::to_owned));
        let failed = json!({"outcome": "failed", "exit_code": 3, "error": "exit code 3", "output": "no disk", "duration_ms": 1500});
        let shown = row(&failed);
        assert_eq!(
            (shown[4].as_str(), shown[5].as_str(), shown[6].as_str()),
            ("3", "1.5s", "exit code 3: no disk")
        );
        assert!(stamp(&json!("2026-11-28T10:00:00.000Z")) == stamp(&json!(1_795_860_000)));
    }
}
