//! phpeek-pm: a process supervisor in which every lifecycle operation is a span. This crate holds everything that
//! touches the world; what decides is `phpeek-core`, what sequences is `phpeek-actors`.

pub mod cli;
pub mod config;
pub mod os;
pub mod output;
pub mod telemetry;
