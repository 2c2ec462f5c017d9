//! `events`: what has happened to a running supervisor and its processes, and what happens. Starts nothing.

use super::ask::Target;
use super::fault::Fault;
use super::logs::{lost, refused};
use super::say::{complain, write};
use super::whole::whole;
use crate::exit;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use phpeek_output::terminal;
use phpeek_output::told::Teller;
use serde_json::Value;
use std::path::PathBuf;

/// Options of `events`.
#[derive(Debug, Args)]
pub struct EventsArguments {
    /// The process; without it, everything.
    pub name: Option<String>,
    /// Go on with what happens.
    #[arg(short, long)]
    pub follow: bool,
    /// How many of those that are kept.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole::<usize, _>(0..), allow_negative_numbers = true)]
    pub tail: usize,
    /// Only events from this time on: how long ago (90s, 5m, 1h30m), or a time of RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Print each event as a JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Shows them. 0: that was all, or nobody reads any more. 1: there is no such process.
pub(super) fn run(config: Option<PathBuf>, arguments: &EventsArguments) -> Result<u8, Fault> {
    let EventsArguments { name, follow, tail, since, socket, json } = arguments;
    let client = Target { socket: socket.clone(), config }.client()?;
    let given = [("process", name), ("since", since)]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.as_ref()?)));
    let query: String = given
        .map(|(key, value)| format!("{key}={}&", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    let path = format!("/api/v1/events?{query}tail={tail}&follow={follow}");
    let mut events = client.events(&path).map_err(refused)?;
    let mut teller = Teller::new(terminal::has_colour(&std::io::stdout()));
    while let Some(event) = events.next()? {
        let Ok(data) = serde_json::from_str::<Value>(&event.data) else { continue };
        if matches!(event.name.as_str(), "lost" | "gap") {
            complain(&lost(&data));
            continue;
        }
        let told = if *json { format!("{data}\n").into_bytes() } else { line(&mut teller, &data) };
        if write(told).is_err() {
            break; // nobody reads any more
        }
    }
    Ok(exit::OK)
}

/// What is shown of an event beside its fields.
const HEAD: [&str; 5] = ["timestamp", "seq", "event", "process", "instance"];

fn line(teller: &mut Teller, event: &Value) -> Vec<u8> {
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let who = if text("instance").is_empty() { text("process") } else { text("instance") };
    let fields = event.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !HEAD.contains(&name.as_str()));
    let fields: Vec<_> = fields.map(|(name, value)| (name.as_str(), value.to_string())).collect();
    teller.tell((text("timestamp"), ""), who, text("event"), &fields)
}
