//! The actors of phpeek-pm: they feed events to the machines of `phpeek-core` and perform the effects. They know no
//! YAML, fork nothing and open no file; what they need of the world are the [`ports`], which `phpeek-pm` implements.
//!
//! # Who sends what to whom
//! | from | to | messages |
//! |---|---|---|
//! | `phpeek-pm` (app, signals) | `ManagerActor` | boot, and requests of people, signals, reloads and followed files |
//! | `ManagerActor` | `ProcessActor` | orders, each in an [`envelope::Envelope`] |
//! | `ProcessActor` | `ManagerActor` | reports without a reply: no cycle of awaited sends |
//! | `phpeek-pm` (os) | `ProcessActor` | [`ports::TaskReport`]s through the router |
//! | `phpeek-pm` (output) | `ProcessActor` | [`ports::LastLines`], when they were asked for |
//! | both | [`listeners`]: [`story`] (spans), [`journal`] (records), the board (status), and more | facts, in the order of what happened |
//! | [`story`] | telemetry queue | finished spans, never awaited |
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod alarm;
pub mod board;
pub mod clock;
pub mod envelope;
pub mod events;
pub mod feed;
mod health;
pub mod history;
mod hooks;
pub mod journal;
pub mod lines;
pub mod listeners;
pub mod manager;
pub mod panics;
pub mod phrases;
pub mod ports;
pub mod process;
pub mod story;
pub mod telemetry;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod trace;
pub mod world;
