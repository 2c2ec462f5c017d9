//! YAML text to a tree with places, from the events of saphyr-parser, and the only file that knows it. Never
//! interprets a scalar: `010` stays `010`. Aliases and merge keys (`<<`) are followed; depth and size are bounded,
//! and the time grows with the text alone.

use super::mask;
use super::report::{Finding, Findings};
use super::tree::{Entry, Node, Place, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::collections::{HashMap, HashSet};

/// Deepest nesting that is read; real files stay below 10.
const MAX_DEPTH: usize = 64;
/// Most values that are read, with those that anchors and aliases repeat; 64 bytes of a repeated text count as one
/// more. 5000 processes with 20 values each are a quarter of it.
const MAX_VALUES: usize = 400_000;

/// Reads the first document of a text, which is that of this file. What is to be said of it is added to `findings`.
pub(crate) fn parse(text: &str, file: usize, findings: &mut Findings) -> Result<Node, Fault> {
    let masked = mask::mask(text);
    Reader {
        events: Parser::new_from_str(&masked),
        anchors: HashMap::new(),
        values: 0,
        file,
        masked: matches!(masked, std::borrow::Cow::Owned(_)),
        findings,
    }
    .document()
}

/// Why a text gives no tree.
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) place: Place,
    /// Whether the text is no YAML in the eyes of this reader, and not only beyond a bound.
    pub(crate) syntax: bool,
}

impl Fault {
    fn new(message: impl Into<String>, place: Place) -> Self {
        Self { message: message.into(), place, syntax: false }
    }
}

struct Reader<'a, 'f> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    values: usize,
    file: usize,
    masked: bool,
    findings: &'f mut Findings,
}

impl<'a> Reader<'a, '_> {
    fn place(&self, at: Marker) -> Place {
        Place::File { file: self.file, line: at.line().max(1), column: at.col() + 1 }
    }

    fn next(&mut self) -> Result<(Event<'a>, Place), Fault> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((event, self.place(span.start))),
            Some(Err(error)) => {
                let place = self.place(*error.marker());
                Err(Fault { message: error.info().to_owned(), place, syntax: true })
            }
            None => Ok((Event::StreamEnd, Place::Nowhere)),
        }
    }

    fn document(&mut self) -> Result<Node, Fault> {
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd | Event::DocumentEnd => return Ok(Node { place, value: Value::Null }),
                event => {
                    let root = self.node(event, place, 0)?;
                    self.only_one()?;
                    return Ok(root);
                }
            }
        }
    }

    /// Reads to the end of the document: its end must be sound, and later documents are named.
    fn only_one(&mut self) -> Result<(), Fault> {
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(_) => {
                    let warning =
                        Finding::warning("", place, "a second YAML document begins here and is not read");
                    self.findings.push(warning.advice("put everything before the first ---"));
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'a>, place: Place, depth: usize) -> Result<Node, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::new(format!("more than {MAX_DEPTH} levels of nesting"), place));
        }
        self.spend(1, &place)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.tag(tag.as_deref(), &place);
                let null = style == ScalarStyle::Plain
                    && tag.is_none()
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                (if null { Value::Null } else { Value::Scalar(self.unmask(text.into_owned())) }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.tag(tag.as_deref(), &place);
                (self.sequence(depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.tag(tag.as_deref(), &place);
                (self.mapping(depth)?, anchor)
            }
            Event::Alias(id) => return self.alias(id, place),
            _ => return Err(Fault::new("a value is missing", place)),
        };
        let node = Node { place, value };
        if anchor > 0 {
            self.spend(weight(&node), &node.place)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// The types of YAML itself are what a key asks for anyhow; any other tag asks for what nobody does.
    fn tag(&mut self, tag: Option<&Tag>, place: &Place) {
        const KNOWN: [&str; 7] = ["str", "int", "float", "bool", "null", "map", "seq"];
        let Some(tag) = tag.filter(|t| !t.suffix.is_empty()) else { return };
        if tag.is_yaml_core_schema() && KNOWN.contains(&tag.suffix.as_str()) {
            return;
        }
        let message = format!("the tag {tag} has no effect: the value is read as it is written");
        self.findings.push(Finding::warning("", place.clone(), message).advice("remove the tag"));
    }

    fn spend(&mut self, values: usize, place: &Place) -> Result<(), Fault> {
        self.values = self.values.saturating_add(values);
        if self.values <= MAX_VALUES {
            return Ok(());
        }
        let message = format!("more than {MAX_VALUES} values, with those that anchors and aliases repeat");
        Err(Fault::new(message, place.clone()))
    }

    fn unmask(&self, text: String) -> String {
        if self.masked { mask::unmask(&text) } else { text }
    }

    fn alias(&mut self, id: usize, place: Place) -> Result<Node, Fault> {
        let Some(node) = self.anchors.get(&id).cloned() else {
            return Err(Fault::new("an alias names an anchor that is not complete", place));
        };
        self.spend(weight(&node), &place)?;
        Ok(Node { place, value: node.value })
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            let before = self.findings.len();
            items.push(self.node(event, place, depth + 1)?);
            self.findings.below(before, || format!("[{}]", items.len() - 1));
        }
    }

    fn twice(&mut self, entries: &[Entry], key: &str, place: Place) {
        let first = entries.iter().find(|e| e.key == key).map(|e| &e.place);
        let first = match first {
            Some(Place::File { line, .. }) => format!(", first in line {line}"),
            _ => String::new(),
        };
        let twice = Finding::error(key, place, format!("the key {key:?} is written twice{first}"));
        self.findings.push(twice.advice("keep one of them"));
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = HashSet::new();
        let mut merged = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = match self.node(event, place.clone(), depth + 1)?.value {
                Value::Scalar(key) => key,
                Value::Null => String::from("null"),
                _ => return Err(Fault::new("a key must be a plain text", place)),
            };
            let (event, at) = self.next()?;
            let before = self.findings.len();
            let node = self.node(event, at, depth + 1)?;
            self.findings.below(before, || key.clone());
            if key == "<<" {
                merged.push(node);
            } else if repeated(&entries, &mut seen, &key) {
                self.twice(&entries, &key, place);
            } else {
                entries.push(Entry { key, place, node });
            }
        }
        merge_all(&mut entries, &mut seen, merged)?;
        Ok(Value::Map(entries))
    }
}

/// Whether a key was there before. A short mapping is looked through; only a long one is worth a set.
pub(crate) fn repeated(entries: &[Entry], seen: &mut HashSet<String>, key: &str) -> bool {
    const SHORT: usize = 16;
    if entries.len() < SHORT {
        return entries.iter().any(|e| e.key == key);
    }
    if seen.is_empty() {
        seen.extend(entries.iter().map(|e| e.key.clone()));
    }
    !seen.insert(key.to_owned())
}

/// Follows the merge keys of a mapping, in their order.
pub(crate) fn merge_all(
    entries: &mut Vec<Entry>,
    seen: &mut HashSet<String>,
    merged: Vec<Node>,
) -> Result<(), Fault> {
    if merged.is_empty() {
        return Ok(());
    }
    seen.extend(entries.iter().map(|e| e.key.clone()));
    merged.into_iter().try_for_each(|node| merge(entries, seen, node))
}

/// YAML's merge key: entries of the merged mapping that are not written in the mapping itself.
fn merge(entries: &mut Vec<Entry>, seen: &mut HashSet<String>, node: Node) -> Result<(), Fault> {
    match node.value {
        Value::Map(more) => {
            for entry in more {
                if seen.insert(entry.key.clone()) {
                    entries.push(entry);
                }
            }
            Ok(())
        }
        Value::List(nodes) => nodes.into_iter().try_for_each(|n| merge(entries, seen, n)),
        _ => Err(Fault::new("a merge key (<<) takes a mapping", node.place)),
    }
}

/// What a copy of a value costs.
fn weight(node: &Node) -> usize {
    match &node.value {
        Value::Null | Value::Emptied => 1,
        Value::Scalar(text) => 1 + text.len() / 64,
        Value::List(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|e| e.key.len() / 64 + weight(&e.node)).sum::<usize>(),
    }
}
