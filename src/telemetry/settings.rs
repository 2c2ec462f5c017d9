//! The settings of tracing, checked. Holds values only; built by `src/config`, read by the exporters.

use super::endpoint::Endpoint;

/// Tracing that is switched on.
#[derive(Debug, Clone, PartialEq)]
pub struct TracingSettings {
    /// Where spans go.
    pub exporter: ExporterSettings,
    /// Share of traces that are kept, 0.0 to 1.0; decided at the root of a trace.
    pub sample_rate: f64,
    /// `service.name` as the configuration says it; `None` leaves it to OTEL_SERVICE_NAME and the default.
    pub service_name: Option<String>,
}

/// Where spans go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExporterSettings {
    /// OTLP over gRPC.
    OtlpGrpc(Endpoint),
    /// Pretty JSON on standard output, between the log records.
    Stdout,
}
