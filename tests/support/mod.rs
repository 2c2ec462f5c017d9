//! What the integration tests share: a folder, the real program in it, conditions with a deadline, and a receiver of
//! spans. Needs nothing installed but `/bin/sh`. Never leaves a process behind: see [`supervisor`]. Included by the
//! `main.rs` of each folder of tests with `#[path]`.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(unused_imports, reason = "each test program uses a part of it")]
#![allow(unreachable_pub, reason = "a module of a test program has no outside")]

pub mod otlp;
pub mod procfs;
pub mod sandbox;
pub mod supervisor;
pub mod wait;

pub use sandbox::Sandbox;
pub use supervisor::Supervisor;
pub use wait::{LONG, let_pass, wait_for, wait_until};
