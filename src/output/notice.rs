//! What was lost since it was last said, and the one record that says it. Bounded by the number of processes. Never
//! decides what is lost. Called by the sink under its lock.

use phpeek_actors::ports::{Level, LogRecord};
use phpeek_core::name::ProcessName;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Losses that nobody was told of yet.
#[derive(Debug, Default)]
pub(super) struct Losses {
    lines: BTreeMap<ProcessName, u64>,
    records: u64,
}

impl Losses {
    pub(super) fn lines(&mut self, process: &ProcessName, count: u64) {
        match self.lines.get_mut(process) {
            Some(sum) => *sum += count,
            None => drop(self.lines.insert(process.clone(), count)),
        }
    }

    pub(super) fn record(&mut self) {
        self.records += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records == 0 && self.lines.is_empty()
    }

    /// Says it and forgets it.
    pub(super) fn take(&mut self) -> LogRecord {
        let lost = std::mem::take(self);
        let mut processes = String::new();
        for (process, count) in &lost.lines {
            let comma = if processes.is_empty() { "" } else { "," };
            write!(processes, "{comma}{process}={count}").ok(); // a String takes everything
        }
        let lines: u64 = lost.lines.values().sum();
        LogRecord {
            at: Duration::ZERO,
            level: Level::Warn,
            message: "output was lost: standard output took it too slowly".into(),
            process: None,
            instance: None,
            fields: vec![
                ("lost_lines", i64::try_from(lines).unwrap_or(i64::MAX).into()),
                ("lost_by_process", processes.into()),
                ("lost_records", i64::try_from(lost.records).unwrap_or(i64::MAX).into()),
            ],
        }
    }
}
