//! The output layer over real pipes: what a child writes is what stands in the records, and what cannot be written is
//! counted. No child and no supervisor is needed; waits are for conditions, with a deadline.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]
#![allow(clippy::disallowed_methods, reason = "one test runs the program itself")]

mod files;
mod order;
mod people;
mod pressure;
mod refusal;
mod rules;
mod time;

use actix::System;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_core::ids::{InstanceId, ProcessId, TaskId};
use phpeek_core::name::ProcessName;
use phpeek_pm::os::capture::{Capture, CaptureSink, Stream};
use phpeek_pm::output::{LINE_CAP, Output, Stats};
use phpeek_settings::log::{LogFormat, LogSettings, OnFull};
use proptest::prelude::*;
use serde_json::Value;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant, SystemTime};

const PATIENCE: Duration = Duration::from_secs(10);

fn pipe() -> (OwnedFd, File) {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).expect("a pipe");
    (read, write.into())
}

fn start(format: LogFormat, level: Level, stdout: OwnedFd) -> (actix::SystemRunner, Output) {
    start_with(LogSettings::new(format, level), stdout)
}

fn start_with(settings: LogSettings, stdout: OwnedFd) -> (actix::SystemRunner, Output) {
    let system = System::new();
    let output = system.block_on(async {
        let clock = Clock::starting_at(SystemTime::now());
        Output::start(settings, clock, stdout, || {}).expect("output starts")
    });
    (system, output)
}

/// What drops lines at once.
fn dropping() -> LogSettings {
    LogSettings { on_full: OnFull::Drop, ..LogSettings::new(LogFormat::Json, Level::Info) }
}

fn task(instance: u32) -> TaskId {
    TaskId::Run(InstanceId { process: ProcessId(0), serial: instance }.run(1))
}

fn child(output: &Output, name: &str, stream: Stream) -> File {
    let (read_end, write) = pipe();
    let process = ProcessName::new(name).expect("a name");
    output.capture(Capture {
        process,
        hook: None,
        file: None,
        number: Some(0),
        task: task(0),
        stream,
        read_end,
    });
    output.begun(task(0));
    write
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        std::thread::yield_now();
    }
}

/// Writes the bytes as a child that then ends, in parts of this size, and returns what stdout got.
fn written(format: LogFormat, level: Level, bytes: &[u8], part: usize) -> (Vec<u8>, Stats) {
    let mut file = tempfile::tempfile().expect("a file");
    let (system, output) = start(format, level, file.try_clone().expect("a copy").into());
    let mut child = child(&output, "web", Stream::Stdout);
    for part in bytes.chunks(part) {
        child.write_all(part).expect("the pipe is read");
    }
    drop(child);
    let report = system.block_on(output.flush(PATIENCE, PATIENCE));
    assert!(report.complete, "{report:?}");
    output.close();
    let mut out = Vec::new();
    std::io::Seek::rewind(&mut file).expect("a file can be rewound");
    file.read_to_end(&mut out).expect("a file can be read");
    law(report.stats);
    (out, report.stats)
}

fn law(stats: Stats) {
    let dropped = stats.dropped_full + stats.dropped_closed;
    let sum = stats.written + stats.hidden + stats.filtered + stats.joined + dropped + stats.queued;
    assert_eq!(stats.captured, sum, "{stats:?}");
}

fn records(out: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(out).expect("records are UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'), "the last record is torn");
    text.lines().map(|line| serde_json::from_str(line).expect("a record is JSON")).collect()
}

/// Messages with the pieces of long lines put together.
fn messages(out: &[u8]) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for record in records(out) {
        line.push_str(record["msg"].as_str().expect("msg is a text"));
        if record.get("partial").is_none() {
            lines.push(std::mem::take(&mut line));
        }
    }
    assert_eq!(line, "", "a partial record without an end");
    lines
}

fn expected(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines.iter().map(|l| String::from_utf8_lossy(l.strip_suffix(b"\r").unwrap_or(l)).into_owned()).collect()
}

#[test]
fn a_record_has_the_documented_keys() {
    let (out, _) = written(LogFormat::Json, Level::Info, b"hello\n", 100);
    let record = records(&out).remove(0);
    for (key, value) in [
        ("level", "info"),
        ("msg", "hello"),
        ("process", "web"),
        ("instance_id", "web-0"),
        ("stream", "stdout"),
    ] {
        assert_eq!(record[key], value, "{key}");
    }
    record["time"].as_str().expect("time").parse::<jiff::Timestamp>().expect("RFC 3339");
}

#[test]
fn pieces_empty_lines_and_last_words_are_kept() {
    let bytes = b"first\r\n\n\xff\x01\"\\\x00 \xc3\xa9\nlast";
    assert_eq!(messages(&written(LogFormat::Json, Level::Info, bytes, 1).0), expected(bytes));
}

#[test]
fn a_long_line_becomes_marked_pieces() {
    let line = "x".repeat(200 << 10) + "\nafter\n";
    let (out, stats) = written(LogFormat::Json, Level::Info, line.as_bytes(), 1 << 20);
    assert_eq!(messages(&out), expected(line.as_bytes()));
    assert!(
        records(&out).iter().all(|record| record["msg"].as_str().is_some_and(|msg| msg.len() <= LINE_CAP))
    );
    assert_eq!(stats.written, 5);
}

#[test]
fn text_shows_no_control_character() {
    let (out, _) = written(LogFormat::Text, Level::Info, b"a\x1b[31m\rb\n", 100);
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(text.ends_with(" INFO [web-0 stdout] a\\x1b[31m\\x0db\n"), "{text:?}");
}

#[test]
fn hidden_lines_are_drained_and_counted() {
    let (out, stats) = written(LogFormat::Json, Level::Warn, &b"line\n".repeat(100_000), 1 << 16);
    assert_eq!((out.len(), stats.captured, stats.hidden), (0, 100_000, 100_000));
}

#[test]
fn many_lines_keep_their_order() {
    let bytes: Vec<u8> = (0..200_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
    let (out, stats) = written(LogFormat::Json, Level::Info, &bytes, 1 << 16);
    law(stats);
    assert_eq!(stats.dropped_full, 0, "a file is waited for");
    assert!(messages(&out) == expected(&bytes), "lines differ");
}

#[test]
fn a_closed_reader_blocks_nobody_and_is_counted() {
    let (read, write) = pipe();
    drop(read);
    let (system, output) = start(LogFormat::Json, Level::Info, write.into());
    let mut child = child(&output, "web", Stream::Stderr);
    child.write_all(&b"line\n".repeat(100_000)).expect("the pipe is read");
    drop(child);
    let report = system.block_on(output.flush(PATIENCE, PATIENCE));
    law(report.stats);
    assert_eq!((report.complete, report.stats.dropped_closed), (true, 100_000));
}

#[test]
fn a_reader_that_never_reads_delays_a_flush_by_its_deadline_and_is_told_what_it_lost() {
    let (read, write) = pipe();
    let (system, output) = start_with(dropping(), write.into());
    let mut child = child(&output, "web", Stream::Stdout);
    for _ in 0..300 {
        child.write_all(&b"0123456789abcdef0123456789abcdef\n".repeat(1000)).expect("the pipe is read");
    }
    drop(child);
    until("all lines are read", || output.stats().captured == 300_000);
    let begun = Instant::now();
    let report = system.block_on(output.flush(Duration::from_millis(100), PATIENCE));
    assert!(!report.complete && begun.elapsed() < Duration::from_secs(8), "{report:?} {:?}", begun.elapsed());
    law(report.stats);
    assert!(report.stats.dropped_full > 0 && report.stats.queued > 0, "{report:?}");
    let reader = std::thread::spawn(move || {
        let (mut out, mut file, mut part) = (Vec::new(), File::from(read), vec![0; 1 << 16]);
        while !String::from_utf8_lossy(&out[out.len().saturating_sub(2000)..]).contains("lost_lines") {
            let count = file.read(&mut part).expect("a pipe can be read");
            assert!(count > 0, "the notice never came");
            out.extend_from_slice(&part[..count]);
        }
        out
    });
    until("the queue is written", || output.stats().queued == 0);
    let records = records(&reader.join().expect("the reader"));
    let stats = output.stats();
    law(stats);
    let notices: Vec<&Value> = records.iter().filter(|record| record.get("lost_lines").is_some()).collect();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0]["lost_lines"], stats.dropped_full);
    assert_eq!(notices[0]["lost_by_process"], format!("web={}", stats.dropped_full));
    assert_eq!(notices[0]["level"], "warn");
    let of_children = records.iter().filter(|record| record.get("stream").is_some()).count();
    assert_eq!((of_children as u64, stats.captured), (stats.written, 300_000), "{stats:?}");
}

#[test]
fn own_records_and_blocks_are_whole_among_lines() {
    let mut file = tempfile::tempfile().expect("a file");
    let (system, output) = start(LogFormat::Json, Level::Info, file.try_clone().expect("a copy").into());
    let mut child = child(&output, "web", Stream::Stdout);
    let writer =
        std::thread::spawn(move || child.write_all(&b"line\n".repeat(100_000)).expect("the pipe is read"));
    for number in 0..100_i64 {
        assert!(output.write_block(b"{\n\"Name\":\n\"span\"}\n".to_vec()));
        let fields = vec![("number", number.into()), ("text", "a\"b".into())];
        let process = ProcessName::new("web").ok();
        let message = "own".into();
        output.log(LogRecord {
            at: Duration::ZERO,
            level: Level::Warn,
            message,
            process,
            instance: Some(3),
            fields,
        });
    }
    output.log(LogRecord {
        at: Duration::ZERO,
        level: Level::Debug,
        message: "below the level".into(),
        process: None,
        instance: None,
        fields: Vec::new(),
    });
    writer.join().expect("the child");
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    let mut text = String::new();
    std::io::Seek::rewind(&mut file).expect("a file can be rewound");
    file.read_to_string(&mut text).expect("records are UTF-8");
    assert_eq!(text.matches("{\n\"Name\":\n\"span\"}\n").count(), 100);
    let rest = text.replace("{\n\"Name\":\n\"span\"}\n", "");
    let own: Vec<Value> =
        records(rest.as_bytes()).into_iter().filter(|record| record["msg"] == "own").collect();
    assert_eq!(own.len(), 100);
    assert_eq!(
        (&own[7]["number"], &own[7]["text"], &own[7]["instance_id"]),
        (&7.into(), &"a\"b".into(), &"web-3".into())
    );
    assert!(!rest.contains("below"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_make_valid_records_that_lose_nothing(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..3000), part in 1_usize..700) {
        prop_assert_eq!(messages(&written(LogFormat::Json, Level::Info, &bytes, part).0), expected(&bytes));
    }
}
