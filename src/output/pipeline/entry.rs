//! A text to an entry of the log, or to none: redaction, wraps, JSON, level, filters, in this order. Pure; never fails. Called for
//! every text of a stream that has rules.

use super::hide::redact;
use super::json::{self, Parsed};
use super::preset;
use phpeek_core::level::Level;
use phpeek_settings::lines::{LineRules, Redaction};
use serde_json::Value;
use std::borrow::Cow;

/// The fields that a record has of its own.
const OURS: [&str; 9] =
    ["time", "level", "msg", "process", "instance_id", "hook", "stream", "partial", "truncated"];

/// What becomes a record.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Entry<'a> {
    /// How much it matters.
    pub(in super::super) level: Level,
    /// Its text.
    pub(in super::super) message: Cow<'a, str>,
    /// More fields, none of which a record or another has already; each value as JSON.
    pub(in super::super) fields: Vec<(String, Cow<'a, str>)>,
}

/// What a redacted text becomes; `None`: it is dropped.
pub(in super::super) fn judge<'a>(rules: &LineRules, text: &'a str) -> Option<Entry<'a>> {
    let Parsed { level, message, fields } = parsed(rules, text);
    // Escapes may have hidden from the patterns what they look for.
    let message = message.map_or(Cow::Borrowed(text), |message| redact(&rules.redactions, message));
    let level = level.unwrap_or_else(|| detected(rules, &message));
    if level < rules.min_level || !rules.filters.keep(&message) {
        return None;
    }
    Some(Entry { level, message, fields: named(rules, fields) })
}

/// What is in the text, and in that text again where it is wrapped.
fn parsed<'a>(rules: &LineRules, text: &'a str) -> Parsed<'a> {
    let read = |text: &'a str| rules.json.as_ref().and_then(|json| json::read(json, text));
    let nothing = || Parsed { level: None, message: None, fields: Vec::new() };
    let Some(mut outer) = rules.preset.and_then(|preset| preset::unwrap(preset, text)) else {
        return read(text).unwrap_or_else(nothing);
    };
    if let Some(Cow::Borrowed(inner)) = outer.message
        && let Some(inner) = read(inner)
    {
        outer.fields.extend(inner.fields);
        (outer.level, outer.message) = (inner.level.or(outer.level), inner.message.or(outer.message));
    }
    outer
}

fn detected(rules: &LineRules, message: &str) -> Level {
    let Some(levels) = &rules.levels else { return Level::Info };
    let found = levels.patterns.iter().find(|(_, pattern)| pattern.is_match(message));
    found.map_or(levels.default, |(level, _)| *level)
}

/// The label as it is called in a record.
pub(in super::super) fn label(name: &str) -> Cow<'_, str> {
    if OURS.contains(&name) { Cow::Owned(format!("app_{name}")) } else { Cow::Borrowed(name) }
}

/// Fields by names that are free, and without what is to be hidden.
fn named<'a>(rules: &LineRules, fields: Vec<(String, Cow<'a, str>)>) -> Vec<(String, Cow<'a, str>)> {
    let mut all: Vec<(String, Cow<'a, str>)> = Vec::with_capacity(fields.len());
    for (mut name, value) in fields {
        let taken = |name: &str, all: &[(String, Cow<'a, str>)]| {
            let labels = rules.labels.iter().any(|(key, _)| label(key) == name);
            OURS.contains(&name) || labels || all.iter().any(|(other, _)| other == name)
        };
        while taken(&name, &all) {
            name.insert_str(0, "app_");
        }
        all.push((name, hidden(&rules.redactions, value)));
    }
    all
}

/// A value in which escapes may hide from the patterns what they look for.
fn hidden<'a>(redactions: &[Redaction], value: Cow<'a, str>) -> Cow<'a, str> {
    if redactions.is_empty() || !value.contains('\\') {
        return value;
    }
    // Deeper than a parser goes: nobody can tell what is in it.
    let Ok(mut tree) = serde_json::from_str(&value) else { return Cow::Borrowed("\"***\"") };
    if clean(redactions, &mut tree) { Cow::Owned(tree.to_string()) } else { value }
}

/// Whether anything was hidden in it. The depth is bounded by the parser.
fn clean(redactions: &[Redaction], value: &mut Value) -> bool {
    match value {
        Value::String(text) => match redact(redactions, Cow::Borrowed(text)) {
            Cow::Owned(clean) => {
                *text = clean;
                true
            }
            Cow::Borrowed(_) => false,
        },
        Value::Array(items) => items.iter_mut().fold(false, |any, item| clean(redactions, item) | any),
        Value::Object(members) => members.values_mut().fold(false, |any, item| clean(redactions, item) | any),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_settings::lines::{Filters, JsonLines, LevelPatterns, Pattern};
    use regex::Regex;

    fn pattern(text: &str) -> Pattern {
        Regex::new(text).expect("an expression").into()
    }

    fn json() -> JsonLines {
        JsonLines { level: Some("level".into()), message: vec!["message".into()], merge: true }
    }

    type Fields = Vec<(String, String)>;

    fn judged(rules: &LineRules, line: &str) -> Option<(Level, String, Fields)> {
        let clean = redact(&rules.redactions, Cow::Borrowed(line));
        let entry = judge(rules, &clean)?;
        let fields = entry.fields.into_iter().map(|(name, value)| (name, value.into_owned())).collect();
        Some((entry.level, entry.message.into_owned(), fields))
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_spelled_in_json() {
        let redactions = vec![Redaction { pattern: pattern("a/b[0-9]+"), replacement: "***".into() }];
        let rules = LineRules { redactions, json: Some(json()), ..LineRules::default() };
        for line in [
            r#"{"message":"key a/b12 end","k":"a/b12"}"#,
            r#"{"message":"key a\/b12 end","k":"a\/b12"}"#,
            r#"{"message":"key \u0061/b12 end","k":"\u0061/b1\u0032"}"#,
        ] {
            let (_, message, fields) = judged(&rules, line).expect("kept");
            assert_eq!((message.as_str(), fields[0].1.as_str()), ("key *** end", "\"***\""), "{line}");
        }
        let (_, _, fields) =
            judged(&rules, r#"{"message":"","k":{"n":[1,"x a\/b7"],"u":"\u00e9"}}"#).expect("kept");
        assert_eq!(fields[0].1, r#"{"n":[1,"x ***"],"u":"é"}"#);
        assert_eq!(judged(&rules, "plain a/b3").expect("kept").1, "plain ***");
        // A line whose text is not taken out goes out as it is, without what is to be hidden.
        let whole = JsonLines { message: Vec::new(), ..json() };
        let rules = LineRules { json: Some(whole), ..rules };
        let line = r#"{"k":"\u0061/b12","n":[{"m":"x a\/b7 \n"}]}"#;
        let (_, message, fields) = judged(&rules, line).expect("kept");
        assert_eq!(message, r#"{"k":"***","n":[{"m":"x *** \n"}]}"#);
        assert_eq!(fields[0].1, "\"***\"");
        let plain = r#"{"k": "\u0062/b12"}"#;
        assert_eq!(judged(&rules, plain).expect("kept").1, plain, "there is nothing to hide");
    }

    #[test]
    fn a_field_never_takes_the_place_of_one_that_is_there() {
        let labels = vec![("team".to_owned(), "shop".to_owned()), ("stream".to_owned(), "x".to_owned())];
        let rules = LineRules { json: Some(json()), labels, ..LineRules::default() };
        let line = r#"{"message":"m","msg":1,"app_msg":2,"process":3,"team":4,"app_stream":5,"own":6}"#;
        let names: Vec<String> = judged(&rules, line).expect("kept").2.into_iter().map(|f| f.0).collect();
        assert_eq!(names, ["app_msg", "app_app_stream", "app_app_msg", "own", "app_process", "app_team"]);
        assert_eq!([label("stream"), label("team")], ["app_stream", "team"]);
    }

    #[test]
    fn a_stated_level_stands_and_the_first_pattern_decides_otherwise() {
        let patterns = vec![(Level::Error, pattern("ERR")), (Level::Warn, pattern("WARN|ERR"))];
        let levels = Some(LevelPatterns { patterns, default: Level::Debug });
        let rules = LineRules { min_level: Level::Debug, levels, json: Some(json()), ..LineRules::default() };
        for (line, level) in [
            ("an ERR", Level::Error),
            ("a WARN", Level::Warn),
            ("nothing", Level::Debug),
            (r#"{"level":"info","message":"ERR"}"#, Level::Info),
            (r#"{"message":"ERR"}"#, Level::Error),
        ] {
            assert_eq!(judged(&rules, line).expect("kept").0, level, "{line}");
        }
        let strict = LineRules { min_level: Level::Warn, ..rules };
        assert!(judged(&strict, "nothing").is_none() && judged(&strict, "a WARN").is_some());
    }

    #[test]
    fn exclude_wins_over_include() {
        let filters =
            Filters { exclude: vec![pattern("health")], include: vec![pattern("error"), pattern("warn")] };
        let rules = LineRules { filters, ..LineRules::default() };
        let kept =
            ["health error", "an error", "fine", "a warning"].map(|line| judged(&rules, line).is_some());
        assert_eq!(kept, [false, true, false, true]);
    }
}
