//! `trace --follow`: shows what comes until the source ends.

use super::look::TraceLook;
use super::pick::remark;
use crate::cli::fault::Fault;
use crate::cli::say::{say, write};
use crate::exit;
use phpeek_viewer::Style;
use phpeek_viewer::follow::Follower;
use phpeek_viewer::source::Source;

/// Shows it, and gives the exit code.
pub(super) fn run(source: &mut dyn Source, look: &TraceLook, style: &Style) -> Result<u8, Fault> {
    let mut follower = Follower::default();
    while let Some(request) = source.follow()? {
        let text = match look.json {
            true => serde_json::to_string(&request).unwrap_or_default() + "\n",
            false => follower.take(request, style),
        };
        if write(&text).is_err() {
            return Ok(exit::OK); // nobody is reading any more
        }
        remark(source);
    }
    say(follower.rest(style));
    Ok(exit::OK)
}
