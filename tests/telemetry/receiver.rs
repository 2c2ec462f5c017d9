//! An OTLP/gRPC receiver with moods, on a thread and a port of its own.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// How the receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Healthy,
    UnavailableOnce,
    Fatal,
    Rejecting,
    /// Takes the request and never answers.
    Silent,
    /// Answers after a second.
    Slow,
    /// Never takes more than 100 spans at once, and says that it is a matter of time.
    Burst,
    /// Limits the rate without a word of when.
    Limiting,
    /// Takes messages of at most 50,000 bytes, as receivers on tonic refuse larger ones.
    Small,
}

#[derive(Clone)]
struct Service {
    mood: Mood,
    calls: Arc<AtomicUsize>,
    spans: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let call = self.calls.fetch_add(1, SeqCst);
        let spans: usize =
            request.get_ref().resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum();
        match self.mood {
            Mood::Slow => tokio::time::sleep(Duration::from_secs(1)).await,
            Mood::Burst if spans > 100 => {
                let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(10)));
                let message = "RATE_LIMITED: ingestion rate limit exceeded";
                return Err(Status::with_error_details(Code::ResourceExhausted, message, details));
            }
            Mood::Limiting => return Err(Status::resource_exhausted("RATE_LIMITED: ingestion rate limit")),
            Mood::UnavailableOnce if call == 0 => return Err(Status::unavailable("not yet")),
            Mood::Fatal => return Err(Status::invalid_argument("never")),
            Mood::Silent => std::future::pending().await,
            _ => {}
        }
        self.spans.fetch_add(spans, SeqCst);
        let partial_success = (self.mood == Mood::Rejecting)
            .then(|| ExportTracePartialSuccess { rejected_spans: 1, error_message: "one too many".into() });
        Ok(Response::new(ExportTraceServiceResponse { partial_success }))
    }
}

pub(crate) struct Receiver {
    address: SocketAddr,
    service: Service,
}

impl Receiver {
    pub(crate) fn start(mood: Mood) -> Self {
        let service = Service { mood, calls: Arc::default(), spans: Arc::default() };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("non-blocking");
        let address = listener.local_addr().expect("an address");
        let served = service.clone();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let incoming = tonic::transport::server::TcpIncoming::from(listener);
                let small = served.mood == Mood::Small;
                let service = TraceServiceServer::new(served);
                let service = if small { service.max_decoding_message_size(50_000) } else { service };
                let server = tonic::transport::Server::builder().add_service(service);
                server.serve_with_incoming(incoming).await
            })
        });
        Self { address, service }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn calls(&self) -> usize {
        self.service.calls.load(SeqCst)
    }

    pub(crate) fn spans(&self) -> usize {
        self.service.spans.load(SeqCst)
    }
}

/// An address at which nobody listens.
pub(crate) fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}
