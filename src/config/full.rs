//! `config/full.yaml` and the README's table of keys, made from the key tables.

use super::keys::{Key, Kind, PROCESS, ROOT, Reload, Standing};

const HEAD: &str = "\
# Every key with its default or, where there is none, an example; made from the key tables. What is marked \"later\" belongs
# to features that are announced: it is checked, and named in one warning. A change takes a reload where nothing is said, else
# [restart] a reload that restarts the process, or [supervisor] a new start of the supervisor.
# `phpeek-pm check-config --config config/full.yaml`.
#
# Times are seconds (30) or durations (1m30s, 300ms), sizes bytes or 64KB, 256MB. ${VAR} and ${VAR:-default} are replaced
# inside values; $${ is a literal ${. Keys at the top that begin with x- hold anchors and are not read themselves.
";

const TAIL: &str = "
  migrate:
    type: oneshot # ends once; `app` waits until it has succeeded
    command: [\"true\"]
";

/// A file with every key.
#[must_use]
pub fn full_yaml() -> String {
    let mut out = Full { text: HEAD.to_owned(), shown: Vec::new() };
    for key in ROOT {
        match key.name {
            "processes" => {
                out.text.push_str("\nprocesses: # what runs, by name\n  app:\n");
                out.block(PROCESS, 4, false);
            }
            _ => out.key(key, 0, false),
        }
    }
    out.text + TAIL
}

struct Full {
    text: String,
    /// The tables that were written, so that a block that stands in several places is written once.
    shown: Vec<&'static [Key]>,
}

impl Full {
    fn line(&mut self, indent: usize, text: &str, about: &str) {
        let comment = if about.is_empty() { String::new() } else { format!(" # {}", about.replace('`', "")) };
        let line = format!("{:indent$}{text}{comment}", "");
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn block(&mut self, keys: &'static [Key], indent: usize, later: bool) {
        self.shown.push(keys);
        for key in keys {
            self.key(key, indent, later);
        }
    }

    fn key(&mut self, key: &'static Key, indent: usize, inside: bool) {
        let about = about(key, inside);
        let later = inside || key.later();
        let (hidden, example) = match key.example.strip_prefix('#') {
            Some(example) => (true, example),
            None => (false, key.example),
        };
        let table = key.kind.table();
        let known = table.is_some_and(|keys| self.shown.iter().any(|other| same(other, keys)));
        match (table, &key.kind) {
            (Some(keys), Kind::Map(_)) if !hidden && !known => {
                self.line(indent, &format!("{}:", key.name), &about);
                self.block(keys, indent + 2, later);
            }
            (Some(keys), Kind::List(_)) if !known => {
                self.line(indent, &format!("{}:", key.name), &about);
                self.line(indent + 2, "-", "");
                self.block(keys, indent + 4, later);
            }
            (Some(keys), Kind::MapOf(_)) if !known => {
                self.line(indent, &format!("{}:", key.name), &about);
                self.line(indent + 2, "NAME:", "");
                self.block(keys, indent + 4, later);
            }
            (Some(_), Kind::List(_)) => self.line(indent, &format!("{}: []", key.name), &about),
            (Some(_), _) if example.is_empty() => self.line(indent, &format!("# {}: {{}}", key.name), &about),
            _ => {
                let value = if example.is_empty() { written(key) } else { example.to_owned() };
                let mark = if hidden { "# " } else { "" };
                self.line(indent, &format!("{mark}{}: {value}", key.name), &about);
            }
        }
    }
}

/// Whether two tables are one: what their first keys mean differs otherwise.
fn same(one: &[Key], other: &[Key]) -> bool {
    let first = |table: &[Key]| table.first().map(|key| key.about);
    one.len() == other.len() && first(one) == first(other)
}

/// The default as YAML has it.
fn written(key: &Key) -> String {
    match key.kind {
        Kind::MapOf(_) if key.default.is_empty() => "{}".to_owned(),
        Kind::Files | Kind::FilesOr(_) | Kind::List(_) if key.default.is_empty() => "[]".to_owned(),
        _ if key.name == "version" => format!("{:?}", key.default),
        Kind::Text | Kind::Guard if key.default.is_empty() || key.default.starts_with('*') => {
            format!("{:?}", key.default)
        }
        _ => key.default.to_owned(),
    }
}

fn about(key: &Key, inside: bool) -> String {
    let standing = match key.standing {
        Standing::Later if !inside => "later: ",
        Standing::Idle => "accepted, and never of effect: ",
        _ => "",
    };
    let reload = match key.reload {
        Reload::Live => "",
        Reload::Restart => " [restart]",
        Reload::Supervisor => " [supervisor]",
    };
    format!("{standing}{}{reload}", key.about)
}

/// The keys that act today, as the rows of a Markdown table.
#[must_use]
pub fn keys_table() -> String {
    let mut out = String::from("| key | default | a change will take | meaning |\n|---|---|---|---|\n");
    rows(ROOT, "", &mut out);
    out
}

fn rows(keys: &'static [Key], path: &str, out: &mut String) {
    for key in keys.iter().filter(|key| key.standing == Standing::Works) {
        let own = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        match (key.kind.table(), &key.kind) {
            (Some(inner), Kind::Map(_)) => rows(inner, &own, out),
            (Some(inner), Kind::MapOf(_)) => rows(inner, &format!("{own}.NAME"), out),
            _ => {
                let change = match key.reload {
                    Reload::Live => "reload",
                    Reload::Restart => "restart",
                    Reload::Supervisor => "new start",
                };
                let about = key.about.replace('|', "\\|");
                out.push_str(&format!("| `{own}` | {} | {change} | {about} |\n", key.default));
            }
        }
    }
}
