//! YAML text to a tree by serde_yaml, and the only file that knows it: for a text that the reader with places
//! refuses. serde_yaml reads YAML 1.1 by libyaml's scanner, as PHPeek PM's library does, and takes what YAML 1.2 does
//! not: a tab after a colon, the inside of brackets at the left edge. It types a plain scalar by its look (`010`
//! becomes 10) and gives no places, so the key table guides it: what a key takes as a scalar is asked for as a text,
//! which comes back as it was written. Never adds a finding.

use super::keys::{Kind, ROOT};
use super::tree::{Entry, Node, Place, Value};
use super::{mask, parse};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

/// Most values that are read.
const MAX_NODES: usize = 200_000;
/// Most brackets that may be open at once, by a count that does not know quotes: libyaml looks through all that are open
/// at each token.
const MAX_OPEN: usize = 1000;

const FILE: Kind = Kind::Map(ROOT);
const CONDITIONS: Kind = Kind::MapOf(&Kind::MapOf(&Kind::Text));

/// Reads the one document of a text. `None`: it is broken for serde_yaml too.
pub(crate) fn parse(text: &str) -> Option<Node> {
    if too_deep(text) {
        return None;
    }
    let masked = mask::mask(text);
    let reader = Reader { masked: matches!(masked, std::borrow::Cow::Owned(_)), nodes: Cell::new(0) };
    Seed { reader: &reader, kind: &FILE, merge: false }
        .deserialize(serde_yaml::Deserializer::from_str(&masked))
        .ok()
}

/// A file of somebody else, in YAML or in the JSON that people write by hand, as JSON.
#[must_use]
pub fn as_json(text: &str) -> Option<serde_json::Value> {
    if too_deep(text) { None } else { serde_yaml::from_str(text).ok() }
}

/// What serde_yaml says of a text that is no YAML.
pub(crate) fn fault(text: &str, file: usize) -> Option<(String, Place)> {
    if too_deep(text) {
        return None;
    }
    let error = serde_yaml::from_str::<serde_yaml::Value>(text).err()?;
    let at = error.location()?;
    Some((error.to_string(), Place::File { file, line: at.line(), column: at.column() }))
}

fn too_deep(text: &str) -> bool {
    let mut open = 0usize;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MAX_OPEN
    })
}

struct Reader {
    masked: bool,
    nodes: Cell<usize>,
}

impl Reader {
    fn text(&self, text: &str) -> String {
        if self.masked { mask::unmask(text) } else { text.to_owned() }
    }

    fn node<E: Error>(&self, value: Value) -> Result<Node, E> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MAX_NODES {
            return Err(E::custom("too many values"));
        }
        Ok(Node { place: Place::Nowhere, value })
    }
}

/// Reads one value as its key wants it.
#[derive(Clone, Copy)]
struct Seed<'a> {
    reader: &'a Reader,
    kind: &'static Kind,
    /// The value of a merge key: a mapping of the kind, or a list of such.
    merge: bool,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        if self.kind.structured() || matches!(self.kind, Kind::Statuses) {
            deserializer.deserialize_any(self)
        } else {
            deserializer.deserialize_option(self)
        }
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that the key takes")
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.reader.node(Value::Null)
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.reader.node(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        self.reader.node(Value::Scalar(self.reader.text(text)))
    }

    /// What may be a list and may be a scalar is not asked for as a text; of these a number has one spelling.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Node, E> {
        match self.kind {
            Kind::Statuses => self.reader.node(Value::Scalar(number.to_string())),
            _ => Err(E::custom("a number")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let item = match self.kind {
            Kind::Map(_) | Kind::MapOf(_) if self.merge => Seed { merge: false, ..self },
            Kind::List(kind) => Seed { kind, ..self },
            Kind::Command | Kind::Depends | Kind::Files | Kind::FilesOr(_) | Kind::Statuses => {
                Seed { kind: &Kind::Text, ..self }
            }
            _ => return Err(A::Error::custom("a list")),
        };
        let mut all = Vec::new();
        while let Some(node) = items.next_element_seed(item)? {
            all.push(node);
        }
        self.reader.node(Value::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = HashSet::new();
        let mut merged = Vec::new();
        while let Some(Name(key)) = map.next_key_seed(NameSeed(self.reader))? {
            let seed = match (key.as_str(), self.kind) {
                ("<<", _) => Some(Seed { merge: true, ..self }),
                // An unknown one is told by its name; nobody reads its value.
                (key, Kind::Map(keys) | Kind::FilesOr(keys)) => keys
                    .iter()
                    .find(|k| k.name == key)
                    .map(|known| Seed { kind: &known.kind, merge: false, ..self }),
                (_, Kind::MapOf(kind)) => Some(Seed { kind, merge: false, ..self }),
                (_, Kind::Depends) => match CONDITIONS {
                    Kind::MapOf(kind) => Some(Seed { kind, merge: false, ..self }),
                    _ => None,
                },
                _ => return Err(A::Error::custom("a mapping")),
            };
            let node = match seed {
                Some(seed) => map.next_value_seed(seed)?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                    self.reader.node(Value::Null)?
                }
            };
            if key == "<<" {
                merged.push(node);
            } else if parse::repeated(&entries, &mut seen, &key) {
                return Err(A::Error::custom("a key that is written twice"));
            } else {
                entries.push(Entry { key, place: Place::Nowhere, node });
            }
        }
        parse::merge_all(&mut entries, &mut seen, merged).map_err(|_| A::Error::custom("a merge"))?;
        self.reader.node(Value::Map(entries))
    }
}

struct Name(String);

struct NameSeed<'a>(&'a Reader);

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Name, E> {
        // Null as a key has more than one spelling, and here they cannot be told from quoted ones.
        if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
            return Err(E::custom("a null key"));
        }
        Ok(Name(self.0.text(text)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]

    use super::*;
    use crate::report::{Findings, Severity};
    use proptest::prelude::*;

    /// The value without places, and without what nobody reads.
    fn bare(value: &Value) -> Value {
        let node = |n: &Node| Node { place: Place::Nowhere, value: bare(&n.value) };
        match value {
            Value::Null | Value::Emptied => Value::Null,
            Value::Scalar(text) => Value::Scalar(text.clone()),
            Value::List(items) => Value::List(items.iter().map(node).collect()),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .filter(|e| !e.key.starts_with("x-"))
                    .map(|e| Entry { key: e.key.clone(), place: Place::Nowhere, node: node(&e.node) })
                    .collect(),
            ),
        }
    }

    /// Holds both readers to one tree; says whether serde_yaml gave one.
    fn agree(text: &str) -> bool {
        let Some(plain) = super::parse(text) else { return false };
        let mut findings = Findings::default();
        // The other is stricter: this one is for what it refuses.
        let Ok(spanned) = parse::parse(text, 0, &mut findings) else { return true };
        // YAML 1.1 and 1.2 see these in two ways: a block scalar that the end of the file cuts off, and `{?a}`.
        if text.contains('?') || (!text.ends_with('\n') && text.contains(['|', '>'])) {
            return true;
        }
        let mut unknown = Findings::default();
        crate::schema::check(&spanned, &mut unknown);
        if unknown.into_sorted().iter().any(|f| f.message.ends_with("is unknown")) {
            return true; // what nobody reads is not read here
        }
        assert_eq!(bare(&plain.value), bare(&spanned.value), "{text}");
        assert!(findings.into_sorted().iter().all(|f| f.severity != Severity::Error), "{text}");
        true
    }

    #[test]
    fn both_readers_see_the_same_in_what_people_write() {
        for text in [
            include_str!("../../config/full.yaml"),
            include_str!("../../config/minimal.yaml"),
            include_str!("../../config/php-stack.yaml"),
            "processes: {a: {command: [x, 010, 1.10, ~, '~', yes, 0x1F, 1e3, \"\", 'it''s'], env: {A: 010, B: , C: null}}}",
            "x-b: &b {command: [x], env: &e {K: 1}}\nprocesses:\n  a: {<<: *b, scale: 3}\n  c: *b\n  d:\n    <<: [*b, {user: u}]\n    env: *e\n",
            "processes:\n  a:\n    command:\n    - x\n    - |\n      b\n       c\n    - >-\n      d\n      e\n\n      f\n    depends_on: {b: {condition: started}, c: }\n",
            "processes: {a: {command: [x, ${A:-b,c}, '${B}'], scale: ${N:-1}, env: ${E:-e,f}}}",
        ] {
            assert!(agree(text), "serde_yaml gave up: {text}");
        }
    }

    #[test]
    fn it_gives_up_where_a_value_is_not_what_its_key_takes() {
        for text in [
            "processes: {a: {command: [x], command: [y]}}",
            "processes: [a]",
            "processes: {a: {command: [[x]]}}",
            "processes: {}\n---\nprocesses: {}",
            "processes: {a: {scale: {}}}",
            "processes: {a: *b}",
        ] {
            assert!(super::parse(text).is_none(), "{text}");
        }
    }

    /// A value as it may be written.
    fn scalar() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9_./-]{1,8}",
            "'[a-z0-9 :,#{}\\[\\]]{0,8}'",
            "\"[a-z0-9 :,#{}]{0,8}\"",
            "(null|~|Null|yes|no|true|010|1\\.10|0x1f|1e3|\\.inf|-5|\\+1|2024-01-01|12:30|é|<<|\\$\\{A:-b,c\\}|\\$\\{A\\})",
        ]
    }

    fn document() -> impl Strategy<Value = String> {
        let field = prop_oneof![
            scalar().prop_map(|s| format!("user: {s}")),
            scalar().prop_map(|s| format!("scale: {s}")),
            scalar().prop_map(|s| format!("restart: {s}")),
            proptest::collection::vec(scalar(), 0..4).prop_map(|v| format!("command: [{}]", v.join(", "))),
            proptest::collection::vec(scalar(), 1..4)
                .prop_map(|v| format!("command:\n    - {}", v.join("\n    - "))),
            proptest::collection::vec((scalar(), scalar()), 0..4).prop_map(|v| {
                let all: Vec<String> = v.iter().map(|(k, v)| format!("{k}: {v}")).collect();
                format!("env: {{{}}}", all.join(", "))
            }),
            proptest::collection::vec((scalar(), scalar()), 1..4).prop_map(|v| {
                let all: Vec<String> = v.iter().map(|(k, v)| format!("{k}: {v}")).collect();
                format!("env:\n      {}", all.join("\n      "))
            }),
            scalar().prop_map(|s| format!("shutdown: {{signal: {s}}} # {s}")),
            scalar().prop_map(|s| format!("working_dir: |\n      {s}\n       {s}\n\n      {s}")),
            scalar().prop_map(|s| format!("depends_on: {{{s}: {{condition: started}}}}")),
        ];
        let process = (scalar(), proptest::collection::vec(field, 0..4));
        proptest::collection::vec(process, 0..4).prop_map(|all| {
            let all: Vec<String> = all
                .iter()
                .map(|(name, fields)| format!("  {name}:\n    {}\n", fields.join("\n    ")))
                .collect();
            format!("processes:\n{}", all.concat())
        })
    }

    proptest! {
        #[test]
        fn both_readers_see_the_same_in_documents_at_random(text in document()) {
            agree(&text);
        }

        #[test]
        fn both_readers_see_the_same_in_scraps(text in "(processes|a|command|env|&a |\\*a|<<|: |- |\\[|\\]|\\{|\\}|'|\"|\n|\n  |\n    |  |é|, |#| #|!|!!str |\\||>|\\?|[0-9]|~){0,40}") {
            agree(&format!("processes: {{{text}}}"));
            agree(&format!("processes:\n  {text}"));
        }
    }
}
