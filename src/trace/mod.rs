//! Traces for people: read as OTLP from a file, a spool or a running supervisor; drawn as a waterfall, a list, a picture,
//! a page; analysed as systemd-analyze does for a host. Never writes anything but its answer. Called by the command line
//! and by `demo`.
//!
//! ```text
//! source (file, ...) -> OTLP request -> model::Trace -> waterfall | list | svg | html | analyze
//! ```
//!
//! All that is read is foreign: text is escaped where it is shown (`text::clean`, `svg`, `html`), nothing recurses along a
//! trace, and any shape of spans is drawn.

mod analyze;
mod autopsy;
mod command;
mod critical;
mod file;
mod follow;
mod html;
mod links;
mod list;
mod model;
mod notes;
#[cfg(test)]
mod samples;
mod select;
mod socket;
pub mod source;
mod spool;
mod spool_command;
mod style;
mod svg;
mod tail;
#[cfg(test)]
mod tests;
pub mod text;
mod value;
mod waterfall;

pub use command::{command, terminal_width};
pub use links::Names;
pub use model::{Span, Status, Trace, hex};
pub use select::{keep, spans};
pub use style::{Events, Facts, Style};
pub use waterfall::{NARROWEST, draw};
