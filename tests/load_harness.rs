//! The parts of the load harness that compute, and those that can be seen to work without a supervisor: shapes,
//! medians, comparison, accounts, the counting of lines, the worker program, the receiver in each of its moods.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]
#![allow(clippy::disallowed_methods, reason = "it runs programs, and is no supervisor")]
#![allow(dead_code, reason = "the harness uses the rest of its modules")]

#[path = "../benches/load/accounting.rs"]
mod accounting;
#[path = "../benches/load/captured.rs"]
mod captured;
#[path = "../benches/load/compare.rs"]
mod compare;
#[path = "../benches/load/events.rs"]
mod events;
#[path = "../benches/load/figures.rs"]
mod figures;
#[path = "../benches/load/options.rs"]
mod options;
#[path = "../benches/load/picture.rs"]
mod picture;
#[path = "../benches/load/progress.rs"]
mod progress;
#[path = "../benches/load/receiver.rs"]
mod receiver;
#[path = "../benches/load/report.rs"]
mod report;
#[path = "../benches/load/shape.rs"]
mod shape;
#[path = "../benches/load/suite.rs"]
mod suite;
#[path = "../benches/load/workload.rs"]
mod workload;

use accounting::{Backoff, Deeds, Keeps, accounts};
use captured::{LineCounter, Lines};
use clap::{Parser, ValueEnum};
use figures::{Figures, medians};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use options::{Options, Receiver, Suite};
use receiver::OtlpReceiver;
use report::{Cell, Report, Run};
use shape::Shape;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

fn options(words: &[&str]) -> Options {
    Options::parse_from(std::iter::once(&"load").chain(words))
}

#[test]
fn dependencies_only_point_back_and_each_shape_is_what_it_says() {
    for shape in Shape::value_variants() {
        for count in [1, 2, 3, 10, 100, 5000] {
            let graph = shape.dependencies(count);
            assert_eq!(graph.len(), count as usize);
            for (worker, dependencies) in graph.iter().enumerate() {
                assert!(
                    dependencies.iter().all(|d| (*d as usize) < worker),
                    "{shape:?} {worker} {dependencies:?}"
                );
            }
        }
    }
    assert_eq!(Shape::Flat.dependencies(3), vec![Vec::<u32>::new(); 3]);
    assert_eq!(Shape::Chain.dependencies(3), [vec![], vec![0], vec![1]]);
    assert_eq!(Shape::FanOut.dependencies(3), [vec![], vec![0], vec![0]]);
    let layers = Shape::Layers.dependencies(9);
    assert_eq!(layers[..3], vec![Vec::<u32>::new(); 3]);
    assert_eq!(layers[3..6], [vec![0, 1], vec![0, 1, 2], vec![1, 2]]);
}

fn figures(pairs: &[(&'static str, f64)]) -> Figures {
    let mut figures = Figures::default();
    for (key, value) in pairs {
        figures.set(key, *value);
    }
    figures
}

#[test]
fn medians_are_taken_of_what_was_measured() {
    let runs = [
        figures(&[("stop_ms", 9.0), ("all_up_ms", 1.0)]),
        figures(&[("stop_ms", 1.0)]),
        figures(&[("stop_ms", 2.0)]),
    ];
    let all: Vec<&Figures> = runs.iter().collect();
    let median = medians(&all);
    assert_eq!(
        (median.get("stop_ms"), median.get("all_up_ms"), median.get("pss_kib")),
        (Some(2.0), Some(1.0), None)
    );
    assert_eq!(medians(&all[..2]).get("stop_ms"), Some(5.0));
}

fn report_with(pairs: &[(&'static str, f64)]) -> Report {
    let mut report = Report::new("phpeek-pm".to_owned(), "1".to_owned());
    let run = Run { figures: figures(pairs), up_ms: vec![1.0, 2.0], ..Run::default() };
    report.cells.push(Cell::of("n=1".to_owned(), None, vec![run]));
    report
}

#[test]
fn a_comparison_fails_for_what_is_worse_or_missing_and_for_nothing_else() {
    let old = report_with(&[("all_up_ms", 100.0), ("lines_per_s", 1000.0), ("first_up_ms", 10.0)]);
    let same = compare::compare(&old, &old, 1.15);
    assert_eq!(same.failures, Vec::<String>::new());
    assert!(same.table.contains("all up, ms"));
    let better = report_with(&[("all_up_ms", 50.0), ("lines_per_s", 2000.0), ("first_up_ms", 90.0)]);
    assert_eq!(compare::compare(&old, &better, 1.15).failures, Vec::<String>::new());
    let slower = report_with(&[("all_up_ms", 120.0), ("lines_per_s", 1000.0)]);
    assert_eq!(compare::compare(&old, &slower, 1.15).failures.len(), 1);
    assert_eq!(compare::compare(&old, &slower, 1.25).failures.len(), 0);
    let fewer_lines = report_with(&[("all_up_ms", 100.0), ("lines_per_s", 500.0)]);
    assert_eq!(compare::compare(&old, &fewer_lines, 1.15).failures.len(), 1);
    let missing = report_with(&[("all_up_ms", 100.0)]);
    assert_eq!(compare::compare(&old, &missing, 1.15).failures.len(), 1);
    let empty = Report::new("phpeek-pm".to_owned(), "1".to_owned());
    assert_eq!(compare::compare(&old, &empty, 1.15).failures.len(), 1);
    assert_eq!(compare::compare(&empty, &old, 1.15).failures.len(), 1);
}

#[test]
fn one_lost_span_where_none_was_lost_before_fails_a_comparison() {
    let (even, off) = (report_with(&[("spans_off", 0.0)]), report_with(&[("spans_off", 1.0)]));
    assert_eq!(compare::compare(&even, &off, 100.0).failures.len(), 1);
}

#[test]
fn a_report_survives_its_file_and_can_be_drawn() {
    let directory = tempfile::tempdir().unwrap();
    let (json, svg) = (directory.path().join("a.json"), directory.path().join("a.svg"));
    let report = report_with(&[("all_up_ms", 12.5), ("stop_ms", 3.0)]);
    report.write(&json).unwrap();
    assert_eq!(Report::read(&json).unwrap().cells[0].median, report.cells[0].median);
    std::fs::write(&json, std::fs::read_to_string(&json).unwrap().replace("\"format\": 1", "\"format\": 2"))
        .unwrap();
    assert!(Report::read(&json).unwrap_err().contains("format 2"));
    picture::draw(&report, &svg).unwrap();
    let drawn = std::fs::read_to_string(&svg).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.contains("12.5"), "{drawn}");
    assert!(report.tables().contains("12.5"));
}

#[test]
fn accounts_ask_for_every_span_and_forgive_nothing_but_sampling() {
    let deeds = Deeds {
        processes: 3,
        dependencies: 2,
        starts: 4,
        kills: 1,
        backoff: Backoff::Some,
        ..Deeds::default()
    };
    let mut received: BTreeMap<String, u64> = [
        ("process_manager.start", 1),
        ("process_manager.start_process", 3),
        ("process_manager.wait_dependency", 2),
        ("process.spawn", 4),
        ("process_manager.restart_process", 1),
        ("process.exit", 1),
        ("process.backoff", 1),
        ("process_manager.stop_process", 3),
        ("process_manager.shutdown", 1),
    ]
    .map(|(name, count)| (name.to_owned(), count))
    .into();
    let off = |keeps, received: &BTreeMap<String, u64>| -> Vec<i64> {
        accounts(deeds, keeps, received)
            .values()
            .map(accounting::Account::difference)
            .filter(|d| *d != 0)
            .collect()
    };
    assert_eq!(off(Keeps::All, &received), Vec::<i64>::new());
    // Where no wait was configured, none may be told of.
    let at_once = accounts(Deeds { backoff: Backoff::Zero, ..deeds }, Keeps::All, &received);
    assert_eq!(at_once.get("process.backoff").map(accounting::Account::difference), Some(1));
    received.insert("process_manager.wait_dependency".to_owned(), 1);
    assert_eq!(off(Keeps::All, &received), [-1]);
    received.insert("process_manager.wait_dependency".to_owned(), 2);
    received.insert("process.spawn".to_owned(), 2);
    assert_eq!(off(Keeps::All, &received), [-2]);
    assert_eq!(off(Keeps::Some, &received), Vec::<i64>::new());
    received.insert("process.spawn".to_owned(), 5);
    received.insert("surprise".to_owned(), 7);
    assert_eq!(off(Keeps::Some, &received), [1, 7]);
}

#[test]
fn a_rolling_restart_owes_its_root_and_a_stop_and_a_start_for_each_worker() {
    let deeds =
        Deeds { processes: 100, starts: 300, rollings: 2, rolled: 200, crash_loops: 0, ..Deeds::default() };
    let mut received: BTreeMap<String, u64> = [
        ("process_manager.start", 1),
        ("process_manager.start_process", 100),
        ("process.spawn", 300),
        ("process_manager.restart", 2),
        ("process_manager.restart_process", 200),
        ("process_manager.stop_process", 300),
        ("process_manager.shutdown", 1),
    ]
    .map(|(name, count)| (name.to_owned(), count))
    .into();
    let off = |received: &BTreeMap<String, u64>| -> Vec<(String, i64)> {
        let accounts = accounts(deeds, Keeps::All, received);
        accounts.into_iter().map(|(name, a)| (name, a.difference())).filter(|(_, d)| *d != 0).collect()
    };
    assert_eq!(off(&received), []);
    received.insert("process_manager.stop_process".to_owned(), 299);
    received.insert("process.exit".to_owned(), 1);
    received.remove("process_manager.restart");
    assert_eq!(
        off(&received),
        [
            ("process.exit".to_owned(), 1),
            ("process_manager.restart".to_owned(), -2),
            ("process_manager.stop_process".to_owned(), -1)
        ]
    );
}

#[test]
fn restarts_without_spans_are_accounted_for_by_those_that_count_them() {
    let deeds = Deeds { processes: 2, starts: 1, crash_starts: 1001, crash_loops: 1, ..Deeds::default() };
    let missing = |folded: u64, received: u64| {
        let names = ["process.spawn", "process_manager.restart_process", "process.exit"];
        let received = names.map(|name| (name.to_owned(), received)).into();
        let accounts = accounts(Deeds { folded, ..deeds }, Keeps::All, &received);
        names.map(|name| accounts.get(name).map_or(0, accounting::Account::difference))
    };
    assert_eq!(missing(0, 1000), [-2, 0, 0]);
    assert_eq!(missing(970, 30), [-2, 0, 0]);
    assert_eq!(missing(970, 32), [0, 0, 0]);
    assert_eq!(missing(960, 32), [-10, -8, -8], "eight are neither told nor counted");
}

#[test]
fn lines_are_counted_across_reads_and_losses_and_tears_are_seen() {
    let line = |number: u32| format!("{{\"message\":\"chatty 77 {number} {}\"}}\n", "x".repeat(40 - 12 - 1));
    let (stream, mut counter) = ([line(0), line(1), line(4)].concat(), LineCounter::new(40));
    for piece in stream.as_bytes().chunks(7) {
        counter.feed(piece);
    }
    assert_eq!(counter.lines(), Lines { whole: 3, lost: 2, torn: 0 });
    counter.feed(line(5).replace("xxx\"", "\"").as_bytes());
    counter.feed(line(3).as_bytes());
    counter.feed(b"{\"message\":\"something else\"}\n");
    assert_eq!(counter.lines(), Lines { whole: 3, lost: 2, torn: 2 });
}

#[test]
fn what_cannot_be_run_is_refused() {
    assert!(options(&["-n", "3", "--chatty", "4"]).load.check().is_err());
    assert!(options(&["--kill-rate", "1", "--duration", "0"]).load.check().is_err());
    assert!(options(&["--kill-rate", "1"]).load.check().is_ok());
    for words in
        [["-n", "0"], ["-n", "5001"], ["--kill-rate", "-1"], ["--threshold", "0.5"], ["--global", "x"]]
    {
        assert!(Options::try_parse_from(["load", words[0], words[1]]).is_err(), "{words:?}");
    }
}

#[test]
fn every_plan_of_a_suite_is_distinct_and_has_its_baseline_in_it() {
    for suite in Suite::value_variants() {
        let plans = suite::plans(*suite, &options(&[]).load);
        let labels: std::collections::BTreeSet<String> = plans.iter().map(|plan| plan.load.label()).collect();
        assert_eq!(labels.len(), plans.len());
        for plan in &plans {
            assert!(plan.load.check().is_ok());
            assert!(plan.baseline.as_ref().is_none_or(|baseline| labels.contains(baseline)), "{plan:?}");
        }
    }
}

#[test]
fn the_worker_records_its_start_and_ends_as_it_was_told() {
    let worker = workload::worker_program().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events");
    let mut events = events::Events::create(&path, 2).unwrap();
    let crash = Command::new(&worker).arg("crash").arg(&path).args(["1", "60"]).status().unwrap();
    assert_eq!(crash.code(), Some(1));
    let launch =
        Command::new(&worker).arg("launch").arg(&path).args(["/bin/sh", "-c", "exit 7"]).status().unwrap();
    assert_eq!(launch.code(), Some(7));
    events.poll().unwrap();
    assert_eq!((events.total_starts(), events.workers[1].count), (1, 1));
    assert!(events.launched_at.unwrap() >= events.workers[1].last_at);
    // The alarm is the last guard against workers that outlive a killed harness: SIGALRM is 14.
    let idle = Command::new(&worker).arg("idle").arg(&path).args(["0", "1"]).status().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&idle), Some(14));
    assert_eq!(Command::new(&worker).arg("idle").status().unwrap().code(), Some(111));
}

fn request() -> ExportTraceServiceRequest {
    let span = |id: u8, parent: Vec<u8>, code: i32| Span {
        name: "process.spawn".to_owned(),
        trace_id: vec![1; 16],
        span_id: vec![id; 8],
        parent_span_id: parent,
        status: Some(Status { code, ..Status::default() }),
        ..Span::default()
    };
    let spans =
        vec![span(1, vec![], 1), span(2, vec![1; 8], 2), span(3, vec![9; 8], 1), span(3, vec![9; 8], 1)];
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

async fn export(receiver: &OtlpReceiver) -> Result<(), String> {
    let call = async {
        let mut client = TraceServiceClient::connect(format!("http://{}", receiver.endpoint()))
            .await
            .map_err(|e| format!("no connection: {e}"))?;
        client.export(request()).await.map_err(|status| format!("{:?}", status.code()))?;
        Ok(())
    };
    tokio::time::timeout(Duration::from_millis(1500), call).await.unwrap_or(Err("silence".to_owned()))
}

#[tokio::test]
async fn a_healthy_receiver_counts_and_a_slow_one_does_so_later() {
    for kind in [Receiver::Healthy, Receiver::Slow] {
        let receiver = OtlpReceiver::start(kind, Duration::from_millis(200)).unwrap();
        let begin = std::time::Instant::now();
        export(&receiver).await.unwrap();
        assert_eq!(begin.elapsed() >= Duration::from_millis(200), kind == Receiver::Slow);
        let received = receiver.received();
        assert_eq!((received.calls, received.spans, received.duplicates), (1, 4, 1));
        assert_eq!((received.distinct(), received.errors, received.without_parent()), (3, 1, 1));
        assert_eq!(received.by_name.get("process.spawn"), Some(&3));
    }
}

#[tokio::test]
async fn each_failing_receiver_fails_in_its_own_way() {
    for (kind, calls) in
        [(Receiver::Refusing, 1), (Receiver::Resetting, 1), (Receiver::Silent, 1), (Receiver::Absent, 0)]
    {
        let receiver = OtlpReceiver::start(kind, Duration::ZERO).unwrap();
        let error = export(&receiver).await.unwrap_err();
        match kind {
            Receiver::Refusing => assert_eq!(error, "Unavailable"),
            Receiver::Silent => assert_eq!(error, "silence"),
            Receiver::Absent => assert!(error.starts_with("no connection"), "{error}"),
            _ => assert!(error != "silence", "{error}"),
        }
        let received = receiver.received();
        assert!(received.calls >= calls, "{kind:?}: {} calls", received.calls);
        assert_eq!(received.spans, 0);
    }
}
