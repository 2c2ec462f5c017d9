//! `trace analyze`: where the time of a start went, as systemd-analyze says it of a host. Chooses the traces, has them
//! worked out and drawn. Called by the command.

mod chain;
mod compare;
mod shares;

use super::command::{Kind, TraceError, newest, one, remark, say};
use super::file::FileSource;
use super::model::Trace;
use super::source::{self, Source};
use super::style::Style;
use super::text;
use crate::cli::{AnalyzeCommand, CompareArguments, TraceFrom, TraceLook};
use crate::exit;
use compare::Comparison;
use serde_json::json;
use shares::{Share, shares};
use std::path::Path;

/// Runs the analysis and gives the exit code.
pub(super) fn run(
    what: &AnalyzeCommand,
    from: &TraceFrom,
    look: &TraceLook,
    style: &Style,
) -> Result<u8, TraceError> {
    if look.svg || look.html {
        return Err(TraceError::Usage("an analysis is text, or JSON with --json".to_owned()));
    }
    match what {
        AnalyzeCommand::Blame { id } => {
            let trace = chosen(id.as_deref(), from, style)?;
            say(&if look.json { blame_json(&trace) } else { blame(&trace, style) });
        }
        AnalyzeCommand::CriticalChain { id } => {
            let trace = chosen(id.as_deref(), from, style)?;
            let chain = chain::chain(&trace);
            say(&if look.json { chain::json(&trace, &chain) } else { chain::draw(&trace, &chain, style) });
        }
        AnalyzeCommand::Compare(arguments) => return compare(arguments, from, look, style),
    }
    Ok(exit::OK)
}

/// The trace with this id; the newest start without one.
fn chosen(id: Option<&str>, from: &TraceFrom, style: &Style) -> Result<Trace, TraceError> {
    let mut source = source::open(from)?;
    let (_, trace) = match id {
        Some(id) => one(source.as_mut(), id, style)?,
        None => newest(source.as_mut(), Kind::Start)?,
    };
    remark(source.as_mut());
    Ok(trace)
}

fn blame(trace: &Trace, style: &Style) -> String {
    let mut out = String::new();
    for share in by_size(trace) {
        let took = text::duration(share.own, style.charset);
        let name = text::clean(&share.process, style.charset);
        let failed = if share.failed { " (failed)" } else { "" };
        let line =
            format!("{}{took} {name}{failed}", " ".repeat(11_usize.saturating_sub(text::width(&took))));
        out += text::fit(&line, style.width, style.charset).trim_end();
        out.push('\n');
    }
    if out.is_empty() {
        out = format!("no span of trace {} is about a process\n", super::links::short(&trace.id));
    }
    out
}

fn blame_json(trace: &Trace) -> String {
    let of = |s: Share| json!({"process": s.process, "own_ns": s.own, "began_ns": s.began.saturating_sub(trace.start), "failed": s.failed});
    let processes: Vec<_> = by_size(trace).into_iter().map(of).collect();
    json!({"trace": trace.id, "processes": processes}).to_string() + "\n"
}

/// The largest first.
fn by_size(trace: &Trace) -> Vec<Share> {
    let mut shares = shares(trace);
    shares.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.process.cmp(&b.process)));
    shares
}

fn compare(
    arguments: &CompareArguments,
    from: &TraceFrom,
    look: &TraceLook,
    style: &Style,
) -> Result<u8, TraceError> {
    let mut opened: Option<Box<dyn Source>> = None;
    let mut find = |name: &str| -> Result<Trace, TraceError> {
        if Path::new(name).is_file() {
            let mut file = FileSource::new(Path::new(name));
            let (_, trace) = newest(&mut file, Kind::Start)?;
            remark(&mut file);
            return Ok(trace);
        }
        // Two files need no supervisor.
        let source = match &mut opened {
            Some(source) => source,
            none => none.insert(source::open(from)?),
        };
        Ok(one(source.as_mut(), name, style)?.1)
    };
    let (before, after) = (find(&arguments.before)?, find(&arguments.after)?);
    let comparison = Comparison::of(&before, &after);
    let worse = arguments
        .fail_over
        .map(|percent| comparison.worse(percent, u64::from(arguments.ignore_under) * 1_000_000))
        .unwrap_or_default();
    say(&if look.json { comparison.json(&worse) } else { comparison.draw(&worse, style) });
    Ok(if worse.is_empty() { exit::OK } else { exit::FAILURE })
}

/// All that can be said of one trace, for the tests of the module.
#[cfg(test)]
pub(super) fn drawn(trace: &Trace, style: &Style) -> [String; 3] {
    let same = Comparison::of(trace, trace);
    [blame(trace, style), chain::draw(trace, &chain::chain(trace), style), same.draw(&[], style)]
}
