//! What to write instead of a word that is not known: another word, or another place. Pure functions over the key tables.

use super::keys::{GONE, Key, places};
use super::report::Path;
use super::tree::Entry;

/// What to do about an unknown key.
pub(crate) fn unknown(entry: &Entry, path: &Path<'_>, keys: &'static [Key]) -> String {
    let key = entry.key.as_str();
    let here = path.of_any().replace('*', "NAME");
    let others = places(key);
    let inner: Vec<&str> = others.iter().filter_map(|place| inside(place, &here)).collect();
    if !inner.is_empty() && here != "processes" {
        let blocks: Vec<String> = inner.iter().take(3).map(|block| format!("`{block}`")).collect();
        return format!("it belongs under {}; it has no effect as it is", blocks.join(" or "));
    }
    if let Some((_, hint)) = GONE.iter().find(|(gone, _)| *gone == key) {
        return (*hint).to_owned();
    }
    if here.is_empty() && entry.node.get("command").is_some() {
        return "it looks like a process: it belongs under `processes`; it has no effect as it is".to_owned();
    }
    // A word that is written here and in one letter different is meant more often than the same word elsewhere.
    match (nearest(key, keys.iter().map(|k| k.name)), elsewhere(&others)) {
        (Some(near), None) => format!("did you mean {near:?}? It has no effect as it is"),
        (_, Some(place)) => format!("it belongs {place}; it has no effect as it is"),
        (None, None) => "it has no effect: remove it".to_owned(),
    }
}

/// The rest of `place` when it lies below `here`.
fn inside<'a>(place: &'a str, here: &str) -> Option<&'a str> {
    if here.is_empty() {
        return (place == "global" || place == "hooks").then_some(place);
    }
    place.strip_prefix(here)?.strip_prefix('.')
}

/// One of the large blocks that has a key of the name.
fn elsewhere(others: &[String]) -> Option<&'static str> {
    [("global", "under `global`"), ("processes.NAME", "under a process"), ("", "at the top level")]
        .into_iter()
        .find_map(|(place, said)| others.iter().any(|other| other == place).then_some(said))
}

/// The known word that looks most like this one, if any looks like it.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|k| (strsim::jaro_winkler(word, k), k))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}
