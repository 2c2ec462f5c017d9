//! `logs`: the lines of processes that a running supervisor keeps, and those that come. Starts nothing.

use super::ask::Target;
use super::fault::Fault;
use super::say::{complain, write};
use super::whole::whole;
use crate::exit;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use phpeek_api::client::{Client, ClientError};
use phpeek_output::terminal;
use phpeek_output::told::Teller;
use regex::Regex;
use serde_json::Value;
use std::path::PathBuf;

/// The most that a supervisor gives at once.
const MOST: usize = 10_000;

/// Options of `logs`.
#[derive(Debug, Args)]
pub struct LogsArguments {
    /// The process; without it, all of them.
    pub name: Option<String>,
    /// The same.
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub process: Option<String>,
    /// Go on with the lines that come.
    #[arg(short, long)]
    pub follow: bool,
    /// How many of the lines that are kept.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole::<usize, _>(0..), allow_negative_numbers = true)]
    pub tail: usize,
    /// Only lines from this time on: how long ago (90s, 5m, 1h30m), or a time of RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only lines that match this regular expression.
    #[arg(long, value_name = "RE")]
    pub grep: Option<Regex>,
    /// Only lines of this level and above.
    #[arg(long, value_parser = ["all", "debug", "info", "warn", "error"])]
    pub level: Option<String>,
    /// Only lines of this stream; `file` are those of `logging.files`.
    #[arg(long, value_parser = ["stdout", "stderr", "file"])]
    pub stream: Option<String>,
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Print each line as a JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Shows them. 0: that was all, or nobody reads any more. 1: there is no such process.
pub(super) fn run(config: Option<PathBuf>, arguments: &LogsArguments) -> Result<u8, Fault> {
    let client = Target { socket: arguments.socket.clone(), config }.client()?;
    let query = query(arguments);
    // A line is looked for in all that is kept.
    let limit = if arguments.grep.is_some() { MOST } else { arguments.tail.min(MOST) };
    let mut kept = if limit > 0 { kept(&client, &format!("{query}limit={limit}"))? } else { Vec::new() };
    let last = kept.first().and_then(seq);
    kept.retain(|line| is_wanted(line, arguments));
    let mut shown = Show::new(arguments.json);
    for line in kept.iter().take(arguments.tail).rev() {
        if !shown.line(line) {
            return Ok(exit::OK);
        }
    }
    if !arguments.follow {
        return Ok(exit::OK);
    }
    // What came between the two answers is kept too.
    let from = match last {
        Some(last) => format!("after={last}"),
        None => format!("tail={}", limit.min(arguments.tail)),
    };
    let mut events = client.events(&format!("/api/v1/logs/stream?{query}{from}")).map_err(refused)?;
    while let Some(event) = events.next()? {
        let Ok(data) = serde_json::from_str::<Value>(&event.data) else { continue };
        if matches!(event.name.as_str(), "lost" | "gap") {
            complain(&lost(&data));
        } else if is_wanted(&data, arguments) && !shown.line(&data) {
            break;
        }
    }
    Ok(exit::OK)
}

/// What a reader has lost, in words.
pub(super) fn lost(data: &Value) -> String {
    if let Some(gap) = data.get("gap").and_then(Value::as_str) {
        return gap.to_owned();
    }
    let count = data.get("lost").and_then(Value::as_u64).unwrap_or_default();
    let about = if data.get("at_most").is_some() { "at most " } else { "" };
    format!("{about}{count} are missing here: they came faster than they were read, or are not kept any more")
}

/// Which lines are wanted, as the supervisor is asked.
fn query(arguments: &LogsArguments) -> String {
    let LogsArguments { name, process, since, level, stream, .. } = arguments;
    let process = name.as_ref().or(process.as_ref());
    let all = [
        ("process", process),
        ("since", since.as_ref()),
        ("level", level.as_ref()),
        ("stream", stream.as_ref()),
    ];
    let given = all.into_iter().filter_map(|(key, value)| Some((key, value?)));
    given.map(|(key, value)| format!("{key}={}&", utf8_percent_encode(value, NON_ALPHANUMERIC))).collect()
}

/// The lines that are kept, newest first.
fn kept(client: &Client, query: &str) -> Result<Vec<Value>, Fault> {
    let bytes = client.get(&format!("/api/v1/logs?{query}")).map_err(refused)?;
    let strange = |error: serde_json::Error| ClientError::Strange {
        path: client.path().to_owned(),
        why: error.to_string(),
    };
    let answer: Value = serde_json::from_slice(&bytes).map_err(strange)?;
    Ok(answer.get("logs").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// A refusal says what is wrong with what was asked, or that there is no such process.
pub(super) fn refused(error: ClientError) -> Fault {
    match error {
        ClientError::Refused { status: 400, message } => Fault::Usage(message),
        ClientError::Refused { status: 404, message } => Fault::Nothing(message),
        error => error.into(),
    }
}

fn seq(line: &Value) -> Option<u64> {
    line.get("seq")?.as_u64()
}

/// A text of a line; empty when it is not there.
fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_wanted(line: &Value, arguments: &LogsArguments) -> bool {
    arguments.grep.as_ref().is_none_or(|grep| grep.is_match(text(line, "message")))
}

/// How lines are shown.
struct Show {
    json: bool,
    teller: Teller,
}

impl Show {
    fn new(json: bool) -> Self {
        Self { json, teller: Teller::new(terminal::has_colour(&std::io::stdout())) }
    }

    /// False: nobody reads any more.
    fn line(&mut self, line: &Value) -> bool {
        if self.json {
            return write(format!("{line}\n")).is_ok();
        }
        let (instance, hook) = (text(line, "instance"), text(line, "hook"));
        let who: Vec<&str> =
            [instance, hook, text(line, "stream")].into_iter().filter(|word| !word.is_empty()).collect();
        let fields = line.get("fields").and_then(Value::as_object);
        let fields = fields.into_iter().flatten().map(|(name, value)| (name.as_str(), value.to_string()));
        let fields: Vec<_> = fields.collect();
        let told = self.teller.tell(
            (text(line, "timestamp"), text(line, "level")),
            &who.join(" "),
            text(line, "message"),
            &fields,
        );
        write(told).is_ok()
    }
}
