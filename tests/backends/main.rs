//! The real program against trace backends that are not ours: the OpenTelemetry Collector, Jaeger and Zipkin, asked by
//! their own means; children of Python, Node and PHP that join a trace; and the pages of `config/backends`, whose
//! configurations are run here. Needs what `tests/run --backends` installs (feature `needs-backends`), and fails where
//! it is missing. Loopback only, on free ports.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

#[path = "../support/mod.rs"]
mod support;

mod as_sent;
mod day;
mod fastcgi;
mod otelcol;
mod wire;

mod children;
mod collector;
mod jaeger;
mod loki;
mod pages;
mod php_fpm;
mod secure;
mod signals;
mod troubleshooting;
mod zipkin;
