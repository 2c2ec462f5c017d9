//! Where spans go: the settings of tracing, the exporters, the resource. Called by the configuration (to check an
//! endpoint) and by the composition root (to build what the `TelemetryActor` owns).

pub mod encode;
pub mod endpoint;
pub mod env;
pub mod grpc;
mod incoming;
pub mod memory;
pub mod resource;
pub mod settings;
pub mod start;
pub mod stdout;

pub use env::EnvError;
pub use incoming::incoming_context;
pub use memory::MemoryExporter;
pub use start::{StartError, Surroundings, TelemetryHandle, start, start_in_memory};
pub use stdout::WriteBlock;
