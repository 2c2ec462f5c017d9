//! Results: their JSON form and their tables. Pure but for the two functions that read and write a file.

use crate::accounting::Account;
use crate::figures::{FIGURES, Figures, medians};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The version of the JSON form; a file of another one is refused.
const FORMAT: u32 = 1;

/// All that a harness run gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The version of this form.
    pub(crate) format: u32,
    /// The supervisor under test.
    pub(crate) binary: String,
    /// What it says with `version`, if it says anything.
    pub(crate) version: String,
    /// Processors of the machine.
    pub(crate) processors: usize,
    /// Seconds since 1970.
    pub(crate) at: u64,
    /// One for each setting.
    pub(crate) cells: Vec<Cell>,
}

/// One setting with all its runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// The setting in one line.
    pub(crate) label: String,
    /// The label of the cell with tracing off that this one is set against.
    pub(crate) baseline: Option<String>,
    /// Medians over the runs.
    pub(crate) median: Figures,
    /// Each run.
    pub(crate) runs: Vec<Run>,
}

/// One run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Why it failed, if it did; what was measured until then is there.
    pub(crate) error: Option<String>,
    /// What was measured.
    pub(crate) figures: Figures,
    /// Spans by name, expected and received.
    pub(crate) accounts: BTreeMap<String, Account>,
    /// Milliseconds from the exec until each worker was up, in order, at most 200 of them.
    pub(crate) up_ms: Vec<f64>,
    /// Restart latencies: (percentile, µs).
    pub(crate) restart_percentiles: Vec<(f64, f64)>,
}

impl Cell {
    /// Puts runs of one setting together.
    pub(crate) fn of(label: String, baseline: Option<String>, runs: Vec<Run>) -> Self {
        let good: Vec<&Figures> = runs.iter().filter(|r| r.error.is_none()).map(|r| &r.figures).collect();
        Self { label, baseline, median: medians(&good), runs }
    }

    /// How many runs failed.
    pub(crate) fn failures(&self) -> usize {
        self.runs.iter().filter(|run| run.error.is_some()).count()
    }
}

impl Report {
    /// A report with no cells yet.
    pub(crate) fn new(binary: String, version: String) -> Self {
        let at = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { format: FORMAT, binary, version, processors, at, cells: Vec::new() }
    }

    /// Reads a report that was written before.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text =
            std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let report: Self =
            serde_json::from_str(&text).map_err(|e| format!("{} is not a report: {e}", path.display()))?;
        if report.format != FORMAT {
            return Err(format!(
                "{} has format {}, this harness reads {FORMAT}",
                path.display(),
                report.format
            ));
        }
        Ok(report)
    }

    /// Writes it.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let text =
            serde_json::to_string_pretty(self).map_err(|e| format!("cannot encode the report: {e}"))?;
        std::fs::write(path, text + "\n").map_err(|e| format!("cannot write {}: {e}", path.display()))
    }

    /// All tables.
    pub(crate) fn tables(&self) -> String {
        let mut text = format!("{} ({}), {} processors\n", self.binary, self.version, self.processors);
        for cell in &self.cells {
            text.push_str(&self.table(cell));
        }
        text
    }

    fn table(&self, cell: &Cell) -> String {
        let failures = cell.failures();
        let mut text = format!("\n{}  ({} runs, {failures} failed)\n", cell.label, cell.runs.len());
        let baseline = self.cells.iter().find(|other| Some(&other.label) == cell.baseline.as_ref());
        for figure in FIGURES {
            let Some(value) = cell.median.get(figure.key) else { continue };
            let base = baseline.and_then(|b| b.median.get(figure.key)).filter(|base| *base > 0.0);
            let ratio = base.map(|base| format!("  {:.2} of tracing off", value / base)).unwrap_or_default();
            text.push_str(&format!("  {:<24}{:>12}{ratio}\n", figure.title, number(value)));
        }
        for error in cell.runs.iter().filter_map(|run| run.error.as_ref()) {
            text.push_str(&format!("  FAILED: {error}\n"));
        }
        if let Some(run) = cell.runs.iter().rev().find(|run| !run.accounts.is_empty()) {
            text.push_str("  spans of the last run           expected    received   difference\n");
            for (name, account) in &run.accounts {
                let Account { at_least, at_most, received } = account;
                if *at_most == 0 && *received == 0 {
                    continue;
                }
                let range =
                    if at_least == at_most { at_most.to_string() } else { format!("{at_least}..{at_most}") };
                let difference = account.difference();
                text.push_str(&format!("    {name:<30}{range:>12}{received:>12}{difference:>+12}\n"));
            }
        }
        text
    }
}

/// A figure with as many digits as are of use.
pub(crate) fn number(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
