//! What the integration tests share: a folder, the real program in it, conditions with a deadline, and a receiver of
//! spans. Needs nothing installed but `/bin/sh`. Never leaves a process behind: see [`supervisor`]. Included by the
//! `main.rs` of each folder of tests with `#[path]`.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(unused_imports, reason = "each test program uses a part of it")]
#![allow(unreachable_pub, reason = "a module of a test program has no outside")]

pub mod backend;
pub mod http;
pub mod jaeger;
pub mod openapi;
pub mod otlp;
pub mod otlp_logs;
pub mod otlp_metrics;
pub mod otlp_values;
pub mod procfs;
pub mod sandbox;
pub mod supervisor;
pub mod wait;
pub mod web;

pub use sandbox::Sandbox;
pub use supervisor::Supervisor;
pub use wait::{LONG, let_pass, wait_for, wait_until};

/// Debian puts the version into the name of php-fpm.
pub fn php_fpm() -> std::path::PathBuf {
    let names = std::fs::read_dir("/usr/sbin").expect("/usr/sbin").filter_map(|e| Some(e.ok()?.path()));
    let mut found: Vec<_> = names.filter(|p| p.to_string_lossy().contains("/php-fpm")).collect();
    found.sort();
    found.pop().expect("php-fpm is not installed: run tests/run, which installs it")
}
