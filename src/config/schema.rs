//! Checks a tree against the known keys: types, bounds, words, unknown keys with "did you mean". Says everything at
//! once and changes nothing. Called by `load` before `compile`.

use super::keys::{GONE, Key, Kind, ROOT, SECRET_FILE, Standing};
use super::report::{Finding, Findings, Path, Severity};
use super::tree::{Node, Place, Value};
use super::{schedule, secret, value};
use phpeek_core::signal::Signal;
use std::collections::BTreeSet;

/// Checks the whole tree.
pub(crate) fn check(root: &Node, findings: &mut Findings) {
    let mut check = Check { findings, announced: BTreeSet::new(), inside: false };
    check.map(root, &Path::ROOT, ROOT);
    let announced: Vec<&str> = check.announced.into_iter().collect();
    if !announced.is_empty() {
        let message =
            format!("these keys are known and checked, and have no effect yet: {}", announced.join(", "));
        findings.push(Finding::warning("", Place::Nowhere, message));
    }
}

struct Check<'f> {
    findings: &'f mut Findings,
    announced: BTreeSet<&'static str>,
    /// Within an announced block: the block is named, not each key in it.
    inside: bool,
}

impl Check<'_> {
    fn wrong(&mut self, node: &Node, path: &Path<'_>, message: impl Into<String>, advice: impl Into<String>) {
        self.findings.push(Finding::error(path, node.place.clone(), message).advice(advice));
    }

    fn no_secret(&mut self, node: &Node, path: &Path<'_>) {
        let advice = "write a value, ${VARIABLE} or {file: PATH}";
        self.wrong(node, path, "the value is not one that this key takes", advice);
    }

    fn map(&mut self, node: &Node, path: &Path<'_>, keys: &'static [Key]) {
        let Value::Map(entries) = &node.value else {
            if !node.is_nothing() {
                self.wrong(
                    node,
                    path,
                    format!("{} must be a mapping", shown(path)),
                    "write its keys below it, indented",
                );
            }
            return;
        };
        for entry in entries {
            // Keys that begin with x- hold anchors for the rest of the file, as in compose files.
            if entry.key.starts_with("x-") {
                continue;
            }
            let below = path.key(&entry.key);
            match keys.iter().find(|k| k.name == entry.key) {
                None if self.findings.full(Severity::Warning) => {
                    self.findings.push(Finding::warning("", Place::Nowhere, String::new()));
                }
                None => {
                    let warning = Finding::warning(
                        below,
                        entry.place.clone(),
                        format!("the key {:?} is unknown", entry.key),
                    );
                    self.findings.push(warning.advice(hint(&entry.key, keys.iter().map(|k| k.name))));
                }
                Some(key) if entry.node.is_nothing() => self.nothing(&entry.node, &below, &key.kind),
                Some(key) => {
                    // What is switched off is not missed.
                    let off = matches!(key.kind, Kind::Bool)
                        && entry.node.text().and_then(value::truth) == Some(false);
                    if key.standing == Standing::Announced && !off && !self.inside {
                        self.announced.insert(key.name);
                    }
                    self.value(&entry.node, &below, &key.kind, key.standing);
                }
            }
        }
    }

    fn value(&mut self, node: &Node, path: &Path<'_>, kind: &'static Kind, standing: Standing) {
        match kind {
            Kind::Map(keys) => {
                let before = self.inside;
                self.inside |= standing == Standing::Announced;
                self.map(node, path, keys);
                self.inside = before;
            }
            Kind::MapOf(kind) => self.map_of(node, path, kind, standing),
            Kind::List(kind) => self.list(node, path, kind, standing),
            Kind::Command => {
                self.list(node, path, &Kind::Text, standing);
                if matches!(&node.value, Value::List(items) if items.is_empty()) {
                    self.wrong(
                        node,
                        path,
                        "the command is empty",
                        "write it as a list: [\"program\", \"argument\"]",
                    );
                }
            }
            // Both forms, and the names in them, are checked where names are known.
            Kind::Depends => {}
            // Not as a mapping like others: of a secret that was taken for one, no key may be repeated either.
            Kind::Secret if matches!(node.value, Value::Map(_)) => {
                let [entry] = node.entries() else { return self.no_secret(node, path) };
                if entry.key != SECRET_FILE || entry.node.text().is_none_or(str::is_empty) {
                    self.no_secret(node, path);
                }
            }
            kind => match node.text() {
                Some(text) => {
                    if let Err((message, advice)) = scalar(kind, text) {
                        let hidden = secret::in_path(&path.to_string());
                        let message = if hidden {
                            "the value is not one that this key takes".to_owned()
                        } else {
                            message
                        };
                        self.wrong(node, path, message, advice);
                    }
                }
                None => {
                    self.wrong(node, path, format!("{} must be a single value", shown(path)), wanted(kind))
                }
            },
        }
    }

    /// A value that is not there. Empty is never a permission: where a default could allow more than was meant, it is
    /// an error.
    fn nothing(&mut self, node: &Node, path: &Path<'_>, kind: &Kind) {
        let message = match node.value {
            Value::Emptied if kind.refuses_emptied() => "the variable that this value comes from is empty",
            _ if kind.refuses_nothing() => "the value is empty",
            _ => return,
        };
        let advice = match kind {
            Kind::Guard => "remove the key, or give it a value".to_owned(),
            kind => format!("remove the key for its default, or {}", wanted(kind)),
        };
        self.wrong(node, path, format!("{}: {message}", shown(path)), advice);
    }

    fn map_of(&mut self, node: &Node, path: &Path<'_>, kind: &'static Kind, standing: Standing) {
        let Value::Map(entries) = &node.value else {
            if !node.is_nothing() {
                self.wrong(
                    node,
                    path,
                    format!("{} must be a mapping", shown(path)),
                    "write name: value pairs below it",
                );
            }
            return;
        };
        for entry in entries {
            let below = path.key(&entry.key);
            if entry.node.is_nothing() && !matches!(kind, Kind::Map(_)) {
                self.nothing(&entry.node, &below, kind);
                continue;
            }
            self.value(&entry.node, &below, kind, standing);
        }
    }

    fn list(&mut self, node: &Node, path: &Path<'_>, kind: &'static Kind, standing: Standing) {
        let Value::List(items) = &node.value else {
            self.wrong(
                node,
                path,
                format!("{} must be a list", shown(path)),
                "write it as [\"first\", \"second\"]",
            );
            return;
        };
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            if item.is_nothing() {
                if !matches!(kind, Kind::Text) {
                    self.wrong(item, &path, "an item is empty", "remove it, or give it a value");
                }
                continue;
            }
            self.value(item, &path, kind, standing);
        }
    }
}

fn shown(path: &Path<'_>) -> String {
    let path = path.to_string();
    if path.is_empty() { "the file".to_owned() } else { path }
}

/// What to write instead of an unknown key.
pub(crate) fn hint<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    if let Some((_, hint)) = GONE.iter().find(|(gone, _)| *gone == key) {
        return (*hint).to_owned();
    }
    match nearest(key, known) {
        Some(near) => format!("did you mean {near:?}? It has no effect as it is"),
        None => "it has no effect: remove it".to_owned(),
    }
}

/// The known word that looks most like this one, if any looks like it.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|k| (strsim::jaro_winkler(word, k), k))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

/// What a scalar of this kind looks like.
fn wanted(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "write true or false".to_owned(),
        Kind::Int(min, max) => format!("write a whole number from {min} to {max}"),
        Kind::Float(min, max) => format!("write a number from {min} to {max}"),
        Kind::OneOf(words) => format!("write one of {}", words.join(", ")),
        Kind::Time(min, max) => {
            format!("write seconds or a duration as 30s, 1m30s, 300ms; {min} to {max} seconds")
        }
        Kind::TimeOrOff => "write seconds or a duration as 60s; a negative one switches it off".to_owned(),
        Kind::Signal => "write a signal as SIGTERM, TERM, 15 or SIGRTMIN+3".to_owned(),
        Kind::Cron => "write five fields: minute, hour, day of month, month, day of week".to_owned(),
        Kind::Zone => "write UTC, Local or a name as Europe/Copenhagen".to_owned(),
        Kind::Size => "write a size as 512KB, 10MB or 1GB".to_owned(),
        Kind::List(_) | Kind::Command => "write it as [\"first\", \"second\"]".to_owned(),
        _ => "write a text".to_owned(),
    }
}

fn scalar(kind: &Kind, text: &str) -> Result<(), (String, String)> {
    let no = |what: &str| Err((format!("{text:?} {what}"), wanted(kind)));
    match kind {
        Kind::Bool if value::truth(text).is_none() => no("is neither true nor false"),
        Kind::Int(min, max) => match value::int(text) {
            None => no("is no whole number"),
            Some(n) if n < *min || n > *max => no("is out of bounds"),
            Some(_) => Ok(()),
        },
        Kind::Float(min, max) => match value::float(text) {
            None => no("is no number"),
            Some(n) if n < *min || n > *max => no("is out of bounds"),
            Some(_) => Ok(()),
        },
        Kind::OneOf(words) if !words.contains(&text) => no("is not known here"),
        Kind::Time(min, max) => match value::duration(text) {
            None => no("is no duration"),
            Some(value::Span::Positive(d)) if (*min..=*max).contains(&d.as_secs_f64()) => Ok(()),
            Some(_) => no("is out of bounds"),
        },
        Kind::TimeOrOff if value::duration(text).is_none() => no("is no duration"),
        Kind::Signal => Signal::parse(text).map(|_| ()).map_err(|e| (e.to_string(), wanted(kind))),
        // As they are shipped: `schedule: ""` is none.
        Kind::Cron | Kind::Zone if text.trim().is_empty() => Ok(()),
        Kind::Cron => schedule::cron(text).map_err(|e| (e, wanted(kind))),
        Kind::Zone => schedule::zone(text).map_err(|e| (e, wanted(kind))),
        Kind::Size if !size(text) => no("is no size"),
        Kind::Text | Kind::Guard if text.contains('\0') => no("holds a NUL character"),
        Kind::Secret if text.contains('\0') => {
            Err(("the value holds a NUL character".to_owned(), wanted(kind)))
        }
        Kind::Regex => regex_syntax::parse(text).map(|_| ()).map_err(|e| {
            (
                format!("{text:?} is no regular expression: {}", last_line(&e.to_string())),
                "mend the expression (RE2 syntax)".to_owned(),
            )
        }),
        _ => Ok(()),
    }
}

/// The last line of an error: the ones before draw the place, which a report cannot keep aligned.
fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}

fn size(text: &str) -> bool {
    let upper = text.trim().to_ascii_uppercase();
    let unit = ["KB", "MB", "GB", "B", ""].into_iter().find_map(|u| upper.strip_suffix(u));
    unit.is_some_and(|number| value::float(number.trim()).is_some_and(|n| n > 0.0))
}
