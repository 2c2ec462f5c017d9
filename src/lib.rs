//! phpeek-pm: a process supervisor for containers and servers in which every lifecycle operation is a span.
//!
//! The program itself: [`cli`] is what can be asked, [`app`] composes everything, [`exit`] has the exit codes. The rooms
//! below are crates, handed on here for tests and benches; `.github/CONTRIBUTING.md` has the map.
//!
//! The way of a newcomer: `src/main.rs`, `src/app/mod.rs`, `actors/core/src/lifecycle/table.rs` (what it decides),
//! `actors/src/process/mod.rs` (how it is driven), `src/os/spawner.rs` and `src/os/reaper.rs` (how it touches the kernel).
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod app;
pub mod cli;
pub mod exit;

pub use phpeek_config as config;
pub use phpeek_os as os;
pub use phpeek_output as output;
pub use phpeek_telemetry as telemetry;
