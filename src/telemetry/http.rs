//! OTLP over HTTP and Zipkin: requests over hyper, by the same connections as gRPC. Owns requests.
//! Must never log a header, follows no redirect (a header with a key must not go elsewhere). Lives on the telemetry
//! arbiter.

use super::compression;
use super::connect::Connector;
use super::grpc::USER_AGENT;
use super::headers::Headers;
use super::link::{Body, Http1, Link, Lost};
use super::reply::{self, Encoding};
use super::target::TargetError;
use super::zipkin;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT as AGENT};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Full, Limited};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use phpeek_core::causes::chain;
use phpeek_core::otel::OtelSignal;
use phpeek_settings::compression::Compression;
use phpeek_settings::tls::Alpn;
use phpeek_settings::tracing::{HttpEncoding, Receiver};
use prost::Message;
use serde::Serialize;
use std::time::Duration;

/// Longest reply that is read, in bytes.
const MAX_REPLY: usize = 64 << 10;

/// A receiver and how to talk to it; checked, not connected.
#[derive(Debug, Clone)]
pub struct HttpTarget {
    shown: String,
    host: HeaderValue,
    path: PathAndQuery,
    connector: Connector,
    headers: Headers,
    compression: Compression,
    timeout: Duration,
    plain: bool,
}

/// What a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    OtlpProtobuf,
    OtlpJson(OtelSignal),
    Zipkin,
}

impl Format {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::OtlpProtobuf => "application/x-protobuf",
            Self::OtlpJson(_) | Self::Zipkin => "application/json",
        })
    }

    /// What the answer is written in, unless it says otherwise.
    fn encoding(self) -> Encoding {
        match self {
            Self::OtlpProtobuf => Encoding::Protobuf,
            Self::OtlpJson(_) => Encoding::Json,
            Self::Zipkin => Encoding::Other,
        }
    }
}

impl HttpTarget {
    /// Prepares a connection to `receiver`; `timeout` is for one request with its reply.
    ///
    /// # Errors
    /// When the address or the TLS files cannot be used.
    pub fn new(receiver: &Receiver, timeout: Duration, headers: Headers) -> Result<Self, TargetError> {
        let uri = receiver.endpoint.uri().parse::<Uri>().map_err(|e| TargetError::Address(e.into()))?;
        let host = host(&uri).map_err(|e| TargetError::Address(e.into()))?;
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let connector = Connector::new(receiver, Alpn::Http1)?;
        let shown = receiver.endpoint.to_string();
        let (compression, plain) = (receiver.compression, !receiver.endpoint.tls());
        Ok(Self { shown, host, path, connector, headers, compression, timeout, plain })
    }

    /// An exporter of a signal by OTLP. Connects at the first export.
    #[must_use]
    pub fn otlp(self, signal: OtelSignal, encoding: HttpEncoding) -> HttpExporter {
        let format = match encoding {
            HttpEncoding::Protobuf => Format::OtlpProtobuf,
            HttpEncoding::Json => Format::OtlpJson(signal),
        };
        self.exporter(format)
    }

    /// An exporter of Zipkin's JSON. Connects at the first export.
    #[must_use]
    pub fn zipkin(self) -> HttpExporter {
        self.exporter(Format::Zipkin)
    }

    fn exporter(self, format: Format) -> HttpExporter {
        HttpExporter {
            shown: self.shown,
            link: Link::new(self.connector),
            host: self.host,
            path: self.path,
            headers: self.headers,
            compression: self.compression,
            timeout: self.timeout,
            format,
            plain: self.plain,
        }
    }
}

/// The host as requests name it: without the port when it is the scheme's own (RFC 9110, section 4.2.3).
fn host(uri: &Uri) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let own = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    match uri.port_u16() {
        Some(port) if port != own => HeaderValue::from_str(uri.authority().map_or("", Authority::as_str)),
        _ => HeaderValue::from_str(uri.host().unwrap_or_default()),
    }
}

/// Sends batches to one receiver.
pub struct HttpExporter {
    shown: String,
    link: Link<Http1>,
    host: HeaderValue,
    path: PathAndQuery,
    headers: Headers,
    compression: Compression,
    timeout: Duration,
    format: Format,
    plain: bool,
}

impl SpanExporter for HttpExporter {
    fn target(&self) -> String {
        self.shown.clone()
    }

    fn is_alive(&self) -> bool {
        self.link.is_alive()
    }

    fn export(&mut self, batch: Batch) -> ExportFuture {
        let request = match self.request(batch.request) {
            Ok(request) => request,
            Err(answer) => return Box::pin(std::future::ready(answer)),
        };
        let (link, format, timeout, plain) = (self.link.clone(), self.format, self.timeout, self.plain);
        Box::pin(async move {
            match link.exchange(timeout, async |wire: &mut Http1| exchange(wire, &request).await).await {
                Ok(reply) if plain && reply.wants_tls() => {
                    Answer::Retry { after: None, cause: format!("HTTP {}{WANTS_TLS}", reply.status) }
                }
                Ok(Reply { status, headers, body, .. }) => {
                    reply::http(status, &headers, &body, format.encoding())
                }
                Err(failure) => Answer::Retry { after: None, cause: chain(&failure) },
            }
        })
    }
}

/// All of an answer.
struct Reply {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
}

async fn exchange(wire: &mut Http1, request: &Request<Bytes>) -> Result<Reply, Lost> {
    let sent = request.clone().map(|body| Body::new(Full::new(body)));
    let (head, body) = wire.send(sent).await?.into_parts();
    // The code counts even when the words after it cannot be read.
    let body = Limited::new(body, MAX_REPLY).collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    Ok(Reply { status: head.status, version: head.version, headers: head.headers, body })
}

impl HttpExporter {
    /// The request for an encoded `ExportTraceServiceRequest`, or its kin of another signal.
    fn request(&mut self, encoded: Bytes) -> Result<Request<Bytes>, Answer> {
        let refused = |cause: String| Answer::Refused { cause };
        let headers = self.headers.current().map_err(|e| Answer::Retry { after: None, cause: chain(&e) })?;
        let body = write(self.format, encoded).map_err(refused)?;
        let body = match self.compression {
            Compression::None => body,
            packed => compression::compress(packed, body.into()).map_err(|e| refused(e.to_string()))?.into(),
        };
        let path = Uri::from(self.path.clone());
        let mut request = Request::post(path).body(body).map_err(|e| refused(e.to_string()))?;
        let own = request.headers_mut();
        own.insert(AGENT, HeaderValue::from_static(USER_AGENT));
        own.extend(headers);
        own.insert(HOST, self.host.clone());
        own.insert(CONTENT_TYPE, self.format.content_type());
        if self.compression != Compression::None {
            own.insert(CONTENT_ENCODING, HeaderValue::from_static(self.compression.name()));
        }
        Ok(request)
    }
}

fn write(format: Format, encoded: Bytes) -> Result<Bytes, String> {
    match format {
        Format::OtlpProtobuf => Ok(encoded),
        Format::OtlpJson(OtelSignal::Traces) => json::<ExportTraceServiceRequest>(encoded),
        Format::OtlpJson(OtelSignal::Logs) => json::<ExportLogsServiceRequest>(encoded),
        Format::OtlpJson(OtelSignal::Metrics) => json::<ExportMetricsServiceRequest>(encoded),
        Format::Zipkin => {
            let spans = ExportTraceServiceRequest::decode(encoded).map_err(|e| e.to_string())?;
            zipkin::write(&spans).map(Bytes::from).map_err(|e| e.to_string())
        }
    }
}

/// OTLP in JSON, of OTLP in protobuf.
fn json<T: Message + Default + Serialize>(encoded: Bytes) -> Result<Bytes, String> {
    let decoded = T::decode(encoded).map_err(|e| e.to_string())?;
    serde_json::to_vec(&decoded).map(Bytes::from).map_err(|e| e.to_string())
}

const WANTS_TLS: &str = " (this connection is plain text, and the receiver wants TLS: write https://)";

impl Reply {
    /// What servers answer to plain text on a TLS port: those in Go with HTTP/1.0, often without letting the body be
    /// read, nginx in words. Not a refusal of the spans.
    fn wants_tls(&self) -> bool {
        let words = || String::from_utf8_lossy(&self.body).contains("HTTPS");
        self.status == StatusCode::BAD_REQUEST && (self.version == Version::HTTP_10 || words())
    }
}
