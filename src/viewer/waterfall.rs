//! A trace as a waterfall for the terminal: name, duration, bar, the critical path marked, and below each span what
//! is worth a line. Pure: a trace and a style in, text out; no line is wider than the style says.

use super::critical;
use super::links::Names;
use super::model::{Span, Trace};
use super::notes::{self, About, Beside};
use super::scale::Scale;
use super::style::{Events, Facts, Ink, Style, Titles};
use super::text;

/// Columns of a duration, such as ` 1234.56 ms`.
const DURATION_WIDTH: usize = 11;

/// The narrowest that can be drawn; below it names and bars would say nothing.
pub const NARROWEST: usize = 60;

/// Draws one trace. Every line ends with a line feed, and so does the text.
#[must_use]
pub fn draw(trace: &Trace, names: &Names, style: &Style) -> String {
    let style = &Style { width: style.width.max(NARROWEST), ..*style };
    let critical = critical::path(trace);
    let (titles, form) = titles(trace, style);
    let style = &Style { titles: form, ..*style };
    let longest = titles.iter().map(|t| text::width(&t.text)).max().unwrap_or(0);
    let columns = longest.min(style.width * 55 / 100);
    let bars = style.width.saturating_sub(columns + DURATION_WIDTH + 4).max(10);
    let scale = Scale::of_trace(trace);
    if let ([only], [title], false) =
        (trace.spans.as_slice(), titles.as_slice(), style.facts == Facts::Hidden)
    {
        return alone(trace, only, title, names, style);
    }
    let mut out = heading(trace, style);
    out.push_str(&facts(trace, scale, style));
    for ((span, title), on_path) in trace.spans.iter().zip(&titles).zip(critical) {
        let row = Row { trace, span, on_path, columns, bars, scale };
        let beside = row.draw(&title.text, style, &mut out);
        notes::below(&About { trace, span, names, beside, left: &title.below, scale }, style, &mut out);
    }
    out.push_str(style.mark("█", "#"));
    out.push_str(" on the critical path: what decided when it was over\n");
    if form == Titles::Short {
        // What they are called in every backend.
        out.push_str("names are short: start is process_manager.start\n");
    }
    out
}

/// A trace of one span: its cause and last words first. A bar as wide as the drawing would say nothing.
fn alone(trace: &Trace, span: &Span, title: &Title, names: &Names, style: &Style) -> String {
    let scale = Scale::of_trace(trace);
    let mut out = heading(trace, style);
    let (on, off) = style.ink(if span.error().is_some() { Ink::Failed } else { Ink::Plain });
    let said = text::fit(&title.text, style.width, style.charset);
    out.push_str(&format!("{on}{}{off}\n", said.trim_end()));
    notes::below(
        &About { trace, span, names, beside: Beside::No, left: &title.below, scale },
        style,
        &mut out,
    );
    out + &facts(trace, scale, style)
}

fn heading(trace: &Trace, style: &Style) -> String {
    format!("\ntrace {}\n", text::fit(&trace.id, style.width - 6, style.charset).trim_end())
}

/// When, how long, how much of it failed, and who said so.
fn facts(trace: &Trace, scale: Scale, style: &Style) -> String {
    let mut out = String::new();
    if style.facts == Facts::Hidden {
        return out;
    }
    let mut facts = vec![
        text::time(trace.start),
        scale.show(trace.took(), style.charset),
        text::count(trace.spans.len(), "span"),
    ];
    let failed = trace.failed();
    facts.extend((failed > 0).then(|| format!("{failed} failed")));
    facts.extend((trace.duplicates > 0).then(|| text::count(trace.duplicates, "duplicate") + " left out"));
    facts.extend(notes::service(trace).map(|s| text::clean(&s, style.charset).into_owned()));
    for line in text::wrap(&facts.join(", "), style.width) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// The name of a span with its branch of the tree, and what of the tree stands left of the notes below it.
struct Title {
    text: String,
    below: String,
}

/// The titles of all spans in the one form that has room.
fn titles(trace: &Trace, style: &Style) -> (Vec<Title>, Titles) {
    let full = branches(trace, style, Titles::Full);
    match Titles::fitting(full.iter().map(|t| t.text.as_str()), style.width * 55 / 100) {
        Titles::Full => (full, Titles::Full),
        Titles::Short => (branches(trace, style, Titles::Short), Titles::Short),
    }
}

fn branches(trace: &Trace, style: &Style, form: Titles) -> Vec<Title> {
    let (tee, corner) = (style.mark("├─ ", "|- "), style.mark("└─ ", "`- "));
    let through = style.mark("│  ", "|  ");
    // Deeper branches would leave no room for names; a number stands for them.
    let deepest = (style.width * 55 / 100 / 6).max(8);
    // What stands left of the children of the span at each depth.
    let mut left: Vec<String> = Vec::new();
    let mut titles = Vec::with_capacity(trace.spans.len());
    for (at, span) in trace.spans.iter().enumerate() {
        let last =
            span.parent.and_then(|p| trace.spans.get(p)).is_some_and(|p| p.children.last() == Some(&at));
        let title = text::clean(form.of(&span.title()), style.charset).into_owned();
        if span.depth > deepest {
            let dots = style.mark("…", "..");
            let below = "   ".repeat(deepest - 2);
            let text = format!("{below}{dots}{} {title}", span.depth);
            titles.push(Title { text, below: below + "    " });
            continue;
        }
        left.truncate(span.depth);
        let before = left.last().map_or("", String::as_str);
        let (branch, below) = match (span.parent, last) {
            (None, _) => (String::new(), String::new()),
            (Some(_), true) => (format!("{before}{corner}"), format!("{before}   ")),
            (Some(_), false) => (format!("{before}{tee}"), format!("{before}{through}")),
        };
        // The bars of the tree go on beside the notes, up to the children.
        let down = if span.children.is_empty() { " " } else { through.trim_end() };
        titles.push(Title { text: branch + &title, below: format!("{below}{down}   ") });
        left.push(below);
    }
    titles
}

/// What a line of a span is drawn from.
struct Row<'a> {
    trace: &'a Trace,
    span: &'a Span,
    on_path: bool,
    columns: usize,
    bars: usize,
    scale: Scale,
}

impl Row<'_> {
    fn draw(&self, title: &str, style: &Style, out: &mut String) -> Beside {
        let (begin, end) = self.place();
        let fill = match self.on_path {
            true => style.mark("█", "#"),
            false => style.mark("░", "-"),
        };
        let (on, off) = style.ink(match (self.span.error(), self.on_path) {
            (Some(_), _) => Ink::Failed,
            (None, true) => Ink::Critical,
            (None, false) => Ink::Faint,
        });
        let (left, right, beside) = self.around(begin, end, style);
        let name = text::fit(title, self.columns, style.charset);
        let time = self.scale.show(self.span.took(), style.charset);
        let time = format!("{}{time}", " ".repeat(DURATION_WIDTH.saturating_sub(text::width(&time))));
        out.push_str(&format!("{name} {time} {left}{on}{}{off}{right}", fill.repeat(end - begin)));
        while out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
        beside
    }

    /// What stands left and right of the bar: room, and the names of events where they fit.
    fn around(&self, begin: usize, end: usize, style: &Style) -> (String, String, Beside) {
        let room = " ".repeat(begin);
        let note = notes::event_names(self.span, style);
        if style.events != Events::Named || note.is_empty() {
            return (room, String::new(), Beside::No);
        }
        let (wide, (on, off)) = (text::width(&note), style.ink(Ink::Plain));
        if wide < self.bars - end {
            (room, format!(" {on}{note}{off}"), Beside::Yes)
        } else if wide < begin {
            (format!("{}{on}{note}{off} ", " ".repeat(begin - wide - 1)), String::new(), Beside::Yes)
        } else {
            (room, String::new(), Beside::No)
        }
    }

    /// The columns of the bar: at least one.
    fn place(&self) -> (usize, usize) {
        let total = u128::from(self.trace.took().max(1));
        let column = |at: u64| {
            let since = u128::from(at.saturating_sub(self.trace.start)).min(total);
            usize::try_from(since * self.bars as u128 / total).unwrap_or(self.bars)
        };
        let begin = column(self.span.start).min(self.bars - 1);
        (begin, column(self.span.end).clamp(begin + 1, self.bars))
    }
}
