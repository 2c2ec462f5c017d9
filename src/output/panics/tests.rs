//! Each part of the output panics once, by what it asks or writes to: what it had in hand is counted and told, and all else
//! goes on.
#![allow(clippy::expect_used, reason = "a test may fail")]
use super::super::intake::Intake;
use super::super::outlet::Outlet;
use super::super::pipes::{Pace, Pipes, Turn};
use super::super::writer::Writer;
use super::*;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, NewsDesk, RunNews, Value};
use phpeek_core::ids::{InstanceId, ProcessId, TaskId};
use phpeek_os::capture::{Capture, Stream};
use phpeek_settings::lines::{LineRules, ProcessLines, Search};
use phpeek_settings::log::{LogFormat, LogSettings};
use regex::Regex;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Panics over each of its news.
#[derive(Debug)]
struct Planted;

impl NewsDesk for Planted {
    fn bring(&self, _: RunNews) {
        std::panic::resume_unwind(Box::new("planted"));
    }
}

fn name(text: &str) -> ProcessName {
    ProcessName::new(text).expect("a name")
}

fn sink(stdout: OwnedFd) -> Arc<Sink> {
    let settings = LogSettings::new(LogFormat::Json, Level::Info);
    Arc::new(Sink::new(settings, stdout, None, SystemTime::UNIX_EPOCH))
}

fn null() -> OwnedFd {
    File::options().write(true).open("/dev/null").expect("/dev/null").into()
}

/// A sink whose processes are looked into for lines that begin with "bad".
fn searching() -> (Arc<Intake>, Arc<Sink>, Pipes) {
    let (intake, sink) = (Arc::new(Intake::new().expect("epoll")), sink(null()));
    let pattern = Regex::new("^bad").expect("an expression");
    let searches = vec![Search { check: 0, pattern: pattern.into(), streams: [true, true] }];
    let rules = Arc::new(LineRules { searches, ..LineRules::default() });
    sink.follow(ProcessLines::from([(name("web"), rules)]), None);
    sink.desk.set(Arc::new(Planted)).expect("it has none");
    let pipes = Pipes::new(Arc::clone(&intake), Arc::clone(&sink), Clock::starting_at(SystemTime::now()));
    (intake, sink, pipes)
}

fn child(intake: &Intake, process: &str) -> File {
    let (read_end, write) = rustix::pipe::pipe().expect("a pipe");
    let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: 0 }.run(1));
    let stream = Stream::Stdout;
    intake
        .add(Capture {
            process: name(process),
            hook: None,
            file: None,
            task,
            number: Some(0),
            stream,
            read_end,
        })
        .expect("a watch");
    intake.begun(task);
    write.into()
}

fn field<'a>(fields: &'a [(&str, Value)], wanted: &str) -> Option<&'a Value> {
    fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

#[test]
fn a_panic_over_the_lines_of_a_process_costs_that_read_alone() {
    let (intake, sink, mut pipes) = searching();
    let (mut web, mut other) = (child(&intake, "web"), child(&intake, "other"));
    web.write_all(b"one\ntwo\n").expect("room");
    assert_eq!(pipes.guarded_turn(Pace::Hurry), Turn::Idle);
    other.write_all(b"of another, in the same pass\n").expect("room");
    web.write_all(b"bad\nlost with it\n").expect("room");
    assert_eq!(pipes.guarded_turn(Pace::Hurry), Turn::Idle);
    web.write_all(b"three\n").expect("its pipe is still read");
    drop(web);
    assert_eq!(pipes.guarded_turn(Pace::Hurry), Turn::Idle);
    let stats = sink.stats();
    assert_eq!((stats.queued, stats.dropped_panic), (4, 3), "two lines, and the beginning of one at most");
    assert_eq!(stats.captured, stats.queued + stats.dropped_panic, "{stats:?}");
    let told = sink.lock().losses.take();
    assert!(told.level == Level::Error && told.message.contains("has panicked"), "{told:?}");
    assert_eq!(field(&told.fields, "lost_by_process"), Some(&"web=3".into()));
    assert_eq!(field(&told.fields, "panics"), Some(&1_i64.into()));
}

#[test]
fn what_was_half_framed_is_taken_back_and_what_stood_before_it_is_not() {
    let sink = sink(null());
    let mut outlet = Outlet::new(Arc::clone(&sink));
    outlet.raw(&name("web"), b"", b"whole\n");
    let mark = outlet.mark();
    outlet.raw(&name("web"), b"", b"half");
    outlet.back_to(mark);
    assert_eq!((outlet.bytes.as_slice(), outlet.lines), (&b"whole\n"[..], 1));
    let mark = outlet.mark();
    outlet.hand_over();
    outlet.raw(&name("web"), b"", b"longer than what stood there before");
    outlet.back_to(mark);
    assert_eq!((outlet.bytes.len(), outlet.lines), (0, 0), "all of it came since");
    assert_eq!(sink.stats().queued, 1);
}

#[tokio::test]
async fn the_writer_goes_on_after_a_panic_and_knows_what_it_had_in_hand() {
    let (mut read, write) = {
        let (read, write) = rustix::pipe::pipe().expect("a pipe");
        (File::from(read), write)
    };
    let sink = sink(write);
    sink.door.plant(2);
    sink.push_lines(b"lost\nlost\n".to_vec(), 2, false);
    assert!(sink.push_own(b"{\"own\":1}\n".to_vec()), "there is room");
    sink.push_lines(b"kept\n".to_vec(), 1, false);
    Writer::new().start(&sink, || {}).expect("a thread");
    let flushed = tokio::time::timeout(Duration::from_secs(30), sink.flushed()).await;
    flushed.expect("in time").expect("all is written");
    let stats = sink.stats();
    assert_eq!((stats.written, stats.dropped_panic, stats.queued), (1, 2, 0), "{stats:?}");
    // The notices of both are the records that were written.
    assert_eq!((stats.records_dropped, stats.records_written), (1, 2), "{stats:?}");
    assert!(sink.is_idle() && sink.room() == super::super::pieces::Room::Free);
    assert_eq!(sink.lock().own, 0);
    assert_eq!(sink.bytes.load(Relaxed), 0);
    sink.close();
    drop(sink);
    let mut text = String::new();
    read.read_to_string(&mut text).expect("the writer ends");
    assert!(text.contains("kept\n") && text.contains("has panicked and goes on"), "{text}");
}
