//! Where the time of a start went, as systemd-analyze says it of a host: what each process took itself, the chain that
//! decided, and two starts beside each other. Pure.

mod chain;
mod compare;
mod shares;

use super::model::Trace;
use super::scale::Scale;
use super::style::Style;
use super::text;
use serde_json::json;
use shares::{Share, shares};

pub use chain::{Element, chain, draw as draw_chain, json as chain_json};
pub use compare::Comparison;

/// Processes by the time that they took themselves.
#[must_use]
pub fn blame(trace: &Trace, style: &Style) -> String {
    let mut out = String::new();
    let scale = Scale::of_trace(trace);
    for share in by_size(trace) {
        let took = scale.show(share.own, style.charset);
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

/// The same as JSON.
#[must_use]
pub fn blame_json(trace: &Trace) -> String {
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

/// All that can be said of one trace, for the tests of the module.
#[cfg(test)]
pub(super) fn drawn(trace: &Trace, style: &Style) -> [String; 3] {
    let same = Comparison::of(trace, trace);
    [blame(trace, style), chain::draw(trace, &chain::chain(trace), style), same.draw(&[], style)]
}
