//! A reader of standard output that is slower than the processes: what waits, who waits, and what it costs when the
//! reader stops.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;

const LINES: u64 = 300_000;

fn settings(buffer: usize, patience: Duration) -> LogSettings {
    LogSettings { buffer, patience, ..LogSettings::new(LogFormat::Json, Level::Info) }
}

/// A child in a thread that writes its lines in one go, waits where it must, and counts what it could write.
fn burst(mut child: File, lines: u64) -> (JoinHandle<()>, Arc<AtomicU64>) {
    let written = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&written);
    let thread = std::thread::spawn(move || {
        for first in (0..lines).step_by(1000) {
            let block: String = (first..first + 1000).map(|n| format!("{n}\n")).collect();
            child.write_all(block.as_bytes()).expect("the pipe is read");
            count.fetch_add(1000, Relaxed);
        }
    });
    (thread, written)
}

/// Reads in small pieces, with a pause after so many bytes, until the end or until it has found all of the texts.
#[expect(clippy::disallowed_methods, reason = "a slow reader is what is tested")]
fn slowly(read: OwnedFd, each: usize, until: &'static [&'static str]) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let (mut out, mut file, mut part, mut since) = (Vec::new(), File::from(read), vec![0; 4096], 0);
        let mut missing = until.to_vec();
        while !missing.is_empty() || !out.ends_with(b"\n") {
            let count = file.read(&mut part).expect("a pipe can be read");
            if count == 0 {
                break;
            }
            out.extend_from_slice(&part[..count]);
            let end = String::from_utf8_lossy(&out[out.len().saturating_sub(count + 100)..]).into_owned();
            missing.retain(|text| !end.contains(text));
            since += count;
            if since > each {
                since = 0;
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        out
    })
}

fn numbers(out: &[u8]) -> Vec<u64> {
    let lines = records(out).into_iter().filter(|record| record.get("stream").is_some());
    lines.map(|record| record["msg"].as_str().expect("a text").parse().expect("a number")).collect()
}

#[test]
fn a_burst_to_a_reader_that_makes_progress_loses_nothing() {
    let (read, write) = pipe();
    let (system, output) = start(LogFormat::Json, Level::Info, write.into());
    let (child, _) = burst(child(&output, "web", Stream::Stdout), LINES);
    let reader = slowly(read, 1 << 20, &["\"299999\""]);
    child.join().expect("the child");
    let report = system.block_on(output.flush(PATIENCE, 6 * PATIENCE));
    assert!(report.complete, "{report:?}");
    law(report.stats);
    assert_eq!((report.stats.written, report.stats.dropped_full), (LINES, 0), "{report:?}");
    assert!(numbers(&reader.join().expect("the reader")).into_iter().eq(0..LINES), "in their order");
}

#[test]
fn a_writer_waits_once_the_buffer_is_full_and_goes_on_with_the_reader() {
    let (read, write) = pipe();
    let buffer = 1 << 20;
    let (system, output) = start_with(settings(buffer, 60 * PATIENCE), write.into());
    let (child, written) = burst(child(&output, "web", Stream::Stdout), LINES);
    // The child stands still: nothing more is read, and what is in memory is bounded.
    let mut last = (0, Instant::now());
    until("the child waits", || {
        let now = written.load(Relaxed);
        if now != last.0 {
            last = (now, Instant::now());
        }
        now > 0 && last.1.elapsed() > Duration::from_millis(300)
    });
    let stats = output.stats();
    // One block of the pipe (64 KiB of short lines) may come on top of a buffer that is all but full.
    let records = 130; // bytes of one, at least
    assert!(stats.queued * records < 3 * buffer as u64, "{stats:?}");
    assert!(written.load(Relaxed) < LINES && stats.dropped_full == 0, "{stats:?}");
    let reader = slowly(read, 16 << 20, &["\"299999\""]);
    child.join().expect("the child");
    assert!(system.block_on(output.flush(PATIENCE, 6 * PATIENCE)).complete);
    assert!(numbers(&reader.join().expect("the reader")).into_iter().eq(0..LINES));
}

#[test]
fn a_reader_that_stops_costs_counted_lines_after_the_patience_and_no_hang() {
    let (read, write) = pipe();
    let patience = Duration::from_millis(600);
    let (_system, output) = start_with(settings(1 << 20, patience), write.into());
    let begun = Instant::now();
    let (child, _) = burst(child(&output, "web", Stream::Stdout), LINES);
    child.join().expect("the child goes on");
    assert!(begun.elapsed() >= patience, "{:?}", begun.elapsed());
    until("all lines are read", || output.stats().captured == LINES);
    let stats = output.stats();
    law(stats);
    assert!(stats.dropped_full > 0 && stats.queued > 0, "{stats:?}");
    let reader = slowly(read, 16 << 20, &["lost_lines"]);
    until("the queue is written", || output.stats().queued == 0);
    let mut out = reader.join().expect("the reader");
    out.truncate(out.iter().rposition(|byte| *byte == b'\n').expect("a record") + 1);
    let all = records(&out);
    let notice = all.iter().find(|record| record.get("lost_lines").is_some()).expect("a notice");
    assert_eq!(notice["lost_by_process"], format!("web={}", output.stats().dropped_full));
    assert_eq!(numbers(&out).len() as u64, output.stats().written);
}

#[test]
fn a_slow_reader_is_no_reader_that_stops() {
    let (read, write) = pipe();
    let (system, output) = start_with(settings(1 << 20, Duration::from_millis(300)), write.into());
    let (child, _) = burst(child(&output, "web", Stream::Stdout), 60_000);
    // A whole chunk takes longer than the patience, each piece does not.
    let reader = slowly(read, 8 << 10, &["\"59999\""]);
    child.join().expect("the child");
    let report = system.block_on(output.flush(Duration::from_millis(300), 6 * PATIENCE));
    assert!(report.complete && report.stats.dropped_full == 0, "{report:?}");
    assert!(numbers(&reader.join().expect("the reader")).into_iter().eq(0..60_000));
}

#[test]
fn dropping_does_not_wait() {
    let (_read, write) = pipe();
    let settings = LogSettings { patience: 60 * PATIENCE, ..dropping() };
    let (_system, output) = start_with(settings, write.into());
    let (child, _) = burst(child(&output, "web", Stream::Stdout), LINES);
    child.join().expect("the child does not wait");
    until("all lines are read", || output.stats().captured == LINES);
    law(output.stats());
    assert!(output.stats().dropped_full > 0);
}

#[test]
fn a_reader_that_is_gone_lets_who_waits_go_on() {
    let (read, write) = pipe();
    let (_system, output) = start_with(settings(1 << 20, 60 * PATIENCE), write.into());
    let (child, _) = burst(child(&output, "web", Stream::Stdout), LINES);
    until("the queue is full", || output.stats().queued > 5_000);
    drop(read);
    child.join().expect("the child goes on");
    until("all lines are read", || output.stats().captured == LINES);
    law(output.stats());
    assert_eq!(output.stats().queued, 0);
}

#[test]
fn the_supervisor_has_a_place_of_its_own_beside_a_full_queue() {
    let (read, write) = pipe();
    let (system, output) = start_with(settings(1 << 20, 60 * PATIENCE), write.into());
    let (child, _) = burst(child(&output, "web", Stream::Stdout), LINES);
    until("the queue is full", || output.stats().queued > 5_000);
    let enough = Arc::new(AtomicBool::new(false));
    for _ in 0..20_000 {
        let begun = Instant::now();
        order::say(&output, "own", None);
        enough.fetch_or(begun.elapsed() > Duration::from_secs(1), Relaxed);
    }
    assert!(!enough.load(Relaxed), "the supervisor does not wait");
    let reader = slowly(read, 16 << 20, &["lost_records", "\"299999\""]);
    child.join().expect("the child");
    assert!(system.block_on(output.flush(PATIENCE, 6 * PATIENCE)).complete);
    let stats = output.stats();
    assert!(stats.records_written > 4000 && stats.records_dropped > 1000, "{stats:?}");
    let out = reader.join().expect("the reader");
    let told = records(&out).iter().filter_map(|record| record["lost_records"].as_u64()).sum::<u64>();
    assert_eq!(told, stats.records_dropped, "{stats:?}");
}
