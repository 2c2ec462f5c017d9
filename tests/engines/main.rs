//! The real program as PID 1 of real containers: podman with runc, an image FROM scratch and a Debian one with nginx and
//! php-fpm as packaged, both made by the files of `config/docker`. Needs what `tests/run --engines` installs and builds
//! (feature `needs-engines`) and root; fails where it is missing. No network: containers have none.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "a test says what it has measured")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

#[path = "../support/mod.rs"]
mod support;

mod podman;

mod debian;
mod life;
mod newcomer;
mod pressure;
mod rights;
