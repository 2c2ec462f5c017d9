//! YAML text to a tree with places, from the events of saphyr-parser, and the only file that knows it: for a text that
//! there is something to say about. (`plain` reads the others; serde_yaml has no places, and stops at its first
//! error.) Never interprets a scalar: `010` stays `010`. Aliases and merge keys (`<<`) are followed within bounds.
//! Called by `load`.

use super::report::{Finding, Findings};
use super::tree::{Entry, Node, Place, Value};
use super::{mask, plain};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::{HashMap, HashSet};

/// Deepest nesting that is read; real files stay below 10.
const MAX_DEPTH: usize = 64;
/// Most nodes that aliases may add, so that a small file cannot grow without bound.
const MAX_ALIASED: usize = 200_000;

/// Reads the first document of a text. Faults are added to `findings`; `None` when there is no usable tree.
pub(crate) fn parse(text: &str, findings: &mut Findings) -> Option<Node> {
    let masked = mask::mask(text);
    let mut reader = Reader {
        events: Parser::new_from_str(&masked),
        anchors: HashMap::new(),
        aliased: 0,
        masked: matches!(masked, std::borrow::Cow::Owned(_)),
        findings,
    };
    match reader.document() {
        Ok(node) => Some(node),
        Err(Fault { message, place }) => {
            findings.push(broken(text, message, place));
            None
        }
    }
}

/// The error for a file that is no YAML, in serde_yaml's words where it sees the fault too.
fn broken(text: &str, message: String, place: Place) -> Finding {
    let (message, place) = plain::fault(text).unwrap_or((message, place));
    Finding::error("", place, format!("the file is no valid YAML: {message}"))
        .advice("mend the syntax; nothing after this place was read")
}

/// Why a text gives no tree.
pub(crate) struct Fault {
    message: String,
    place: Place,
}

struct Reader<'a, 'f> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    masked: bool,
    findings: &'f mut Findings,
}

fn place_of(span: Span) -> Place {
    Place::File { line: span.start.line().max(1), column: span.start.col() + 1 }
}

impl<'a> Reader<'a, '_> {
    fn next(&mut self) -> Result<(Event<'a>, Place), Fault> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((event, place_of(span))),
            Some(Err(error)) => {
                let place =
                    Place::File { line: error.marker().line().max(1), column: error.marker().col() + 1 };
                Err(Fault { message: error.info().to_owned(), place })
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
            return Err(Fault { message: format!("more than {MAX_DEPTH} levels of nesting"), place });
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let null = style == ScalarStyle::Plain
                    && tag.is_none()
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                (if null { Value::Null } else { Value::Scalar(self.unmask(text.into_owned())) }, anchor)
            }
            Event::SequenceStart(anchor, _) => (self.sequence(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.mapping(depth)?, anchor),
            Event::Alias(id) => return self.alias(id, place),
            _ => return Err(Fault { message: "a value is missing".to_owned(), place }),
        };
        let node = Node { place, value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn unmask(&self, text: String) -> String {
        if self.masked { mask::unmask(&text) } else { text }
    }

    fn alias(&mut self, id: usize, place: Place) -> Result<Node, Fault> {
        let Some(node) = self.anchors.get(&id).cloned() else {
            return Err(Fault { message: "an alias names an anchor that is not complete".to_owned(), place });
        };
        self.aliased = self.aliased.saturating_add(count(&node));
        if self.aliased > MAX_ALIASED {
            return Err(Fault { message: format!("aliases repeat more than {MAX_ALIASED} values"), place });
        }
        Ok(Node { place, value: node.value })
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            items.push(self.node(event, place, depth + 1)?);
        }
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
                _ => return Err(Fault { message: "a key must be a plain text".to_owned(), place }),
            };
            let (event, at) = self.next()?;
            let node = self.node(event, at, depth + 1)?;
            if key == "<<" {
                merged.push(node);
            } else if repeated(&entries, &mut seen, &key) {
                let twice = Finding::error(&key, place, format!("the key {key:?} is written twice"));
                self.findings.push(twice.advice("keep one of them"));
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
        _ => Err(Fault { message: "a merge key (<<) takes a mapping".to_owned(), place: node.place }),
    }
}

fn count(node: &Node) -> usize {
    match &node.value {
        Value::Null | Value::Scalar(_) => 1,
        Value::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|e| count(&e.node)).sum::<usize>(),
    }
}
