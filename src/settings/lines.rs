//! What becomes of the output of a process on its way to the log. Values; looks at no line. Every expression takes a time
//! that is linear in the line.

use phpeek_core::level::Level;
use phpeek_core::name::ProcessName;
use regex::Regex;
use std::collections::HashMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The rules of each process that has any.
pub type ProcessLines = HashMap<ProcessName, Arc<LineRules>>;

/// How the output of a process is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineFormat {
    /// A record for each line.
    #[default]
    Record,
    /// Its bytes, as they are, to the supervisor's own stream of the same name.
    Raw,
}

/// Whose way to write lines is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// PHP-FPM: what a worker said is taken out of its line.
    PhpFpm,
    /// The error log of nginx: what an application said by FastCGI is taken out of its line.
    Nginx,
}

impl Preset {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 2] = [("php-fpm", Self::PhpFpm), ("nginx", Self::Nginx)];
}

/// An expression; the same as another when both are written alike.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl From<Regex> for Pattern {
    fn from(regex: Regex) -> Self {
        Self(regex)
    }
}

impl Deref for Pattern {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        &self.0
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

/// What becomes of the output of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRules {
    /// How it is written. Of raw output nothing else holds.
    pub format: LineFormat,
    /// Lines below are dropped.
    pub min_level: Level,
    /// What is hidden, in the log and in last words, one after the other.
    pub redactions: Vec<Redaction>,
    /// Lines that belong together.
    pub multiline: Option<Multiline>,
    /// Whose lines they are, if it wraps those of others.
    pub preset: Option<Preset>,
    /// Lines that are JSON.
    pub json: Option<JsonLines>,
    /// Levels by patterns.
    pub levels: Option<LevelPatterns>,
    /// Lines that are dropped.
    pub filters: Filters,
    /// Fields of each record.
    pub labels: Vec<(String, String)>,
    /// What is looked for in its lines as they were written, whatever becomes of them.
    pub searches: Vec<Search>,
    /// Files that are followed as its output, by rules of their own.
    pub files: Vec<LogFile>,
}

/// A file that a program writes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// What it is called: the instance of its records.
    pub name: Arc<str>,
    /// Where it is; something else may have the name at any time.
    pub path: PathBuf,
    /// When it is rotated; `None`: who writes it does that, or nobody.
    pub rotate: Option<Rotate>,
    /// What becomes of its lines.
    pub rules: Arc<LineRules>,
}

/// When a file is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotate {
    /// As soon as it has so many bytes.
    pub max_size: Option<u64>,
    /// As soon as it is so old.
    pub max_age: Option<Duration>,
    /// So many rotated ones are kept.
    pub max_files: u32,
}

/// A line that says something of the health of whoever writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// For which of its checks.
    pub check: usize,
    /// What such a line matches.
    pub pattern: Pattern,
    /// In which streams: standard output, standard error.
    pub streams: [bool; 2],
}

impl Default for LineRules {
    fn default() -> Self {
        Self {
            format: LineFormat::Record,
            min_level: Level::Info,
            redactions: Vec::new(),
            multiline: None,
            preset: None,
            json: None,
            levels: None,
            filters: Filters::default(),
            labels: Vec::new(),
            searches: Vec::new(),
            files: Vec::new(),
        }
    }
}

impl LineRules {
    /// Whether lines go to the log as if there were none: all are of level info then.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let shown = self.min_level <= Level::Info && self.filters.is_none();
        let as_they_are = self.redactions.is_empty() && self.multiline.is_none() && self.labels.is_empty();
        self.format == LineFormat::Record
            && shown
            && as_they_are
            && self.preset.is_none()
            && self.json.is_none()
            && self.levels.is_none()
    }
}

/// A pattern, and what stands for its matches (`$1` is a group).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// What is looked for.
    pub pattern: Pattern,
    /// What takes its place.
    pub replacement: String,
}

/// Which lines make one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multiline {
    /// What a first line matches.
    pub first: Pattern,
    /// Most lines of a record.
    pub max_lines: usize,
    /// A record ends after so long without a line.
    pub timeout: Duration,
}

/// What is taken out of lines that are JSON objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLines {
    /// Where the level is; `None`: it is not looked for.
    pub level: Option<String>,
    /// Where the message is, the first that is there; none: the line stays the message.
    pub message: Vec<String>,
    /// Whether the other fields become those of the record.
    pub merge: bool,
}

/// Levels of lines that state none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelPatterns {
    /// The first that matches decides.
    pub patterns: Vec<(Level, Pattern)>,
    /// Of lines that none matches.
    pub default: Level,
}

/// Which lines are dropped: those that an `exclude` matches; and, where there is an `include`, those that none matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Stronger than `include`.
    pub exclude: Vec<Pattern>,
    /// The only ones that are kept.
    pub include: Vec<Pattern>,
}

impl Filters {
    /// Whether nothing is dropped.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.exclude.is_empty() && self.include.is_empty()
    }

    /// Whether this text is kept.
    #[must_use]
    pub fn keep(&self, text: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.is_match(text));
        !any(&self.exclude) && (self.include.is_empty() || any(&self.include))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn rules_are_the_same_when_they_say_the_same() {
        let pattern = |text: &str| Pattern::from(Regex::new(text).expect("an expression"));
        let rules = |text: &str, label: &str| LineRules {
            filters: Filters { exclude: vec![pattern(text)], include: Vec::new() },
            labels: vec![("team".to_owned(), label.to_owned())],
            ..LineRules::default()
        };
        assert_eq!(rules("a+", "x"), rules("a+", "x"));
        assert_ne!(rules("a+", "x"), rules("a*", "x"));
        assert_ne!(rules("a+", "x"), rules("a+", "y"));
    }
}
