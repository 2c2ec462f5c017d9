//! The real program with real children, seen from outside. Needs nothing installed but `/bin/sh`. What needs root or a
//! PID namespace lies in `tests/pid1`, what needs real services in `tests/stack`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod api;
mod api_orders;
mod attack;
mod autopsy;
mod autotune;
mod boot;
mod boot_requests;
mod configure;
mod control;
mod control_abuse;
mod exits;
mod federate;
mod feeds;
mod first_faults;
mod first_file;
mod first_words;
mod health;
mod health_told;
mod heartbeat;
mod hooks;
mod inits;
mod job_control;
mod kept_history;
mod log_files;
mod logs;
mod memory;
mod metrics;
mod numbering;
mod one_program;
mod order;
mod orders;
mod orphans;
mod readiness;
mod reading;
mod reload;
mod restart;
mod review_commands;
mod roles;
mod rolling;
mod schedule;
mod schedules;
mod sent_logs;
mod sent_metrics;
mod signals;
mod spool_start;
mod status;
mod stop;
mod surroundings;
mod survivors;
mod systemd;
mod tasks;
mod terminal;
mod threads;
mod tls;
mod told;
mod top;
mod trace_commands;
mod trace_failure;
mod traces;
mod watch;
mod why;
