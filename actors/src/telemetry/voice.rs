//! What the `TelemetryActor` says of the receiver: to status readers each time, to the log once for each change. Owns
//! the cleaning of what others have said.

use super::actor::TelemetryActor;
use super::health::{LastError, ReceiverState};
use super::words::words;
use crate::ports::{Level, LogRecord, Value};
use phpeek_core::otel::OtelSignal;
use std::borrow::Cow;

/// Characters of a cause: with several receivers it holds the words of each.
const MOST: usize = 600;

impl TelemetryActor {
    /// Says a change of the receiver's state, once; keeps the last cause for whoever asks.
    pub(super) fn say(&mut self, state: ReceiverState, cause: &str) {
        let target = self.in_exporter(|exporter| exporter.target());
        let (at, cause) = (self.clock.now(), words(cause, MOST));
        self.queue.note_health(|health| {
            health.state = state;
            health.target = target;
            if state == ReceiverState::Good {
                health.last_export = Some(at);
            }
            if !cause.is_empty() {
                health.last_error = Some(LastError { at, cause: cause.clone() });
            }
        });
        if self.receiver == state {
            return;
        }
        self.receiver = state;
        let items = self.signal.items();
        let (level, message) = match state {
            ReceiverState::Good => (Level::Info, format!("{items} are exported again")),
            ReceiverState::Failing => {
                (Level::Warn, format!("{items} cannot be exported; they are kept and sent again"))
            }
            ReceiverState::Refusing => (Level::Warn, format!("the receiver refuses {items}; they are lost")),
            ReceiverState::Dead => (Level::Error, format!("{items} are exported no more")),
        };
        self.record(level, message, &cause);
    }

    /// Says something with the account of every span.
    pub(super) fn record(&self, level: Level, message: impl Into<Cow<'static, str>>, cause: &str) {
        let stats = self.queue.stats();
        let count = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let [exported, failed, dropped, pending] = match self.signal {
            OtelSignal::Traces => ["spans_exported", "spans_failed", "spans_dropped", "spans_pending"],
            OtelSignal::Logs => ["logs_exported", "logs_failed", "logs_dropped", "logs_pending"],
            OtelSignal::Metrics => {
                ["metrics_exported", "metrics_failed", "metrics_dropped", "metrics_pending"]
            }
        };
        let mut fields = vec![
            (exported, count(stats.exported)),
            (failed, count(stats.failed)),
            (dropped, count(stats.lost_all())),
            (pending, count(stats.pending)),
        ];
        if !cause.is_empty() {
            fields.insert(0, ("cause", words(cause, MOST).into()));
        }
        let at = self.clock.now();
        let message = message.into();
        self.log.log(LogRecord { at, level, message, process: None, instance: None, fields });
    }
}
