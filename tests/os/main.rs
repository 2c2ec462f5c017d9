//! Real processes: what the kernel does with what `src/os` asks of it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and nobody calls it"
)]

mod autopsy;
mod belonging;
mod confines;
mod credentials;
mod lifecycle;
mod signals;
mod surroundings;
mod world;
