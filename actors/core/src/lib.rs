//! What phpeek-pm decides, as pure state machines. No actors, no tokio, no clock, no randomness, no system calls:
//! time and jitter are arguments; what has happened is given back as [`facts`], what shall happen as effects, in one
//! order. Three machines stand on each other: the instance ([`lifecycle`]), the process ([`process`]), the system
//! ([`fleet`], with an [`edge`] for each dependency); a pass through [`hook`]s and a [`schedule`] are two beside them.
//! Whatever is asked for is an [`operation`].
//!
//! # The laws
//! A property test named after each of them keeps it (`tests/laws.rs`, `tests/world.rs`), and every planted bug of
//! `tests/planted.rs` breaks at least one. Those of the process machine, Q1 to Q13, stand in [`process`], those of
//! hooks, R1 to R7, in [`hook::pass`], those of schedules, T1 to T10, in [`schedule`], those of the outlook, O1 to O3, in
//! [`outlook`], those of readiness, D1 to D3, in [`readiness`], those of memory, M1 to M6, in [`limit::gauge`],
//! those of changes of files, V1 to V3, in [`watching`], those of what a killed supervisor has left, U1 to U8, in [`survivors`].
//!
//! * **P1** at most one live run of an instance.
//! * **P2** no spawn while the instance is wanted down.
//! * **P3** signals go only to the current run.
//! * **P4** no kill before the grace period ends, or the time that the run has asked for since it was asked to go, and one soon
//!   after.
//! * **P5** `min <= delay(n) <= max`, and the delay never shrinks as `n` grows.
//! * **P6** no more than `max_attempts` restarts for failures without a stable run between them, then it gives up.
//! * **P7** after a stop, if the kill works, the instance rests within grace and a little, and no child is left.
//! * **P8** stale and duplicate events change nothing.
//! * **P9** a state of rest is left by command only.
//! * **P10** every run that started ends exactly once.
//! * **P11** the last command wins.
//! * **P12** what a dead leader has left holds its instance no longer than it is pressed: it goes, lives on by right,
//!   or is named and left.
//! * **P13** a signal of a stop goes to the leader alone, or to all that belongs, as `kill_mode` says; to all when the
//!   leader has ended, and when there is no time.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod autopsy;
pub mod autotune;
pub mod backoff;
pub mod batch;
pub mod budget;
pub mod causes;
pub mod codes;
pub mod command;
pub mod death;
pub mod edge;
pub mod ends;
pub mod facts;
pub mod fleet;
pub mod fold;
pub mod foreground;
pub mod health;
pub mod history;
pub mod hook;
pub mod ids;
pub mod level;
pub mod lifecycle;
pub mod limit;
pub mod list_map;
pub mod member;
pub mod name;
pub mod names;
pub mod operation;
pub mod order;
pub mod otel;
pub mod outbox;
pub mod outcome;
pub mod outlook;
pub mod plan;
pub mod presence;
pub mod privilege;
pub mod process;
pub mod program;
pub mod readiness;
pub mod schedule;
pub mod signal;
pub mod spec;
pub mod survivors;
pub mod tail;
pub mod template;
pub mod watching;
