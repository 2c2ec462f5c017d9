//! A tree of spans as a waterfall for the terminal: name, duration, bar, the critical path marked. Pure: a tree and a
//! style in, text out.

use super::{DrawnSpan, Tree, critical};
use std::collections::BTreeSet;
use std::time::Duration;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns in all.
    pub width: usize,
    /// ASCII characters alone.
    pub ascii: bool,
    /// Colours by ANSI sequences.
    pub colour: bool,
}

/// Columns of a duration, such as ` 1234.56 ms`.
const DURATION_WIDTH: usize = 11;

/// Draws one trace. Every line ends with a line feed, and so does the text.
#[must_use]
pub fn draw(tree: &Tree, style: &Style) -> String {
    let critical = critical::path(&tree.root);
    let mut lines = Vec::new();
    flatten(&tree.root, &mut Vec::new(), "", "", style, &mut lines);
    let longest = lines.iter().map(|l| l.text.chars().count()).max().unwrap_or(0);
    let names = longest.min(style.width * 55 / 100);
    let bars = style.width.saturating_sub(names + DURATION_WIDTH + 4).max(10);
    let mut out = format!("\ntrace {}\n", tree.trace);
    for line in &lines {
        draw_line(line, &tree.root, &critical, names, bars, style, &mut out);
    }
    let mark = if style.ascii { "#" } else { "█" };
    out.push_str(mark);
    out.push_str(" on the critical path: what decided when it was over\n");
    out
}

struct Line<'a> {
    text: String,
    span: &'a DrawnSpan,
    path: Vec<usize>,
}

fn flatten<'a>(
    span: &'a DrawnSpan,
    path: &mut Vec<usize>,
    branch: &str,
    indent: &str,
    style: &Style,
    lines: &mut Vec<Line<'a>>,
) {
    let label = if span.label.is_empty() { String::new() } else { format!(" {}", span.label) };
    lines.push(Line { text: format!("{branch}{}{label}", span.name), span, path: path.clone() });
    let (tee, corner, bar) =
        if style.ascii { ("|- ", "`- ", "|  ") } else { ("├─ ", "└─ ", "│  ") };
    for (number, child) in span.children.iter().enumerate() {
        let last = number + 1 == span.children.len();
        path.push(number);
        let branch = format!("{indent}{}", if last { corner } else { tee });
        let below = format!("{indent}{}", if last { "   " } else { bar });
        flatten(child, path, &branch, &below, style, lines);
        path.pop();
    }
}

fn draw_line(
    line: &Line<'_>,
    root: &DrawnSpan,
    critical: &BTreeSet<Vec<usize>>,
    names: usize,
    bars: usize,
    style: &Style,
    out: &mut String,
) {
    let on_path = critical.contains(&line.path);
    let (begin, end) = place(line.span, root, bars);
    let fill = match (style.ascii, on_path) {
        (true, true) => "#",
        (true, false) => "-",
        (false, true) => "█",
        (false, false) => "░",
    };
    let bar = format!("{}{}{}", " ".repeat(begin), fill.repeat(end - begin), " ".repeat(bars - end));
    let (on, off) = match (style.colour, &line.span.error, on_path) {
        (false, _, _) => ("", ""),
        (true, Some(_), _) => ("\x1b[31m", "\x1b[0m"),
        (true, None, true) => ("\x1b[33m", "\x1b[0m"),
        (true, None, false) => ("\x1b[2m", "\x1b[0m"),
    };
    let text = fit(&line.text, names, style);
    let time = duration(line.span.end.saturating_sub(line.span.start), style);
    out.push_str(&format!("{text} {time:>DURATION_WIDTH$} {on}{bar}{off}"));
    if let Some(error) = &line.span.error {
        let mark = if style.ascii { "!" } else { "✗" };
        out.push_str(&format!("\n    {on}{mark} {error}{off}"));
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}

/// The columns of a span's bar: at least one, within the root's.
fn place(span: &DrawnSpan, root: &DrawnSpan, bars: usize) -> (usize, usize) {
    let total = root.end.saturating_sub(root.start).as_nanos().max(1);
    let column = |at: Duration| {
        let since = at.saturating_sub(root.start).as_nanos().min(total);
        usize::try_from(since * bars as u128 / total).unwrap_or(bars)
    };
    let begin = column(span.start).min(bars - 1);
    (begin, column(span.end).clamp(begin + 1, bars))
}

fn fit(text: &str, width: usize, style: &Style) -> String {
    let length = text.chars().count();
    if length <= width {
        return format!("{text}{}", " ".repeat(width - length));
    }
    // The name of the program's own namespace says least of all.
    let short = text.replacen("process_manager.", "", 1);
    if short.len() < text.len() {
        return fit(&short, width, style);
    }
    let dots = if style.ascii { "~" } else { "…" };
    text.chars().take(width.saturating_sub(1)).collect::<String>() + dots
}

fn duration(d: Duration, style: &Style) -> String {
    let micros = d.as_micros();
    let small = if style.ascii { "us" } else { "µs" };
    match micros {
        0..1_000 => format!("{micros} {small}"),
        1_000..10_000_000 => format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10),
        _ => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str, start: u64, end: u64, children: Vec<DrawnSpan>) -> DrawnSpan {
        let (start, end) = (Duration::from_millis(start), Duration::from_millis(end));
        DrawnSpan { name: name.to_owned(), label: String::new(), start, end, error: None, children }
    }

    #[test]
    fn a_waterfall_shows_names_durations_and_the_critical_path() {
        let mut bad = span("bad", 50, 100, vec![]);
        bad.error = Some("no such file".to_owned());
        let root = span("root", 0, 100, vec![span("fast", 0, 10, vec![]), bad]);
        let tree = Tree { trace: "t".to_owned(), root };
        let style = Style { width: 60, ascii: true, colour: false };
        let bars = 60 - 7 - DURATION_WIDTH - 4;
        let text = draw(&tree, &style);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "trace t");
        assert_eq!(lines[2], format!("root      100.00 ms {}", "#".repeat(bars)));
        assert_eq!(lines[3], format!("|- fast    10.00 ms {}", "#".repeat(bars / 10)));
        assert_eq!(
            lines[4],
            format!("`- bad     50.00 ms {}{}", " ".repeat(bars / 2), "#".repeat(bars - bars / 2))
        );
        assert_eq!(lines[5], "    ! no such file");
    }

    #[test]
    fn ascii_means_every_character() {
        let mut bad = span("bad", 0, 0, vec![]);
        bad.end = Duration::from_micros(7);
        bad.error = Some("gone".to_owned());
        let root = span("root", 0, 5, vec![bad, span(&"x".repeat(300), 0, 5, vec![])]);
        let text =
            draw(&Tree { trace: "t".to_owned(), root }, &Style { width: 60, ascii: true, colour: false });
        assert!(text.is_ascii() && text.contains("7 us"), "{text}");
    }

    #[test]
    fn a_narrow_line_keeps_what_it_is_about() {
        let long = span("process_manager.start_process", 0, 5, vec![]);
        let root = span("root", 0, 10, vec![DrawnSpan { label: "warm-cache".to_owned(), ..long }]);
        let tree = Tree { trace: String::new(), root };
        let text = draw(&tree, &Style { width: 60, ascii: true, colour: false });
        assert!(text.contains("start_process warm-cache"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_asked_for() {
        let long = span(&"x".repeat(300), 0, 5, vec![]);
        let tree = Tree { trace: String::new(), root: span("root", 0, 10, vec![long]) };
        for width in [60, 100, 400] {
            let text = draw(&tree, &Style { width, ascii: false, colour: false });
            assert!(text.lines().all(|l| l.chars().count() <= width), "{width}:\n{text}");
        }
    }
}
