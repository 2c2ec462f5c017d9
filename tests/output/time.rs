//! Records follow the wall clock: lines and the supervisor's own alike, and a step is told once.

use crate::{PATIENCE, child, records, until};
use actix::System;
use phpeek_actors::clock::{Clock, WallClock};
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_pm::os::capture::Stream;
use phpeek_pm::output::Output;
use phpeek_settings::log::{LogFormat, LogSettings};
use serde_json::Value;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn records_follow_the_wall_clock_and_a_step_is_told_once() {
    static STEPPED: AtomicBool = AtomicBool::new(false);
    static WALL: WallClock =
        WallClock::new(|| SystemTime::now() + if STEPPED.load(Relaxed) { DAY } else { Duration::ZERO });
    let mut file = tempfile::tempfile().expect("a file");
    let system = System::new();
    let clock = Clock::following(&WALL);
    let settings = LogSettings::new(LogFormat::Json, Level::Info);
    let stdout = file.try_clone().expect("a copy").into();
    let output =
        system.block_on(async { Output::start(settings, clock, stdout, || {}) }).expect("output starts");
    let mut child = child(&output, "web", Stream::Stdout);
    let say = |message: &'static str| {
        output.log(LogRecord {
            at: clock.now(),
            level: Level::Info,
            message: message.into(),
            process: None,
            instance: None,
            fields: Vec::new(),
        });
    };
    let today = jiff::Timestamp::try_from(SystemTime::now()).expect("a time");
    for word in ["before", "after"] {
        child.write_all(format!("line {word}\n").as_bytes()).expect("room");
        until("the line is read", || output.stats().captured > u64::from(word == "after"));
        say(word);
        say("again");
        assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
        STEPPED.store(true, Relaxed);
    }
    let mut out = Vec::new();
    std::io::Seek::rewind(&mut file).expect("a file can be rewound");
    file.read_to_end(&mut out).expect("a file can be read");
    let records = records(&out);
    assert_eq!(records[2]["msg"], "again", "{records:?}");
    let steps: Vec<&Value> =
        records.iter().filter(|r| r["msg"] == "the wall clock was set to a later time").collect();
    let [step] = steps.as_slice() else { panic!("{records:?}") };
    let by = step["by_ms"].as_i64().expect("a number");
    assert!((by - 86_400_000).abs() < 1000, "{by}");
    for (place, record) in records.iter().enumerate() {
        let at: jiff::Timestamp = record["time"].as_str().expect("a time").parse().expect("RFC 3339");
        let hours = (at.as_second() - today.as_second() + 3600) / 3600;
        assert_eq!(hours >= 24, place >= 3, "{record}");
    }
}
