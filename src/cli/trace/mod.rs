//! The `trace` command: asks a source, chooses traces, and has them drawn. Only reads, but for `trace spool drop`.

mod analyze;
mod follow;
mod from;
mod last;
mod list;
mod look;
mod pick;
mod show;
mod socket;
mod spool;
mod stored;
mod wanted;

pub(super) use look::terminal_width;

use super::fault::Fault;
use super::say::complain;
use crate::exit;
use analyze::AnalyzeCommand;
use clap::{Args, Subcommand};
use from::TraceFrom;
use last::LastArguments;
use list::ListArguments;
use look::TraceLook;
use spool::SpoolArguments;
use std::path::PathBuf;
use wanted::TraceWanted;

/// Options of `trace`.
#[derive(Debug, Args)]
pub struct TraceArguments {
    /// Where traces are read from.
    #[command(flatten)]
    pub from: TraceFrom,
    /// Which are meant.
    #[command(flatten)]
    pub wanted: TraceWanted,
    /// How they are shown.
    #[command(flatten)]
    pub look: TraceLook,
    /// Show each trace when its root has ended, and until then each span as a line.
    #[arg(short, long, conflicts_with_all = ["svg", "html"])]
    pub follow: bool,
    /// What to show; `last` when it is left out.
    #[command(subcommand)]
    pub command: Option<TraceCommand>,
}

/// What to show.
#[derive(Debug, Subcommand)]
pub enum TraceCommand {
    /// Draw the newest trace.
    Last(LastArguments),
    /// List traces, one line each, the newest first.
    List(ListArguments),
    /// Draw one trace.
    Show {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// Say where the time of a start went.
    #[command(subcommand)]
    Analyze(AnalyzeCommand),
    /// Look into a spool directory (--spool DIR, or the configured one), and take spans out of it.
    Spool(SpoolArguments),
}

/// Runs the command and gives the exit code.
pub(super) fn run(mut arguments: TraceArguments, config: Option<PathBuf>) -> Result<u8, Fault> {
    arguments.from.config.clone_from(&config);
    if let Some(TraceCommand::Spool(what)) = &arguments.command {
        return spool::run(what, arguments.from.spool.clone(), config);
    }
    let answer = answer(&arguments).or_else(|fault| match (&fault, &arguments.from.spool) {
        // There is nothing, since it is something else.
        (Fault::Nothing(_), Some(folder)) => spool::opened(folder).and(Err(fault)),
        _ => Err(fault),
    });
    answer.inspect_err(|fault| {
        if fault.code() == exit::NOT_RUNNING {
            complain("the traces of a supervisor that has ended are there only if it had a spool (tracing_spool_dir): add --spool DIR");
        }
    })
}

fn answer(arguments: &TraceArguments) -> Result<u8, Fault> {
    let TraceArguments { from, wanted, look, follow, command } = arguments;
    look.check()?;
    let style = look::style(look);
    if let Some(TraceCommand::Analyze(what)) = command {
        return analyze::run(what, from, wanted, look, &style);
    }
    let mut source = from::open(from)?;
    let source = source.as_mut();
    match command {
        None if *follow => return follow::run(source, wanted, look, &style),
        Some(_) if *follow => {
            let message = "--follow shows what comes; it goes with no command: `phpeek-pm trace --follow`";
            return Err(Fault::Usage(message.to_owned()));
        }
        Some(TraceCommand::List(list)) => list::run(source, list, wanted, look, &style)?,
        Some(TraceCommand::Show { id }) => {
            let (request, trace) = pick::one(source, id, wanted, &style)?;
            show::show(source, &request, &trace, look, &style)?;
        }
        Some(TraceCommand::Last(kind)) => last::run(source, kind, wanted, look, &style)?,
        Some(TraceCommand::Analyze(_) | TraceCommand::Spool(_)) | None => {
            last::run(source, &LastArguments::default(), wanted, look, &style)?;
        }
    }
    pick::remark(source);
    Ok(exit::OK)
}
