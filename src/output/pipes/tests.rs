//! What the reader of the pipes promises, pass by pass.
#![allow(clippy::expect_used, reason = "a test may fail")]
use super::*;
use phpeek_actors::ports::{Level, Value};
use phpeek_core::ids::{HookTask, InstanceId, ProcessId, TaskId};
use phpeek_core::name::ProcessName;
use phpeek_os::capture::Capture;
use phpeek_settings::log::{LogFormat, LogSettings};
use std::fs::File;
use std::io::Write;
use std::time::SystemTime;

fn pipes() -> (Arc<Intake>, Arc<Sink>, Pipes) {
    let settings = LogSettings::new(LogFormat::Json, Level::Info);
    let null = File::options().write(true).open("/dev/null").expect("/dev/null").into();
    let (intake, sink) = (
        Arc::new(Intake::new().expect("epoll")),
        Arc::new(Sink::new(settings, null, None, SystemTime::UNIX_EPOCH)),
    );
    (Arc::clone(&intake), Arc::clone(&sink), Pipes::new(intake, sink, Clock::starting_at(SystemTime::now())))
}

fn child(intake: &Intake) -> (File, std::os::fd::OwnedFd) {
    child_with(intake, 1, Stream::Stdout)
}

fn id(run: u64) -> TaskId {
    TaskId::Run(InstanceId { process: ProcessId(0), serial: 0 }.run(run))
}

fn child_with(intake: &Intake, run: u64, stream: Stream) -> (File, std::os::fd::OwnedFd) {
    let child = child_of(intake, run, stream);
    intake.begun(id(run));
    child
}

/// One of whose start nobody was told yet.
fn early_child(intake: &Intake, run: u64) -> (File, std::os::fd::OwnedFd) {
    child_of(intake, run, Stream::Stdout)
}

fn about_web(message: &'static str) -> phpeek_actors::ports::LogRecord {
    phpeek_actors::ports::LogRecord {
        at: Clock::starting_at(SystemTime::now()).now(),
        level: Level::Info,
        message: message.into(),
        process: Some(ProcessName::new("web").expect("a name")),
        instance: Some(0),
        fields: Vec::new(),
    }
}

fn child_of(intake: &Intake, run: u64, stream: Stream) -> (File, std::os::fd::OwnedFd) {
    let task = id(run);
    let (read_end, write) = rustix::pipe::pipe().expect("a pipe");
    let copy = read_end.try_clone().expect("a copy");
    let process = ProcessName::new("web").expect("a name");
    intake
        .add(Capture { process, hook: None, file: None, task, number: Some(0), stream, read_end })
        .expect("a watch");
    (write.into(), copy)
}

#[test]
fn a_copy_of_an_ended_pipe_wakes_nobody() {
    let (intake, sink, mut pipes) = pipes();
    let (mut writer, _copy) = child(&intake);
    writer.write_all(b"last words").expect("room");
    drop(writer);
    assert_eq!(pipes.turn(Pace::Gather), Turn::Idle);
    assert_eq!(sink.stats().captured, 1);
    assert_eq!(pipes.pass(), Pass::Idle);
}

#[test]
fn a_busy_pipe_that_falls_quiet_is_watched_again_and_its_token_is_used_again() {
    let (intake, sink, mut pipes) = pipes();
    let (mut writer, _copy) = child(&intake);
    writer.write_all(&b"0123456\n".repeat(8000)).expect("room");
    assert_eq!(pipes.pass(), Pass::Large);
    assert_eq!(pipes.busy, [0]);
    assert_eq!(pipes.turn(Pace::Gather), Turn::Idle);
    assert!(pipes.busy.is_empty());
    writer.write_all(b"later\n").expect("room");
    drop(writer);
    assert_eq!(pipes.turn(Pace::Gather), Turn::Idle);
    assert_eq!(sink.stats().captured, 8001);
    let (mut next, _copy) = child(&intake);
    next.write_all(b"new\n").expect("room");
    assert_eq!(pipes.turn(Pace::Gather), Turn::Idle);
    assert_eq!((sink.stats().captured, pipes.pipes.len()), (8002, 1));
}

#[test]
fn last_words_are_read_from_the_pipe_when_they_are_asked_for() {
    let (intake, sink, mut pipes) = pipes();
    let (mut stdout, _copy) = child(&intake);
    let (mut stderr, _copy) = child_with(&intake, 1, Stream::Stderr);
    stdout.write_all(b"not this\n").expect("room");
    stderr.write_all(b"first\nlast without newline").expect("room");
    assert_eq!(pipes.last_words(id(1))[1], ["first", "last without newline"]);
    assert_eq!(sink.stats().captured, 2, "and they are in the log as ever");
    assert_eq!([pipes.last_words(id(1)), pipes.last_words(id(2))].concat().concat(), Vec::<String>::new());
}

#[test]
fn last_words_of_many_that_died_at_once_are_all_heard() {
    let (intake, _sink, mut pipes) = pipes();
    let mut writers = Vec::new();
    for instance in 0..300 {
        let (read_end, write) = rustix::pipe::pipe().expect("a pipe");
        let process = ProcessName::new("web").expect("a name");
        let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: instance }.run(1));
        intake
            .add(Capture {
                process,
                hook: None,
                file: None,
                task,
                number: Some(0),
                stream: Stream::Stderr,
                read_end,
            })
            .expect("a watch");
        intake.begun(task);
        let mut write = File::from(write);
        write.write_all(format!("I am {instance}\n").as_bytes()).expect("room");
        writers.push((task, write));
    }
    for (task, writer) in writers.into_iter().rev() {
        drop(writer);
        assert_eq!(pipes.last_words(task)[1], [format!("I am {}", task.instance().map_or(0, |i| i.serial))]);
    }
}

#[test]
fn a_pipe_is_idle_only_when_what_came_from_it_is_in_the_queue() {
    let (intake, sink, mut pipes) = pipes();
    assert!(intake.is_idle(), "there is none");
    let (mut writer, _copy) = child(&intake);
    writer.write_all(b"one\ntwo\nlast words").expect("room");
    drop(writer);
    assert!(!intake.is_idle(), "nobody has read it");
    assert_eq!(pipes.pass(), Pass::Small);
    assert!(!intake.is_idle(), "its end was not seen");
    assert_eq!(pipes.turn(Pace::Hurry), Turn::Idle);
    assert!(intake.is_idle());
    let stats = sink.stats();
    assert_eq!((stats.captured, stats.queued), (3, 3), "and all of it is queued");
}

#[test]
fn nothing_of_a_run_is_read_before_its_start_was_told() {
    let (intake, sink, mut pipes) = pipes();
    let (mut writer, _copy) = early_child(&intake, 1);
    writer.write_all(b"early\n").expect("room");
    assert_eq!(pipes.turn(Pace::Hurry), Turn::Idle, "it shows no more");
    assert_eq!(sink.stats().captured, 0);
    let due = pipes.due().expect("it is looked at again by itself");
    assert!(due <= Instant::now() + UNTOLD);
    sink.held.add(about_web("started"), intake.count(), usize::MAX);
    intake.begun(id(1));
    assert_eq!(pipes.pass(), Pass::Small, "it shows again");
    assert_eq!(sink.stats().captured, 0, "but the record waits, and stands first");
    pipes.release();
    assert_eq!(sink.stats().captured, 0, "nor is it read for the record");
    assert_eq!(pipes.turn(Pace::Gather), Turn::Idle);
    assert_eq!(sink.stats().captured, 1);
    sink.held.add(about_web("ended"), intake.count(), usize::MAX);
    writer.write_all(b"last\n").expect("room");
    pipes.release();
    assert_eq!(sink.stats().captured, 2, "what was written before the end is read before that is told");
}

#[test]
fn nothing_of_a_hook_is_read_before_its_start_was_told_either() {
    let (intake, sink, mut pipes) = pipes();
    let hook = TaskId::Hook(HookTask { of: None, serial: 1 });
    let capture = |file: Option<&str>| {
        let (read_end, write) = rustix::pipe::pipe().expect("a pipe");
        let process = ProcessName::new("prepare").expect("a name");
        let (name, file) = (Some("prepare".into()), file.map(Into::into));
        let stream = Stream::Stdout;
        let capture = Capture { process, hook: name, file, task: hook, number: None, stream, read_end };
        intake.add(capture).expect("a watch");
        File::from(write)
    };
    let mut writer = capture(None);
    writer.write_all(b"early\n").expect("room");
    assert_eq!(pipes.turn(Pace::Hurry), Turn::Idle, "it shows no more");
    assert_eq!(sink.stats().captured, 0);
    let started = phpeek_actors::ports::LogRecord {
        process: None,
        instance: None,
        fields: vec![("hook", Value::Hook("prepare".into()))],
        ..about_web("hook started")
    };
    sink.held.add(started, intake.count(), usize::MAX);
    intake.begun(hook);
    assert_eq!((pipes.pass(), sink.stats().captured), (Pass::Small, 0), "the record waits, and stands first");
    pipes.release();
    assert_eq!((pipes.turn(Pace::Gather), sink.stats().captured), (Turn::Idle, 1));
    capture(Some("app.log")).write_all(b"of a file\n").expect("room");
    assert_eq!(pipes.turn(Pace::Gather), Turn::Idle);
    assert_eq!(sink.stats().captured, 2, "nobody is told that a file has begun");
}

#[test]
fn a_run_of_which_nobody_tells_is_read_after_a_while_or_at_the_end() {
    let (intake, sink, mut pipes) = pipes();
    let (mut writer, _copy) = early_child(&intake, 1);
    writer.write_all(b"untold\n").expect("room");
    drop(writer); // an end shows for ever, unless nobody is to see it
    assert_eq!(pipes.turn(Pace::Hurry), Turn::Idle);
    std::thread::park_timeout(pipes.due().expect("a time").saturating_duration_since(Instant::now()));
    while sink.stats().captured == 0 {
        pipes.turn(Pace::Hurry);
    }
    let (mut writer, _copy) = early_child(&intake, 2);
    writer.write_all(b"untold\n").expect("room");
    assert_eq!(pipes.turn(Pace::Hurry), Turn::Idle);
    pipes.await_nobody();
    assert_eq!(pipes.turn(Pace::Hurry), Turn::Idle);
    assert_eq!(sink.stats().captured, 2);
    let (mut writer, _copy) = early_child(&intake, 3);
    writer.write_all(b"last words\n").expect("room");
    assert_eq!(pipes.last_words(id(3))[0], ["last words"]);
}
