//! `trace analyze`: where the time of a start went. Chooses the traces, and has them worked out and drawn.

use super::from::{TraceFrom, open};
use super::look::TraceLook;
use super::pick::{Kind, newest, one, remark};
use super::wanted::TraceWanted;
use crate::cli::fault::Fault;
use crate::cli::say::say;
use crate::exit;
use clap::{Args, Subcommand};
use phpeek_viewer::analyze::{self, Comparison};
use phpeek_viewer::file::FileSource;
use phpeek_viewer::source::Source;
use phpeek_viewer::{Style, Trace};
use std::path::Path;

/// What to say of a start.
#[derive(Debug, Subcommand)]
pub enum AnalyzeCommand {
    /// List processes by the time that they took themselves, without what they waited for.
    Blame {
        /// The trace; the newest start when it is left out.
        id: Option<String>,
    },
    /// Show the chain of processes that decided when the start was over.
    CriticalChain {
        /// The trace; the newest start when it is left out.
        id: Option<String>,
    },
    /// Compare what each process took in two starts.
    Compare(CompareArguments),
}

/// Options of `trace analyze compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The start before: a trace's id, or a file of OTLP JSON lines whose newest start counts.
    pub before: String,
    /// The start after.
    pub after: String,
    /// Exit with 1 when the start, or a process, takes over so much longer than before, such as 20%.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub fail_over: Option<f64>,
    /// Differences of fewer milliseconds fail nothing: they are noise.
    #[arg(long, value_name = "MS", default_value_t = 10, requires = "fail_over")]
    pub ignore_under: u32,
}

/// Runs the analysis and gives the exit code.
pub(super) fn run(
    what: &AnalyzeCommand,
    from: &TraceFrom,
    wanted: &TraceWanted,
    look: &TraceLook,
    style: &Style,
) -> Result<u8, Fault> {
    if look.svg || look.html {
        return Err(Fault::Usage("an analysis is text, or JSON with --json".to_owned()));
    }
    match what {
        AnalyzeCommand::Blame { id } => {
            let trace = chosen(id.as_deref(), from, wanted, style)?;
            say(if look.json { analyze::blame_json(&trace) } else { analyze::blame(&trace, style) });
        }
        AnalyzeCommand::CriticalChain { id } => {
            let trace = chosen(id.as_deref(), from, wanted, style)?;
            let chain = analyze::chain(&trace);
            say(if look.json {
                analyze::chain_json(&trace, &chain)
            } else {
                analyze::draw_chain(&trace, &chain, style)
            });
        }
        AnalyzeCommand::Compare(arguments) => return compare(arguments, from, wanted, look, style),
    }
    Ok(exit::OK)
}

/// The trace with this id; the newest start without one.
fn chosen(id: Option<&str>, from: &TraceFrom, wanted: &TraceWanted, style: &Style) -> Result<Trace, Fault> {
    let mut source = open(from)?;
    let (_, trace) = match id {
        Some(id) => one(source.as_mut(), id, wanted, style)?,
        None => newest(source.as_mut(), Kind::Start, wanted)?,
    };
    remark(source.as_mut());
    Ok(trace)
}

fn compare(
    arguments: &CompareArguments,
    from: &TraceFrom,
    wanted: &TraceWanted,
    look: &TraceLook,
    style: &Style,
) -> Result<u8, Fault> {
    let mut opened: Option<Box<dyn Source>> = None;
    let mut find = |name: &str| -> Result<Trace, Fault> {
        // What can be no id is the name of a file, also of one that is not there.
        let is_id = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id || Path::new(name).is_file() {
            let mut file = FileSource::new(Path::new(name));
            let (_, trace) = newest(&mut file, Kind::Start, wanted)?;
            remark(&mut file);
            return Ok(trace);
        }
        // Two files need no supervisor.
        let source = match &mut opened {
            Some(source) => source,
            none => none.insert(open(from)?),
        };
        Ok(one(source.as_mut(), name, wanted, style)?.1)
    };
    let (before, after) = (find(&arguments.before)?, find(&arguments.after)?);
    let comparison = Comparison::of(&before, &after);
    let worse = arguments
        .fail_over
        .map(|percent| comparison.worse(percent, u64::from(arguments.ignore_under) * 1_000_000))
        .unwrap_or_default();
    say(if look.json { comparison.json(&worse) } else { comparison.draw(&worse, style) });
    Ok(if worse.is_empty() { exit::OK } else { exit::FAILURE })
}

/// A number from 0 with a percent sign or without.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    let sound = number.ok().filter(|n| n.is_finite() && *n >= 0.0);
    sound.ok_or_else(|| "a percentage from 0 is wanted, such as 20%".to_owned())
}
