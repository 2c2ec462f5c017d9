//! What was found in a configuration, and where. Owns findings and their order; renders nothing (see `cli::check`).
//! Filled by every step of `load`.

use super::secret;
use super::tree::Place;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
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
    /// Whether it is a key that nobody knows: a file may have it, who asks by hand may not.
    pub unknown_key: bool,
}

impl Finding {
    fn new(severity: Severity, path: impl fmt::Display, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity,
            path: path.to_string(),
            place,
            message: message.into(),
            advice: None,
            unknown_key: false,
        }
    }

    pub(crate) fn error(path: impl fmt::Display, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, path, place, message)
    }

    pub(crate) fn warning(path: impl fmt::Display, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, path, place, message)
    }

    pub(crate) fn suggestion(path: impl fmt::Display, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Suggestion, path, place, message)
    }

    pub(crate) fn of_unknown_key(self) -> Self {
        Self { unknown_key: true, ..self }
    }

    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// Most findings of one severity that are kept; the others are counted. Nobody reads more, and each costs a look at the
/// file.
const MOST: usize = 200;

/// Findings in the making.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Finding>,
    /// How many there were of each severity.
    counts: [usize; 3],
    /// Where an error was found before anybody asked what the values mean.
    settled: Vec<(String, Place)>,
}

impl Findings {
    /// A value that has an error now means nothing: what is found of it from here on is the same mistake.
    pub(crate) fn settle(&mut self) {
        let errors = self.kept.iter().filter(|finding| finding.severity == Severity::Error);
        self.settled = errors.map(|error| (error.path.clone(), error.place.clone())).collect();
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        let same = |(path, place): &(String, Place)| *path == finding.path && *place == finding.place;
        if self.settled.iter().any(same) {
            return;
        }
        let full = self.full(finding.severity);
        if let Some(count) = self.counts.get_mut(finding.severity as usize) {
            *count += 1;
        }
        if !full {
            self.kept.push(finding);
        }
    }

    /// How many there are that somebody may read.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Those from this one on were found below a step that only their finder's caller knows: it begins their paths.
    pub(crate) fn below(&mut self, from: usize, step: impl Fn() -> String) {
        for finding in self.kept.iter_mut().skip(from) {
            let dot = if finding.path.is_empty() || finding.path.starts_with('[') { "" } else { "." };
            finding.path = format!("{}{dot}{}", step(), finding.path);
        }
    }

    pub(crate) fn failed(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Whether an error was told of this value.
    pub(crate) fn has_error(&self, path: &Path<'_>, place: &Place) -> bool {
        let path = path.to_string();
        let same = |finding: &Finding| finding.severity == Severity::Error && finding.place == *place;
        self.kept.iter().any(|finding| same(finding) && finding.path == path)
    }

    /// Those of another step, behind these.
    pub(crate) fn append(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.kept.extend(other.kept);
    }

    fn count(&self, severity: Severity) -> usize {
        self.counts.get(severity as usize).copied().unwrap_or(0)
    }

    /// Whether one more of this kind would only be counted: then nobody needs to look for an advice.
    pub(crate) fn full(&self, severity: Severity) -> bool {
        self.count(severity) >= MOST
    }

    /// Errors first, then in the order of the file; what was said twice is said once.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        let at = |place: &Place| match place {
            Place::File { file, line, column } => (0, *file, *line, *column),
            Place::Variable(_) => (1, 0, 0, 0),
            Place::Nowhere => (2, 0, 0, 0),
        };
        for severity in [Severity::Error, Severity::Warning, Severity::Suggestion] {
            let more = self.count(severity).saturating_sub(MOST);
            if more > 0 {
                let message = format!("and {more} more like the ones that are shown");
                self.kept.push(Finding::new(severity, "", Place::Nowhere, message));
            }
        }
        // What is empty because a variable is not set was told as the error that it is.
        let errors: Vec<(String, Place)> = self
            .kept
            .iter()
            .filter(|f| f.severity == Severity::Error)
            .map(|f| (f.path.clone(), f.place.clone()))
            .collect();
        let told = |f: &Finding| errors.iter().any(|(path, place)| *path == f.path && *place == f.place);
        self.kept.retain(|f| f.severity != Severity::Warning || f.path.is_empty() || !told(f));
        self.kept.sort_by(|a, b| {
            (a.severity, at(&a.place), &a.path, &a.message).cmp(&(
                b.severity,
                at(&b.place),
                &b.path,
                &b.message,
            ))
        });
        self.kept.dedup();
        self.kept
    }
}

/// A YAML path as a chain on the stack: it becomes a text only when there is something to say about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The file as a whole.
    pub(crate) const ROOT: Path<'static> = Path { parent: None, step: Step::Root };
    /// Where processes are.
    pub(crate) const PROCESSES: Path<'static> = Path { parent: None, step: Step::Key("processes") };

    /// A key below this path.
    pub(crate) fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(key) }
    }

    /// This path for any process, and any item of a list: `processes.*.scale`.
    pub(crate) fn of_any(&self) -> String {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(path) = at {
            match path.step {
                Step::Root => {}
                Step::Key(key) => steps.push(key),
                Step::Index(_) => steps.push("*"),
            }
            at = path.parent;
        }
        steps.reverse();
        if let [first, name, ..] = steps.as_mut_slice()
            && *first == "processes"
        {
            *name = "*";
        }
        steps.join(".")
    }

    /// An item below this path.
    pub(crate) fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if matches!(self.step, Step::Key(_)) && !matches!(parent.step, Step::Root) {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) => f.write_str(key),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
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
    /// How PHP-FPM is set up, if it is.
    pub php_fpm_profile: Option<&'static str>,
}

/// A file that a configuration includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    /// Where it is.
    pub path: PathBuf,
    /// Its text, for excerpts.
    pub text: String,
}

/// Everything that was found in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Its text, for excerpts.
    pub text: String,
    /// The files that it includes, in their order.
    pub included: Vec<Included>,
    /// Errors first, then in the order of the file.
    pub findings: Vec<Finding>,
    /// The facts, when there is no error.
    pub summary: Option<Summary>,
    /// Whether this machine was looked at.
    pub host_seen: bool,
}

/// What may be shown of the line that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excerpt<'a> {
    /// The line as it was written.
    Shown(&'a str),
    /// There is one, and it may hold a secret: the report may end in a log.
    Hidden,
    /// The finding is about no line of the file.
    Nothing,
}

/// What was read, to be known again: a fingerprint of the texts of all files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Read(u64);

impl Read {
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut hasher = DefaultHasher::new();
        texts.for_each(|text| text.hash(&mut hasher));
        Self(hasher.finish())
    }

    /// Of a single file with this text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self::of(std::iter::once(text))
    }
}

impl Report {
    /// What was read.
    #[must_use]
    pub fn read(&self) -> Read {
        Read::of(self.texts())
    }

    /// The path of a file that a place names.
    #[must_use]
    pub fn path_of(&self, file: usize) -> Option<&std::path::Path> {
        match file.checked_sub(1) {
            None => self.file.as_deref(),
            Some(included) => self.included.get(included).map(|i| i.path.as_path()),
        }
    }

    /// The texts of all files.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.text.as_str()).chain(self.included.iter().map(|i| i.text.as_str()))
    }

    fn text_of(&self, file: usize) -> &str {
        match file.checked_sub(1) {
            None => &self.text,
            Some(included) => self.included.get(included).map_or("", |i| &i.text),
        }
    }

    /// The line that a finding is about.
    #[must_use]
    pub fn excerpt(&self, finding: &Finding) -> Excerpt<'_> {
        let Place::File { file, line, .. } = finding.place else { return Excerpt::Nothing };
        let text = self.text_of(file);
        match text.lines().nth(line.saturating_sub(1)) {
            None => Excerpt::Nothing,
            Some(_) if secret::in_path(&finding.path) || secret::near_line(text, line) => Excerpt::Hidden,
            Some(text) => Excerpt::Shown(text),
        }
    }

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
