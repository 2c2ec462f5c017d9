//! A text that is no YAML, told so that its writer can mend it: where the mistake is rather than where the reader gave up, and
//! what to write. Pure functions over the text and a reader's complaint; a value is never repeated, it may be a secret.

use super::report::Finding;
use super::tree::Place;

/// What is to be said of a fault: a place from 1, what, and what to do.
struct Told {
    line: usize,
    column: usize,
    message: String,
    advice: &'static str,
}

impl Told {
    fn new(line: usize, column: usize, message: impl Into<String>, advice: &'static str) -> Self {
        Self { line, column, message: message.into(), advice }
    }
}

/// The error for a text that no reader takes; `message` and `place` are what one of them said.
pub(crate) fn error(text: &str, file: usize, message: &str, place: &Place) -> Finding {
    let (line, column) = match place {
        Place::File { line, column, .. } => (*line, *column),
        _ => (1, 1),
    };
    let fault = Fault { text, message, line, column };
    let told = fault.control().or_else(|| fault.conflict()).or_else(|| fault.tab()).or_else(|| fault.known());
    let told = told.unwrap_or_else(|| {
        Told::new(line, column, format!("the file is no valid YAML: {message}"), "mend the syntax")
    });
    let place = Place::File { file, line: told.line, column: told.column };
    Finding::error("", place, told.message)
        .advice(format!("{}; nothing after this place was read", told.advice))
}

struct Fault<'a> {
    text: &'a str,
    message: &'a str,
    line: usize,
    column: usize,
}

impl Fault<'_> {
    fn row(&self, line: usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
    }

    /// The character at a column of a line.
    fn at(&self, line: usize, column: usize) -> Option<char> {
        self.row(line).chars().nth(column.checked_sub(1)?)
    }

    /// The first character that no YAML may hold.
    fn control(&self) -> Option<Told> {
        let wrong = |c: &char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
        let rows = self.text.lines().enumerate();
        let (line, column, found) = rows
            .filter_map(|(line, row)| {
                row.chars().enumerate().find(|(_, c)| wrong(c)).map(|(at, c)| (line + 1, at + 1, c))
            })
            .next()?;
        let name = match found {
            '\0' => "a NUL character".to_owned(),
            '\u{1b}' => "an escape character (of a terminal's colour)".to_owned(),
            c => format!("the control character U+{:04X}", u32::from(c)),
        };
        let message = format!("{name} stands here, which no YAML may hold");
        Some(Told::new(
            line,
            column,
            message,
            "remove it; in double quotes it is written \\x00, \\x1b and so on",
        ))
    }

    /// What a merge has left.
    fn conflict(&self) -> Option<Told> {
        let line = self.text.lines().position(|row| row.starts_with("<<<<<<< "))? + 1;
        self.text.lines().any(|row| row.starts_with(">>>>>>> ")).then(|| {
            Told::new(
                line,
                1,
                "a merge of versions was left unfinished here",
                "choose one of the two sides, and remove the marks",
            )
        })
    }

    /// A tab before a value, at or right beside the place.
    fn tab(&self) -> Option<Told> {
        let near = self.text.lines().enumerate().skip(self.line.saturating_sub(2)).take(3);
        let before =
            |text: &str| text.chars().take_while(|c| c.is_whitespace() || *c == '-').position(|c| c == '\t');
        let (at, column) = near.filter_map(|(at, text)| Some((at, before(text)?))).next()?;
        Some(Told::new(
            at + 1,
            column + 1,
            "a tab stands where YAML takes spaces alone",
            "indent with spaces",
        ))
    }

    /// Of what a value begins with or holds.
    fn known(&self) -> Option<Told> {
        let says = |words: &str| self.message.contains(words);
        if says("a key must be a plain text") && self.template() {
            return Some(self.braces());
        }
        if says("cannot start any token") {
            return Some(self.token());
        }
        if says("while scanning an alias") || says("while scanning an anchor") {
            let (line, column) = self.opening().unwrap_or((self.line, self.column));
            let what = if says("alias") { '*' } else { '&' };
            let message =
                format!("a value that begins with {what} is a reference of YAML, and this one has no name");
            return Some(Told::new(line, column, message, "put the value in quotes: \"…\""));
        }
        if says("unknown anchor") {
            let message = "this names an anchor that is not defined above";
            return Some(Told::new(
                self.line,
                self.column,
                message,
                "write &NAME at what is meant, or put a text that begins with * in quotes",
            ));
        }
        if says("escape") {
            let message = "this is no escape of double quotes";
            return Some(Told::new(
                self.line,
                self.column,
                message,
                "write \\\\ for a backslash, or put the text in single quotes",
            ));
        }
        if says("while scanning a quoted scalar") {
            let (line, column) = self.opening()?;
            return Some(Told::new(line, column, "the quote that opens here is not closed", "close it"));
        }
        self.shape()
    }

    /// Of brackets, colons and columns.
    fn shape(&self) -> Option<Told> {
        let says = |words: &str| self.message.contains(words);
        if says("',' or ']'") || says("',' or '}'") {
            return self.bracket();
        }
        if says("while parsing a flow node")
            && let Some((line, column, open)) = self.unclosed()
        {
            let message = format!("the bracket {open} that opens here is not closed");
            return Some(Told::new(line, column, message, "close it"));
        }
        if says("mapping values are not allowed") {
            return Some(self.colon());
        }
        if says("could not find expected ':'") {
            let (line, column) = self.opening().unwrap_or((self.line, self.column));
            return Some(Told::new(
                line,
                column,
                "a colon is missing behind this key",
                "write `key: value`, or `key:` and its keys below",
            ));
        }
        if says("block sequence entries are not allowed") {
            let message = "a list begins here behind something else";
            return Some(Told::new(
                self.line,
                self.column,
                message,
                "write each `- item` on a line of its own, below its key",
            ));
        }
        if says("did not find expected key") || says("did not find expected '-' indicator") {
            return self.block();
        }
        None
    }

    /// The place that the reader names as the beginning of what it was in: `at line 3 column 14`.
    fn opening(&self) -> Option<(usize, usize)> {
        let (_, context) = self.message.split_once("while ")?;
        let (_, numbers) = context.split_once(" at line ")?;
        let (line, column) = numbers.split_once(" column ")?;
        Some((line.trim().parse().ok()?, column.trim().parse().ok()?))
    }

    /// The last bracket without its other half, for a text that ends in one.
    fn unclosed(&self) -> Option<(usize, usize, char)> {
        let mut open = Vec::new();
        for (line, row) in self.text.lines().enumerate() {
            let mut quote = None;
            for (column, c) in row.chars().enumerate() {
                match (quote, c) {
                    (Some(own), c) if own == c => quote = None,
                    (None, '"' | '\'') => quote = Some(c),
                    (None, '[' | '{') => open.push((line + 1, column + 1, c)),
                    (None, ']' | '}') => drop(open.pop()),
                    _ => {}
                }
            }
        }
        open.pop()
    }

    fn template(&self) -> bool {
        let row: Vec<char> = self.row(self.line).chars().collect();
        row.get(self.column.saturating_sub(2)..)
            .is_some_and(|rest| rest.iter().take(3).filter(|c| **c == '{').count() >= 2)
    }

    fn braces(&self) -> Told {
        let row = self.row(self.line);
        let column =
            row.find("{{").map_or(self.column, |at| row.get(..at).unwrap_or_default().chars().count() + 1);
        Told::new(
            self.line,
            column,
            "a value that begins with {{ is a mapping for YAML",
            "put it in quotes: \"{{name}}\"",
        )
    }

    fn token(&self) -> Told {
        let found = self.at(self.line, self.column).unwrap_or(' ');
        let before = self.column.checked_sub(1).and_then(|column| self.at(self.line, column));
        if found == '%' && before == Some('{') {
            let message = "this is a template, and no YAML before its {% … %} are filled in";
            return Told::new(
                self.line,
                self.column,
                message,
                "give the file as the template's engine writes it",
            );
        }
        if found == '`' && self.row(self.line).starts_with("```") {
            let message = "this is a line of Markdown around the file";
            return Told::new(self.line, self.column, message, "remove the lines of ```");
        }
        let message = format!("no value begins with {found}");
        Told::new(self.line, self.column, message, "put the value in quotes: \"…\"")
    }

    /// A bracket that was opened and whose inside does not go on as it must.
    fn bracket(&self) -> Option<Told> {
        let (line, column) = self.opening()?;
        if line == self.line && self.at(self.line, self.column).is_some() {
            return Some(Told::new(
                line,
                self.column,
                "a comma is missing before this, or a bracket",
                "write [first, second] or {key: value, other: value}",
            ));
        }
        let open = self.at(line, column).filter(|c| matches!(c, '[' | '{')).unwrap_or('[');
        let quotes = self.row(line).matches('"').count() % 2 == 1;
        let message = match quotes {
            true => "a quote of this list is not closed".to_owned(),
            false => format!(
                "the bracket {open} that opens here is not closed before line {}, or a comma is missing",
                self.line
            ),
        };
        Some(Told::new(
            line,
            column,
            message,
            if quotes { "close it" } else { "close it, or write the comma" },
        ))
    }

    /// A colon where none may stand: the key above has none, or a value holds one.
    fn colon(&self) -> Told {
        let own = self.row(self.line);
        let indent = |row: &str| row.len() - row.trim_start().len();
        let above = self.text.lines().take(self.line.saturating_sub(1)).enumerate();
        let above =
            above.filter(|(_, row)| !row.trim().is_empty() && !row.trim_start().starts_with('#')).last();
        let first = own.find(':').map(|at| own.get(..at).unwrap_or_default().chars().count() + 1);
        if let Some((at, row)) = above
            && first == Some(self.column)
            && !row.contains(':')
            && !row.trim_start().starts_with('-')
        {
            let message = "a colon is missing behind this key";
            return Told::new(
                at + 1,
                indent(row) + 1,
                message,
                "write `key:` and its keys below it, indented",
            );
        }
        if first == Some(self.column) {
            let message = "this key is indented as if it went on with the value above";
            return Told::new(
                self.line,
                indent(own) + 1,
                message,
                "begin it in the column of the keys beside it",
            );
        }
        Told::new(
            self.line,
            self.column,
            "a value holds a colon and a space, which begin a mapping",
            "put the value in quotes: \"…\"",
        )
    }

    /// A line that is no key of the block that it stands in.
    fn block(&self) -> Option<Told> {
        let (line, column) = self.opening()?;
        match self.at(self.line, self.column)? {
            close @ (']' | '}') => {
                let message = format!("the bracket {close} closes nothing");
                Some(Told::new(self.line, self.column, message, "remove it"))
            }
            _ if self.line > line && self.row(self.line).chars().take(self.column - 1).all(|c| c == ' ') => {
                let (own, block) = (self.column - 1, column - 1);
                let above = self.text.lines().take(self.line - 1).filter(|row| !row.trim().is_empty()).last();
                let above = above.map_or(block, |row| row.len() - row.trim_start().len());
                let message = match above > own && above != block {
                    true => {
                        format!("this line is indented by {}: neither by {block} nor by {above}", spaces(own))
                    }
                    false => format!(
                        "this line is indented by {}, and its block (line {line}) by {block}",
                        spaces(own)
                    ),
                };
                Some(Told::new(
                    self.line,
                    self.column,
                    message,
                    "begin it in the column of the lines that it belongs to",
                ))
            }
            _ => {
                let message = "something stands here behind a value that is complete";
                Some(Told::new(
                    self.line,
                    self.column,
                    message,
                    "remove it, or put the whole value in one pair of quotes",
                ))
            }
        }
    }
}

fn spaces(number: usize) -> String {
    format!("{number} space{}", if number == 1 { "" } else { "s" })
}
