//! OTLP over gRPC: a unary call with bytes that are already encoded, so that status codes, RetryInfo and partial
//! success are seen. Owns what a call needs, not the judgement of its answer. Must never log a header. Lives on the
//! telemetry arbiter.

use super::connect::Connector;
use super::headers::Headers;
use super::link::{Body, Failure, Http2, Link, Lost};
use super::reply;
use super::target::TargetError;
use bytes::{Buf, BufMut, Bytes};
use http::header::USER_AGENT as AGENT;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use phpeek_core::causes::chain;
use phpeek_core::otel::OtelSignal;
use phpeek_settings::compression::Compression;
use phpeek_settings::tls::Alpn;
use phpeek_settings::tracing::Receiver;
use std::error::Error as _;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tonic::Status;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tower_service::Service;

/// What is called for a signal.
fn method(signal: OtelSignal) -> PathAndQuery {
    PathAndQuery::from_static(match signal {
        OtelSignal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        OtelSignal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        OtelSignal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    })
}

/// "OTel-OTLP-Exporter-…" is what the OTLP specification wants of a user agent.
pub(super) const USER_AGENT: &str = concat!("OTel-OTLP-Exporter-phpeek-pm/", env!("CARGO_PKG_VERSION"));

/// A receiver and how to talk to it; checked, not connected.
#[derive(Clone)]
pub struct GrpcTarget {
    shown: String,
    origin: Uri,
    connector: Connector,
    security: Security,
    headers: Headers,
    compression: Compression,
    timeout: Duration,
}

/// Whether the connection is TLS: what an error of the connection may mean depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// With a client certificate.
    Mutual,
    /// Without one.
    Tls,
    Plain,
}

impl GrpcTarget {
    /// Prepares a connection to `receiver`. TLS trusts what the system trusts, unless a CA file is given.
    ///
    /// # Errors
    /// When the address or the TLS files cannot be used.
    pub fn new(receiver: &Receiver, timeout: Duration, headers: Headers) -> Result<Self, TargetError> {
        let origin = receiver
            .endpoint
            .uri()
            .parse()
            .map_err(|e: http::uri::InvalidUri| TargetError::Address(e.into()))?;
        let connector = Connector::new(receiver, Alpn::Http2)?;
        let security = match (receiver.endpoint.tls(), &receiver.tls.client) {
            (true, Some(_)) => Security::Mutual,
            (true, None) => Security::Tls,
            (false, _) => Security::Plain,
        };
        let (shown, compression) = (receiver.endpoint.to_string(), receiver.compression);
        Ok(Self { shown, origin, connector, security, headers, compression, timeout })
    }

    /// The exporter of a signal. Connects at the first export.
    #[must_use]
    pub fn exporter(self, signal: OtelSignal) -> GrpcExporter {
        GrpcExporter {
            shown: self.shown,
            link: Link::new(self.connector),
            caller: Caller { origin: self.origin, compression: self.compression, method: method(signal) },
            security: self.security,
            headers: self.headers,
            timeout: self.timeout,
        }
    }
}

/// Sends batches to one receiver.
pub struct GrpcExporter {
    shown: String,
    link: Link<Http2>,
    caller: Caller,
    security: Security,
    headers: Headers,
    timeout: Duration,
}

/// What a call needs beside the spans.
#[derive(Clone)]
struct Caller {
    origin: Uri,
    compression: Compression,
    method: PathAndQuery,
}

impl Caller {
    /// One call. What the receiver says is an answer, whatever it says.
    async fn call(
        &self,
        wire: &Http2,
        spans: Bytes,
        headers: HeaderMap,
    ) -> Result<Result<Bytes, Status>, Lost> {
        let client = tonic::client::Grpc::with_origin(Wired(wire.clone()), self.origin.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        let mut client = match self.compression {
            Compression::None => client,
            Compression::Gzip => client.send_compressed(CompressionEncoding::Gzip),
            Compression::Zstd => client.send_compressed(CompressionEncoding::Zstd),
        };
        let mut request = tonic::Request::new(spans);
        *request.metadata_mut() = MetadataMap::from_headers(headers);
        match client.unary(request, self.method.clone(), PassThrough).await {
            Ok(reply) => Ok(Ok(reply.into_inner())),
            // A status with a cause was made here: the connection broke, whatever code it was given.
            Err(status) if status.source().is_some() => Err(lost(&status)),
            Err(status) => Ok(Err(status)),
        }
    }
}

fn lost(status: &Status) -> Lost {
    let cause = format!("{:?}: {}", status.code(), chain(status)).into();
    let mut source = status.source();
    while let Some(error) = source {
        if let Some(Lost::Unsent(_)) = error.downcast_ref() {
            return Lost::Unsent(cause);
        }
        source = error.source();
    }
    Lost::Broken(cause)
}

/// The connection as tonic wants it.
struct Wired(Http2);

impl Service<Request<Body>> for Wired {
    type Response = Response<Incoming>;
    type Error = Lost;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Lost>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Lost>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send(request))
    }
}

impl SpanExporter for GrpcExporter {
    fn target(&self) -> String {
        self.shown.clone()
    }

    fn is_alive(&self) -> bool {
        self.link.is_alive()
    }

    fn export(&mut self, batch: Batch) -> ExportFuture {
        let mut headers = match self.headers.current() {
            Ok(headers) => headers,
            Err(error) => {
                let cause = chain(&error);
                return Box::pin(std::future::ready(Answer::Retry { after: None, cause }));
            }
        };
        headers.entry(AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        let (link, caller) = (self.link.clone(), self.caller.clone());
        let (timeout, security) = (self.timeout, self.security);
        Box::pin(async move {
            let ask =
                async |wire: &mut Http2| caller.call(wire, batch.request.clone(), headers.clone()).await;
            match link.exchange(timeout, ask).await {
                Ok(Ok(reply)) => reply::accepted(reply),
                Ok(Err(status)) => reply::grpc(&status),
                Err(failure) => unanswered(&failure, security),
            }
        })
    }
}

/// There is no answer: the batch is kept. What happened before there was a connection says itself what to do.
fn unanswered(failure: &Failure, security: Security) -> Answer {
    let mut cause = chain(failure);
    if let Failure::Broken(_) = failure {
        cause.push_str(match security {
            Security::Plain => {
                " (this connection is plain text: if the receiver wants TLS, set tracing_use_tls)"
            }
            Security::Tls => " (if the receiver wants a client certificate, set tracing_client_cert_file)",
            Security::Mutual => "",
        });
    }
    Answer::Retry { after: None, cause }
}

/// Hands bytes through in both directions.
#[derive(Debug, Clone, Copy, Default)]
struct PassThrough;

impl Codec for PassThrough {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for PassThrough {
    type Item = Bytes;
    type Error = Status;
    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for PassThrough {
    type Item = Bytes;
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
