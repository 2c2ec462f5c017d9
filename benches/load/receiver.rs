//! The harness's own OTLP/gRPC receiver, on a thread and a runtime of its own, on loopback alone. It can be healthy
//! or fail in the ways that collectors do, and counts what it takes. It never talks back to the supervisor otherwise.

use crate::options::Receiver;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// What has arrived.
#[derive(Debug, Default, Clone)]
pub(crate) struct Received {
    /// Export calls, refused ones too.
    pub(crate) calls: u64,
    /// Spans taken, copies included.
    pub(crate) spans: u64,
    /// Spans that had come before (same trace, same id).
    pub(crate) duplicates: u64,
    /// Spans with status Error.
    pub(crate) errors: u64,
    /// Distinct spans by name.
    pub(crate) by_name: BTreeMap<String, u64>,
    /// Restarts of crash loops that others tell of.
    pub(crate) folded: u64,
    ids: HashSet<(Vec<u8>, Vec<u8>)>,
    /// Parents that spans name, by (trace, span), with the number of their children.
    parents: HashMap<(Vec<u8>, Vec<u8>), u64>,
}

impl Received {
    fn take(&mut self, request: ExportTraceServiceRequest) {
        let blocks = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in blocks.flat_map(|scope| scope.spans) {
            self.spans += 1;
            if !self.ids.insert((span.trace_id.clone(), span.span_id)) {
                self.duplicates += 1;
                continue;
            }
            self.errors += u64::from(span.status.is_some_and(|status| status.code == 2));
            self.folded += folded(&span.attributes);
            *self.by_name.entry(span.name).or_default() += 1;
            if !span.parent_span_id.is_empty() {
                *self.parents.entry((span.trace_id, span.parent_span_id)).or_default() += 1;
            }
        }
    }

    /// Distinct spans.
    pub(crate) fn distinct(&self) -> u64 {
        self.ids.len() as u64
    }

    /// Distinct spans whose parent has not arrived.
    pub(crate) fn without_parent(&self) -> u64 {
        self.parents
            .iter()
            .filter(|(parent, _)| !self.ids.contains(*parent))
            .map(|(_, children)| children)
            .sum()
    }
}

/// How many restarts without spans a span stands for.
fn folded(attributes: &[KeyValue]) -> u64 {
    let count = |a: &KeyValue| match a.value.as_ref()?.value.as_ref()? {
        Value::IntValue(n) if a.key == "restart.folded" => u64::try_from(*n).ok(),
        _ => None,
    };
    attributes.iter().find_map(count).unwrap_or(0)
}

/// A running receiver. Dropping it ends its thread.
#[derive(Debug)]
pub(crate) struct OtlpReceiver {
    address: SocketAddr,
    received: Arc<Mutex<Received>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Service {
    received: Arc<Mutex<Received>>,
    delay: Duration,
    refuses: bool,
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        if self.refuses {
            self.received.lock().unwrap_or_else(PoisonError::into_inner).calls += 1;
            return Err(Status::unavailable("this receiver refuses"));
        }
        tokio::time::sleep(self.delay).await;
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.calls += 1;
        received.take(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl OtlpReceiver {
    /// Starts a receiver on a free port of loopback.
    pub(crate) fn start(kind: Receiver, slow_by: Duration) -> std::io::Result<Self> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let received = Arc::new(Mutex::new(Received::default()));
        if kind == Receiver::Absent {
            // The port is closed again; the kernel gives out other ephemeral ports before it comes round to this one.
            return Ok(Self { address, received, stop: None, thread: None });
        }
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let delay = if kind == Receiver::Slow { slow_by } else { Duration::ZERO };
        let service = Service { received: Arc::clone(&received), delay, refuses: kind == Receiver::Refusing };
        let thread = std::thread::Builder::new().name("otlp-receiver".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = serve(kind, listener, service) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, received, stop: Some(stop), thread: Some(thread) })
    }

    /// `host:port`, as `tracing_endpoint` takes it.
    pub(crate) fn endpoint(&self) -> String {
        self.address.to_string()
    }

    /// What has arrived so far.
    pub(crate) fn received(&self) -> Received {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for OtlpReceiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

async fn serve(kind: Receiver, listener: TcpListener, service: Service) {
    match kind {
        Receiver::Healthy | Receiver::Slow | Receiver::Refusing => {
            // gRPC servers take messages up to 4 MiB unless told otherwise, and this one is like them.
            let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(service));
            if let Err(error) = server.serve_with_incoming(TcpIncoming::from(listener)).await {
                crate::progress::say(&format!("the receiver failed: {error}"));
            }
        }
        Receiver::Resetting => {
            while let Ok((stream, _)) = listener.accept().await {
                service.received.lock().unwrap_or_else(PoisonError::into_inner).calls += 1;
                // A linger time of zero turns the close into a reset (socket(7), SO_LINGER).
                stream.set_zero_linger().ok();
            }
        }
        Receiver::Silent => {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                service.received.lock().unwrap_or_else(PoisonError::into_inner).calls += 1;
                open.push(stream);
            }
        }
        Receiver::Absent => {}
    }
}
