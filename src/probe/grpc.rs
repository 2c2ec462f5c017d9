//! A question by gRPC: one `grpc.health.v1.Health/Check` on a connection of its own. SERVING alone is well.

use super::{context, dial};
use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry::trace::SpanContext;
use phpeek_core::causes::chain;
use phpeek_core::health::GrpcQuestion;
use phpeek_core::health::facts::{Answer, ProbeFault};
use std::error::Error as _;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

const METHOD: &str = "/grpc.health.v1.Health/Check";

/// grpc.health.v1.HealthCheckRequest.
#[derive(Clone, PartialEq, prost::Message)]
struct CheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

/// grpc.health.v1.HealthCheckResponse.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct CheckResponse {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    status: i32,
}

/// grpc.health.v1.HealthCheckResponse.ServingStatus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
enum ServingStatus {
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
    ServiceUnknown = 3,
}

impl ServingStatus {
    /// As the protocol spells it.
    fn word(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Serving => "SERVING",
            Self::NotServing => "NOT_SERVING",
            Self::ServiceUnknown => "SERVICE_UNKNOWN",
        }
    }
}

/// Asks, as part of the trace of `context` when there is one.
pub(super) async fn ask(question: &GrpcQuestion, timeout: Duration, context: &SpanContext) -> Answer {
    let connected = connect(&question.address).await;
    let (sender, origin) = match connected {
        Ok(connected) => connected,
        Err(error) => return dial::answer(&question.address, &error),
    };
    let mut headers = HeaderMap::new();
    context::tell(&mut headers, context);
    let mut request = tonic::Request::new(CheckRequest { service: question.service.clone() });
    *request.metadata_mut() = MetadataMap::from_headers(headers);
    request.set_timeout(timeout);
    let mut client = Grpc::with_origin(Wire(sender), origin);
    let path = PathAndQuery::from_static(METHOD);
    let codec: ProstCodec<CheckRequest, CheckResponse> = ProstCodec::default();
    match client.unary(request, path, codec).await {
        Ok(response) => said(response.into_inner().status),
        Err(status) => refused(question, &status),
    }
}

fn said(status: i32) -> Answer {
    match ServingStatus::try_from(status) {
        Ok(ServingStatus::Serving) => Answer::well(ServingStatus::Serving.word()),
        Ok(other) => Answer::bad(ProbeFault::Answer, other.word()),
        Err(_) => Answer::bad(ProbeFault::Answer, format!("the unknown status {status}")),
    }
}

fn refused(question: &GrpcQuestion, status: &Status) -> Answer {
    let GrpcQuestion { address, service } = question;
    if status.source().is_some() {
        return Answer::bad(ProbeFault::Unreachable, format!("{address}: {}", chain(status)));
    }
    let (fault, what) = match status.code() {
        Code::DeadlineExceeded => (ProbeFault::TimedOut, "it took too long".to_owned()),
        Code::NotFound => (ProbeFault::Answer, format!("it knows no service {service:?}")),
        Code::Unimplemented => (ProbeFault::Answer, "it has no grpc.health.v1.Health".to_owned()),
        code => (ProbeFault::Answer, format!("{code:?}")),
    };
    match status.message() {
        "" => Answer::bad(fault, what),
        message => Answer::bad(fault, format!("{what}: {message}")),
    }
}

async fn connect(address: &str) -> io::Result<(SendRequest<Body>, Uri)> {
    let origin = format!("http://{address}");
    let origin = origin.parse().map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    let stream = TokioIo::new(dial::connect(address).await?);
    let broken = |error| io::Error::new(io::ErrorKind::ConnectionAborted, error);
    let (sender, connection) = handshake(TokioExecutor::new(), stream).await.map_err(broken)?;
    // It ends with the answer, or with the question that is given up: both drop the sender.
    tokio::spawn(async move { connection.await.ok() });
    Ok((sender, origin))
}

/// The connection as tonic wants it.
struct Wire(SendRequest<Body>);

impl Service<Request<Body>> for Wire {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = hyper::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
