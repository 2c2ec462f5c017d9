//! Questions to servers of one's own, over the port: what comes is what is said.
#![allow(clippy::expect_used, reason = "a test may fail")]

use super::*;
use actix::{Actor, Context, Handler};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use phpeek_core::health::HttpQuestion;
use phpeek_core::ids::{InstanceId, ProcessId};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Hears one answer.
struct Hearer(Option<oneshot::Sender<Answer>>);

impl Actor for Hearer {
    type Context = Context<Self>;
}

impl Handler<ProbeAnswer> for Hearer {
    type Result = ();

    fn handle(&mut self, answer: ProbeAnswer, _: &mut Context<Self>) {
        if let Some(told) = self.0.take() {
            drop(told.send(answer.answer));
        }
    }
}

fn ask_within(question: Question, timeout: Duration) -> Answer {
    let trace = TraceId::from(0xabc);
    let context =
        SpanContext::new(trace, SpanId::from(0x12), TraceFlags::SAMPLED, false, TraceState::default());
    actix::System::new().block_on(async {
        let (told, answer) = oneshot::channel();
        let hearer = Hearer(Some(told)).start().recipient();
        let probe = ProbeId { of: InstanceId { process: ProcessId(0), serial: 0 }, serial: 1 };
        let probes = Probes::new(|| {});
        probes.ask(ProbeOrder { probe, question, timeout, context, hearer });
        tokio::time::timeout(Duration::from_secs(60), answer).await.expect("in time").expect("an answer")
    })
}

fn ask(question: Question) -> Answer {
    ask_within(question, Duration::from_secs(30))
}

fn question(url: String, statuses: &[(u16, u16)]) -> Question {
    let headers = vec![("X-Own".to_owned(), "yes".to_owned())];
    Question::Http(Arc::new(HttpQuestion { url, headers, statuses: statuses.to_vec() }))
}

/// A server that answers one request after the other with these; gives its address and what it was asked.
fn server(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).expect("a request") == 0 {
                    break;
                }
                request.extend(byte);
            }
            asked.push(String::from_utf8(request).expect("plain text"));
            stream.write_all(answer.as_bytes()).expect("it listens");
        }
        asked
    });
    (address, thread)
}

fn answer(status: &str, more: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_port_takes_connections_or_does_not() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    for host in ["127.0.0.1", "localhost"] {
        assert_eq!(ask(Question::Tcp(format!("{host}:{port}").into())).fault, None, "{host}");
    }
    drop(listener);
    let refused = ask(Question::Tcp(format!("127.0.0.1:{port}").into()));
    assert_eq!(refused.fault, Some(ProbeFault::Refused));
    assert!(refused.got.starts_with(&format!("127.0.0.1:{port}: ")), "{refused:?}");
}

#[test]
fn a_status_is_a_good_one_or_its_body_is_told() {
    let (address, asked) = server(vec![answer("204 None", "", "")]);
    let well = ask(question(format!("http://{address}/up?x=1"), &[(200, 299)]));
    assert_eq!((well.fault, &*well.got), (None, "status 204"));
    let asked = asked.join().expect("it was asked").remove(0).to_ascii_lowercase();
    assert!(asked.starts_with("get /up?x=1 http/1.1\r\n") && asked.contains(&format!("host: {address}")));
    assert!(asked.contains("x-own: yes"), "{asked}");
    assert!(asked.contains("traceparent: 00-00000000000000000000000000000abc-0000000000000012-01"));
    let (address, _) = server(vec![answer("500 No", "", "the database is gone\nstack")]);
    let bad = ask(question(format!("http://{address}/"), &[(200, 200)]));
    assert_eq!((bad.fault, &*bad.got), (Some(ProbeFault::Answer), "status 500: the database is gone"));
}

#[test]
fn redirects_are_followed_unless_they_are_what_is_wanted() {
    let moved = || answer("302 Found", "Location: /there\r\n", "");
    let (address, asked) = server(vec![moved(), answer("200 OK", "", "")]);
    assert_eq!(ask(question(format!("http://{address}/"), &[(200, 200)])).fault, None);
    assert!(asked.join().expect("it was asked")[1].starts_with("GET /there "));
    let (address, _) = server(vec![moved()]);
    assert_eq!(ask(question(format!("http://{address}/"), &[(302, 302)])).fault, None);
    let (address, _) = server((0..20).map(|_| moved()).collect());
    assert_eq!(ask(question(format!("http://{address}/"), &[(200, 200)])).fault, Some(ProbeFault::Answer));
}

#[test]
fn who_says_nothing_or_nonsense_is_not_well() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let silent = ask_within(question(url, &[(200, 200)]), Duration::from_millis(50));
    assert_eq!(silent.fault, Some(ProbeFault::TimedOut));
    let (address, _) = server(vec!["nonsense\r\n\r\n".to_owned()]);
    assert_eq!(
        ask(question(format!("http://{address}/"), &[(200, 200)])).fault,
        Some(ProbeFault::Unreachable)
    );
}
