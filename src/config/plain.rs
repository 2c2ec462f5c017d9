//! YAML text to a tree by serde_yaml, and the only file that knows it. serde_yaml types a plain scalar by its look
//! (`010` becomes 10) and gives no places, so the key table guides it: what a key takes as a scalar is asked for as a
//! text, which comes back as it was written. It gives up at the first thing that there may be something to say about;
//! `parse` then reads the text again, with places. Never adds a finding. Called by `load`.

use super::keys::{Kind, ROOT};
use super::tree::{Entry, Node, Place, Value};
use super::{mask, parse};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

/// Most values that are read. Only aliases can make more of a file than `parse` allows, and it counts those.
const MAX_NODES: usize = 200_000;

const FILE: Kind = Kind::Map(ROOT);
const CONDITIONS: Kind = Kind::MapOf(&Kind::MapOf(&Kind::Text));

/// Reads the one document of a text. `None`: it is broken, or `parse` must look at it.
pub(crate) fn parse(text: &str) -> Option<Node> {
    let masked = mask::mask(text);
    let reader = Reader { masked: matches!(masked, std::borrow::Cow::Owned(_)), nodes: Cell::new(0) };
    Seed { reader: &reader, kind: &FILE, merge: false }
        .deserialize(serde_yaml::Deserializer::from_str(&masked))
        .ok()
}

/// What serde_yaml says of a text that is no YAML.
pub(crate) fn fault(text: &str) -> Option<(String, Place)> {
    let error = serde_yaml::from_str::<serde_yaml::Value>(text).err()?;
    let at = error.location()?;
    Some((error.to_string(), Place::File { line: at.line(), column: at.column() }))
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
        Ok(Node { place: Place::UNSEEN, value })
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
        match self.kind {
            Kind::List(_) | Kind::Command | Kind::Map(_) | Kind::MapOf(_) | Kind::Depends => {
                deserializer.deserialize_any(self)
            }
            _ => deserializer.deserialize_option(self),
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let item = match self.kind {
            Kind::Map(_) | Kind::MapOf(_) if self.merge => Seed { merge: false, ..self },
            Kind::List(kind) => Seed { kind, ..self },
            Kind::Command | Kind::Depends => Seed { kind: &Kind::Text, ..self },
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
                (key, Kind::Map(keys)) => match keys.iter().find(|k| k.name == key) {
                    Some(known) => Some(Seed { kind: &known.kind, merge: false, ..self }),
                    None if key.starts_with("x-") => None,
                    None => return Err(A::Error::custom("an unknown key")),
                },
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
                entries.push(Entry { key, place: Place::UNSEEN, node });
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
