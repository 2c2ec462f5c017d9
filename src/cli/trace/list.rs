//! `trace list`: traces, one line each.

use super::look::TraceLook;
use super::pick::{Kind, LOOKED_THROUGH};
use super::show::otlp;
use crate::cli::fault::Fault;
use crate::cli::say::say;
use clap::Args;
use phpeek_viewer::source::Source;
use phpeek_viewer::{Style, Trace, list};

/// Options of `trace list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Most traces to list.
    #[arg(short = 'n', long, default_value_t = 20, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Those alone in which something failed.
    #[arg(long)]
    pub errors: bool,
}

/// Lists them.
pub(super) fn run(
    source: &mut dyn Source,
    wanted: &ListArguments,
    look: &TraceLook,
    style: &Style,
) -> Result<(), Fault> {
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    if look.svg || look.html {
        let message = "a list is no picture: `phpeek-pm trace show ID --svg` draws one of its traces";
        return Err(Fault::Usage(message.to_owned()));
    }
    let request = source.recent(if wanted.errors { limit.max(LOOKED_THROUGH) } else { limit })?;
    let traces = Trace::all(&request);
    let chosen: Vec<&Trace> =
        traces.iter().rev().filter(|t| !wanted.errors || t.failed() > 0).take(limit).collect();
    if chosen.is_empty() {
        let what = if wanted.errors { "trace with an error" } else { Kind::Any.words() };
        return Err(Fault::Nothing(format!("there is no {what} here")));
    }
    if look.json {
        chosen.iter().for_each(|t| say(otlp(&request, &t.id)));
    } else {
        say(list::draw(&chosen, style));
    }
    Ok(())
}
