//! The values that the configuration makes and the rooms take, each checked when it is made; and what more than one
//! room must know of secrets. Owns how each is written in a report and that none shows a secret. Starts nothing, speaks
//! to nobody, and reads no file but one that holds the value of a header.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod acl;
pub mod autotune;
pub mod compression;
pub mod control;
pub mod endpoint;
pub mod env;
pub mod headers;
pub mod lines;
pub mod log;
mod no_proxy;
pub mod otlp;
pub mod proxy;
pub mod readiness;
pub mod sampling;
pub mod secret;
pub mod stamp;
pub mod tls;
pub mod tracing;
pub mod web;
