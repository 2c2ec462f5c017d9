//! Questions to servers of one's own, over the port: what comes is what is said.
#![allow(clippy::expect_used, reason = "a test may fail")]

use super::*;
use actix::{Actor, Context, Handler};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use phpeek_core::health::{GrpcQuestion, HttpQuestion};
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

mod health_server {
    //! grpc.health.v1 over HTTP/2, with the frames of gRPC written out.

    use super::*;
    use ::http::{HeaderMap, HeaderValue, Request, Response};
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
    use hyper::body::{Frame, Incoming};
    use hyper::service::service_fn;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use std::convert::Infallible;

    /// The headers of a question, and the service that it is about.
    type Asked = (HeaderMap, String);

    async fn answer(request: Request<Incoming>, status: u8) -> (Asked, Response<BoxBody<Bytes, Infallible>>) {
        assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
        let headers = request.headers().clone();
        let body = request.into_body().collect().await.expect("a question").to_bytes();
        let service = String::from_utf8(body.get(7..).unwrap_or_default().to_vec()).expect("a name");
        let trailers = |code: &'static str| {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static(code));
            trailers
        };
        let response = Response::builder().header("content-type", "application/grpc");
        let body = if service == "lost" {
            Full::default().with_trailers(std::future::ready(Some(Ok(trailers("5"))))).boxed()
        } else {
            let message = Bytes::from(vec![0, 0, 0, 0, 2, 8, status]);
            let frames = [Frame::data(message), Frame::trailers(trailers("0"))];
            StreamBody::new(futures_util::stream::iter(frames.map(Ok))).boxed()
        };
        ((headers, service), response.body(body).expect("a response"))
    }

    /// Answers one question after the other with these; gives the address, and what it was asked.
    pub(super) fn start(statuses: Vec<u8>) -> (String, std::thread::JoinHandle<Vec<Asked>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                listener.set_nonblocking(true).expect("it is a socket");
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
                for status in statuses {
                    let (stream, _) = listener.accept().await.expect("a connection");
                    let kept = Arc::clone(&asked);
                    let service = service_fn(move |request| {
                        let kept = Arc::clone(&kept);
                        async move {
                            let (question, response) = answer(request, status).await;
                            kept.lock().expect("one at a time").push(question);
                            Ok::<_, Infallible>(response)
                        }
                    });
                    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    server.serve_connection(TokioIo::new(stream), service).await.expect("a client");
                }
                asked.lock().expect("nobody asks").clone()
            })
        });
        (address, thread)
    }
}

fn serving(address: &str, service: &str) -> Answer {
    let (address, service) = (address.to_owned(), service.to_owned());
    ask(Question::Grpc(Arc::new(GrpcQuestion { address, service })))
}

#[test]
fn a_grpc_server_is_well_when_it_says_serving_and_then_alone() {
    let (address, asked) = health_server::start(vec![1, 2, 0, 1, 9]);
    let well = serving(&address, "shop.Cart");
    assert_eq!((well.fault, &*well.got), (None, "SERVING"));
    for got in ["NOT_SERVING", "UNKNOWN"] {
        let bad = serving(&address, "");
        assert_eq!((bad.fault, &*bad.got), (Some(ProbeFault::Answer), got));
    }
    let lost = serving(&address, "lost");
    assert_eq!((lost.fault, &*lost.got), (Some(ProbeFault::Answer), "it knows no service \"lost\""));
    assert_eq!(serving(&address, "").fault, Some(ProbeFault::Answer), "a status that nobody knows");
    let asked = asked.join().expect("it was asked");
    assert_eq!(asked[0].1, "shop.Cart");
    let header = |name: &str| asked[0].0.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!(header("traceparent"), "00-00000000000000000000000000000abc-0000000000000012-01");
    assert!(!header("grpc-timeout").is_empty());
}

#[test]
fn who_does_not_speak_grpc_is_not_well() {
    let (address, _) = server(vec![answer("200 OK", "", "")]);
    let odd = serving(&address, "");
    assert_eq!(odd.fault, Some(ProbeFault::Unreachable), "{odd:?}");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let question = GrpcQuestion { address: address.clone(), service: String::new() };
    let silent = ask_within(Question::Grpc(Arc::new(question)), Duration::from_millis(50));
    assert_eq!(silent.fault, Some(ProbeFault::TimedOut));
    drop(listener);
    assert_eq!(serving(&address, "").fault, Some(ProbeFault::Refused));
}

/// Counts good answers, and tells when so many have come.
struct Counter(usize, Option<oneshot::Sender<()>>);

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Handler<ProbeAnswer> for Counter {
    type Result = ();

    fn handle(&mut self, answer: ProbeAnswer, _: &mut Context<Self>) {
        assert!(answer.answer.fault.is_none(), "{:?}", answer.answer);
        self.0 -= 1;
        if self.0 == 0 {
            assert!(self.1.take().is_some_and(|told| told.send(()).is_ok()), "once");
        }
    }
}

#[test]
fn many_that_come_together_are_all_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    actix::System::new().block_on(async {
        let (told, all) = oneshot::channel();
        let hearer = Counter(100, Some(told)).start().recipient();
        let probes = Probes::new(|| {});
        for serial in 1..=100 {
            let probe = ProbeId { of: InstanceId { process: ProcessId(0), serial: 0 }, serial };
            let question = Question::Tcp(address.as_str().into());
            let (timeout, context) = (Duration::from_secs(30), SpanContext::empty_context());
            probes.ask(ProbeOrder { probe, question, timeout, context, hearer: hearer.clone() });
        }
        tokio::time::timeout(Duration::from_secs(60), all).await.expect("in time").expect("all of them");
    });
}
