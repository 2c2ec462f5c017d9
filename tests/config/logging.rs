//! `logging` of a process: which rules come of it, and that a broken or useless one is refused where it stands.

use super::{read, refused, valid};
use phpeek_core::level::Level;
use phpeek_pm::config::{Place, Severity};
use phpeek_settings::lines::{LineFormat, LineRules, Preset};
use std::sync::Arc;
use std::time::Duration;

fn file(logging: &str) -> String {
    format!("processes:\n  other: {{command: [o]}}\n  app:\n    command: [a]\n    logging: {logging}\n")
}

/// The rules of the one process that has some.
fn rules(logging: &str) -> Option<Arc<LineRules>> {
    let lines = valid(&file(logging), &[]).lines;
    assert!(lines.keys().all(|name| name.as_str() == "app"), "{lines:?}");
    lines.into_values().next()
}

#[test]
fn what_is_written_is_what_holds() {
    let all = rules(
        "{min_level: warn, preset: php-fpm, labels: {team: shop}, filters: {exclude: [a], include: [b, c]}, \
         redaction: {enabled: true, patterns: [{name: x, pattern: '[0-9]+'}, {pattern: y, replacement: ''}]}, \
         multiline: {enabled: true, pattern: '^x', max_lines: 7, timeout: 300ms}, \
         json: {enabled: true, extract_level: true, extract_message: true, merge_fields: true, level_field: severity}, \
         level_detection: {enabled: true, patterns: {debug: d, error: e}, default_level: debug}}",
    )
    .expect("rules");
    assert_eq!((all.format, all.min_level), (LineFormat::Record, Level::Warn));
    assert_eq!(all.preset, Some(Preset::PhpFpm));
    assert_eq!(all.labels, [("team".to_owned(), "shop".to_owned())]);
    assert_eq!((all.filters.exclude.len(), all.filters.include.len()), (1, 2));
    let replacements: Vec<_> = all.redactions.iter().map(|r| r.replacement.as_str()).collect();
    assert_eq!(replacements, ["***", ""], "empty is what was written");
    let multiline = all.multiline.as_ref().expect("multiline");
    assert_eq!((multiline.max_lines, multiline.timeout), (7, Duration::from_millis(300)));
    let json = all.json.as_ref().expect("json");
    assert_eq!((json.level.as_deref(), json.merge), (Some("severity"), true));
    assert_eq!(json.message, ["message", "msg"]);
    let levels = all.levels.as_ref().expect("levels");
    let order: Vec<Level> = levels.patterns.iter().map(|(level, _)| *level).collect();
    assert_eq!((order, levels.default), (vec![Level::Error, Level::Debug], Level::Debug));
}

#[test]
fn what_is_off_or_as_it_is_anyhow_costs_nothing() {
    let off = "{stdout: true, min_level: info, redaction: {enabled: false, patterns: [{pattern: x}]}, json: {extract_level: true}, \
        multiline: {pattern: x}, level_detection: {patterns: {error: x}}}";
    assert!(rules(off).is_none());
    assert!(rules("{min_level: debug, format: record}").is_none(), "every line is of level info");
    let bare = rules("{json: {enabled: true}}").expect("rules");
    let json = bare.json.as_ref().expect("json");
    assert_eq!((json.level.is_none(), json.message.is_empty(), json.merge), (true, true, false));
}

#[test]
fn a_broken_expression_is_refused_where_it_stands() {
    for (logging, path, column) in [
        ("{filters: {exclude: ['ok', 'a(b']}}", "processes.app.logging.filters.exclude[1]", 41),
        ("{filters: {include: [a(b]}}", "processes.app.logging.filters.include[0]", 35),
        (
            "{redaction: {enabled: true, patterns: [{pattern: 'a(b'}]}}",
            "processes.app.logging.redaction.patterns[0].pattern",
            63,
        ),
        ("{multiline: {enabled: true, pattern: 'a(b'}}", "processes.app.logging.multiline.pattern", 51),
        (
            "{level_detection: {enabled: true, patterns: {warn: 'a(b'}}}",
            "processes.app.logging.level_detection.patterns.warn",
            65,
        ),
    ] {
        let report = read(&file(logging), &[]).report;
        let errors: Vec<_> = report.of(Severity::Error).collect();
        let place = Place::File { file: 0, line: 5, column };
        assert_eq!((errors.len(), errors[0].path.as_str(), &errors[0].place), (1, path, &place), "{logging}");
        assert!(errors[0].message.contains("is no regular expression"), "{}", errors[0].message);
    }
}

#[test]
fn what_cannot_be_used_is_an_error_and_what_is_off_is_not_used() {
    let huge = r"(\w{200}){200}";
    for (logging, message) in [
        (format!("{{redaction: {{enabled: true, patterns: [{{pattern: '{huge}'}}]}}}}"), "cannot be used"),
        (format!("{{filters: {{exclude: ['{huge}']}}}}"), "cannot be used"),
        ("{redaction: {enabled: true, patterns: [{name: x}]}}".to_owned(), "the pattern is missing"),
        ("{multiline: {enabled: true}}".to_owned(), "multiline has no pattern"),
        ("{level_detection: {enabled: true, patterns: {loud: x}}}".to_owned(), "is no level"),
        (
            "{format: raw, redaction: {enabled: true, patterns: [{pattern: x}]}}".to_owned(),
            "nothing is hidden",
        ),
        ("{min_level: loud}".to_owned(), "is not known here"),
    ] {
        assert!(refused(&file(&logging), &[]).contains(message), "{logging}");
    }
    assert!(
        rules(&format!("{{redaction: {{enabled: false, patterns: [{{pattern: '{huge}'}}]}}}}")).is_none()
    );
}

#[test]
fn beside_raw_what_has_no_effect_is_said() {
    let report = read(
        &file("{format: raw, min_level: warn, json: {enabled: true}, multiline: {enabled: false}}"),
        &[],
    )
    .report;
    let warned: Vec<_> = report.of(Severity::Warning).map(|f| f.path.as_str()).collect();
    assert_eq!(warned, ["processes.app.logging.min_level", "processes.app.logging.json"]);
    assert_eq!(rules("{format: raw}").expect("rules").format, LineFormat::Raw);
}
