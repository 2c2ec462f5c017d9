//! The output of processes that have rules: what stands in the records, what is counted, what waits and for how long; and
//! output that passes as it is.

use super::{File, OwnedFd, PATIENCE, child, law, pipe, records, start, until};
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_core::name::ProcessName;
use phpeek_pm::os::capture::Stream;
use phpeek_pm::output::Stats;
use phpeek_settings::lines::{
    Filters, JsonLines, LevelPatterns, LineFormat, LineRules, Multiline, Pattern, Preset, ProcessLines,
    Redaction,
};
use phpeek_settings::log::LogFormat;
use proptest::prelude::*;
use regex::Regex;
use std::io::{Read, Seek, Write};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn pattern(text: &str) -> Pattern {
    Regex::new(text).expect("an expression").into()
}

fn of_web(rules: LineRules) -> ProcessLines {
    ProcessLines::from([(ProcessName::new("web").expect("a name"), Arc::new(rules))])
}

fn multiline(timeout: Duration) -> Option<Multiline> {
    Some(Multiline { first: pattern(r"^\["), max_lines: 4, timeout })
}

pub(super) fn file() -> (File, OwnedFd) {
    let file = tempfile::tempfile().expect("a file");
    let copy = file.try_clone().expect("a copy").into();
    (file, copy)
}

pub(super) fn content(mut file: File) -> Vec<u8> {
    let mut out = Vec::new();
    file.rewind().expect("a file can be rewound");
    file.read_to_end(&mut out).expect("a file can be read");
    out
}

/// What stdout and stderr get of a process that writes these to its own, and ends.
fn written(
    rules: LineRules,
    format: LogFormat,
    level: Level,
    parts: &[(Stream, &[u8])],
) -> (Vec<u8>, Vec<u8>, Stats) {
    let ((stdout, out), (stderr, err)) = (file(), file());
    let (system, output) = start(format, level, out);
    let output = output.following(of_web(rules), Some(err));
    let mut children = [Stream::Stdout, Stream::Stderr].map(|of| (of, child(&output, "web", of)));
    for (stream, bytes) in parts {
        let own = children.iter_mut().find(|(of, _)| of == stream).map(|(_, child)| child);
        own.expect("a stream").write_all(bytes).expect("the pipe is read");
    }
    drop(children);
    let report = system.block_on(output.flush(PATIENCE, PATIENCE));
    assert!(report.complete, "{report:?}");
    output.close();
    law(report.stats);
    (content(stdout), content(stderr), report.stats)
}

fn of_stdout(rules: LineRules, bytes: &[u8]) -> (Vec<serde_json::Value>, Stats) {
    let (out, _, stats) = written(rules, LogFormat::Json, Level::Debug, &[(Stream::Stdout, bytes)]);
    (records(&out), stats)
}

fn texts(records: &[serde_json::Value]) -> Vec<&str> {
    records.iter().filter_map(|record| record["msg"].as_str()).collect()
}

#[test]
fn rules_decide_what_a_record_is() {
    let rules = LineRules {
        min_level: Level::Info,
        redactions: vec![Redaction { pattern: pattern("[0-9]{4}-([0-9]{2})"), replacement: "XX-$1".into() }],
        json: Some(JsonLines { level: Some("level".into()), message: vec!["msg".into()], merge: true }),
        levels: Some(LevelPatterns { patterns: vec![(Level::Error, pattern("^ERR"))], default: Level::Warn }),
        filters: Filters { exclude: vec![pattern("health")], include: Vec::new() },
        labels: vec![("team".into(), "a \"b\"".into()), ("msg".into(), "mine".into())],
        ..LineRules::default()
    };
    let bytes = b"ERR card 1234-56\nGET /health\n{\"level\":\"debug\",\"msg\":\"d\"}\n{\"level\":\"info\",\"msg\":\"m\",\"k\":[1, 2],\"t\":\"\xe2\x80\xae\"}\nlast \xff";
    let (records, stats) = of_stdout(rules, bytes);
    assert_eq!(texts(&records), ["ERR card XX-56", "m", "last \u{fffd}"]);
    let levels: Vec<_> = records.iter().map(|r| r["level"].as_str().expect("a level")).collect();
    assert_eq!(levels, ["error", "info", "warn"]);
    assert_eq!((&records[1]["k"], &records[1]["t"]), (&serde_json::json!([1, 2]), &"\u{202e}".into()));
    assert!(
        records.iter().all(|r| r["team"] == "a \"b\"" && r["app_msg"] == "mine" && r["stream"] == "stdout")
    );
    assert_eq!((stats.captured, stats.filtered, stats.written), (5, 2, 3));
}

#[test]
fn what_a_worker_of_php_fpm_said_is_the_record() {
    let rules = LineRules {
        min_level: Level::Warn,
        preset: Some(Preset::PhpFpm),
        redactions: vec![Redaction { pattern: pattern("[0-9]{8}"), replacement: "***".into() }],
        json: Some(JsonLines { level: Some("level".into()), message: vec!["message".into()], merge: true }),
        levels: Some(LevelPatterns { patterns: vec![(Level::Error, pattern("^ERR"))], default: Level::Info }),
        ..LineRules::default()
    };
    let said = |text: &str| {
        format!("[28-Nov-2026 10:00:00] WARNING: [pool www] child 7 said into stderr: \"{text}\"\n")
    };
    let lines = [
        "[28-Nov-2026 10:00:00] NOTICE: ready to handle connections\n".to_owned(),
        said("GET /index.php"),
        said(r#"{"level":"error","message":"card 12345678","child":"mine"}"#),
        said("ERR one"),
        "[28-Nov-2026 10:00:00] ALERT: oops\n".to_owned(),
    ];
    let (records, stats) = of_stdout(rules, lines.concat().as_bytes());
    assert_eq!(texts(&records), ["card ***", "ERR one", "oops"]);
    assert!(records.iter().all(|record| record["level"] == "error"), "{records:?}");
    assert_eq!([&records[0]["pool"], &records[0]["app_child"]], ["www", "mine"]);
    assert_eq!((&records[1]["child"], stats.filtered), (&7.into(), 2));
}

#[test]
fn people_see_fields_and_labels_and_nothing_that_a_terminal_obeys() {
    let rules = LineRules {
        json: Some(JsonLines { level: Some("level".into()), message: vec!["msg".into()], merge: true }),
        labels: vec![("team".into(), "shop".into())],
        ..LineRules::default()
    };
    let line = b"{\"level\":\"error\",\"msg\":\"a\\u001b[31m\",\"k\":\"two words\",\"n\":[1, 2]}\n";
    let (out, _, _) = written(rules, LogFormat::Text, Level::Info, &[(Stream::Stdout, line)]);
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(
        text.ends_with(" ERROR [web-0 stdout] a\\x1b[31m team=shop k=\"two words\" n=\"[1, 2]\"\n"),
        "{text:?}"
    );
}

#[test]
fn a_secret_that_lies_over_the_end_of_a_piece_is_hidden() {
    let redactions = vec![Redaction { pattern: pattern("SECRET[0-9]+"), replacement: "***".into() }];
    let rules = LineRules { redactions, ..LineRules::default() };
    let line = format!("{}SECRET12345 end\n", "x".repeat((64 << 10) - 4));
    let (records, stats) = of_stdout(rules, line.as_bytes());
    let whole: String = texts(&records).concat();
    assert!(whole.ends_with("x*** end") && !whole.contains("SECRET"), "{}", &whole[whole.len() - 40..]);
    assert_eq!((records.len(), &records[0]["partial"], stats.written), (2, &true.into(), 2));
}

#[test]
fn a_group_that_nothing_follows_goes_out_after_its_silence() {
    let (stdout, out) = file();
    let (_system, output) = start(LogFormat::Json, Level::Info, out);
    let rules = LineRules { multiline: multiline(Duration::from_millis(50)), ..LineRules::default() };
    let output = output.following(of_web(rules), None);
    let mut child = child(&output, "web", Stream::Stdout);
    child.write_all(b"[1] error\n  at a\n  at b\n").expect("the pipe is read");
    until("the group is written", || output.stats().written == 1);
    assert_eq!(texts(&records(&content(stdout))), ["[1] error\n  at a\n  at b"]);
    assert_eq!((output.stats().captured, output.stats().joined), (3, 2));
    output.close();
}

#[test]
fn a_group_that_waits_goes_out_at_the_end_and_before_a_record_about_it() {
    let (stdout, out) = file();
    let (system, output) = start(LogFormat::Json, Level::Info, out);
    let rules = LineRules { multiline: multiline(Duration::from_secs(3600)), ..LineRules::default() };
    let output = output.following(of_web(rules), None);
    let mut child = child(&output, "web", Stream::Stdout);
    child.write_all(b"[1]\n  a\n").expect("the pipe is read");
    output.log(LogRecord {
        at: Duration::ZERO,
        level: Level::Info,
        message: "of it".into(),
        process: ProcessName::new("web").ok(),
        instance: Some(0),
        fields: Vec::new(),
    });
    until("the record is written", || output.stats().records_written == 1);
    child.write_all(b"[2]\n  b\n").expect("the pipe is read");
    let report = system.block_on(output.flush(PATIENCE, PATIENCE));
    assert!(report.complete, "{report:?}");
    assert_eq!(texts(&records(&content(stdout))), ["[1]\n  a", "of it", "[2]\n  b"]);
    output.close();
}

#[test]
fn raw_output_is_what_was_written_each_stream_to_its_own() {
    let bytes = b"a\tb \x1b[31mred\x1b[0m {\"k\":1}\n\xff\xfe not text\n\0open";
    let rules = LineRules { format: LineFormat::Raw, ..LineRules::default() };
    let parts: [(Stream, &[u8]); 3] =
        [(Stream::Stdout, bytes), (Stream::Stderr, b"to stderr"), (Stream::Stderr, b" alone\n")];
    let (out, err, stats) = written(rules, LogFormat::Json, Level::Error, &parts);
    assert_eq!((out.as_slice(), err.as_slice()), (&bytes[..], &b"to stderr alone\n"[..]));
    assert_eq!((stats.written, stats.captured), (4, 4));
}

#[test]
fn a_record_begins_a_line_whatever_raw_output_stands_before_it() {
    let (stdout, out) = file();
    let (system, output) = start(LogFormat::Json, Level::Info, out);
    let rules = LineRules { format: LineFormat::Raw, ..LineRules::default() };
    let output = output.following(of_web(rules), None);
    let mut raw = child(&output, "web", Stream::Stdout);
    raw.write_all(b"prompt> ").expect("the pipe is read");
    until("it has waited long enough for its end", || output.stats().written == 1);
    let mut other = child(&output, "other", Stream::Stdout);
    other.write_all(b"a line\n").expect("the pipe is read");
    until("the record is written", || output.stats().written == 2);
    raw.write_all(b"begin").expect("the pipe is read");
    raw.write_all(b" and end\n").expect("the pipe is read");
    drop((raw, other));
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    let text = String::from_utf8(content(stdout)).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[2]), (3, "prompt> ", "begin and end"), "{text}");
    assert!(lines[1].starts_with('{') && lines[1].contains("a line"), "{text}");
    output.close();
}

#[test]
fn raw_output_that_a_reader_does_not_take_is_counted() {
    let (read, write) = pipe();
    drop(read);
    let (stdout, out) = file();
    let (system, output) = start(LogFormat::Json, Level::Info, out);
    let rules = LineRules { format: LineFormat::Raw, ..LineRules::default() };
    let output = output.following(of_web(rules), Some(write.into()));
    let mut child = child(&output, "web", Stream::Stderr);
    child.write_all(&b"line\n".repeat(100_000)).expect("the pipe is read");
    drop(child);
    let report = system.block_on(output.flush(PATIENCE, PATIENCE));
    law(report.stats);
    assert_eq!((report.complete, report.stats.dropped_closed), (true, 100_000), "{report:?}");
    assert!(content(stdout).is_empty());
    output.close();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn no_byte_is_lost_or_doubled_in_whatever_pieces_it_comes(
        lines in prop::collection::vec("(\\[)?[a-z é]{0,12}", 1..60), size in 1..40usize, raw in any::<bool>(),
    ) {
        let bytes = lines.join("\n").into_bytes();
        let format = if raw { LineFormat::Raw } else { LineFormat::Record };
        let rules = LineRules { format, multiline: multiline(Duration::from_secs(3600)), ..LineRules::default() };
        let parts: Vec<(Stream, &[u8])> = bytes.chunks(size).map(|part| (Stream::Stdout, part)).collect();
        let (out, _, stats) = written(rules, LogFormat::Json, Level::Info, &parts);
        if raw {
            prop_assert!(out == bytes);
        } else {
            let records = records(&out);
            let count = lines.len() as u64 - u64::from(lines.last().is_some_and(String::is_empty));
            prop_assert_eq!(texts(&records).join("\n"), lines.get(..count as usize).unwrap_or_default().join("\n"));
            prop_assert_eq!((stats.captured, stats.written), (count, records.len() as u64));
        }
    }
}
