//! `trace last`: the newest trace, or the newest of a kind.

use super::look::TraceLook;
use super::pick::{Kind, newest};
use super::show::show;
use super::wanted::TraceWanted;
use crate::cli::fault::Fault;
use clap::Args;
use phpeek_viewer::Style;
use phpeek_viewer::source::Source;

/// Options of `trace last`.
#[derive(Debug, Default, Args)]
pub struct LastArguments {
    /// The newest start.
    #[arg(long, group = "kind")]
    pub start: bool,
    /// The newest restart.
    #[arg(long, group = "kind")]
    pub restart: bool,
    /// The newest shutdown.
    #[arg(long, group = "kind")]
    pub shutdown: bool,
}

/// Shows it.
pub(super) fn run(
    source: &mut dyn Source,
    kind: &LastArguments,
    wanted: &TraceWanted,
    look: &TraceLook,
    style: &Style,
) -> Result<(), Fault> {
    let kind = match kind {
        LastArguments { start: true, .. } => Kind::Start,
        LastArguments { restart: true, .. } => Kind::Restart,
        LastArguments { shutdown: true, .. } => Kind::Shutdown,
        LastArguments { .. } => Kind::Any,
    };
    let (request, trace) = newest(source, kind, wanted)?;
    show(source, &request, &trace, look, style)
}
