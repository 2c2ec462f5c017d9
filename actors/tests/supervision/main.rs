//! The actors with fakes for the world, on tokio's paused clock: what is started, signalled and told, in which order
//! and under which span. No process, no file, no real time.
#![allow(clippy::expect_used, reason = "a test may fail")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod autopsy;
mod boot;
mod chaos;
mod dark_time;
mod effort;
mod ends;
mod faults;
mod health;
mod hooks;
mod loops;
mod memory;
mod own_hooks;
mod reload;
mod remains;
mod restart;
mod rolling;
mod schedule;
mod shutdown;
mod starts;
mod support;
