//! Where spans go: the settings of tracing, the exporters, the resource. Called by the configuration (to check an
//! endpoint) and by the composition root (to build what the `TelemetryActor` owns).

pub mod endpoint;
pub mod settings;
