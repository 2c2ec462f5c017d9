//! The settings of tracing, checked. Holds values only; built by `src/config`, read by the exporters.

use super::compression::Compression;
use super::endpoint::Endpoint;
use super::headers::Header;
use super::proxy::ProxySettings;
use super::sampling::Sampling;
use super::tls::TlsSettings;
use phpeek_core::otel::OtelSignal;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Tracing that is switched on.
#[derive(Debug, Clone, PartialEq)]
pub struct TracingSettings {
    /// Where spans go.
    pub exporter: ExporterSettings,
    /// Which traces are kept.
    pub sampling: Sampling,
    /// Where spans wait until the receiver has them.
    pub spool: SpoolSettings,
    /// `service.name` as the configuration says it; `None` leaves it to OTEL_SERVICE_NAME and the default.
    pub service_name: Option<String>,
    /// Whether each health check has a span, and not only those that fail or change something.
    pub every_probe: bool,
    /// Whether the process stands behind the names of spans.
    pub process_names: bool,
}

/// Log records or metrics that are sent by OTLP.
#[derive(Debug, Clone, PartialEq)]
pub struct OtlpSettings {
    /// What is sent.
    pub signal: OtelSignal,
    /// Where to: one of the two forms of OTLP.
    pub exporter: ExporterSettings,
    /// Where it waits until the receiver has it.
    pub spool: SpoolSettings,
    /// As of tracing.
    pub service_name: Option<String>,
}

/// Metrics that are sent by OTLP.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMetrics {
    /// Where to.
    pub otlp: OtlpSettings,
    /// How often.
    pub interval: Duration,
    /// What their names begin with.
    pub prefix: &'static str,
}

/// Where spans wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolSettings {
    /// The directory; `None` is memory.
    pub directory: Option<PathBuf>,
    /// Whether somebody has named it: then another supervisor in it is an error, and not only a warning.
    pub named: bool,
    /// How much and how long.
    pub limits: Limits,
    /// How much of what was delivered stays there, and how long.
    pub history: Limits,
}

impl Default for SpoolSettings {
    fn default() -> Self {
        Self { directory: None, named: false, limits: Limits::default(), history: Limits::HISTORY }
    }
}

/// The bounds of what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, of all segments or of all spans in memory.
    pub bytes: u64,
    /// Older spans are dropped.
    pub age: Duration,
}

impl Limits {
    /// Of what was delivered, unless somebody says otherwise.
    pub const HISTORY: Self = Self { bytes: 64 << 20, age: Duration::from_secs(7 * 24 * 60 * 60) };
    /// Nothing is kept.
    pub const NOTHING: Self = Self { bytes: 0, age: Duration::ZERO };
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, age: Duration::from_secs(24 * 60 * 60) }
    }
}

/// Where spans go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExporterSettings {
    /// OTLP over gRPC.
    OtlpGrpc(Receiver),
    /// OTLP over HTTP.
    OtlpHttp(Receiver, HttpEncoding),
    /// Zipkin's JSON, version 2.
    Zipkin(Receiver),
    /// OTLP JSON, one request a line.
    File(FileSettings),
    /// Pretty JSON on standard output, between the log records.
    Stdout,
    /// Nowhere: they are kept for `phpeek-pm trace` alone.
    None,
}

/// How OTLP is written over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpEncoding {
    /// `http/protobuf`.
    Protobuf,
    /// `http/json`.
    Json,
}

/// A receiver in the network and how to talk to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Others that take its place, in this order, while it does not take spans.
    pub failover: Vec<Endpoint>,
    /// Whom to trust there.
    pub tls: TlsSettings,
    /// What is on the way.
    pub proxy: ProxySettings,
    /// What every request carries.
    pub headers: Vec<Header>,
    /// How requests are compressed.
    pub compression: Compression,
}

impl Receiver {
    /// Itself, then each of those that may take its place, as one receiver for each.
    #[must_use]
    pub fn each(&self) -> Vec<Self> {
        let all = std::iter::once(&self.endpoint).chain(&self.failover);
        all.map(|e| Self { endpoint: e.clone(), failover: Vec::new(), ..self.clone() }).collect()
    }
}

impl From<Endpoint> for Receiver {
    /// A receiver that needs nothing but its address.
    fn from(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            failover: Vec::new(),
            proxy: ProxySettings::default(),
            tls: TlsSettings::default(),
            headers: Vec::new(),
            compression: Compression::None,
        }
    }
}

/// A file of traces and its rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSettings {
    /// Where it is.
    pub path: PathBuf,
    /// It is rotated before it grows beyond this, in bytes.
    pub max_size: u64,
    /// How many rotated files are kept beside it.
    pub max_files: u32,
}

impl fmt::Display for ExporterSettings {
    /// For the report of `check-config`: everything but the values of headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::None => f.write_str("nowhere; `phpeek-pm trace` shows them"),
            Self::File(file) => write!(f, "file {}", file.path.display()),
            Self::OtlpGrpc(receiver) => write!(f, "otlp-grpc to {receiver}"),
            Self::OtlpHttp(receiver, HttpEncoding::Protobuf) => write!(f, "otlp-http to {receiver}"),
            Self::OtlpHttp(receiver, HttpEncoding::Json) => write!(f, "otlp-http (JSON) to {receiver}"),
            Self::Zipkin(receiver) => write!(f, "zipkin to {receiver}"),
        }
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.endpoint)?;
        for other in &self.failover {
            write!(f, ", else {other}")?;
        }
        match &self.tls.ca_file {
            Some(path) if self.endpoint.tls() => write!(f, ", trusting {}", path.display())?,
            None if self.endpoint.tls() => f.write_str(", trusting the system's certificates")?,
            _ => {}
        }
        if let Some(client) = self.tls.client.as_ref().filter(|_| self.endpoint.tls()) {
            write!(f, ", as {}", client.certificate.display())?;
        }
        if let Ok(Some(proxy)) = self.proxy.for_endpoint(&self.endpoint) {
            write!(f, ", through the proxy {proxy}")?;
        }
        if !self.headers.is_empty() {
            let names: Vec<&str> = self.headers.iter().map(|h| h.name.as_str()).collect();
            write!(f, ", headers {}", names.join(" "))?;
        }
        match self.compression {
            Compression::None => Ok(()),
            other => write!(f, ", {}", other.name()),
        }
    }
}
