//! The last flush: a receiver that makes progress, however slowly, gets all that there is; one that does not costs little.

use super::exporters::{at, protobuf};
use super::http_server::HttpServer;
use super::receiver::{Mood, Receiver};
use super::{LIMIT, assert_law, launch, spans, telemetry, until};
use phpeek_actors::telemetry::FlushOutcome;
use phpeek_settings::endpoint::Protocol;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Waits for so long.
async fn after(time: Duration) {
    let begin = Instant::now();
    until(|| begin.elapsed() >= time).await;
}

#[actix::test]
async fn a_slow_receiver_is_waited_for_when_a_request_is_under_way() {
    let receiver = Receiver::start(Mood::Slow);
    let (handle, said, clock) = telemetry(&receiver.address(), 1.0);
    spans(&handle, clock, 5);
    until(|| receiver.calls() == 1).await;
    after(Duration::from_millis(550)).await;
    spans(&handle, clock, 2000);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{}", said.text());
    assert_eq!((receiver.spans(), handle.stats().failed), (2005, 0));
    assert!(receiver.calls() <= 6, "{} answers were waited for", receiver.calls());
    assert_law(handle.stats());
}

#[actix::test]
async fn a_receiver_that_is_there_and_silent_costs_an_answers_time() {
    let receiver = Receiver::start(Mood::Silent);
    let (handle, _, clock) = telemetry(&receiver.address(), 1.0);
    spans(&handle, clock, 5);
    until(|| receiver.calls() == 1).await;
    let begin = Instant::now();
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Left(5));
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    assert_law(handle.stats());
}

#[actix::test]
async fn who_takes_connections_and_says_nothing_costs_no_answers_time() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (handle, _, clock) = telemetry(&address, 1.0);
    spans(&handle, clock, 5);
    let _connection = listener.accept().expect("the exporter connects");
    after(Duration::from_millis(550)).await;
    let begin = Instant::now();
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Left(5));
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    assert_law(handle.stats());
}

#[actix::test]
async fn a_batch_above_what_the_receiver_will_ever_take_goes_in_halves() {
    let receiver = Receiver::start(Mood::Burst);
    let (handle, said, clock) = telemetry(&receiver.address(), 1.0);
    spans(&handle, clock, 300);
    // Two tries a second apart, then in halves with the flush, which has no time for more.
    until(|| receiver.calls() == 2).await;
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{}", said.text());
    assert_eq!((receiver.spans(), handle.stats().exported), (300, 300));
    assert_law(handle.stats());
}

#[actix::test]
async fn a_limited_rate_is_not_answered_with_more_requests() {
    let receiver = Receiver::start(Mood::Limiting);
    let (handle, said, clock) = telemetry(&receiver.address(), 1.0);
    spans(&handle, clock, 600);
    until(|| handle.stats().pending == 0).await;
    assert!(receiver.calls() <= 2, "{} requests", receiver.calls());
    assert_eq!(handle.stats().failed, 600, "as OTLP says without RetryInfo");
    assert!(said.text().contains("RATE_LIMITED"), "{}", said.text());
    assert_law(handle.stats());
}

#[actix::test]
async fn answers_that_are_none_of_otlp_are_told_apart() {
    let html = "content-type: text/html\r\n";
    let server = HttpServer::with([(200, html, b"<html>Sign in\x1b[31m</html>".to_vec())]);
    let to = at(&format!("127.0.0.1:{}", server.serve()), Protocol::OtlpHttp);
    let (handle, said, clock) = launch(protobuf(to));
    spans(&handle, clock, 5);
    until(|| handle.stats().exported == 5).await;
    assert_eq!(server.posts().len(), 2, "the page has taken nothing, so they were sent again");
    assert!(said.text().contains("with a page") && !said.text().contains('\x1b'), "{}", said.text());
    let json = "content-type: application/json\r\n";
    let partial = br#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too \u001b[2Jold"}}"#;
    let server = HttpServer::with([(200, json, partial.to_vec())]);
    let to = at(&format!("127.0.0.1:{}", server.serve()), Protocol::OtlpHttp);
    let (handle, said, clock) = launch(protobuf(to));
    spans(&handle, clock, 5);
    until(|| handle.stats().pending == 0).await;
    assert_eq!((handle.stats().exported, handle.stats().failed), (3, 2));
    assert!(said.text().contains("rejected 2 of 5 spans: too \u{fffd}[2Jold"), "{}", said.text());
    assert_law(handle.stats());
}
