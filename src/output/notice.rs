//! What was lost since it was last said, and the one record that says it. Bounded by the number of processes. Never
//! decides what is lost.

use phpeek_actors::ports::{Level, LogRecord};
use phpeek_core::name::ProcessName;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Losses that nobody was told of yet.
#[derive(Debug, Default)]
pub(super) struct Losses {
    lines: BTreeMap<ProcessName, u64>,
    refused: u64,
    records: u64,
    panics: u64,
    /// Lines of no process in particular.
    panicked: u64,
}

impl Losses {
    /// Lines that found the queue full.
    pub(super) fn lines(&mut self, process: &ProcessName, count: u64) {
        match self.lines.get_mut(process) {
            Some(sum) => *sum += count,
            None => drop(self.lines.insert(process.clone(), count)),
        }
    }

    /// Lines that standard output refused. They were queued together, so no process can be named.
    pub(super) fn refused(&mut self, count: u64) {
        self.refused += count;
    }

    /// A part of the output has panicked, over lines of this process if that is known.
    pub(super) fn panicked(&mut self, process: Option<&ProcessName>, count: u64) {
        self.panics += 1;
        match process {
            Some(process) if count > 0 => self.lines(process, count),
            _ => self.panicked += count,
        }
    }

    pub(super) fn records(&mut self, count: u64) {
        self.records += count;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records == 0 && self.refused == 0 && self.panics == 0 && self.lines.is_empty()
    }

    /// Says it and forgets it.
    pub(super) fn take(&mut self) -> LogRecord {
        let lost = std::mem::take(self);
        let mut processes = String::new();
        for (process, count) in &lost.lines {
            let comma = if processes.is_empty() { "" } else { "," };
            write!(processes, "{comma}{process}={count}").ok(); // a String takes everything
        }
        let slow: u64 = lost.lines.values().sum();
        let message = match (slow, lost.refused) {
            _ if lost.panics > 0 => {
                "a part of the output has panicked and goes on: what it had in hand was lost"
            }
            (0, 1..) => "output was lost: standard output refused it",
            (1.., 1..) => "output was lost: standard output took it too slowly, and refused some of it",
            (_, 0) => "output was lost: standard output took it too slowly",
        };
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut fields = vec![
            ("lost_lines", count(slow + lost.refused + lost.panicked).into()),
            ("lost_by_process", processes.into()),
            ("lost_records", count(lost.records).into()),
        ];
        if lost.refused > 0 {
            fields.push(("refused_lines", count(lost.refused).into()));
        }
        if lost.panics > 0 {
            fields.push(("panics", count(lost.panics).into()));
        }
        LogRecord {
            at: Duration::ZERO,
            level: if lost.panics > 0 { Level::Error } else { Level::Warn },
            message: message.into(),
            process: None,
            instance: None,
            fields,
        }
    }
}
