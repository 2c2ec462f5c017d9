//! OTLP over HTTP and Zipkin: requests over hyper, by the same connections as gRPC. Owns the table of HTTP codes.
//! Must never log a header, follows no redirect (a header with a key must not go elsewhere). Lives on the telemetry
//! arbiter; called by the `TelemetryActor`.

use super::compression;
use super::connect::Connector;
use super::grpc::{TargetError, USER_AGENT, accepted, with_sources};
use super::headers::Headers;
use super::link::{Body, Http1, Link, Lost};
use super::zipkin;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT as AGENT};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Full, Limited};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use phpeek_settings::compression::Compression;
use phpeek_settings::tls::Alpn;
use phpeek_settings::tracing::{HttpEncoding, Receiver};
use prost::Message as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest reply that is read, in bytes.
const MAX_REPLY: usize = 64 << 10;
/// Longest time that a receiver may ask to be left alone.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);
/// Most characters of a receiver's own words in a message.
const MAX_WORDS: usize = 200;

/// A receiver and how to talk to it; checked, not connected.
#[derive(Debug)]
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
    OtlpJson,
    Zipkin,
}

impl Format {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::OtlpProtobuf => "application/x-protobuf",
            Self::OtlpJson | Self::Zipkin => "application/json",
        })
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

    /// An exporter of OTLP. Connects at the first export.
    #[must_use]
    pub fn otlp(self, encoding: HttpEncoding) -> HttpExporter {
        let format = match encoding {
            HttpEncoding::Protobuf => Format::OtlpProtobuf,
            HttpEncoding::Json => Format::OtlpJson,
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
                Ok(reply) => judge(format, reply.status, &reply.headers, &reply.body),
                Err(failure) => Answer::Retry { after: None, cause: with_sources(&failure) },
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
    /// The request for an encoded `ExportTraceServiceRequest`.
    fn request(&mut self, encoded: Bytes) -> Result<Request<Bytes>, Answer> {
        let refused = |cause: String| Answer::Refused { cause };
        let headers =
            self.headers.current().map_err(|e| Answer::Retry { after: None, cause: with_sources(&e) })?;
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
    let decoded = |bytes| ExportTraceServiceRequest::decode(bytes).map_err(|e| e.to_string());
    let written = match format {
        Format::OtlpProtobuf => return Ok(encoded),
        Format::OtlpJson => serde_json::to_vec(&decoded(encoded)?),
        Format::Zipkin => zipkin::write(&decoded(encoded)?),
    };
    written.map(Bytes::from).map_err(|e| e.to_string())
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

/// The table of the OTLP specification, "OTLP/HTTP response"; Zipkin answers 202 and knows no partial success.
fn judge(format: Format, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Answer {
    if status.is_success() {
        return match format {
            Format::OtlpProtobuf => accepted(body.clone()),
            Format::OtlpJson => {
                let reply = serde_json::from_slice::<ExportTraceServiceResponse>(body).ok();
                let rejected = reply.and_then(|r| r.partial_success).map_or(0, |p| p.rejected_spans);
                Answer::Accepted { rejected: u64::try_from(rejected).unwrap_or(0) }
            }
            Format::Zipkin => Answer::Accepted { rejected: 0 },
        };
    }
    let cause = match words(format, body) {
        Some(words) => format!("HTTP {status}: {words}"),
        None => format!("HTTP {status}"),
    };
    match status.as_u16() {
        // A body beyond a limit of its own is what the Collector calls a bad request.
        400 if cause.contains("too large") => Answer::TooLarge { cause },
        429 | 502..=504 => {
            let after = headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok());
            Answer::Retry { after: after.and_then(|t| retry_after(t, SystemTime::now())), cause }
        }
        413 => Answer::TooLarge { cause },
        _ => Answer::Refused { cause },
    }
}

/// What the receiver says: the message of a `google.rpc.Status`, or the first line of a text.
fn words(format: Format, body: &Bytes) -> Option<String> {
    let message = match format {
        Format::OtlpProtobuf => tonic_types::Status::decode(body.clone()).ok().map(|s| s.message),
        Format::OtlpJson | Format::Zipkin => None,
    };
    let text =
        message.filter(|m| !m.is_empty()).unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let line = text.lines().next()?.trim();
    let shown: String = line.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect();
    (!shown.is_empty()).then_some(shown)
}

/// RFC 9110, section 10.2.3: seconds, or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?;
            let date = Duration::from_secs(u64::try_from(date.timestamp().as_second()).unwrap_or(0));
            date.saturating_sub(now.duration_since(UNIX_EPOCH).unwrap_or_default())
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, after: Option<&'static str>, body: &'static str) -> Answer {
        let headers: HeaderMap =
            after.map(|a| (RETRY_AFTER, HeaderValue::from_static(a))).into_iter().collect();
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::IM_A_TEAPOT);
        judge(Format::OtlpProtobuf, status, &headers, &Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn codes_are_answered_as_the_specification_says() {
        assert_eq!(answer(200, None, ""), Answer::Accepted { rejected: 0 });
        for code in [429, 502, 503, 504] {
            assert!(matches!(answer(code, None, ""), Answer::Retry { after: None, .. }), "{code}");
        }
        assert!(matches!(answer(413, None, ""), Answer::TooLarge { .. }));
        for code in [301, 400, 401, 404, 500] {
            assert!(matches!(answer(code, None, ""), Answer::Refused { .. }), "{code}");
        }
        let cause = "HTTP 401 Unauthorized: no key".to_owned();
        assert_eq!(answer(401, None, "no key\nmore"), Answer::Refused { cause });
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        let wait = |code, text| match answer(code, Some(text), "") {
            Answer::Retry { after, .. } => after,
            _ => None,
        };
        assert_eq!(wait(503, "7"), Some(Duration::from_secs(7)));
        assert_eq!(wait(429, "86400"), Some(MAX_RETRY_AFTER));
        assert_eq!(wait(429, "soon"), None);
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(7)));
    }
}
