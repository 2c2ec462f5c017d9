//! What was found in a configuration, and where. Owns findings and their order; renders nothing (see `cli::check`).
//! Filled by every step of `load`.

use super::tree::Place;
use std::path::PathBuf;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, and is probably not what was meant. `--strict` makes it an error.
    Warning,
    /// It could be better.
    Suggestion,
}

/// One fault or remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The YAML path, as `processes.web.restart`; empty for the file as a whole.
    pub path: String,
    /// Where it was written.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: Option<String>,
}

impl Finding {
    fn new(severity: Severity, path: &str, place: Place, message: impl Into<String>) -> Self {
        Self { severity, path: path.to_owned(), place, message: message.into(), advice: None }
    }

    pub(crate) fn error(path: &str, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, path, place, message)
    }

    pub(crate) fn warning(path: &str, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, path, place, message)
    }

    pub(crate) fn suggestion(path: &str, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Suggestion, path, place, message)
    }

    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// Findings in the making.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(crate) fn failed(&self) -> bool {
        self.0.iter().any(|f| f.severity == Severity::Error)
    }

    /// Errors first, then in the order of the file; what was said twice is said once.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        let at = |place: &Place| match place {
            Place::File { line, column } => (0, *line, *column),
            Place::Variable(_) => (1, 0, 0),
            Place::Nowhere => (2, 0, 0),
        };
        self.0.sort_by(|a, b| {
            (a.severity, at(&a.place), &a.path, &a.message).cmp(&(
                b.severity,
                at(&b.place),
                &b.path,
                &b.message,
            ))
        });
        self.0.dedup();
        self.0
    }
}

/// A key below a path.
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The facts that `check-config` shows of a configuration that could be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// `version` of the file.
    pub version: String,
    /// How many processes are enabled.
    pub process_count: usize,
    /// `global.log_level`.
    pub log_level: &'static str,
    /// `global.shutdown_timeout` in seconds.
    pub shutdown_timeout: u64,
    /// Where spans go, or `off`.
    pub tracing: String,
}

/// Everything that was found in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Its text, for excerpts.
    pub text: String,
    /// Errors first, then in the order of the file.
    pub findings: Vec<Finding>,
    /// The facts, when there is no error.
    pub summary: Option<Summary>,
}

impl Report {
    /// The findings of one kind.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.severity == severity)
    }

    /// Whether there is no error, and under `strict` no warning.
    #[must_use]
    pub fn passed(&self, strict: Strictness) -> bool {
        let limit = if strict == Strictness::Strict { Severity::Warning } else { Severity::Error };
        self.findings.iter().all(|f| f.severity > limit)
    }
}

/// Whether warnings fail a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Errors fail it.
    Usual,
    /// Warnings fail it too.
    Strict,
}
