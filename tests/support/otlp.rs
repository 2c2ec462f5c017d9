//! An OTLP/gRPC receiver in the test's own process, on a free port of the loopback address: keeps every span, or
//! refuses, or never answers. And what can be asked of a trace. Called by the tests of traces.

pub use super::otlp_logs::{Record, records};
pub use super::otlp_metrics::{Sample, samples};
use super::otlp_values::{hex, texts};
use super::wait::{LONG, wait_for};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span as WireSpan;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::oneshot;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// What the receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Keeps the spans and says so.
    Takes,
    /// Says UNAVAILABLE.
    Refuses,
    /// Never answers.
    Hangs,
}

/// How a span ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not said.
    Unset,
    /// Well.
    Ok,
    /// Badly.
    Error,
}

/// A span as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its trace, in hex.
    pub trace: String,
    /// Its id, in hex.
    pub id: String,
    /// Its parent's id, empty for a root.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// Start, in ns since the epoch.
    pub start: u64,
    /// End, in ns since the epoch.
    pub end: u64,
    /// Attributes as text.
    pub attributes: BTreeMap<String, String>,
    /// Status.
    pub outcome: Outcome,
    /// The message of the status.
    pub message: String,
    /// Names of its events, in order.
    pub events: Vec<String>,
    /// Linked spans: trace, id.
    pub links: Vec<(String, String)>,
    /// What each link is about, in the same order.
    pub link_types: Vec<String>,
    /// Attributes of the resource.
    pub resource: BTreeMap<String, String>,
}

impl Span {
    /// An attribute, empty when it is not there.
    pub fn get(&self, key: &str) -> &str {
        self.attributes.get(key).map_or("", String::as_str)
    }

    /// How long it took, in ns.
    pub fn duration(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// What a link to this span holds.
    pub fn reference(&self) -> (String, String) {
        (self.trace.clone(), self.id.clone())
    }
}

#[derive(Debug, Default)]
struct Store {
    records: Mutex<Vec<Record>>,
    samples: Mutex<Vec<Sample>>,
    spans: Mutex<Vec<Span>>,
    requests: AtomicUsize,
}

#[derive(Clone)]
struct Inbox {
    manner: Manner,
    store: Arc<Store>,
}

impl Inbox {
    async fn receive(&self) -> Result<(), Status> {
        self.store.requests.fetch_add(1, Ordering::SeqCst);
        match self.manner {
            Manner::Refuses => Err(Status::unavailable("refused by the test")),
            Manner::Hangs => std::future::pending().await,
            Manner::Takes => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl LogsService for Inbox {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.receive().await?;
        let mut all = self.store.records.lock().expect("no test panics while it holds the records");
        all.extend(records(request.into_inner()));
        Ok(Response::new(ExportLogsServiceResponse { partial_success: None }))
    }
}

#[tonic::async_trait]
impl MetricsService for Inbox {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.receive().await?;
        let mut all = self.store.samples.lock().expect("no test panics while it holds the samples");
        all.extend(samples(request.into_inner()));
        Ok(Response::new(ExportMetricsServiceResponse { partial_success: None }))
    }
}

#[tonic::async_trait]
impl TraceService for Inbox {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.receive().await?;
        let mut spans = self.store.spans.lock().expect("no test panics while it holds the spans");
        spans.extend(Trace::from(request.into_inner()).0);
        Ok(Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

/// A receiver; it stops when the value goes.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    store: Arc<Store>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Receiver {
    /// Listens on a free port.
    pub fn start(manner: Manner) -> Self {
        let store = Arc::new(Store::default());
        let inbox = Inbox { manner, store: Arc::clone(&store) };
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
                tell.send(incoming.local_addr().expect("an address")).expect("the test waits for it");
                let logs = LogsServiceServer::new(inbox.clone());
                let metrics = MetricsServiceServer::new(inbox.clone());
                let traces = TraceServiceServer::new(inbox);
                let server = Server::builder().add_service(traces).add_service(logs).add_service(metrics);
                tokio::select! {
                    result = server.serve_with_incoming(incoming) => result.expect("the receiver serves"),
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("the receiver listens");
        Self { address, store, stop: Some(stop), thread: Some(thread) }
    }

    /// `host:port` for `tracing_endpoint`.
    pub fn endpoint(&self) -> String {
        self.address.to_string()
    }

    /// How many requests came in.
    pub fn requests(&self) -> usize {
        self.store.requests.load(Ordering::SeqCst)
    }

    /// Everything that has arrived, each span once.
    pub fn spans(&self) -> Trace {
        let spans = self.store.spans.lock().expect("the receiver does not panic while it holds the spans");
        Trace(spans.clone())
    }

    /// Waits for a log record, and gives all that have arrived.
    pub fn wait_for_record(&self, what: &str, wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
        wait_for(LONG, what, || {
            let records = self.store.records.lock().expect("the receiver does not panic while it holds them");
            records.iter().any(&wanted).then(|| records.clone())
        })
    }

    /// Waits for a point of a metric, and gives the newest that is so.
    pub fn wait_for_sample(&self, name: &str, wanted: impl Fn(&Sample) -> bool) -> Sample {
        wait_for(LONG, &format!("a point of {name}"), || {
            let all = self.store.samples.lock().expect("the receiver does not panic while it holds them");
            all.iter().rev().find(|sample| sample.name == name && wanted(sample)).cloned()
        })
    }

    /// Waits for `count` spans of a name.
    pub fn wait(&self, name: &str, count: usize) -> Vec<Span> {
        wait_for(LONG, &format!("{count} span(s) {name}"), || {
            Some(self.spans().named(name)).filter(|found| found.len() >= count)
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take()); // the receiver waits for the end of this channel
        drop(self.thread.take().map(std::thread::JoinHandle::join));
    }
}

/// `host:port` at which nobody listens.
pub fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

/// Spans that belong together.
#[derive(Debug, Clone)]
pub struct Trace(pub Vec<Span>);

impl From<ExportTraceServiceRequest> for Trace {
    fn from(request: ExportTraceServiceRequest) -> Self {
        let mut spans = Vec::new();
        for group in request.resource_spans {
            let resource = texts(group.resource.map(|r| r.attributes).unwrap_or_default());
            let arrived = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(arrived.map(|span| read(span, &resource)));
        }
        Self(spans)
    }
}

impl Trace {
    /// The spans of a name, by start time.
    pub fn named(&self, name: &str) -> Vec<Span> {
        let mut found: Vec<Span> = self.0.iter().filter(|s| s.name == name).cloned().collect();
        found.sort_by_key(|s| s.start);
        found
    }

    /// The one span of a name.
    pub fn one(&self, name: &str) -> Span {
        let found = self.named(name);
        assert_eq!(found.len(), 1, "spans named {name} among {:?}", self.names());
        found[0].clone()
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|s| s.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The one span that this one links to in this way.
    pub fn linked(&self, span: &Span, kind: &str) -> Span {
        let of_kind = span.links.iter().zip(&span.link_types).filter(|(_, t)| *t == kind);
        let found: Vec<_> = of_kind.map(|(link, _)| link).collect();
        assert_eq!(found.len(), 1, "links of type {kind} of {span:?}");
        let there = self.0.iter().find(|s| s.reference() == *found[0]);
        there.unwrap_or_else(|| panic!("a link of type {kind} to nothing: {span:?}")).clone()
    }

    /// The children of a span.
    pub fn children(&self, parent: &Span) -> Vec<Span> {
        self.0.iter().filter(|s| s.trace == parent.trace && s.parent == parent.id).cloned().collect()
    }

    /// The span with this name and process.
    pub fn of(&self, name: &str, process: &str) -> Span {
        let found = self.named(name).into_iter().find(|s| s.get("process.name") == process);
        found.unwrap_or_else(|| panic!("no span {name} of {process} among {:?}", self.names()))
    }

    /// The share of a span's time that its children's times cover together, 0 to 1.
    pub fn covered(&self, parent: &Span) -> f64 {
        let mut times: Vec<(u64, u64)> = self
            .children(parent)
            .iter()
            .map(|c| (c.start.max(parent.start), c.end.min(parent.end)))
            .filter(|(start, end)| start < end)
            .collect();
        times.sort_unstable();
        let (mut until, mut sum) = (parent.start, 0);
        for (start, end) in times {
            sum += end.saturating_sub(start.max(until));
            until = until.max(end);
        }
        #[allow(clippy::cast_precision_loss, reason = "a share needs no nanoseconds")]
        let share = sum as f64 / parent.duration().max(1) as f64;
        share
    }

    /// Spans whose parent is not here.
    pub fn orphans(&self) -> Vec<String> {
        let known =
            |s: &Span| s.parent.is_empty() || self.0.iter().any(|p| p.trace == s.trace && p.id == s.parent);
        self.0.iter().filter(|s| !known(s)).map(|s| s.name.clone()).collect()
    }
}

fn read(mut span: WireSpan, resource: &BTreeMap<String, String>) -> Span {
    let status = span.status.unwrap_or_default();
    span.events.sort_by_key(|e| e.time_unix_nano); // Jaeger gives them by name
    Span {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        name: span.name,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        attributes: texts(span.attributes),
        outcome: match status.code {
            1 => Outcome::Ok,
            2 => Outcome::Error,
            _ => Outcome::Unset,
        },
        message: status.message,
        events: span.events.into_iter().map(|e| e.name).collect(),
        links: span.links.iter().map(|l| (hex(&l.trace_id), hex(&l.span_id))).collect(),
        link_types: span.links.into_iter().map(link_type).collect(),
        resource: resource.clone(),
    }
}

fn link_type(link: Link) -> String {
    texts(link.attributes).remove("link.type").unwrap_or_default()
}
