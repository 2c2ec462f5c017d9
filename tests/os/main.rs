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
#[allow(
    clippy::disallowed_methods,
    dead_code,
    reason = "it waits for the world, and not each test binary uses all of it"
)]
#[path = "../support/wait.rs"]
mod wait;
mod world;
