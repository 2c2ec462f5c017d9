//! What happens, as server-sent events. Owns how an event looks here; keeps none.

use super::super::live::{More, Source, Written};
use super::super::refusal::Refusal;
use super::opening::{Begins, Opening};
use super::query;
use super::table::{Kind, Route};
use axum::response::Response;
use jiff::Timestamp;
use phpeek_actors::events::{Event, EventsFollowing, EventsFrom};
use phpeek_actors::feed::{Feed, Given};
use phpeek_actors::ports;
use phpeek_core::name::ProcessName;
use phpeek_settings::web::Role;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::SystemTime;
use std::vec::IntoIter;

/// The routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/events", Role::Read, stream)
            .streams("What happens, as it happens.")
            .with(&[
                ("process", Kind::Text, "of this one alone"),
                ("since", Kind::Text, "a time of RFC 3339, or how long ago, as 5m"),
                query::TAIL,
                query::AFTER,
                query::FOLLOW,
            ])
            .refuses(&[404]),
    ]
}

/// An event as it is shown.
#[derive(Serialize)]
struct Shown<'a> {
    timestamp: String,
    seq: u64,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

fn shown(event: &Event) -> Shown<'_> {
    let at = Timestamp::try_from(event.at).unwrap_or(Timestamp::UNIX_EPOCH);
    let instance = event.process.as_ref().zip(event.number);
    Shown {
        timestamp: format!("{at:.3}"),
        seq: event.id,
        event: event.kind,
        process: event.process.as_ref().map(ProcessName::as_str),
        instance: instance.map(|(process, number)| process.instance_id(number)),
        fields: event.fields.iter().map(|(name, value)| ((*name).to_owned(), json_of(value))).collect(),
    }
}

fn json_of(value: &ports::Value) -> Value {
    match value {
        ports::Value::Text(text) => Value::from(text.as_ref()),
        ports::Value::Hook(name) => Value::from(name.as_ref()),
        ports::Value::Int(number) => Value::from(*number),
        ports::Value::Bool(truth) => Value::from(*truth),
    }
}

async fn stream(opening: Opening) -> Result<Response, Refusal> {
    let Opening { shared, wanted, from, ends } = opening;
    let from = match from {
        Begins::Newest(most) => EventsFrom::Newest(most),
        Begins::After(number) => EventsFrom::After(number),
    };
    shared.places.stream(|| {
        let EventsFollowing { kept, lost, gap, comes } = shared.events.follow(from);
        let (process, since) = (wanted.process, wanted.since);
        Events { kept: kept.into_iter(), lost, gap, comes, process, since, ends }
    })
}

/// Events on their way to one reader.
struct Events {
    kept: IntoIter<Arc<Event>>,
    lost: u64,
    /// Whether the reader comes from another supervisor.
    gap: bool,
    comes: Feed<Arc<Event>>,
    /// Those of this process alone.
    process: Option<ProcessName>,
    /// And from this time on.
    since: Option<SystemTime>,
    /// Whether nothing comes after what is kept.
    ends: bool,
}

impl Source for Events {
    fn write(&mut self, out: &mut Written) -> More {
        if std::mem::take(&mut self.gap) {
            out.gap();
        }
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            out.lost(lost, false);
        }
        while !out.is_full() {
            let event = match self.kept.next() {
                Some(event) => event,
                None if self.ends => return More::Never,
                None => match self.comes.try_next() {
                    Some(Given::Item(event)) => event,
                    Some(Given::Lost(count)) => {
                        out.lost(count, false);
                        continue;
                    }
                    None => break,
                },
            };
            let of = self.process.as_ref().is_none_or(|process| event.process.as_ref() == Some(process));
            if of && self.since.is_none_or(|since| event.at >= since) {
                let area = event.kind.split('.').next().unwrap_or(event.kind);
                out.event(area, event.id, &shown(&event));
            }
        }
        More::MayCome
    }

    async fn wait(&mut self) -> More {
        if self.comes.ready().await { More::MayCome } else { More::Never }
    }
}
