//! Traces as a list, one line each. Pure.

use super::links::short;
use super::model::{Status, Trace};
use super::scale::Scale;
use super::style::{Ink, Style, Titles};
use super::text;

/// A terminal of so many columns has room for the date.
const ROOM_FOR_DATES: usize = 96;

/// The list, with a line of titles. Every line ends with a line feed.
#[must_use]
pub fn draw(traces: &[&Trace], style: &Style) -> String {
    let dates = style.width >= ROOM_FOR_DATES;
    let when = if dates { 24 } else { 8 };
    let scale = Scale::of(traces.iter().map(|t| t.took()).max().unwrap_or(0));
    let roots: Vec<String> = traces.iter().map(|t| root(t, style)).collect();
    let titles = Titles::fitting(roots.iter().map(String::as_str), rest(when, style));
    let mut out = row(["ID", "BEGAN", "TOOK", "SPANS", "STATUS", "ROOT"], when, style, Ink::Plain);
    for (trace, root) in traces.iter().zip(&roots) {
        let time = text::time(trace.start);
        let time = if dates { time.as_str() } else { time.get(11..19).unwrap_or(&time) };
        let took = scale.show(trace.took(), style.charset);
        let (status, ink) = status(trace);
        let spans = trace.spans.len().to_string();
        out += &row([short(&trace.id), time, &took, &spans, &status, titles.of(root)], when, style, ink);
    }
    out
}

fn row(cells: [&str; 6], when: usize, style: &Style, ink: Ink) -> String {
    let [id, time, took, spans, status, root] = cells;
    let left = |text: &str, columns| text::fit(text, columns, style.charset);
    let right = |text: &str, columns: usize| {
        format!("{}{text}", " ".repeat(columns.saturating_sub(text::width(text))))
    };
    let head = [left(id, 12), left(time, when), right(took, 11), right(spans, 5)].join(" ");
    let (on, off) = style.ink(ink);
    let root = left(root, rest(when, style));
    format!("{head}  {on}{}{off} {}\n", left(status, 8), root.trim_end())
}

/// Columns of the last column: what the others, with room between them, leave.
fn rest(when: usize, style: &Style) -> usize {
    style.width.saturating_sub(12 + 1 + when + 1 + 11 + 1 + 5 + 2 + 8 + 1)
}

/// What a trace is about.
fn root(trace: &Trace, style: &Style) -> String {
    let root = trace.roots().next().map(super::model::Span::title).unwrap_or_default();
    let others = trace.roots().count().saturating_sub(1);
    let root = if others > 0 { format!("{root} (and {others} more)") } else { root };
    text::clean(&root, style.charset).into_owned()
}

fn status(trace: &Trace) -> (String, Ink) {
    let failed = trace.failed();
    let at_the_top = trace.roots().any(|s| s.error().is_some());
    match failed {
        _ if at_the_top => ("failed".to_owned(), Ink::Failed),
        0 if trace.roots().any(|s| s.status == Status::Ok) => ("ok".to_owned(), Ink::Plain),
        0 => ("-".to_owned(), Ink::Faint),
        _ => (format!("{failed} below"), Ink::Failed),
    }
}
