//! A line that is a JSON object: its level, its message, its fields. Owns how levels are spelled in the world; never changes
//! a value.

use phpeek_core::level::Level;
use phpeek_settings::lines::JsonLines;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What was taken out of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed<'a> {
    /// What it states.
    pub(super) level: Option<Level>,
    /// Its text.
    pub(super) message: Option<Cow<'a, str>>,
    /// The others by their names, in order; each value as JSON.
    pub(super) fields: Vec<(String, Cow<'a, str>)>,
}

/// Reads a line; `None`: it is a text as any other.
pub(super) fn read<'a>(rules: &JsonLines, line: &'a str) -> Option<Parsed<'a>> {
    if !line.trim_start().starts_with('{') {
        return None;
    }
    let mut members: BTreeMap<String, &'a RawValue> = serde_json::from_str(line).ok()?;
    let level = rules.level.as_ref().and_then(|key| Some((key, level(members.get(key)?.get())?)));
    if let Some((key, _)) = level {
        members.remove(key);
    }
    let key = rules.message.iter().find(|key| members.contains_key(*key));
    let message = key.and_then(|key| members.remove(key)).map(|value| text(value.get()));
    let fields = if rules.merge { members } else { BTreeMap::new() };
    let fields = fields.into_iter().map(|(key, value)| (key, Cow::Borrowed(value.get()))).collect();
    Some(Parsed { level: level.map(|(_, level)| level), message, fields })
}

/// What a JSON value says: a text without its quotes, anything else as it is.
pub(in super::super) fn text(value: &str) -> Cow<'_, str> {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        Some(_) => serde_json::from_str(value).map_or(Cow::Borrowed(value), Cow::Owned),
        None => Cow::Borrowed(value),
    }
}

/// Words of loggers, and the numbers of pino and bunyan (10 to 60) and of Monolog (100 to 600).
fn level(value: &str) -> Option<Level> {
    let text = text(value);
    Some(match text.to_ascii_lowercase().as_str() {
        "trace" | "debug" | "verbose" | "10" | "20" | "100" => Level::Debug,
        "info" | "information" | "notice" | "30" | "200" | "250" => Level::Info,
        "warn" | "warning" | "40" | "300" => Level::Warn,
        "error" | "err" | "critical" | "crit" | "fatal" | "panic" | "alert" | "emergency" | "emerg" => {
            Level::Error
        }
        "50" | "60" | "400" | "500" | "550" | "600" => Level::Error,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> JsonLines {
        let message = vec!["message".to_owned(), "msg".to_owned()];
        JsonLines { level: Some("level".to_owned()), message, merge: true }
    }

    #[test]
    fn level_message_and_fields_are_taken_over_as_they_are() {
        let line = r#" {"level":"WARNING","msg":"a\nb","z":{"deep":[1, 2]},"id":12345678901234567890123,"a":"\u00e9"}"#;
        let parsed = read(&rules(), line).expect("JSON");
        assert_eq!((parsed.level, parsed.message.as_deref()), (Some(Level::Warn), Some("a\nb")));
        let fields: Vec<_> = parsed.fields.iter().map(|(key, value)| (key.as_str(), &**value)).collect();
        assert_eq!(
            fields,
            [("a", r#""\u00e9""#), ("id", "12345678901234567890123"), ("z", r#"{"deep":[1, 2]}"#)]
        );
    }

    #[test]
    fn a_level_that_is_none_stays_a_field_and_the_first_message_wins() {
        let parsed = read(&rules(), r#"{"level":"loud","message":1,"msg":"other"}"#).expect("JSON");
        assert_eq!((parsed.level, parsed.message.as_deref()), (None, Some("1")));
        let fields: Vec<_> = parsed.fields.iter().map(|(key, value)| (key.as_str(), &**value)).collect();
        assert_eq!(fields, [("level", "\"loud\""), ("msg", "\"other\"")]);
        let bare = JsonLines { level: None, message: Vec::new(), merge: false };
        let parsed = read(&bare, r#"{"level":"error","message":"x"}"#).expect("JSON");
        assert_eq!((parsed.level, parsed.message, parsed.fields.len()), (None, None, 0));
    }

    #[test]
    fn what_is_no_object_is_a_text() {
        for line in ["", "plain", "[1]", "{broken", "{\"a\":1} trailing", "\"text\"", "12"] {
            assert_eq!(read(&rules(), line), None, "{line}");
        }
    }

    #[test]
    fn levels_have_these_spellings() {
        assert_eq!(["\"Notice\"", "30", "250"].map(level), [Some(Level::Info); 3]);
        assert_eq!(["\"EMERGENCY\"", "60", "550"].map(level), [Some(Level::Error); 3]);
        assert_eq!(["\"\"", "7", "null", "{}"].map(level), [None; 4]);
    }
}
