//! Metrics: counts and measures what happens, as a listener to facts, and writes it as Prometheus reads it. Owns the
//! names, labels and buckets of all series, and that one goes with what it is about. Asks for nothing, never waits, and
//! is awake only when something happens anyway or somebody reads.
//!
//! The values are plain and belong to the supervision thread. Who reads gets the state of one moment, which shares what
//! has not changed since; texts are made of it in the thread of the server.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod federate;
mod fold;
mod format;
mod histogram;
mod listener;
mod ourselves;
mod page;
mod requests;
mod resources;
mod ring;
mod router;
mod snapshot;
mod tally;

pub use federate::{Federation, Fetch, Fetched, Target};
pub use format::Format;
pub use listener::Metrics;
pub use page::{Prefix, measure};
pub use requests::Requests;
pub use resources::{Resources, Subject};
pub use ring::Sample;
pub use router::{Asked, Shown, channel, router};
pub use snapshot::{Snapshot, Spans};
