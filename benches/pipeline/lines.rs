//! What a line of 100 bytes costs from its pipe to standard output, by the processor time of the two threads of output: as it
//! is, with redaction and levels, and raw.

use crate::cpu;
use crate::figures::{RUNS, median, rate};
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::Level;
use phpeek_core::ids::{InstanceId, ProcessId, TaskId};
use phpeek_core::name::ProcessName;
use phpeek_pm::os::capture::{Capture, CaptureSink, Stream};
use phpeek_pm::output::Output;
use phpeek_settings::lines::{LevelPatterns, LineFormat, LineRules, Pattern, ProcessLines, Redaction};
use phpeek_settings::log::{LogFormat, LogSettings};
use regex::Regex;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Bytes that are written at once.
const BLOCK: usize = 64 << 10;

fn pattern(text: &str) -> Pattern {
    Regex::new(text).expect("an expression").into()
}

/// What is asked of the lines of a shop.
fn shop() -> LineRules {
    let redact = |text: &str| Redaction { pattern: pattern(text), replacement: "***".into() };
    let levels = vec![(Level::Error, pattern("ERROR|FATAL")), (Level::Warn, pattern("WARN"))];
    LineRules {
        redactions: vec![redact("[0-9]{12}([0-9]{4})"), redact("(?i)password=[^ ]+")],
        levels: Some(LevelPatterns { patterns: levels, default: Level::Info }),
        ..LineRules::default()
    }
}

/// The processor time that so many lines take.
fn once(rules: Option<LineRules>, lines: u64) -> Duration {
    let name = ProcessName::new("web").expect("a name");
    let system = actix::System::new();
    let stdout = File::options().write(true).open("/dev/null").expect("/dev/null").into();
    let output = system.block_on(async {
        let settings = LogSettings::new(LogFormat::Json, Level::Info);
        Output::start(settings, Clock::starting_at(SystemTime::now()), stdout, || {}).expect("output starts")
    });
    let lines_of = rules.map(|rules| ProcessLines::from([(name.clone(), Arc::new(rules))]));
    let output = output.following(lines_of.unwrap_or_default(), None);
    output.expect_pipes().expect("threads");
    let (read_end, write) = rustix::pipe::pipe().expect("a pipe");
    let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: 0 }.run(1));
    let before = cpu::of_others();
    output.capture(Capture {
        process: name,
        hook: None,
        file: None,
        number: Some(0),
        task,
        stream: Stream::Stdout,
        read_end,
    });
    let mut child = File::from(write);
    let line =
        format!("{:<99}\n", "2026-11-28 request 0123456789 GET /cart took 17 ms for user 42 in eu-west");
    let block = line.repeat(BLOCK / 100);
    for _ in 0..lines / (BLOCK as u64 / 100) {
        child.write_all(block.as_bytes()).expect("the pipe is read");
    }
    drop(child);
    let most = Duration::from_secs(60);
    let report = system.block_on(output.flush(most, most));
    let spent = cpu::of_others().saturating_sub(before);
    assert!(report.complete && report.stats.written == report.stats.captured, "{report:?}");
    output.close();
    spent
}

/// Prints the figures.
pub(crate) fn run(lines: u64) {
    let raw = LineRules { format: LineFormat::Raw, ..LineRules::default() };
    for (name, rules) in [("as they are", None), ("redacted, with levels", Some(shop())), ("raw", Some(raw))]
    {
        let spent = median((0..RUNS).map(|_| once(rules.clone(), lines)).collect());
        println!("lines {name}: {} lines/s on a core", rate(lines, spent));
    }
}
