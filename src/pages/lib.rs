//! What is shown to machines that look: whether the supervisor lives, has started, and is ready. Owns the listener, its
//! thread and what the answers look like; what is so is asked of the supervision thread, which answers by a copy. There
//! is no thread and no descriptor when no page is configured, and supervision never waits for a reader.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod page;
mod server;

pub use page::{Inquiry, Page};
pub use server::{Door, serve};
