//! What an import gives: processes with their keys, remarks, and what has no counterpart here; and the same as YAML. Texts
//! only; reads nothing.

/// Seconds that a shutdown has when nobody says more, and the most that it may have.
const USUAL: u64 = 30;
const LONGEST: u64 = 3600;

/// A value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// As it is: a number, a truth, a word of ours.
    Plain(String),
    /// A text, quoted where YAML needs it.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// A block.
    Map(Vec<(&'static str, Value)>),
    /// A block whose keys are names.
    Named(Vec<(String, Value)>),
}

impl Value {
    /// A number or a word of ours.
    pub(crate) fn plain(value: impl ToString) -> Self {
        Self::Plain(value.to_string())
    }
}

/// A key of `global` or of a process.
#[derive(Debug, Clone)]
struct Line {
    key: &'static str,
    value: Value,
    note: Option<String>,
}

/// A process in the making.
#[derive(Debug, Clone, Default)]
pub(crate) struct Process {
    /// Its name; [`Imported::add`] makes it one that is allowed and free.
    pub(crate) name: String,
    /// What means something else here, or is left out.
    pub(crate) notes: Vec<String>,
    /// Its variables.
    pub(crate) env: Vec<(String, String)>,
    lines: Vec<Line>,
}

impl Process {
    /// One of this name.
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Writes a key.
    pub(crate) fn set(&mut self, key: &'static str, value: Value) {
        self.lines.push(Line { key, value, note: None });
    }

    /// Writes a key with a remark.
    pub(crate) fn set_noted(&mut self, key: &'static str, value: Value, note: impl Into<String>) {
        self.lines.push(Line { key, value, note: Some(note.into()) });
    }

    /// Writes a key unless it is written.
    pub(crate) fn set_default(&mut self, key: &'static str, value: Value) {
        if self.get(key).is_none() {
            self.set(key, value);
        }
    }

    /// What a key holds.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.lines.iter().find(|line| line.key == key).map(|line| &line.value)
    }

    /// A remark.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// What came of an import.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// Remarks that are about all of it.
    pub(crate) notes: Vec<String>,
    /// In their order.
    pub(crate) processes: Vec<Process>,
    /// What has no counterpart here.
    pub(crate) lost: Vec<String>,
    global: Vec<Line>,
}

impl Imported {
    /// Writes a key of `global`.
    pub(crate) fn global(&mut self, key: &'static str, value: Value, note: impl Into<String>) {
        self.global.push(Line { key, value, note: Some(note.into()) });
    }

    /// Takes a process in, under a name that is allowed and free; gives that name.
    pub(crate) fn add(&mut self, mut process: Process) -> String {
        process.name = self.free(&process.name);
        let name = process.name.clone();
        self.processes.push(process);
        name
    }

    fn free(&self, wanted: &str) -> String {
        let fits = |c: char| if c.is_control() || c.is_whitespace() || c == '/' { '-' } else { c };
        let wanted: String = wanted.trim().chars().map(fits).take(60).collect();
        let wanted = if wanted.is_empty() { "process".to_owned() } else { wanted };
        let taken = |name: &str| self.processes.iter().any(|process| process.name == name);
        if !taken(&wanted) {
            return wanted;
        }
        (2..).map(|number: u32| format!("{wanted}-{number}")).find(|name| !taken(name)).unwrap_or(wanted)
    }

    /// The whole file; `from` says where it comes from.
    pub(crate) fn yaml(&self, from: &str) -> String {
        let mut out = format!(
            "# Made by `phpeek-pm import {from}`. Every key with its meaning: `phpeek-pm example full`.\n"
        );
        for note in self.notes.iter().chain(&self.lost) {
            comment(&mut out, 0, note);
        }
        out.push_str("version: \"1.0\"\n");
        let bound = self.bound();
        if !self.global.is_empty() || bound.is_some() {
            out.push_str("\nglobal:\n");
            lines(&mut out, 2, &self.global);
        }
        if let Some(seconds) = bound {
            let note = "of a whole shutdown: more than the longest stop below";
            push(&mut out, 2, &format!("shutdown_timeout: {seconds}   # {note}"));
        }
        out.push_str("\nprocesses:\n");
        for (number, process) in self.processes.iter().enumerate() {
            if number > 0 {
                out.push('\n');
            }
            write_process(&mut out, process);
        }
        out
    }

    /// Seconds that a shutdown must be given so that each stop has its time, where the usual ones are too few.
    fn bound(&self) -> Option<u64> {
        let stop = |process: &Process| match process.get("shutdown")? {
            Value::Map(stop) => {
                stop.iter().find(|(key, _)| *key == "timeout").map(|(_, value)| seconds(value))
            }
            _ => None,
        };
        let longest = self.processes.iter().filter_map(stop).flatten().max()?;
        (longest > USUAL).then(|| longest.saturating_add(10).min(LONGEST))
    }
}

/// A number of seconds, or of milliseconds with their unit, rounded up.
fn seconds(value: &Value) -> Option<u64> {
    let Value::Plain(text) = value else { return None };
    match text.strip_suffix("ms") {
        Some(millis) => Some(millis.parse::<u64>().ok()?.div_ceil(1000)),
        None => text.strip_suffix('s').unwrap_or(text).parse().ok(),
    }
}

/// The processes alone, for a file of which the rest is there.
pub(crate) fn write_process(out: &mut String, process: &Process) {
    push(out, 2, &format!("{}:", scalar(&process.name)));
    for note in &process.notes {
        comment(out, 4, note);
    }
    lines(out, 4, &process.lines);
    if !process.env.is_empty() {
        push(out, 4, "env:");
        for (key, value) in &process.env {
            push(out, 6, &format!("{}: {}", scalar(key), scalar(value)));
        }
    }
}

fn lines(out: &mut String, indent: usize, lines: &[Line]) {
    for line in lines {
        let note = line.note.as_ref().map(|note| format!("   # {}", flat(note))).unwrap_or_default();
        match &line.value {
            Value::Map(inner) => {
                push(out, indent, &format!("{}:{note}", line.key));
                for (key, value) in inner {
                    push(out, indent + 2, &format!("{key}: {}", written(value)));
                }
            }
            Value::Named(inner) => {
                push(out, indent, &format!("{}:{note}", line.key));
                for (name, value) in inner {
                    push(out, indent + 2, &format!("{}: {}", scalar(name), written(value)));
                }
            }
            value => push(out, indent, &format!("{}: {}{note}", line.key, written(value))),
        }
    }
}

fn push(out: &mut String, indent: usize, text: &str) {
    out.push_str(&format!("{:indent$}{text}\n", ""));
}

fn comment(out: &mut String, indent: usize, text: &str) {
    push(out, indent, &format!("# {}", flat(text)));
}

/// On one line, without what a terminal would take for an order.
fn flat(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn written(value: &Value) -> String {
    match value {
        Value::Plain(text) => text.clone(),
        Value::Text(text) => scalar(text),
        Value::List(items) => {
            format!("[{}]", items.iter().map(|item| scalar(item)).collect::<Vec<_>>().join(", "))
        }
        Value::Named(inner) => {
            let inner: Vec<String> =
                inner.iter().map(|(name, value)| format!("{}: {}", scalar(name), written(value))).collect();
            format!("{{{}}}", inner.join(", "))
        }
        Value::Map(inner) => {
            let inner: Vec<String> =
                inner.iter().map(|(key, value)| format!("{key}: {}", written(value))).collect();
            format!("{{{}}}", inner.join(", "))
        }
    }
}

/// A text as YAML: as it is where nobody could take it for something else, in double quotes, as JSON has them, elsewhere.
fn scalar(text: &str) -> String {
    let first = |c: char| c.is_ascii_alphabetic() || "/_".contains(c);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_.=@+-".contains(c);
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        .contains(&text.to_ascii_lowercase().as_str());
    if text.starts_with(first) && text.chars().all(plain) && !word {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// A text that is to mean itself: what this program would replace in it is kept from it.
pub(crate) fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("{{", "{{{{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_would_misread_is_quoted() {
        assert_eq!(scalar("/usr/bin/php"), "/usr/bin/php");
        for text in
            ["", "yes", "5", "- a", "a: b", "a #b", "@x", "*", "&a", "a,b", "\u{1b}[0m", "a\"b", "%x", "-F"]
        {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
    }

    #[test]
    fn a_shutdown_has_more_time_than_the_longest_stop() {
        let with = |timeout: &str| {
            let mut process = Process::named("web");
            process.set("shutdown", Value::Map(vec![("timeout", Value::plain(timeout))]));
            let mut all = Imported::default();
            all.add(process);
            all.yaml("x")
        };
        assert!(!with("30").contains("shutdown_timeout"));
        for (timeout, wanted) in [("60", 70), ("45500ms", 56), ("2m", 0), ("86400", 3600)] {
            let has = with(timeout).contains(&format!("\n  shutdown_timeout: {wanted} "));
            assert_eq!(has, wanted > 0, "{timeout}: {}", with(timeout));
        }
    }

    #[test]
    fn names_are_free_and_allowed() {
        let mut all = Imported::default();
        let names: Vec<String> =
            ["web", "web", "a b/c", ""].map(|name| all.add(Process::named(name))).into_iter().collect();
        assert_eq!(names, ["web", "web-2", "a-b-c", "process"]);
    }
}
