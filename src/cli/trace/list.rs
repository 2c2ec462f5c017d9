//! `trace list`: traces, one line each.

use super::look::TraceLook;
use super::pick::several;
use super::show::otlp;
use super::wanted::TraceWanted;
use crate::cli::fault::Fault;
use crate::cli::say::say;
use crate::cli::whole::whole;
use clap::Args;
use phpeek_viewer::source::Source;
use phpeek_viewer::{Style, list};

/// Options of `trace list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Most traces to list.
    #[arg(short = 'n', long, default_value_t = 20, value_name = "NUMBER", value_parser = whole::<u32, _>(1..))]
    pub limit: u32,
}

/// Lists them.
pub(super) fn run(
    source: &mut dyn Source,
    arguments: &ListArguments,
    wanted: &TraceWanted,
    look: &TraceLook,
    style: &Style,
) -> Result<(), Fault> {
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    if look.svg || look.html {
        let message = "a list is no picture: `phpeek-pm trace show ID --svg -o FILE` draws one of its traces";
        return Err(Fault::Usage(message.to_owned()));
    }
    let (request, traces) = several(source, limit, wanted)?;
    if look.json {
        traces.iter().for_each(|t| say(otlp(&request, &t.id)));
    } else {
        say(list::draw(&traces.iter().collect::<Vec<_>>(), style));
    }
    Ok(())
}
