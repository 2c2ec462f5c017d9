//! Drawings as they are, and laws that hold for any input.

#![allow(clippy::expect_used, reason = "a test may fail")]

use super::links::Names;
use super::model::Trace;
use super::samples::{EPOCH, event, failed, request, span, start, trace, with};
use super::style::{Events, Facts, Style, Titles};
use super::text::{Charset, width};
use super::{follow, html, list, svg, waterfall};
use opentelemetry_proto::tonic::trace::v1::{Span, span::Link};
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn style(width: usize) -> Style {
    let (events, facts) = (Events::Named, Facts::Usual);
    Style { width, charset: Charset::Ascii, colour: false, events, facts, titles: Titles::Full }
}

/// Compares with a file of `golden/`. `UPDATE_GOLDEN=1` writes it.
fn held(name: &str, now: &str) {
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, now).expect("a writable file");
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(before, now, "{path} is stale: run with UPDATE_GOLDEN=1 and look at the difference");
}

fn link(to: &Span) -> Link {
    Link { trace_id: to.trace_id.clone(), span_id: to.span_id.clone(), ..Link::default() }
}

/// A restart with all that a span can have, linked to the start and to a trace that is not there.
fn restart() -> Vec<Span> {
    let exit = [
        ("process.instance_id", "web-0"),
        ("restart.reason", "crash"),
        ("process.exit.code", "3"),
        ("autopsy.uptime_ms", "4120"),
        ("autopsy.max_rss_bytes", "41943040"),
        ("autopsy.stderr", "PHP Fatal error: Uncaught \x1b[31mexception\nin /srv/app.php:3"),
        ("restart.attempt", "1"),
        ("restart.budget_left", "2"),
    ];
    let mut root = with(span("process_manager.restart_process", 20, 0, 5000, 5400), &exit);
    let lost = Span { trace_id: vec![7; 16], ..span("gone", 77, 0, 0, 0) };
    root.links = vec![link(&start()[9]), link(&lost)];
    let probe = |s, at| event(s, at, "probe_failed", &[("attempt", "1")]);
    let ready = with(span("process.wait_ready", 22, 20, 5310, 5400), &[("process.instance_id", "web-0")]);
    let mut spans = vec![
        root,
        with(span("process.backoff", 21, 20, 5000, 5300), &[("process.name", "web")]),
        failed(
            probe(probe(ready, 5350), 5390),
            "the port was never open: connection refused by 127.0.0.1:80",
        ),
        event(span("process.spawn", 23, 20, 5300, 5301), 5301, "exec", &[]),
        span("below what is not there", 24, 99, 5100, 5200),
    ];
    spans.iter_mut().for_each(|s| s.trace_id = vec![0xab; 16]);
    spans
}

#[test]
fn traces_are_drawn_like_this() {
    let all: Vec<Span> = start().into_iter().chain(restart()).collect();
    let traces = Trace::all(&request(all));
    let names = Names::of(&traces);
    let drawn = |style: &Style| traces.iter().map(|t| waterfall::draw(t, &names, style)).collect::<String>();
    held("narrow.txt", &drawn(&style(60)));
    held("wide.txt", &drawn(&Style { charset: Charset::Unicode, ..style(140) }));
    let detailed = Style {
        charset: Charset::Unicode,
        colour: true,
        events: Events::Listed,
        facts: Facts::All,
        ..style(100)
    };
    held("detailed.txt", &drawn(&detailed));
    let all: Vec<&Trace> = traces.iter().rev().collect();
    held("list.txt", &(list::draw(&all, &style(60)) + &list::draw(&all, &style(120))));
    held("start.svg", &svg::draw(&traces[0], &names));
}

#[test]
fn a_plain_drawing_shows_names_durations_the_critical_path_and_errors() {
    let bare = Style { events: Events::Hidden, facts: Facts::Hidden, ..style(60) };
    let spans = vec![
        span("root", 1, 0, 0, 100),
        span("fast", 2, 1, 0, 10),
        failed(span("bad", 3, 1, 50, 100), "no such file"),
    ];
    let text = waterfall::draw(&trace(spans), &Names::default(), &bare);
    let lines: Vec<&str> = text.lines().collect();
    let bars = 60 - 7 - 11 - 4;
    assert_eq!(lines[1], format!("trace {}", "4f2a".repeat(8)));
    assert_eq!(lines[2], format!("root      100.00 ms {}", "#".repeat(bars)));
    assert_eq!(lines[3], format!("|- fast    10.00 ms {}", "#".repeat(bars / 10)));
    let bad = format!("`- bad     50.00 ms {}{}", " ".repeat(bars / 2), "#".repeat(bars - bars / 2));
    assert_eq!(lines[4], bad);
    assert_eq!(lines[5], "    ! no such file");
}

#[test]
fn what_was_sent_twice_is_one_span_and_cycles_are_cut() {
    let again = span("root", 1, 0, 0, 120);
    let loops = vec![span("a", 5, 6, 10, 30), span("b", 6, 5, 20, 30), span("own parent", 7, 7, 40, 50)];
    let spans = vec![span("root", 1, 0, 0, 100), again].into_iter().chain(loops).collect();
    let trace = trace(spans);
    assert_eq!((trace.duplicates, trace.spans.len()), (1, 4));
    let seen: Vec<_> = trace.spans.iter().map(|s| (s.name.as_str(), s.depth)).collect();
    assert_eq!(seen, [("root", 0), ("a", 0), ("b", 1), ("own parent", 0)]);
    assert_eq!(trace.spans[0].took(), 120_000_000);
}

#[test]
fn a_trace_is_drawn_when_its_root_has_ended_and_its_spans_are_lines_until_then() {
    let mut follower = follow::Follower::default();
    let spans = start();
    let wide = style(100);
    let early = follower.take(request(vec![spans[6].clone()]), |_| true, &wide);
    assert_eq!(early, "22:15:05.170 4f2a4f2a4f2a  1150.00 ms process.run migrate-0\n");
    let drawn = follower.take(request(spans[..3].to_vec()), |_| true, &wide);
    assert!(drawn.starts_with(&format!("\ntrace {}", "4f2a".repeat(8))), "{drawn}");
    assert!(drawn.contains("process.run migrate-0") && drawn.contains("process.spawn database-0"), "{drawn}");
    let late = follower.take(request(vec![spans[9].clone()]), |_| true, &wide);
    assert_eq!(late.lines().count(), 1, "{late}");
    let open = follower.take(request(restart()[1..2].to_vec()), |_| true, &wide);
    assert_eq!(open.lines().count(), 1, "{open}");
    assert!(
        follower.rest(|_| true, &wide).contains("process.backoff web"),
        "what is open at the end is drawn"
    );
}

/// Ten thousand spans: a root, a hundred groups, each with a hundred.
fn many() -> Vec<Span> {
    let id = |n: u32| [0, 0, 0, 0].into_iter().chain(n.to_be_bytes()).collect::<Vec<u8>>();
    let of = |n: u32, parent: u32| {
        let mut one =
            span(&format!("process_manager.start_process {n}"), 1, 0, u64::from(n), u64::from(n) + 50);
        one.span_id = id(n + 1);
        one.parent_span_id = if n == 0 { Vec::new() } else { id(parent + 1) };
        event(with(one, &[("process.name", "worker")]), u64::from(n), "signal_sent", &[])
    };
    (0..10_000).map(|n| of(n, if n % 100 == 0 { 0 } else { n / 100 * 100 })).collect()
}

#[test]
fn ten_thousand_spans_are_drawn_in_the_time_of_a_glance() {
    let trace = trace(many());
    let begin = Instant::now();
    let text = waterfall::draw(&trace, &Names::default(), &style(100));
    let page = html::draw(&trace, &Names::default());
    let took = begin.elapsed();
    assert_eq!(text.lines().filter(|l| l.contains("start_process")).count(), 10_000);
    assert!(page.len() > 1_000_000);
    // Far more than it takes, for a debug build on a busy machine; work that grows with the square would take longer.
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_chain_of_a_hundred_thousand_spans_overflows_nothing() {
    let id = |n: u32| [1, 0, 0, 0].into_iter().chain(n.to_be_bytes()).collect::<Vec<u8>>();
    let of = |n: u32| Span {
        span_id: id(n),
        parent_span_id: if n == 0 { Vec::new() } else { id(n - 1) },
        ..span("x", 1, 0, 0, 10)
    };
    let trace = trace((0..100_000).map(of).collect());
    assert_eq!(trace.spans.last().map(|s| s.depth), Some(99_999));
    let text = waterfall::draw(&trace, &Names::default(), &style(60));
    assert!(text.lines().all(|l| width(l) <= 60));
}

/// Ids from a small set, so that parents, duplicates and cycles come about.
fn any_id() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (0u8..12).prop_map(|n| vec![0, 0, 0, 0, 0, 0, 0, n]),
        1 => Just(Vec::new()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn any_time() -> impl Strategy<Value = u64> {
    prop_oneof![6 => EPOCH..EPOCH + 5_000_000_000, 1 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX)]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z_. ]{0,40}",
        2 => "\\PC{0,30}",
        1 => prop::collection::vec(any::<char>(), 0..60).prop_map(|c| c.into_iter().collect()),
        1 => Just("\x1b]0;owned\x07</script>漢字 e\u{301}\u{202e}\n".to_owned()),
    ]
}

prop_compose! {
    fn any_span()(
        trace in 1u8..3, id in any_id(), parent in any_id(), start in any_time(), end in any_time(),
        name in any_text(), key in any_text(), value in any_text(), message in any_text(), code in -1i32..5,
        at in any_time(), links in 0usize..3, known in any::<bool>(),
    ) -> Span {
        let key = if known { "process.exit.signal".to_owned() } else { key };
        let mut one = event(span(&name, 1, 0, 0, 0), 0, &key, &[(&key, &value)]);
        one.events[0].time_unix_nano = at;
        one = with(one, &[(&key, &value), ("process.name", &name), ("autopsy.stderr", &value)]);
        one.links = vec![Link { trace_id: vec![trace; 16], span_id: parent.clone(), ..Link::default() }; links];
        one.status = Some(opentelemetry_proto::tonic::trace::v1::Status { message, code });
        Span {
            trace_id: vec![trace; 16], span_id: id, parent_span_id: parent, start_time_unix_nano: start,
            end_time_unix_nano: end, ..one
        }
    }
}

fn checked(text: &str, columns: usize, charset: Charset) -> Result<(), TestCaseError> {
    for line in text.lines() {
        prop_assert!(width(line) <= columns, "{} > {columns}: {line:?}", width(line));
        prop_assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
        prop_assert!(charset == Charset::Unicode || line.is_ascii(), "{line:?}");
    }
    prop_assert!(text.is_empty() || text.ends_with('\n'));
    Ok(())
}

proptest! {
    #[test]
    fn any_input_is_drawn_and_no_line_is_wider_than_asked(
        spans in prop::collection::vec(any_span(), 1..30), columns in 60usize..200, ascii in any::<bool>(),
        full in any::<bool>(),
    ) {
        let count = spans.len();
        let request = request(spans);
        let traces = Trace::all(&request);
        prop_assert_eq!(traces.iter().map(|t| t.spans.len() + t.duplicates).sum::<usize>(), count);
        let charset = if ascii { Charset::Ascii } else { Charset::Unicode };
        let (events, facts) =
            if full { (Events::Listed, Facts::All) } else { (Events::Named, Facts::Usual) };
        let style = Style { charset, events, facts, ..style(columns) };
        let names = Names::of(&traces);
        for trace in &traces {
            checked(&waterfall::draw(trace, &names, &style), columns, charset)?;
            for text in super::analyze::drawn(trace, &style) {
                checked(&text, columns, charset)?;
            }
            let picture = svg::draw(trace, &names);
            prop_assert!(picture.chars().all(|c| c == '\n' || !c.is_control()));
            prop_assert_eq!(picture.matches("<g>").count(), trace.spans.len());
            let page = html::draw(trace, &names);
            prop_assert_eq!(page.matches("</script>").count(), 2);
            for (at, span) in trace.spans.iter().enumerate() {
                prop_assert!(span.parent.is_none_or(|p| p < at && trace.spans[p].depth + 1 == span.depth));
            }
        }
        let all: Vec<&Trace> = traces.iter().collect();
        checked(&list::draw(&all, &style), columns, charset)?;
        let mut follower = follow::Follower::default();
        let followed = follower.take(request, |_| true, &style) + &follower.rest(|_| true, &style);
        checked(&followed, columns, charset)?;
    }
}
