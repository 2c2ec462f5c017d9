//! What a store says: trouble with the disk, once and until it is over, and the report for status readers. Called by the
//! store.

use super::super::Note;
use super::super::report::{SpoolReport, SpoolState};
use super::{Home, RETRY, Spool};
use phpeek_actors::ports::{Level, LogRecord};
use phpeek_actors::telemetry::SpanStore as _;
use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::SystemTime;

impl Spool {
    pub(super) fn disk_failed(&mut self, error: &io::Error) {
        let now = self.parts.clock.now();
        let mut folder = PathBuf::new();
        if let Home::Open { disk, not_before } = &mut self.home {
            *not_before = now.saturating_add(RETRY);
            folder.clone_from(disk.folder());
        }
        self.failed(format!("the spool directory {} cannot be written: {error}", folder.display()));
    }

    /// Says a failure of the disk once, until it works again.
    pub(super) fn failed(&mut self, cause: String) {
        self.last_error = Some(cause.clone());
        if self.trouble.replace(cause.clone()).is_none() {
            self.say(Level::Warn, format!("{cause}; spans are kept in memory until it can"));
        }
    }

    pub(super) fn recovered_from_trouble(&mut self) {
        if self.disk().is_some() && self.trouble.take().is_some() {
            self.say(Level::Info, "the spool directory can be written again".to_owned());
        }
    }

    pub(super) fn say_notes(&self, notes: Vec<Note>) {
        for Note { lost, message } in notes {
            let message = match lost {
                0 => message,
                lost => format!("{message} ({lost} spans are lost)"),
            };
            self.say(Level::Warn, message);
        }
    }

    pub(super) fn say(&self, level: Level, message: String) {
        let at = self.parts.clock.now();
        let message = message.into();
        self.parts.log.log(LogRecord {
            at,
            level,
            message,
            process: None,
            instance: None,
            fields: Vec::new(),
        });
    }

    /// Says what the disk has met, and shows how things are.
    pub(super) fn report(&mut self) {
        let (_, wall) = self.now();
        let since = |at: SystemTime| wall.duration_since(at).unwrap_or_default();
        let waiting = self.waiting();
        let mut notes = Vec::new();
        let mut report = SpoolReport {
            bytes: self.memory.bytes(),
            spans: waiting,
            oldest_seconds: self.memory.oldest().map(|at| since(at).as_secs()),
            last_error: self.last_error.clone(),
            ..SpoolReport::default()
        };
        match &mut self.home {
            Home::None => {}
            Home::Closed { folder, .. } => {
                report.state = SpoolState::Degraded;
                report.directory = Some(folder.display().to_string());
            }
            Home::Open { disk, .. } => {
                notes = disk.take_notes();
                report.state = if self.trouble.is_some() { SpoolState::Degraded } else { SpoolState::Disk };
                report.directory = Some(disk.folder().display().to_string());
                report.segments = disk.segments();
                report.bytes += disk.bytes();
                report.oldest_seconds = disk.oldest(wall).map(|d| d.as_secs()).or(report.oldest_seconds);
            }
        }
        *self.parts.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
        self.say_notes(notes);
    }
}
