//! The newest lines of each instance, in memory, for whoever asks, and those that come for whoever follows. Owns their
//! numbers and their bounds; never makes who writes wait for a reader. Filled by the framer, asked by any thread.

mod ring;
mod store;
mod writer;

pub(super) use store::Store;
pub(super) use writer::{Keeper, Kept};
