//! What to write instead of a word that is not known: another word, or another place. Pure functions over the key tables.

use super::keys::{GONE, Key, find, places, theirs};
use super::report::Path;
use super::secret;
use super::tree::Entry;

/// What to do about an unknown key.
pub(crate) fn unknown(entry: &Entry, path: &Path<'_>, keys: &'static [Key]) -> String {
    let key = entry.key.as_str();
    if let Some(slip) = slip(key) {
        return slip.to_owned();
    }
    let here = path.of_any().replace('*', "NAME");
    if let Some((whose, hint)) = theirs(key, &here) {
        return if whose.is_empty() { hint.to_owned() } else { format!("{whose} word: {hint}") };
    }
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

/// What is no key at all, and was taken for one.
fn slip(key: &str) -> Option<&'static str> {
    if key.starts_with("//") || key.starts_with("/*") {
        return Some("a comment begins with #");
    }
    let strange = |c: char| c != ' ' && (c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'));
    key.contains(strange).then_some("it holds a no-break space or its like: type it anew, with plain spaces")
}

/// What is probably missing in a text that stands where keys are wanted.
pub(crate) fn joined(text: &str, keys: &'static [Key]) -> Option<String> {
    let known = |separator: char| {
        let (key, _) = text.split_once(separator)?;
        find(keys, key.trim()).map(|key| key.name)
    };
    if let Some(key) = known(':') {
        return Some(format!("write a space behind the colon: `{key}: …`"));
    }
    known('=').map(|key| format!("write a colon and a space: `{key}: …`"))
}

/// The word that is meant by one that is spelled otherwise, or is another program's.
pub(crate) fn word(text: &str, words: &[&'static str]) -> Option<String> {
    const SAME: [(&str, &str); 12] = [
        ("no", "never"),
        ("false", "never"),
        ("none", "never"),
        ("yes", "always"),
        ("true", "always"),
        ("unless-stopped", "always"),
        ("unexpected", "on-failure"),
        ("exit-on-failure", "on-failure"),
        ("process-started", "started"),
        ("process-healthy", "healthy"),
        ("process-completed", "completed"),
        ("process-completed-successfully", "completed_successfully"),
    ];
    let plain = |word: &str| word.to_ascii_lowercase().replace(['_', ' '], "-");
    let own = plain(text);
    let own = own.strip_prefix("service-").unwrap_or(&own);
    let same =
        SAME.iter().find(|(theirs, ours)| *theirs == own && words.contains(ours)).map(|(_, ours)| *ours);
    let meant = words.iter().find(|word| plain(word) == own).copied().or(same);
    let meant = meant.or_else(|| nearest(text, words.iter().copied()))?;
    Some(format!("did you mean {meant}? There are {}", words.join(", ")))
}

/// A command that was written as one text, as a list.
pub(crate) fn command(line: &str, path: &str) -> String {
    let shape = "write it as [\"program\", \"argument\"]".to_owned();
    if line.trim().is_empty() || line.len() > 200 || secret::in_path(path) || secret::in_value(line) {
        return shape;
    }
    let quoted = |word: &str| serde_json::Value::from(word).to_string();
    let needs_a_shell = line.contains(|c: char| "$&|;<>()*?`\\#\n\"'".contains(c));
    if needs_a_shell || line.starts_with("cd ") {
        return format!("write it as [sh, -c, {}]", quoted(line.trim()));
    }
    let words: Vec<String> = line.split_whitespace().map(quoted).collect();
    format!("write it as [{}]", words.join(", "))
}

/// A message that repeats no more of a long value than one can read.
pub(crate) fn short(message: String) -> String {
    const MOST: usize = 240;
    if message.chars().count() <= MOST {
        return message;
    }
    let end: String = message.chars().skip(message.chars().count() - 60).collect();
    format!("{}…{end}", message.chars().take(MOST - 60).collect::<String>())
}
