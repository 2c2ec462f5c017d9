//! The kernel side of supervising: starting, reaping and signalling processes, the signals that reach us, and the
//! duties of PID 1. The only place with `unsafe`. It decides nothing about restarts.
#![warn(clippy::indexing_slicing)]

mod asked;
mod baggage;
mod bell;
pub mod capture;
mod cgroup;
mod child;
pub mod clock_watch;
mod confines;
pub mod environment;
pub mod file_watch;
pub mod folder_watch;
pub mod ground;
mod kin;
mod launch;
pub mod limits;
pub mod lock_file;
mod mark;
pub mod memory;
pub mod meter;
pub mod notify;
mod oom;
pub mod ours;
mod own_pid;
pub mod peer;
pub mod pid1;
mod plan;
mod procfs;
pub mod reaper;
mod remains;
pub mod room;
pub mod signals;
mod spawner;
pub mod state_file;
mod step;
pub mod survivors;
mod suspend;
mod sys;
mod terminal;
pub mod threads;
mod trace_context;
pub mod unbound;
pub mod usage;
pub mod users;
mod variable;
pub mod watched;
