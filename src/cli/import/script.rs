//! The object that a JavaScript module exports, as JSON: PM2's ecosystem files are programs by form and lists by content. Reads
//! literals, names that a literal was given, and what comes of the environment or of the file's folder; runs nothing. What is
//! computed otherwise is left out, and named.

use serde_json::{Map, Value};

/// Stands around the name of a variable of the environment, so that no text of the file is taken for one.
pub(super) const OPEN: char = '\u{f8f0}';
/// The other end of it.
pub(super) const CLOSE: char = '\u{f8f1}';

/// Deepest nesting that is read.
const DEEPEST: usize = 32;

/// What a module exports, and what in it is computed. `None`: it exports no literal.
pub(super) fn exported(text: &str) -> Option<(Value, Vec<String>)> {
    let chars: Vec<char> = text.chars().collect();
    let start = ["module.exports", "export default", "exports.default"].into_iter().find_map(|word| {
        let at = text.find(word)? + word.len();
        Some(text.get(..at)?.chars().count())
    });
    let mut reader = Reader { text: &chars, at: 0, names: Map::new(), computed: Vec::new() };
    reader.at = match start {
        Some(start) => {
            reader.declared(start);
            start
        }
        None => 0,
    };
    reader.space();
    if start.is_some() {
        reader.taken('=');
    }
    reader.space();
    reader.peek().filter(|c| matches!(c, '{' | '['))?;
    let value = reader.value(0)?;
    Some((value, reader.computed))
}

struct Reader<'a> {
    text: &'a [char],
    at: usize,
    names: Map<String, Value>,
    computed: Vec<String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn taken(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn follows(&self, word: &str) -> bool {
        word.chars().enumerate().all(|(n, c)| self.text.get(self.at + n) == Some(&c))
    }

    /// White space and comments.
    fn space(&mut self) {
        loop {
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            if self.follows("//") {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            } else if self.follows("/*") {
                while self.peek().is_some() && !self.follows("*/") {
                    self.at += 1;
                }
                self.at += 2;
            } else {
                return;
            }
        }
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || "_$".contains(c)) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default().iter().collect()
    }

    /// Literals that were given a name before the export.
    fn declared(&mut self, end: usize) {
        while self.at < end {
            self.space();
            let word = self.word();
            if ["const", "let", "var"].contains(&word.as_str()) {
                self.space();
                let name = self.word();
                self.space();
                if self.taken('=') {
                    let before = self.computed.len();
                    let value = self.value(0);
                    self.computed.truncate(before);
                    if let Some(value) = value.filter(|value| !value.is_null()) {
                        self.names.insert(name, value);
                    }
                }
            } else if word.is_empty() {
                self.at += 1;
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.space();
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            '{' => self.object(depth),
            '[' => self.list(depth),
            _ => Some(self.expression()),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.space();
            if self.taken(']') {
                return Some(Value::Array(items));
            }
            if self.follows("...") {
                self.at += 3;
                let spread = self.expression();
                items.extend(spread.as_array().cloned().unwrap_or_default());
            } else {
                items.push(self.value(depth + 1)?);
            }
            self.space();
            if !self.taken(',') && self.peek() != Some(']') {
                return None;
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut entries = Map::new();
        loop {
            self.space();
            if self.taken('}') {
                return Some(Value::Object(entries));
            }
            if self.follows("...") {
                self.at += 3;
                entries.extend(self.expression().as_object().cloned().unwrap_or_default());
            } else {
                let key = match self.peek()? {
                    '"' | '\'' => self.quoted()?,
                    _ => self.word(),
                };
                self.space();
                let value = match self.taken(':') {
                    true => self.value(depth + 1)?,
                    false => self.names.get(&key).cloned()?,
                };
                entries.insert(key, value);
            }
            self.space();
            if !self.taken(',') && self.peek() != Some('}') {
                return None;
            }
        }
    }

    /// A text in quotes, of which `at` is the first.
    fn quoted(&mut self) -> Option<String> {
        let quote = self.peek()?;
        self.at += 1;
        let mut out = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\\' => {
                    let next = self.peek()?;
                    self.at += 1;
                    out.push(match next {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        other => other,
                    });
                }
                c if c == quote => return Some(out),
                c => out.push(c),
            }
        }
        None
    }

    /// The source up to the comma or bracket that ends a value.
    fn source(&mut self) -> String {
        let start = self.at;
        let mut open = 0usize;
        while let Some(c) = self.peek() {
            match c {
                '"' | '\'' | '`' => {
                    if self.quoted().is_none() {
                        break;
                    }
                    continue;
                }
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' if open == 0 => break,
                ')' | ']' | '}' => open -= 1,
                ',' | ';' if open == 0 => break,
                '\n' if open == 0 && self.text.get(self.at + 1) != Some(&' ') => break,
                '/' if self.follows("//") || self.follows("/*") => {
                    self.space();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default().iter().collect::<String>().trim().to_owned()
    }

    fn expression(&mut self) -> Value {
        let source = self.source();
        let value = evaluated(&source, &self.names);
        if value.is_none() {
            let shown: String =
                source.chars().take(80).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
            self.computed.push(shown);
        }
        value.unwrap_or(Value::Null)
    }
}

/// What an expression is, where it can be told without running it.
fn evaluated(source: &str, names: &Map<String, Value>) -> Option<Value> {
    match source {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        "null" | "undefined" => return Some(Value::Null),
        "__dirname" | "process.cwd()" => return Some(Value::from(".")),
        _ => {}
    }
    if let Some(value) = names.get(source) {
        return Some(value.clone());
    }
    if let Ok(number) = source.replace('_', "").parse::<serde_json::Number>() {
        return Some(Value::Number(number));
    }
    if let Some(inner) = ["Number(", "String(", "parseInt(", "("]
        .iter()
        .find_map(|open| source.strip_prefix(open)?.strip_suffix(')'))
    {
        return evaluated(inner.split(',').next().unwrap_or(inner).trim(), names);
    }
    if source.starts_with(['"', '\'', '`']) {
        return literal(source, names);
    }
    for choice in ["||", "??"] {
        if let Some((first, other)) = source.split_once(choice) {
            let first = text(&evaluated(first.trim(), names)?)?;
            let name = first.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
            let other = text(&evaluated(other.trim(), names)?)?;
            return Some(Value::from(format!("{OPEN}{name}:-{other}{CLOSE}")));
        }
    }
    if let Some(name) = variable(source) {
        return Some(Value::from(format!("{OPEN}{name}{CLOSE}")));
    }
    if let Some(parts) =
        ["path.join(", "path.resolve("].iter().find_map(|open| source.strip_prefix(open)?.strip_suffix(')'))
    {
        let parts: Option<Vec<String>> =
            parts.split(',').map(|part| text(&evaluated(part.trim(), names)?)).collect();
        return Some(Value::from(parts?.join("/").replace("/./", "/")));
    }
    None
}

/// A text in quotes; a template's inside is looked at too.
fn literal(source: &str, names: &Map<String, Value>) -> Option<Value> {
    let chars: Vec<char> = source.chars().collect();
    let mut reader = Reader { text: &chars, at: 0, names: Map::new(), computed: Vec::new() };
    let quote = reader.peek().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let whole = reader.quoted()?;
    reader.space();
    let rest: String = chars.get(reader.at..).unwrap_or_default().iter().collect();
    let whole = if quote == '`' { filled(&whole, names)? } else { whole };
    match rest.trim().strip_prefix('+') {
        None if rest.trim().is_empty() => Some(Value::from(whole)),
        None => None,
        Some(more) => Some(Value::from(format!("{whole}{}", text(&evaluated(more.trim(), names)?)?))),
    }
}

fn filled(template: &str, names: &Map<String, Value>) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let (inner, next) = after.split_once('}')?;
        out.push_str(before);
        out.push_str(&text(&evaluated(inner.trim(), names)?)?);
        rest = next;
    }
    out.push_str(rest);
    Some(out)
}

/// The variable of the environment that an expression is.
fn variable(source: &str) -> Option<&str> {
    let name = source.strip_prefix("process.env.")?;
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_computation_is_read() {
        let text = "// PM2\nrequire('dotenv').config();\nconst path = require('path');\nconst NAME = \"shop\";\nconst common = { exec_mode: 'fork', /* x */ instances: 2 };\n\
            module.exports = {\n  apps: [{\n    ...common,\n    name: NAME,\n    script: `${__dirname}/dist/${NAME}.js --port ${process.env.P || 1}`, // main\n    'node_args': ['--a=1', \"b\\\"c\"],\n\
            cwd: path.join(__dirname, 'api'),\n    env: { PORT: Number(process.env.PORT) || 3000, URL: process.env.URL, DEBUG: 'a' + 'b', N: 1_000 },\n\
            watch: require('./watch'),\n    out: \"http://x//y\",\n  },],\n};\n";
        let (value, computed) = exported(text).expect("an object");
        let app = &value["apps"][0];
        let port = format!("{OPEN}PORT:-3000{CLOSE}");
        let script = format!("./dist/shop.js --port {OPEN}P:-1{CLOSE}");
        let url = format!("{OPEN}URL{CLOSE}");
        let wanted = json!({
            "exec_mode": "fork", "instances": 2, "name": "shop", "script": script, "node_args": ["--a=1", "b\"c"], "cwd": "./api",
            "env": {"PORT": port, "URL": url, "DEBUG": "ab", "N": 1000}, "watch": null, "out": "http://x//y"
        });
        assert_eq!(*app, wanted);
        assert_eq!(computed, ["require('./watch')"]);
    }

    #[test]
    fn what_exports_no_object_is_none_and_nothing_is_endless() {
        for text in ["module.exports = {}", "export default [];", "{apps: [] // x\n}"] {
            assert!(exported(text).is_some(), "{text}");
        }
        for text in [
            "module.exports = make()",
            "",
            "module.exports",
            "module.exports = {a: ",
            "x",
            "module.exports = {a: `",
            "module.exports = {a",
        ] {
            assert!(exported(text).is_none(), "{text}");
        }
        assert!(exported(&format!("module.exports = {}", "[".repeat(100_000))).is_none());
    }
}
