//! What stands below the bar of a span: its error, how its process ended, links, events, attributes. Pure.

use super::autopsy;
use super::links::Names;
use super::model::{Span, Trace};
use super::scale::Scale;
use super::style::{Events, Facts, Ink, Style};
use super::text;
use super::value;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use phpeek_core::names::EVENT_STATE_CHANGED;

/// Most lines that one text below a span takes; a stack trace of pages would hide the tree.
const LINES: usize = 12;

/// What the notes below a span are drawn from.
pub(super) struct About<'a> {
    pub(super) trace: &'a Trace,
    pub(super) span: &'a Span,
    pub(super) names: &'a Names,
    pub(super) beside: Beside,
    pub(super) left: &'a str,
    pub(super) scale: Scale,
}

/// Whether the names of a span's events stand beside its bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    Yes,
    No,
}

/// Writes all that stands below the bar.
pub(super) fn below(about: &About<'_>, style: &Style, out: &mut String) {
    let &About { trace, span, names, beside, left, scale } = about;
    // The plain drawing has errors alone below its bars.
    let left = if style.facts == Facts::Hidden { "    " } else { left };
    let mut note = |mark: &str, ink, said: &str| write(left, mark, (ink, said), style, out);
    if let Some(error) = span.error() {
        let error = if error.is_empty() { "failed, and did not say why" } else { error };
        note(style.mark("✗", "!"), Ink::Failed, error);
    }
    if style.facts != Facts::Hidden {
        for line in autopsy::lines(span, style.charset) {
            note(style.mark("†", "+"), Ink::Plain, &line);
        }
        if span.parent.is_none() && !span.parent_id.is_empty() {
            let text = format!("its parent, span {}, is not among these", span.parent_id);
            note(style.mark("↑", "^"), Ink::Faint, &text);
        }
        for link in &span.links {
            note(style.mark("↪", ">"), Ink::Link, &names.sentence(link, trace, style));
        }
    }
    match style.events {
        Events::Named if beside == Beside::No => {
            let names = event_names(span, style);
            if !names.is_empty() {
                note(style.mark("·", "*"), Ink::Plain, &names);
            }
        }
        Events::Listed => {
            for event in &span.events {
                note(style.mark("·", "*"), Ink::Plain, &event_line(event, span, scale, style));
            }
        }
        Events::Named | Events::Hidden => {}
    }
    if style.facts == Facts::All {
        for attribute in &span.attributes {
            let text = format!("{}: {}", attribute.key, value::text(attribute.value.as_ref()));
            note(" ", Ink::Faint, &text);
        }
    }
}

/// One text behind a mark, wrapped; what a terminal would obey is escaped here.
fn write(left: &str, mark: &str, (ink, said): (Ink, &str), style: &Style, out: &mut String) {
    let (on, off) = style.ink(ink);
    let room = style.width.saturating_sub(text::width(left) + 2);
    let mut lines = said.lines().flat_map(|line| text::wrap(&text::clean(line, style.charset), room));
    let mut mark = mark;
    for line in lines.by_ref().take(LINES) {
        out.push_str(format!("{left}{on}{mark} {line}{off}").trim_end());
        out.push('\n');
        mark = " ";
    }
    let more = lines.count();
    if more > 0 {
        let said = format!("({} more; --json has all)", text::count(more, "line"));
        out.push_str(&format!("{left}{on}  {}{off}\n", text::fit(&said, room, style.charset).trim_end()));
    }
}

/// The names of a span's events in their order; what comes several times in a row is counted. That an instance has changed
/// its state is in every span, and told with `--events` alone.
pub(super) fn event_names(span: &Span, style: &Style) -> String {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for event in span.events.iter().filter(|e| e.name != EVENT_STATE_CHANGED) {
        match names.last_mut().filter(|(name, _)| *name == event.name) {
            Some((_, times)) => *times += 1,
            None => names.push((&event.name, 1)),
        }
    }
    let times = style.mark("×", "x");
    let said = names.into_iter().map(|(name, n)| match n {
        1 => name.to_owned(),
        _ => format!("{name} {times}{n}"),
    });
    text::clean(&said.collect::<Vec<_>>().join(", "), style.charset).into_owned()
}

fn event_line(event: &Event, span: &Span, scale: Scale, style: &Style) -> String {
    let after = scale.show(event.time_unix_nano.saturating_sub(span.start), style.charset);
    let mut line = format!("+{after} {}", event.name);
    for attribute in &event.attributes {
        line.push_str(&format!(" {}={}", attribute.key, value::text(attribute.value.as_ref())));
    }
    line
}

/// What the resources of a trace call themselves.
pub(super) fn service(trace: &Trace) -> Option<String> {
    let find = |key| trace.resources.iter().find_map(|r| value::find(r, key));
    let service = find("service.name")?;
    let version = find("service.version").map(|v| format!(" {v}")).unwrap_or_default();
    let host = find("host.name").map(|h| format!(" on {h}")).unwrap_or_default();
    Some(format!("{service}{version}{host}"))
}
