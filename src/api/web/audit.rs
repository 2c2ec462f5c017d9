//! Records for an audit: who asked for what, and what came of it. Owns their form; a flood of one kind is counted and
//! not written. Never holds a secret: a token is no actor, and no body is repeated.

use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink, Value};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Records of one kind within [`WINDOW`] that nobody has to be authenticated to cause.
const MOST: u32 = 20;
const WINDOW: Duration = Duration::from_secs(10);

/// What happened.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Its kind, as `auth.failure`.
    pub kind: &'static str,
    /// Who: an address, a user, `system`.
    pub actor: &'a str,
    /// What he may, where he has shown a token for it.
    pub role: Option<&'static str>,
    /// What was done or wished.
    pub action: &'a str,
    /// To what.
    pub resource: &'a str,
    /// `success`, `failure` or `denied`.
    pub status: &'static str,
    /// In words.
    pub message: &'a str,
}

/// Where records for an audit go.
#[derive(Clone)]
pub struct Audit {
    log: Arc<dyn LogSink>,
    clock: Clock,
    floods: Arc<Mutex<HashMap<&'static str, Flood>>>,
}

struct Flood {
    since: Instant,
    told: u32,
    untold: i64,
}

impl Audit {
    /// Records in this log.
    #[must_use]
    pub fn new(log: Arc<dyn LogSink>, clock: Clock) -> Self {
        Self { log, clock, floods: Arc::default() }
    }

    /// Tells what happened.
    pub fn tell(&self, event: &Event<'_>) {
        self.write(event, 0);
    }

    /// Tells what anybody can cause as often as he likes.
    pub(super) fn tell_calmly(&self, event: &Event<'_>) {
        let now = Instant::now();
        let untold = {
            let mut floods = self.floods.lock().unwrap_or_else(PoisonError::into_inner);
            let flood = floods.entry(event.kind).or_insert(Flood { since: now, told: 0, untold: 0 });
            if now.saturating_duration_since(flood.since) >= WINDOW {
                (flood.since, flood.told) = (now, 0);
            }
            if flood.told >= MOST {
                flood.untold += 1;
                return;
            }
            flood.told += 1;
            std::mem::take(&mut flood.untold)
        };
        self.write(event, untold);
    }

    fn write(&self, event: &Event<'_>, untold: i64) {
        let level = if event.status == "success" { Level::Info } else { Level::Warn };
        let text = |text: &str| Value::from(text.to_owned());
        let mut fields = vec![
            ("event_type", Value::from(event.kind)),
            ("actor", text(event.actor)),
            ("action", text(event.action)),
            ("resource", text(event.resource)),
            ("status", Value::from(event.status)),
            ("message", text(event.message)),
        ];
        if let Some(role) = event.role {
            fields.push(("role", Value::from(role)));
        }
        fields.push(("event_json", Value::from(whole(&fields))));
        if untold > 0 {
            fields.push(("untold", Value::from(untold)));
        }
        let (process, instance) = (None, None);
        let message = "audit_event".into();
        self.log.log(LogRecord { at: self.clock.now(), level, message, process, instance, fields });
    }
}

/// All of them as one text of JSON, for a collector that passes whole events on.
fn whole(fields: &[(&'static str, Value)]) -> String {
    let texts = fields.iter().filter_map(|(name, value)| match value {
        Value::Text(text) => Some(((*name).to_owned(), Json::from(text.as_ref()))),
        Value::Int(_) | Value::Bool(_) | Value::Hook(_) => None,
    });
    Json::Object(texts.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use phpeek_actors::testkit::RecordingLog;
    use std::time::SystemTime;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_counted_and_not_written() {
        let log = Arc::new(RecordingLog::default());
        let audit = Audit::new(log.clone(), Clock::starting_at(SystemTime::UNIX_EPOCH));
        let event = |kind| Event {
            kind,
            actor: "10.0.0.1",
            role: None,
            action: "GET",
            resource: "/",
            status: "denied",
            message: "no token",
        };
        for _ in 0..50 {
            audit.tell_calmly(&event("auth.failure"));
        }
        assert_eq!(log.records().len(), 20);
        audit.tell_calmly(&event("acl.deny"));
        assert_eq!(log.records().len(), 21, "another kind has its own room");
        tokio::time::advance(WINDOW).await;
        audit.tell_calmly(&event("auth.failure"));
        let records = log.records();
        let untold = records.last().and_then(|record| record.fields.last().cloned());
        assert_eq!(untold, Some(("untold", Value::Int(30))));
        let whole =
            records.last().and_then(|r| r.fields.iter().find(|(name, _)| *name == "event_json").cloned());
        let wanted = r#"{"action":"GET","actor":"10.0.0.1","event_type":"auth.failure","message":"no token","resource":"/","status":"denied"}"#;
        assert_eq!(whole, Some(("event_json", Value::from(wanted.to_owned()))));
        for _ in 0..50 {
            audit.tell(&event("process.start"));
        }
        assert_eq!(log.records().len(), 72, "what only we can cause is always written");
    }
}
