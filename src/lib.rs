//! phpeek-pm: a process supervisor for containers and servers in which every lifecycle operation is a span.
//!
//! Three crates, and an arrow can only point down:
//!
//! ```text
//! phpeek-pm      configuration, kernel, output, exporters, command line: everything that touches the world
//!    |
//! phpeek-actors  ManagerActor, ProcessActors, TelemetryActor: feed events in, perform effects
//!    |
//! phpeek-core    specifications, state machines, policies: no actors, no clock, no system calls
//! ```
//!
//! The way of a newcomer: `src/main.rs`, `src/app.rs`, `actors/core/src/lifecycle/table.rs` (what it decides),
//! `actors/src/process/mod.rs` (how it is driven), `src/os/spawner.rs` and `src/os/reaper.rs` (how it touches the
//! kernel).
#![forbid(unsafe_code)]

pub mod app;
pub mod cli;
pub mod exit;

pub use phpeek_config as config;
pub use phpeek_os as os;
pub use phpeek_output as output;
pub use phpeek_telemetry as telemetry;
