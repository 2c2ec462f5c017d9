//! Asks for health: each question once, and says what came. Owns a thread of its own, so that nobody waits for a network;
//! when to ask, and what an answer means, is decided elsewhere. Programs are started by the launcher, like all others.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod context;
mod dial;
mod grpc;
mod http;
mod notify;
mod page;
mod ping;
mod thread;
mod tls;

pub use notify::Ears;
pub use page::page;
pub use ping::{Ping, Pings};
pub use thread::Probes;
