//! A receiver of OTLP/gRPC that fails in every way there is: it is stopped and started on one port, slow, refuses with
//! any code, finds requests too large, rejects a part, and cuts the connection when a request has arrived. Keeps a book
//! of every call and every span. Each call says in its header `x-generation` which supervisor it is of.

use crate::support::otlp::{Span, Trace};
use crate::support::{LONG, wait_for};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// What the receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Healthy,
    /// Takes it, a second later.
    Slow,
    /// A code of the OTLP table: retryable or not.
    Code(Code),
    /// RESOURCE_EXHAUSTED with RetryInfo.
    Later,
    /// RESOURCE_EXHAUSTED, or OUT_OF_RANGE as receivers on tonic say it, for requests of more bytes.
    TooLarge {
        most: usize,
        of_tonic: bool,
    },
    /// Takes it and cuts the connection instead of answering.
    CutOff,
    /// Rejects the first span and takes the others.
    Partial,
}

/// The codes that the OTLP specification calls retryable.
const RETRYABLE: [Code; 6] = [
    Code::Cancelled,
    Code::DeadlineExceeded,
    Code::Aborted,
    Code::OutOfRange,
    Code::Unavailable,
    Code::DataLoss,
];
const FATAL: [Code; 9] = [
    Code::Unknown,
    Code::InvalidArgument,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::FailedPrecondition,
    Code::Unimplemented,
    Code::Internal,
    Code::Unauthenticated,
];
/// A request of fewer bytes is not sent again in pieces: the supervisor takes the refusal for another one.
const SMALL: usize = 32 << 10;

/// Every mood but the healthy one.
pub(crate) fn moods() -> Vec<Mood> {
    let too_large = [(0, false), (SMALL + 8192, false), (SMALL + 8192, true)];
    let mut all = vec![Mood::Slow, Mood::Later, Mood::CutOff, Mood::CutOff, Mood::CutOff, Mood::Partial];
    all.extend(RETRYABLE.iter().chain(&FATAL).map(|code| Mood::Code(*code)));
    all.extend(too_large.map(|(most, of_tonic)| Mood::TooLarge { most, of_tonic }));
    all
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Taken, but for the first so many spans.
    Taken { rejected: usize },
    /// Taken, and never answered.
    Cut,
    /// Refused for good: the spans are lost, and were seen here.
    Refused,
    /// To be sent again.
    Again,
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) generation: usize,
    pub(crate) mood: Mood,
    pub(crate) arrived: u64,
    /// When the answer was handed over; the supervisor may not have got it.
    pub(crate) replied: Option<u64>,
    pub(crate) answer: Answer,
    /// Not those of a call that is sent again.
    pub(crate) spans: Vec<Span>,
}

/// Everything that happened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    pub(crate) calls: Vec<Call>,
    /// When the receiver was stopped.
    pub(crate) stops: Vec<u64>,
}

/// Nanoseconds since 1970, as spans count them.
pub(crate) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    u64::try_from(since.as_nanos()).expect("before 2554")
}

#[derive(Clone)]
struct Shared(Arc<Mutex<(Mood, Book)>>, Arc<Mutex<Vec<TcpStream>>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, (Mood, Book)> {
        self.0.lock().expect("nobody panics while holding the book")
    }

    fn cut_connections(&self) {
        for stream in self.1.lock().expect("nobody panics in here").drain(..) {
            drop(stream.shutdown(Shutdown::Both)); // it may be gone already
        }
    }
}

fn judge(mood: Mood, bytes: usize, spans: usize) -> (Answer, Option<Status>) {
    match mood {
        Mood::Healthy | Mood::Slow => (Answer::Taken { rejected: 0 }, None),
        Mood::Partial => (Answer::Taken { rejected: spans.min(1) }, None),
        Mood::CutOff => (Answer::Cut, None),
        Mood::Code(code) => {
            let answer = if RETRYABLE.contains(&code) { Answer::Again } else { Answer::Refused };
            (answer, Some(Status::new(code, "a mood of the test")))
        }
        Mood::Later => {
            let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(1200)));
            (Answer::Again, Some(Status::with_error_details(Code::ResourceExhausted, "later", details)))
        }
        Mood::TooLarge { most, .. } if bytes <= most => (Answer::Taken { rejected: 0 }, None),
        // What is encoded here may differ by a few bytes from what was sent: nothing is said near the bound.
        Mood::TooLarge { .. } if bytes.abs_diff(SMALL) < 512 => {
            (Answer::Again, Some(Status::unavailable("later")))
        }
        Mood::TooLarge { of_tonic, .. } => {
            let answer = if bytes < SMALL || spans <= 1 { Answer::Refused } else { Answer::Again };
            let code = if of_tonic { Code::OutOfRange } else { Code::ResourceExhausted };
            (answer, Some(Status::new(code, "message length too large")))
        }
    }
}

#[tonic::async_trait]
impl TraceService for Shared {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let generation = request.metadata().get("x-generation").and_then(|v| v.to_str().ok()?.parse().ok());
        let generation = generation.expect("every supervisor says who it is");
        let request = request.into_inner();
        let bytes = request.encoded_len();
        let mut spans = Trace::from(request).0;
        let (number, mood, answer, status) = {
            let mut shared = self.lock();
            let mood = shared.0;
            let (answer, status) = judge(mood, bytes, spans.len());
            if answer == Answer::Again {
                spans.clear();
            }
            let arrived = now_ns();
            shared.1.calls.push(Call { generation, mood, arrived, replied: None, answer, spans });
            (shared.1.calls.len() - 1, mood, answer, status)
        };
        match mood {
            Mood::Slow => tokio::time::sleep(Duration::from_secs(1)).await,
            Mood::CutOff => {
                self.cut_connections();
                std::future::pending::<()>().await;
            }
            _ => {}
        }
        self.lock().1.calls[number].replied = Some(now_ns());
        let rejected = match answer {
            Answer::Taken { rejected } => rejected,
            _ => 0,
        };
        let partial_success = (rejected > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: 1,
            error_message: "a mood of the test".to_owned(),
        });
        status.map_or_else(|| Ok(Response::new(ExportTraceServiceResponse { partial_success })), Err)
    }
}

/// Connections, each of which is remembered so that it can be cut.
struct Connections(tokio::net::TcpListener, Shared);

impl Stream for Connections {
    type Item = std::io::Result<tokio::net::TcpStream>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = ready!(self.0.poll_accept(context)).and_then(|(stream, _)| {
            // As real receivers do; without it an answer waits 40 ms for an acknowledgement (tcp(7), TCP_NODELAY).
            stream.set_nodelay(true)?;
            let stream = stream.into_std()?;
            self.1.1.lock().expect("nobody panics in here").push(stream.try_clone()?);
            tokio::net::TcpStream::from_std(stream)
        });
        Poll::Ready(Some(accepted))
    }
}

/// A receiver that may be stopped and started.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Shared,
    running: Option<(oneshot::Sender<()>, std::thread::JoinHandle<()>)>,
}

impl Receiver {
    /// Listens on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Shared(Arc::new(Mutex::new((Mood::Healthy, Book::default()))), Arc::default());
        let mut receiver = Self { address, shared, running: None };
        receiver.run(listener);
        receiver
    }

    fn run(&mut self, listener: TcpListener) {
        listener.set_nonblocking(true).expect("a listener for tokio");
        let (stop, stopped) = oneshot::channel::<()>();
        let shared = self.shared.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let service = TraceServiceServer::new(shared.clone());
                let server = tonic::transport::Server::builder().add_service(service);
                tokio::select! {
                    result = server.serve_with_incoming(Connections(listener, shared)) => result.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        self.running = Some((stop, thread));
    }

    /// Nobody listens until [`Self::resume`]; what is in flight breaks off.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            self.shared.lock().1.stops.push(now_ns());
            drop(stop);
            thread.join().expect("the receiver did not panic");
            self.shared.cut_connections();
            self.shared.lock().1.stops.push(now_ns());
        }
    }

    /// Listens again, on the same port.
    pub(crate) fn resume(&mut self) {
        if self.running.is_none() {
            let bound = wait_for(LONG, "the port to be free again", || TcpListener::bind(self.address).ok());
            self.run(bound);
        }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.shared.lock().0 = mood;
    }

    pub(crate) fn calls(&self) -> usize {
        self.shared.lock().1.calls.len()
    }

    /// Looks into the book.
    pub(crate) fn book(&self) -> Book {
        self.shared.lock().1.clone()
    }

    /// `host:port` for `tracing_endpoint`.
    pub(crate) fn endpoint(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}
