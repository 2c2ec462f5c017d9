//! Connections that die, and receivers that are hard to reach, over gRPC and HTTP alike.

use super::exporters::{at, protobuf};
use super::http_server::HttpServer;
use super::receiver::{Mood, Receiver, closed_port};
use super::road::Road;
use super::{LIMIT, Said, assert_law, launch_in, spans, until};
use phpeek_actors::clock::Clock;
use phpeek_actors::telemetry::FlushOutcome;
use phpeek_pm::telemetry::TelemetryHandle;
use phpeek_settings::endpoint::{Endpoint, Protocol};
use phpeek_settings::tracing::{self as settings, ExporterSettings};
use std::net::TcpListener;
use std::sync::Arc;

/// A request may take 300 ms.
fn hasty(name: &str) -> Option<String> {
    (name == "OTEL_EXPORTER_OTLP_TIMEOUT").then(|| "300".to_owned())
}

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse(text).expect("an endpoint")
}

fn grpc(address: &str) -> ExporterSettings {
    ExporterSettings::OtlpGrpc(endpoint(address).into())
}

fn launch(exporter: ExporterSettings) -> (TelemetryHandle, Arc<Said>, Clock) {
    launch_in(exporter, &hasty)
}

#[actix::test]
async fn a_connection_that_is_open_and_dead_is_left() {
    let (receiver, server) = (Receiver::start(Mood::Healthy), HttpServer::default());
    let to_http = format!("127.0.0.1:{}", server.serve());
    for (address, is_grpc) in [(receiver.address(), true), (to_http, false)] {
        let (road, port) = Road::to(address);
        let here = format!("127.0.0.1:{port}");
        let (handle, said, clock) =
            launch(if is_grpc { grpc(&here) } else { protobuf(at(&here, Protocol::OtlpHttp)) });
        spans(&handle, clock, 3);
        until(|| handle.stats().exported == 3).await;
        road.freeze();
        spans(&handle, clock, 3);
        until(|| handle.stats().exported == 6).await;
        assert_eq!((road.taken(), said.warnings()), (2, 1), "one request found it out: {}", said.text());
        assert!(said.text().contains("no reply within 300 ms"), "{}", said.text());
        spans(&handle, clock, 3);
        assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained);
        assert_eq!(road.taken(), 2, "what works is kept");
        assert_law(handle.stats());
    }
}

#[actix::test]
async fn the_first_receiver_is_asked_over_a_new_connection_when_the_other_is_away() {
    let first = Receiver::start(Mood::Healthy);
    let (road, port) = Road::to(first.address());
    let mut receiver = settings::Receiver::from(endpoint(&format!("127.0.0.1:{port}")));
    receiver.failover = vec![endpoint(&closed_port())];
    let (handle, _, clock) = launch(ExporterSettings::OtlpGrpc(receiver));
    spans(&handle, clock, 3);
    until(|| handle.stats().exported == 3).await;
    road.freeze();
    spans(&handle, clock, 3);
    until(|| handle.stats().exported == 6).await;
    assert_eq!((first.spans(), road.taken()), (6, 2));
    assert_law(handle.stats());
}

#[actix::test]
async fn who_takes_a_connection_and_closes_it_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let closing = std::thread::spawn(move || drop(listener.accept().expect("a connection")));
    let (handle, said, clock) = launch(grpc(&address));
    spans(&handle, clock, 3);
    until(|| said.warnings() == 1).await;
    closing.join().expect("it has closed it");
    assert!(said.text().contains("set tracing_use_tls"), "{}", said.text());
    assert_eq!((handle.stats().pending, handle.stats().failed), (3, 0), "nothing is lost by it");
}

#[actix::test]
async fn a_name_that_nobody_knows_is_said_and_tried_again() {
    let (handle, said, clock) = launch(grpc("nobody.invalid:4317"));
    spans(&handle, clock, 3);
    until(|| said.warnings() == 1).await;
    assert!(said.text().contains("the name nobody.invalid is not found"), "{}", said.text());
    assert_eq!(handle.stats().pending, 3);
    assert_law(handle.stats());
}

#[actix::test]
async fn the_wrong_port_is_told() {
    let (grpc_port, http_port) = (Receiver::start(Mood::Healthy).address(), HttpServer::default().serve());
    let (handle, said, clock) = launch(protobuf(at(&grpc_port, Protocol::OtlpHttp)));
    spans(&handle, clock, 3);
    until(|| said.warnings() == 1).await;
    let text = said.text();
    // What is said depends on whether the answer or the end of the connection is seen first.
    let known = [
        "received unexpected message from connection",
        "invalid HTTP version parsed",
        "the connection broke",
    ];
    assert!(known.iter().any(|words| text.contains(words)), "{text}");
    let (handle, said, clock) = launch(grpc(&format!("127.0.0.1:{http_port}")));
    spans(&handle, clock, 3);
    until(|| said.warnings() == 1).await;
    assert!(said.text().contains("(this connection is plain text"), "{}", said.text());
    assert_eq!(handle.stats().pending, 3);
}
