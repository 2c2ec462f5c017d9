//! The chain of processes that decided when a start was over: from the last one back along what each waited for longest.
//! In traces without dependencies, the processes on the critical path. Pure.

use super::shares::{Share, shares};
use crate::critical;
use crate::model::{Span, Trace};
use crate::process::processes;
use crate::scale::Scale;
use crate::style::{Ink, Style};
use crate::text;
use phpeek_core::names;
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// A process of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    process: String,
    /// Its part; none when it was up before the trace began.
    share: Option<Share>,
}

/// The chain, the last process first.
pub fn chain(trace: &Trace) -> Vec<Element> {
    let shares = shares(trace);
    let on_path = critical::path(trace);
    let about = processes(trace);
    let critical: HashSet<&String> =
        about.iter().zip(&on_path).filter(|(_, on)| **on).filter_map(|(p, _)| p.as_ref()).collect();
    let decisive = shares.iter().filter(|s| critical.contains(&s.process));
    let element = |share: &Share| Element { process: share.process.clone(), share: Some(share.clone()) };
    if !trace.spans.iter().any(|s| s.name == names::SPAN_WAIT_DEPENDENCY) {
        let mut all: Vec<Element> = decisive.map(element).collect();
        all.sort_by_key(|e| std::cmp::Reverse(e.share.as_ref().map(|s| s.ended)));
        return all;
    }
    let by_name: HashMap<&str, &Share> = shares.iter().map(|s| (s.process.as_str(), s)).collect();
    let mut next = decisive.max_by_key(|s| s.ended).map(element);
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    while let Some(one) = next.take().filter(|e| seen.insert(e.process.clone())) {
        let last = one.share.as_ref().and_then(|s| s.waits.iter().max_by_key(|(_, until)| *until));
        next = last.map(|(name, _)| Element {
            process: name.clone(),
            share: by_name.get(name.as_str()).map(|s| (*s).clone()),
        });
        found.push(one);
    }
    found
}

/// The chain as a drawing.
pub fn draw(trace: &Trace, chain: &[Element], style: &Style) -> String {
    let scale = Scale::of_trace(trace);
    let mut out = String::from("@ when its own work began, + what it took itself\n\n");
    let (on, off) = style.ink(Ink::Critical);
    let root = trace.roots().next().map(Span::title).unwrap_or_default();
    let root = text::clean(&root, style.charset);
    line(&format!("{root} +{}", scale.show(trace.took(), style.charset)), ("", ""), style, &mut out);
    for (depth, element) in chain.iter().enumerate() {
        // A chain that is longer than the terminal is wide goes on at its edge.
        let indent = "  ".repeat(depth.min(style.width / 4));
        let name = text::clean(&element.process, style.charset);
        let branch = style.mark("└─", "`-");
        let times = match &element.share {
            Some(share) => format!(
                "@{} +{}{}",
                scale.show(share.began.saturating_sub(trace.start), style.charset),
                scale.show(share.own, style.charset),
                if share.failed { " (failed)" } else { "" }
            ),
            None => "was up before".to_owned(),
        };
        line(&format!("{indent}{branch}{name} {times}"), (on, off), style, &mut out);
    }
    out
}

fn line(text: &str, (on, off): (&str, &str), style: &Style, out: &mut String) {
    let text = text::fit(text, style.width, style.charset);
    out.push_str(&format!("{on}{}{off}\n", text.trim_end()));
}

/// The chain as JSON.
pub fn json(trace: &Trace, chain: &[Element]) -> String {
    let of = |e: &Element| {
        let began = e.share.as_ref().map(|s| s.began.saturating_sub(trace.start));
        json!({"process": e.process, "began_ns": began, "own_ns": e.share.as_ref().map(|s| s.own)})
    };
    let chain: Vec<_> = chain.iter().map(of).collect();
    json!({"trace": trace.id, "took_ns": trace.took(), "chain": chain}).to_string() + "\n"
}
