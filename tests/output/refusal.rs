//! What happens when standard output refuses: full, torn, non-blocking, gone. Counts must stand in what was written.

use super::*;
use rustix::fs::{MemfdFlags, OFlags, SealFlags};
use std::io::{Seek, SeekFrom};
use std::process::{Command, Stdio};

fn own(output: &Output, message: &'static str) {
    output.log(LogRecord {
        at: Duration::ZERO,
        level: Level::Warn,
        message: message.into(),
        process: None,
        instance: None,
        fields: Vec::new(),
    });
}

fn of_children(records: &[Value]) -> u64 {
    records.iter().filter(|record| record.get("stream").is_some()).count() as u64
}

#[test]
fn a_non_blocking_stdout_loses_nothing() {
    let (read, write) = pipe();
    rustix::fs::fcntl_setfl(&write, OFlags::NONBLOCK).expect("a flag");
    let (system, output) = start(LogFormat::Json, Level::Info, write.into());
    let mut child = child(&output, "web", Stream::Stdout);
    child.write_all(&b"0123456789\n".repeat(20_000)).expect("the pipe is read");
    drop(child);
    until("all lines are read, and the pipe is full", || output.stats().captured == 20_000);
    assert!(output.stats().queued > 0, "the queue is larger than the pipe");
    let reader = std::thread::spawn(move || {
        let (mut out, mut file) = (Vec::new(), File::from(read));
        let mut part = vec![0; 1 << 16];
        while out.iter().filter(|byte| **byte == b'\n').count() < 20_000 {
            let count = file.read(&mut part).expect("a pipe can be read");
            assert!(count > 0, "the pipe was closed");
            out.extend_from_slice(&part[..count]);
        }
        out
    });
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    assert_eq!(of_children(&records(&reader.join().expect("the reader"))), 20_000);
    assert_eq!(output.stats().written, 20_000);
}

#[test]
fn a_full_disk_is_counted_and_does_not_spin() {
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let (system, output) = start(LogFormat::Json, Level::Info, full.into());
    let mut child = child(&output, "web", Stream::Stdout);
    own(&output, "lost");
    child.write_all(&b"line\n".repeat(50_000)).expect("the pipe is read");
    drop(child);
    let report = system.block_on(output.flush(PATIENCE, PATIENCE));
    law(report.stats);
    assert!(report.complete, "{report:?}");
    assert_eq!((report.stats.captured, report.stats.dropped_closed), (50_000, 50_000));
    // The notice of the loss would be lost too, and again for ever.
    assert_eq!((report.stats.records_dropped, report.stats.records_written), (1, 0));
}

#[test]
fn a_record_that_an_error_tore_becomes_whole_when_there_is_room() {
    let disk =
        rustix::fs::memfd_create("disk", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).expect("a file");
    rustix::fs::ftruncate(&disk, 4096).expect("a size");
    rustix::fs::fcntl_add_seals(&disk, SealFlags::GROW).expect("a seal");
    let mut disk = File::from(disk);
    let (system, output) = start(LogFormat::Json, Level::Info, disk.try_clone().expect("a copy").into());
    let mut child = child(&output, "web", Stream::Stdout);
    child.write_all(&b"0123456789\n".repeat(100)).expect("the pipe is read");
    drop(child);
    system.block_on(output.flush(PATIENCE, PATIENCE));
    let stats = output.stats();
    law(stats);
    assert_eq!((stats.captured, stats.queued), (100, 1), "the rest of the torn record waits: {stats:?}");
    let taken = disk.stream_position().expect("a place");
    let mut out = vec![0; usize::try_from(taken).expect("a size")];
    std::os::unix::fs::FileExt::read_exact_at(&disk, &mut out, 0).expect("what was taken");
    assert_ne!(out.last(), Some(&b'\n'), "the write was not torn: {taken}");
    own(&output, "refused");
    system.block_on(output.flush(PATIENCE, PATIENCE));
    assert_eq!((output.stats().queued, output.stats().records_dropped), (1, 1), "it still waits");
    disk.seek(SeekFrom::Start(0)).expect("room"); // the offset is shared with the writer
    own(&output, "after");
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    let stats = output.stats();
    law(stats);
    let more = usize::try_from(disk.stream_position().expect("a place")).expect("a size");
    let start = out.len();
    out.resize(start + more, 0);
    std::os::unix::fs::FileExt::read_exact_at(&disk, &mut out[start..], 0).expect("what was taken");
    let records = records(&out);
    assert_eq!((of_children(&records), stats.queued), (stats.written, 0), "{stats:?}");
    let notice = records.iter().find(|record| record.get("refused_lines").is_some()).expect("a notice");
    assert_eq!(notice["lost_lines"], stats.dropped_closed);
    assert!(records.iter().any(|record| record["msg"] == "after"));
}

#[test]
fn a_pipe_that_cannot_be_watched_is_said() {
    let mut file = tempfile::tempfile().expect("a file");
    let (system, output) = start(LogFormat::Json, Level::Info, file.try_clone().expect("a copy").into());
    let read_end = tempfile::tempfile().expect("a file, which epoll refuses").into();
    let process = ProcessName::new("web").expect("a name");
    output.capture(Capture {
        process,
        hook: None,
        file: None,
        number: Some(2),
        task: task(2),
        stream: Stream::Stdout,
        read_end,
    });
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    let mut out = Vec::new();
    file.rewind().expect("a file can be rewound");
    file.read_to_end(&mut out).expect("a file can be read");
    let record = records(&out).remove(0);
    assert_eq!((&record["level"], &record["instance_id"]), (&"error".into(), &"web-2".into()));
    assert!(record["error"].as_str().is_some_and(|error| error.contains("not permitted")), "{record}");
}

#[test]
fn a_chatty_child_gets_a_large_pipe() {
    let file = tempfile::tempfile().expect("a file");
    let (system, output) = start(LogFormat::Json, Level::Info, file.into());
    let mut child = child(&output, "web", Stream::Stdout);
    let mut lines = 0;
    until("the pipe has grown", || {
        child.write_all(&b"0123456\n".repeat(8192)).expect("the pipe is read");
        lines += 8192;
        rustix::pipe::fcntl_getpipe_size(&child).expect("a size") == 1 << 20
    });
    // Busy or watched again: what comes later is read.
    until("the burst is read", || output.stats().captured == lines);
    child.write_all(b"later\n").expect("the pipe is read");
    until("a later line is read", || output.stats().captured == lines + 1);
    drop(child);
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    assert_eq!(output.stats().written, lines + 1);
}

#[test]
fn long_lines_under_overload_are_whole_or_marked() {
    let (read, write) = pipe();
    let (_system, output) = start_with(dropping(), write.into());
    let mut child = child(&output, "web", Stream::Stdout);
    let line = "x".repeat(300 << 10) + "\n"; // five pieces
    for _ in 0..60 {
        child.write_all(line.as_bytes()).expect("the pipe is read");
    }
    drop(child);
    until("all pieces are read", || output.stats().captured == 300);
    let stats = output.stats();
    law(stats);
    assert!(stats.dropped_full > 0, "{stats:?}");
    let reader = std::thread::spawn(move || {
        let mut out = Vec::new();
        let mut file = File::from(read);
        let mut part = vec![0; 1 << 16];
        while !out.windows(10).rev().take(2000).any(|text| text == b"lost_lines") {
            let count = file.read(&mut part).expect("a pipe can be read");
            assert!(count > 0, "the notice never came");
            out.extend_from_slice(&part[..count]);
        }
        out
    });
    let mut out = reader.join().expect("the reader");
    out.truncate(out.iter().rposition(|byte| *byte == b'\n').expect("a record") + 1);
    let (mut open, mut truncated) = (0, 0);
    for record in records(&out).iter().filter(|record| record.get("stream").is_some()) {
        open += 1;
        if record.get("truncated").is_some() {
            (open, truncated) = (0, truncated + 1);
        } else if record.get("partial").is_none() {
            assert_eq!(open, 5, "pieces of a line are missing, and nothing says so");
            open = 0;
        }
    }
    assert!(truncated <= 1, "the queue was full once");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test waits for the whole program")]
fn a_stdout_that_is_gone_is_said_once_on_stderr() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.yaml");
    let yaml = "version: \"1.0\"\nprocesses:\n  web:\n    command: [\"/bin/sh\", \"-c\", \"for i in 1 2 3; do echo hello; done\"]\n    restart: never\n";
    std::fs::write(&config, yaml).expect("a file");
    let (read, write) = pipe();
    drop(read);
    let ended = Command::new(env!("CARGO_BIN_EXE_phpeek-pm"))
        .args(["serve", "--config"])
        .arg(&config)
        .stdout(Stdio::from(write))
        .stderr(Stdio::piped())
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(said.matches("standard output is gone").count(), 1, "{said}");
    assert_eq!(ended.status.code(), Some(0), "{said}");
}
