//! Everything that reaches the supervisor's standard output: the lines of children, the supervisor's own records, and
//! blocks such as exported spans. Owns the read ends and the queue before stdout; never makes supervision or the stop
//! wait for a reader, and a child only for one that makes progress. The composition root starts it; the spawners and
//! the log port feed it.
//!
//! Law of accounting: every captured line is written, dropped for a counted reason, or still queued.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod actor;
mod door;
mod escape;
mod failure;
mod files;
mod finder;
mod framer;
mod handle;
mod held;
mod hurry;
mod ink;
mod intake;
mod kept;
mod last_words;
mod lines;
mod notice;
mod outlet;
mod own;
mod panics;
mod pieces;
mod pipe;
mod pipeline;
mod pipes;
mod queue;
mod raw;
mod reader;
pub mod record;
mod redact;
mod sink;
mod stamp;
mod stats;
mod steps;
pub mod terminal;
mod timers;
pub mod told;
mod writer;

pub use failure::StartError;
pub use handle::{FlushReport, Output};
pub use lines::LINE_CAP;
pub use stats::Stats;
