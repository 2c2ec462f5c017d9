//! `logging` of each process to the rules that its lines follow. Owns what the keys mean together; never looks at a line.

use super::block::Block;
use super::expressions::Expressions;
use super::health;
use super::keys::{JSON, LEVELS, LOG_FILE, LOGGING, MULTILINE, PATTERN, ROTATE};
use super::names::truth;
use super::report::{Finding, Findings, Path};
use super::tree::Node;
use phpeek_core::level::Level;
use phpeek_core::spec::{CheckSpec, ProcessSpec, Question, SystemSpec};
use phpeek_settings::lines::{
    Filters, JsonLines, LevelPatterns, LineFormat, LineRules, LogFile, Multiline, Preset, ProcessLines,
    Redaction, Rotate, Search,
};
use std::sync::Arc;
use std::time::Duration;

/// The words of levels, the most important first: the order in which their patterns are tried.
const WORDS: [(&str, Level); 4] =
    [("error", Level::Error), ("warn", Level::Warn), ("info", Level::Info), ("debug", Level::Debug)];

/// Reads the rules of the processes that run. One that is valid and still cannot be used is an error: nothing that
/// was meant to be hidden is shown.
pub(crate) fn lines(root: &Node, spec: &SystemSpec, findings: &mut Findings) -> ProcessLines {
    let mut reader = Reader { expressions: Expressions::new(), findings };
    let mut all = ProcessLines::new();
    for process in &spec.processes {
        let Some(whole) = root.at(&["processes", process.name.as_str()]) else { continue };
        let path = Path::PROCESSES;
        let path = path.key(process.name.as_str());
        let searches = reader.searches(whole, process, &path);
        let path = path.key("logging");
        let rules = match whole.get("logging") {
            Some(node) => {
                let rules = LineRules { labels: labels(node), searches, ..reader.rules(node, &path) };
                reader.raw(node, &rules, &path);
                let files = reader.files(node, &rules, (process, &path));
                LineRules { files, ..rules }
            }
            None => LineRules { searches, ..LineRules::default() },
        };
        if !rules.is_plain() || !rules.searches.is_empty() || !rules.files.is_empty() {
            all.insert(process.name.clone(), Arc::new(rules));
        }
    }
    all
}

/// A block of a mapping, when it is switched on.
fn switched_on<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.get(key).filter(|block| truth(block, "enabled") == Some(true))
}

fn labels(node: &Node) -> Vec<(String, String)> {
    let entries = node.get("labels").map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|e| Some((e.key.clone(), e.node.text()?.to_owned()))).collect()
}

struct Reader<'a, 'f> {
    expressions: Expressions<'a>,
    findings: &'f mut Findings,
}

impl<'a> Reader<'a, '_> {
    fn rules(&mut self, node: &'a Node, path: &Path<'_>) -> LineRules {
        let block = Block::new(Some(node), LOGGING);
        let formats = [("record", LineFormat::Record), ("raw", LineFormat::Raw)];
        LineRules {
            format: block.word("format", &formats).unwrap_or_default(),
            min_level: block.word("min_level", &WORDS).unwrap_or(Level::Info),
            redactions: self.redactions(node, &path.key("redaction")),
            multiline: self.multiline(node, &path.key("multiline")),
            preset: block.word("preset", &Preset::WORDS),
            json: switched_on(node, "json").map(json),
            levels: self.levels(node, &path.key("level_detection")),
            filters: self.filters(node, &path.key("filters")),
            labels: Vec::new(),
            searches: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Files that the process writes. What is hidden in its output is hidden in them, and its labels stand with their lines.
    fn files(
        &mut self,
        node: &'a Node,
        of: &LineRules,
        (process, path): (&ProcessSpec, &Path<'_>),
    ) -> Vec<LogFile> {
        let path = path.key("files");
        let mut all = Vec::new();
        for entry in node.get("files").map(Node::entries).unwrap_or_default() {
            let (node, path) = (&entry.node, path.key(&entry.key));
            let block = Block::new(Some(node), LOG_FILE);
            let Some(written) = block.text("path") else {
                let fault = Finding::error(path, node.place.clone(), "the path of the file is missing");
                self.findings.push(fault.advice("write path: with the file that is followed"));
                continue;
            };
            let rules = LineRules {
                format: LineFormat::Record,
                redactions: of.redactions.clone(),
                labels: of.labels.clone(),
                ..self.rules(node, &path)
            };
            let folder = process.program.working_dir.as_deref().unwrap_or(std::path::Path::new(""));
            let file = folder.join(written);
            if file.to_string_lossy().contains("{{") {
                let message = "the file is one of the process, and has no name for each instance";
                let fault = Finding::error(path, node.place.clone(), message);
                self.findings
                    .push(fault.advice("write one path without {{…}}, absolute where working_dir has it"));
                continue;
            }
            all.push(LogFile {
                name: entry.key.as_str().into(),
                path: file,
                rotate: node.get("rotate").and_then(|node| self.rotate(node, &path.key("rotate"))),
                rules: Arc::new(rules),
            });
        }
        all
    }

    fn rotate(&mut self, node: &Node, path: &Path<'_>) -> Option<Rotate> {
        let block = Block::new(Some(node), ROTATE);
        let (max_size, max_age) = (block.size("max_size").filter(|size| *size > 0), block.time("max_age"));
        if max_size.is_none() && max_age.is_none() {
            let message = "nothing says when it is rotated: it never is";
            let fault = Finding::warning(path, node.place.clone(), message);
            self.findings.push(fault.advice("write max_size: 50MB, or max_age: 24h, or remove rotate"));
            return None;
        }
        let max_files = block.int("max_files").and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Some(Rotate { max_size, max_age, max_files })
    }

    /// What checks of the health look for.
    fn searches(&mut self, node: &'a Node, process: &ProcessSpec, path: &Path<'_>) -> Vec<Search> {
        let (checks, output) = (process.health.as_deref().unwrap_or_default(), process.program.output);
        let mut all = Vec::new();
        for (role, written) in health::patterns(node) {
            let of_role = |check: &(usize, &CheckSpec)| check.1.role == role;
            let Some((check, CheckSpec { question: Question::Log(log), .. })) =
                checks.iter().enumerate().find(of_role)
            else {
                continue;
            };
            let [stdout, stderr] = log.streams;
            let path = path.key("health");
            if !(stdout && output.stdout || stderr && output.stderr) {
                let message = "no line of it is ever seen: what it writes there is not captured";
                let fault = Finding::error(path, written.place.clone(), message);
                self.findings.push(fault.advice("write stdout: true or stderr: true, or another stream"));
            }
            let pattern = self.expressions.compile(written, &path, self.findings);
            all.extend(pattern.map(|pattern| Search { check, pattern, streams: log.streams }));
        }
        all
    }

    fn redactions(&mut self, node: &'a Node, path: &Path<'_>) -> Vec<Redaction> {
        let patterns = switched_on(node, "redaction").and_then(|block| block.get("patterns"));
        let path = path.key("patterns");
        let mut all = Vec::new();
        for (index, entry) in patterns.map(Node::items).unwrap_or_default().iter().enumerate() {
            let path = path.index(index);
            let Some(written) = entry.get("pattern") else {
                let fault = Finding::error(path, entry.place.clone(), "the pattern is missing");
                self.findings.push(fault.advice("write pattern: with what shall be hidden, or remove it"));
                continue;
            };
            let pattern = self.expressions.compile(written, &path.key("pattern"), self.findings);
            // Written empty it is: nothing stands for a match then.
            let replacement = entry.get("replacement").and_then(Node::text).map(str::to_owned);
            let replacement = replacement.or_else(|| Block::unwritten(PATTERN).text("replacement"));
            all.extend(
                pattern.zip(replacement).map(|(pattern, replacement)| Redaction { pattern, replacement }),
            );
        }
        all
    }

    fn multiline(&mut self, node: &'a Node, path: &Path<'_>) -> Option<Multiline> {
        let written = switched_on(node, "multiline")?;
        let Some(pattern) = written.get("pattern") else {
            let fault = Finding::error(path, written.place.clone(), "multiline has no pattern");
            self.findings.push(fault.advice("write pattern: with how a first line begins, as '^\\['"));
            return None;
        };
        let block = Block::new(Some(written), MULTILINE);
        Some(Multiline {
            first: self.expressions.compile(pattern, &path.key("pattern"), self.findings)?,
            max_lines: block.int("max_lines").and_then(|n| usize::try_from(n).ok()).unwrap_or(1),
            timeout: block.time("timeout").unwrap_or(Duration::from_secs(1)),
        })
    }

    fn levels(&mut self, node: &'a Node, path: &Path<'_>) -> Option<LevelPatterns> {
        let written = switched_on(node, "level_detection")?;
        let default = Block::new(Some(written), LEVELS).word("default_level", &WORDS).unwrap_or(Level::Info);
        let path = path.key("patterns");
        let entries = written.get("patterns").map(Node::entries).unwrap_or_default();
        for entry in entries.iter().filter(|e| WORDS.iter().all(|(word, _)| *word != e.key)) {
            let message = format!("{:?} is no level", entry.key);
            let fault = Finding::error(path.key(&entry.key), entry.place.clone(), message);
            self.findings.push(fault.advice("write one of debug, info, warn, error"));
        }
        let mut patterns = Vec::new();
        for (word, level) in WORDS {
            let entry = entries.iter().find(|entry| entry.key == word);
            let compiled =
                entry.and_then(|e| self.expressions.compile(&e.node, &path.key(word), self.findings));
            patterns.extend(compiled.map(|pattern| (level, pattern)));
        }
        Some(LevelPatterns { patterns, default })
    }

    fn filters(&mut self, node: &'a Node, path: &Path<'_>) -> Filters {
        let Some(written) = node.get("filters") else { return Filters::default() };
        let mut list =
            |key: &'static str| self.expressions.list(written.get(key), &path.key(key), self.findings);
        Filters { exclude: list("exclude"), include: list("include") }
    }

    /// What raw output makes of the other keys.
    fn raw(&mut self, node: &Node, rules: &LineRules, path: &Path<'_>) {
        if rules.format != LineFormat::Raw {
            return;
        }
        if let Some(block) = switched_on(node, "redaction") {
            let message = "raw output passes untouched: nothing is hidden in it";
            let fault = Finding::error(path.key("redaction"), block.place.clone(), message);
            self.findings.push(fault.advice("remove format: raw, or switch redaction off"));
        }
        let blocks = ["multiline", "json", "level_detection"].map(|key| (key, switched_on(node, key)));
        let others = ["filters", "labels", "min_level", "preset"].map(|key| (key, node.get(key)));
        for (key, written) in blocks.into_iter().chain(others) {
            let Some(written) = written else { continue };
            let message = format!("{key} has no effect beside format: raw");
            self.findings.push(Finding::warning(path.key(key), written.place.clone(), message));
        }
    }
}

fn json(written: &Node) -> JsonLines {
    let block = Block::new(Some(written), JSON);
    let is = |key: &str| block.truth(key) == Some(true);
    let message = match block.text("message_field") {
        _ if !is("extract_message") => Vec::new(),
        Some(field) => vec![field],
        None => vec!["message".to_owned(), "msg".to_owned()],
    };
    let level = block.text("level_field").filter(|_| is("extract_level"));
    JsonLines { level, message, merge: is("merge_fields") }
}
