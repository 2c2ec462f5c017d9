//! Traces for people: read as OTLP, drawn as a waterfall, a list, a picture, a page; analysed as systemd-analyze does for
//! a host. Knows no command line and no socket: whoever has spans hands them in, or is a [`source::Source`].
//!
//! ```text
//! source (file, ...) -> OTLP request -> model::Trace -> waterfall | list | svg | html | analyze
//! ```
//!
//! All that is read is foreign: text is escaped where it is shown (`text::clean`, `svg`, `html`), nothing recurses along a
//! trace, and any shape of spans is drawn.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod analyze;
mod autopsy;
mod critical;
pub mod file;
pub mod follow;
pub mod html;
mod links;
pub mod list;
mod model;
mod notes;
mod process;
#[cfg(test)]
mod samples;
mod scale;
pub mod select;
pub mod source;
mod style;
pub mod svg;
mod tail;
#[cfg(test)]
mod tests;
pub mod text;
mod value;
pub mod waterfall;

pub use autopsy::lines as autopsy_lines;
pub use links::Names;
pub use model::{Span, Status, Trace};
pub use style::{Events, Facts, Style, Titles};
