//! Compares two reports, cell by cell and figure by figure. Pure. A main figure that is worse beyond the threshold,
//! or that the new report no longer has, is a failure; nothing falls open.

use crate::figures::{FIGURES, Weight, worsening};
use crate::report::{Cell, Report, number};

/// What a comparison finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// The table.
    pub(crate) table: String,
    /// What fails, one line each.
    pub(crate) failures: Vec<String>,
}

/// Sets `new` against `old`.
pub(crate) fn compare(old: &Report, new: &Report, threshold: f64) -> Comparison {
    let mut result = Comparison {
        table: format!("A: {} ({})\nB: {} ({})\n", old.binary, old.version, new.binary, new.version),
        failures: Vec::new(),
    };
    if old.cells.is_empty() {
        result.failures.push("A holds no setting at all".to_owned());
    }
    for before in &old.cells {
        match new.cells.iter().find(|cell| cell.label == before.label) {
            Some(after) => compare_cells(before, after, threshold, &mut result),
            None => result.failures.push(format!("{}: not in B", before.label)),
        }
    }
    result
}

fn compare_cells(before: &Cell, after: &Cell, threshold: f64, result: &mut Comparison) {
    let label = &before.label;
    result.table.push_str(&format!("\n{label:<36}{:>12}{:>12}{:>8}\n", "A", "B", "B / A"));
    if after.failures() > before.failures() {
        result.failures.push(format!("{label}: {} runs of B failed", after.failures()));
    }
    for figure in FIGURES {
        let Some(old) = before.median.get(figure.key) else { continue };
        let Some(new) = after.median.get(figure.key) else {
            if figure.weight == Weight::Main {
                result.failures.push(format!("{label}: B has no {}", figure.title));
            }
            continue;
        };
        let ratio = if old == 0.0 { "-".to_owned() } else { format!("{:.2}", new / old) };
        let worse = worsening(figure, old, new);
        let failed = figure.weight == Weight::Main && worse > threshold;
        let mark = if failed { "  WORSE" } else { "" };
        let line = format!("  {:<34}{:>12}{:>12}{ratio:>8}{mark}\n", figure.title, number(old), number(new));
        result.table.push_str(&line);
        if failed {
            let allowed = number(threshold);
            result.failures.push(format!(
                "{label}: {} went from {} to {}, beyond {allowed}",
                figure.title,
                number(old),
                number(new)
            ));
        }
    }
}
