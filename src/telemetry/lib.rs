//! Where spans go: the settings of tracing, the exporters, the resource.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod begin;
pub mod compression;
pub mod connect;
mod dial;
pub mod encode;
pub mod failover;
pub mod file;
pub mod grpc;
mod handle;
pub mod headers;
pub mod http;
mod incoming;
pub mod item;
mod line;
mod link;
mod logs;
mod make;
pub mod memory;
mod metrics;
mod names;
pub mod nowhere;
mod origin;
mod prompt;
pub mod recent;
mod reply;
pub mod resource;
pub mod sampling;
pub mod spool;
pub mod start;
pub mod stdout;
pub mod target;
mod thread;
pub mod tls;
mod trust;
mod wire;
pub mod zipkin;

pub use begin::{StartError, Surroundings};
pub use handle::{TelemetryHandle, TelemetryState};
pub use incoming::incoming_context;
pub use logs::{OwnRecords, RunSpans};
pub use memory::MemoryExporter;
pub use metrics::{Measure, Measures};
pub use start::{Wanted, start, start_in_memory};
pub use stdout::WriteBlock;
