//! The OpenTelemetry Collector as a program: its variants, and its file of OTLP JSON, one request a line. Called by
//! most tests of this folder.

use crate::support::backend::{Running, free_port, installed};
use crate::support::otlp::{Record, Sample, Span, Trace, records, samples};
use crate::support::{LONG, wait_for};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is merged on top of `collector.yaml`: files of the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Variant {
    /// TLS with the certificate of `tests/telemetry/tls`.
    Tls,
    /// TLS with another certificate and its key.
    TlsWith(PathBuf, PathBuf),
    /// A client certificate is wanted; goes with TLS.
    Mutual,
    /// A header is wanted: its name, the word before the key, the key.
    Header(&'static str, &'static str, &'static str),
    /// Refuses everything for want of memory.
    Full,
    /// Passes on to a backend that is not there.
    Down,
    /// OTLP/gRPC is taken at this unix socket.
    Socket(PathBuf),
    /// OTLP/HTTP is taken at this path alone.
    At(&'static str),
    /// Takes log records and metrics too.
    AllSignals,
}

/// A file of the certificates that the tests have.
pub(crate) fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/telemetry/tls").join(name)
}

impl Variant {
    fn apply(&self, command: &mut Command, file: &dyn Fn(&str) -> PathBuf) {
        let merged = match self {
            Self::Tls => {
                command.env("COLLECTOR_CERT", pem("server.pem")).env("COLLECTOR_KEY", pem("server.key"));
                "tls.yaml"
            }
            Self::TlsWith(certificate, key) => {
                command.env("COLLECTOR_CERT", certificate).env("COLLECTOR_KEY", key);
                "tls.yaml"
            }
            Self::Mutual => {
                command.env("COLLECTOR_CLIENT_CA", pem("ca.pem"));
                "mutual.yaml"
            }
            Self::Header(name, scheme, key) => {
                command.env("COLLECTOR_HEADER", name).env("COLLECTOR_SCHEME", scheme);
                command.env("COLLECTOR_TOKEN", key);
                "header.yaml"
            }
            Self::Full => "full.yaml",
            Self::Down => {
                command.env("COLLECTOR_NEXT_PORT", free_port().to_string());
                "down.yaml"
            }
            Self::Socket(path) => {
                command.env("COLLECTOR_SOCKET", path);
                "socket.yaml"
            }
            Self::AllSignals => "signals.yaml",
            Self::At(path) => {
                command.env("COLLECTOR_TRACES_PATH", path);
                return;
            }
        };
        command.arg("--config").arg(file(merged));
    }
}

/// The requests of a file, of whole lines.
fn read<T: DeserializeOwned>(file: &Path) -> Vec<T> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).expect("OTLP JSON")).collect()
}

/// A running Collector.
#[derive(Debug)]
pub(crate) struct Collector {
    running: Running,
    /// Takes OTLP/gRPC.
    pub(crate) grpc: u16,
    /// Takes OTLP/HTTP.
    pub(crate) http: u16,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Collector {
    /// Starts it on free ports.
    pub(crate) fn start(variants: &[Variant]) -> Self {
        Self::start_at(free_port(), variants)
    }

    /// Starts it with this port for OTLP/gRPC.
    pub(crate) fn start_at(grpc: u16, variants: &[Variant]) -> Self {
        let config =
            |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backends/collector").join(name);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("traces.jsonl");
        let http = free_port();
        let mut command = Command::new(installed("bin/otelcol", "tests/run --backends"));
        command.arg("--config").arg(config("collector.yaml"));
        command.env("COLLECTOR_GRPC_PORT", grpc.to_string()).env("COLLECTOR_HTTP_PORT", http.to_string());
        command.env("COLLECTOR_FILE", &file);
        for variant in variants {
            variant.apply(&mut command, &config);
        }
        let mut running = Running::start(&mut command);
        if !variants.iter().any(|v| matches!(v, Variant::Socket(_))) {
            running.listens(grpc);
        }
        running.listens(http);
        Self { running, grpc, http, file, _folder: folder }
    }

    /// For `tracing_endpoint`, over gRPC.
    pub(crate) fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.grpc)
    }

    /// Everything that it has written so far, of whole lines.
    pub(crate) fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        read(&self.file)
    }

    /// The log records that it has written so far.
    pub(crate) fn records(&self) -> Vec<Record> {
        read(&self.file.with_added_extension("logs")).into_iter().flat_map(records).collect()
    }

    /// The points of metrics that it has written so far.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        read(&self.file.with_added_extension("metrics")).into_iter().flat_map(samples).collect()
    }

    /// The same as spans.
    pub(crate) fn trace(&self) -> Trace {
        Trace(self.requests().into_iter().flat_map(|request| Trace::from(request).0).collect())
    }

    /// Waits for `count` spans of a name.
    pub(crate) fn wait(&self, name: &str, count: usize) -> Vec<Span> {
        wait_for(
            LONG,
            &format!("{count} span(s) {name} in the Collector; it says {}", self.running.log()),
            || Some(self.trace().named(name)).filter(|found| found.len() >= count),
        )
    }
}
