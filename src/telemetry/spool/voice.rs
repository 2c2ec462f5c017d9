//! What the spool says in the log: trouble with the disk once, until it works again. Owns the last error for status
//! readers.

use super::Note;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_core::otel::OtelSignal;
use std::sync::Arc;

pub(super) struct Voice {
    clock: Clock,
    log: Arc<dyn LogSink>,
    signal: OtelSignal,
    /// Whether the disk failed and has not worked since.
    trouble: bool,
    /// Why the disk failed last.
    pub(super) last_error: Option<String>,
}

impl Voice {
    pub(super) fn new(clock: Clock, log: Arc<dyn LogSink>, signal: OtelSignal) -> Self {
        Self { clock, log, signal, trouble: false, last_error: None }
    }

    pub(super) fn in_trouble(&self) -> bool {
        self.trouble
    }

    /// The disk cannot be used.
    pub(super) fn failed(&mut self, cause: String) {
        self.last_error = Some(cause.clone());
        if !std::mem::replace(&mut self.trouble, true) {
            self.say(
                Level::Warn,
                format!("{cause}; {} are kept in memory until it works", self.signal.items()),
            );
        }
    }

    /// Something was written.
    pub(super) fn works(&mut self) {
        if std::mem::take(&mut self.trouble) {
            self.say(Level::Info, "the spool directory can be written again".to_owned());
        }
    }

    pub(super) fn notes(&self, notes: Vec<Note>) {
        for Note { lost, message } in notes {
            let message = match lost {
                0 => message,
                lost => format!("{message} ({lost} {} are lost)", self.signal.items()),
            };
            self.say(Level::Warn, message);
        }
    }

    pub(super) fn say(&self, level: Level, message: String) {
        let at = self.clock.now();
        let message = message.into();
        self.log.log(LogRecord { at, level, message, process: None, instance: None, fields: Vec::new() });
    }
}
