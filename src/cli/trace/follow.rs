//! `trace --follow`: shows what comes until the source ends.

use super::look::TraceLook;
use super::pick::remark;
use super::wanted::TraceWanted;
use crate::cli::fault::Fault;
use crate::cli::say::{say, write};
use crate::exit;
use phpeek_viewer::follow::Follower;
use phpeek_viewer::source::Source;
use phpeek_viewer::{Style, Trace, select};
use std::collections::HashSet;

/// Shows it, and gives the exit code.
pub(super) fn run(
    source: &mut dyn Source,
    wanted: &TraceWanted,
    look: &TraceLook,
    style: &Style,
) -> Result<u8, Fault> {
    let mut follower = Follower::default();
    while let Some(request) = source.follow()? {
        let text = match look.json {
            true => {
                let traces = Trace::all(&request);
                let taken: HashSet<&str> =
                    traces.iter().filter(|t| wanted.takes(t)).map(|t| t.id.as_str()).collect();
                let kept = select::keep(&request, |id| taken.contains(const_hex::encode(id).as_str()));
                if kept.resource_spans.is_empty() {
                    continue;
                }
                serde_json::to_string(&kept).unwrap_or_default() + "\n"
            }
            false => follower.take(request, |trace| wanted.takes(trace), style),
        };
        if write(&text).is_err() {
            return Ok(exit::OK); // nobody is reading any more
        }
        remark(source);
    }
    say(follower.rest(|trace| wanted.takes(trace), style));
    Ok(exit::OK)
}
