//! The variables of OTLP exporters, by signal: each has a form of its own that wins over the general one. Data only.

use phpeek_core::otel::OtelSignal;

/// The names of the variables of a signal, its own form first.
#[derive(Debug)]
pub struct Variables {
    /// Where the receiver is.
    pub endpoint: [&'static str; 2],
    /// What is spoken to it.
    pub protocol: [&'static str; 2],
    /// What every request carries.
    pub headers: [&'static str; 2],
    /// How long one request may take.
    pub timeout: [&'static str; 2],
    /// How requests are compressed.
    pub compression: [&'static str; 2],
    /// Whether the connection is plain text.
    pub insecure: [&'static str; 2],
    /// Whom to trust.
    pub certificate: [&'static str; 2],
    /// Who we are.
    pub client_certificate: [&'static str; 2],
    /// Its key.
    pub client_key: [&'static str; 2],
}

macro_rules! variables {
    ($signal:literal) => {
        variables!($signal;
            endpoint "ENDPOINT", protocol "PROTOCOL", headers "HEADERS", timeout "TIMEOUT", compression "COMPRESSION",
            insecure "INSECURE", certificate "CERTIFICATE", client_certificate "CLIENT_CERTIFICATE",
            client_key "CLIENT_KEY")
    };
    ($signal:literal; $($field:ident $name:literal),*) => {
        &Variables {
            $($field: [
                concat!("OTEL_EXPORTER_OTLP_", $signal, "_", $name),
                concat!("OTEL_EXPORTER_OTLP_", $name),
            ]),*
        }
    };
}

/// The variables of a signal.
#[must_use]
pub fn variables(signal: OtelSignal) -> &'static Variables {
    match signal {
        OtelSignal::Traces => variables!("TRACES"),
        OtelSignal::Logs => variables!("LOGS"),
        OtelSignal::Metrics => variables!("METRICS"),
    }
}
