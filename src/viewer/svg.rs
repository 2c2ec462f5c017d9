//! A trace as one picture: an SVG without scripts, fonts or anything else from elsewhere, readable in light and dark,
//! with titles for screen readers. Pure.

use super::critical;
use super::links::Names;
use super::model::{Span, Trace};
use super::notes;
use super::scale::Scale;
use super::style::{Events, Facts, Style, Titles};
use super::text::{self, Charset};

/// Sizes, in the picture's own units.
const WIDTH: u64 = 1200;
const ROW: u64 = 22;
/// Where the durations end and the bars begin and end.
const TIMES: u64 = 520;
const LEFT: u64 = 536;
const RIGHT: u64 = WIDTH - 24;
/// What a level of the tree is set in by, and how many are.
const INDENT: u64 = 14;
const LEVELS: usize = 16;
/// What a character of the monospaced font takes at most: 12 units high fonts have 7.2 and 7.3.
const CHARACTER: u64 = 8;

/// Dark values come last: they win where the reader asks for them. Bars on the critical path differ in height too.
const STYLE: &str = "\
svg{height:auto;max-width:1800px}.paper{fill:#fff}.text{fill:#1f2328}.faint{fill:#59636e}.grid{stroke:#d1d9e0}.bar{fill:#9aa7b5}.critical{fill:#bf6a02}\
.failed{fill:#cf222e}.event{fill:#1f2328;stroke:#fff}\
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}.text{fill:#e6edf3}.faint{fill:#9198a1}.grid{stroke:#30363d}\
.bar{fill:#5b6673}.critical{fill:#e3a02c}.failed{fill:#f85149}.event{fill:#e6edf3;stroke:#0d1117}}";

/// The picture.
#[must_use]
pub fn draw(trace: &Trace, names: &Names) -> String {
    let critical = critical::path(trace);
    let (scale, form) = (Scale::of_trace(trace), form(trace));
    let links = links(trace, names);
    let top = 64 + 18 * links.len() as u64;
    let height = top + 26 + ROW * trace.spans.len() as u64 + 34;
    let mut out = String::with_capacity(600 * trace.spans.len() + 4096);
    head(trace, height, &links, &mut out);
    axis(trace, scale, top, height - 34, &mut out);
    for (at, (span, on_path)) in trace.spans.iter().zip(critical).enumerate() {
        row(trace, (span, on_path), (scale, form), top + 26 + ROW * at as u64, &mut out);
    }
    let y = height - 14;
    line(
        &mut out,
        format_args!("<rect class=\"critical\" x=\"16\" y=\"{}\" width=\"24\" height=\"14\"/>", y - 11),
    );
    said(&mut out, ("faint", 48, y), "on the critical path: what decided when it was over");
    out.push_str("</svg>\n");
    out
}

/// What may stand in the text of an XML document, with what would be markup escaped.
fn escape(said: &str) -> String {
    let mut out = String::with_capacity(said.len());
    for c in text::clean(said, Charset::Unicode).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0, section 2.2: these two are no characters.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

fn line(out: &mut String, markup: std::fmt::Arguments<'_>) {
    out.push_str(&markup.to_string());
    out.push('\n');
}

fn said(out: &mut String, (class, x, y): (&str, u64, u64), words: &str) {
    line(out, format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(words)));
}

/// The links of all roots in words.
fn links(trace: &Trace, names: &Names) -> Vec<String> {
    let style = Style {
        width: 140,
        charset: Charset::Unicode,
        colour: false,
        events: Events::Hidden,
        facts: Facts::Usual,
        titles: Titles::Full,
    };
    let links = trace.roots().flat_map(|s| &s.links).take(4);
    links.map(|l| text::fit(&names.sentence(l, trace, &style), 140, Charset::Unicode)).collect()
}

fn head(trace: &Trace, height: u64, links: &[String], out: &mut String) {
    let took = Scale::of_trace(trace).show(trace.took(), Charset::Unicode);
    let root = trace.roots().next().map(Span::title).unwrap_or_default();
    let mut facts = vec![text::time(trace.start), took.clone(), text::count(trace.spans.len(), "span")];
    let failed = trace.failed();
    facts.extend((failed > 0).then(|| format!("{failed} failed")));
    facts.extend(notes::service(trace));
    line(
        out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"100%\" \
             role=\"img\" aria-labelledby=\"t d\" font-family=\"ui-monospace,Menlo,Consolas,\
             'DejaVu Sans Mono',monospace\" font-size=\"12\">"
        ),
    );
    line(out, format_args!("<title id=\"t\">{}, {}</title>", escape(&root), escape(&took)));
    line(
        out,
        format_args!(
            "<desc id=\"d\">Waterfall of trace {}: {}.</desc>",
            escape(&trace.id),
            escape(&facts.join(", "))
        ),
    );
    line(out, format_args!("<style>{STYLE}</style>"));
    line(out, format_args!("<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>"));
    let root = text::fit(&text::clean(&root, Charset::Unicode), 90, Charset::Unicode);
    line(
        out,
        format_args!(
            "<text class=\"text\" x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"bold\">{}</text>",
            escape(root.trim_end())
        ),
    );
    facts.insert(0, format!("trace {}", trace.id));
    let facts = text::clean(&facts.join(" · "), Charset::Unicode).into_owned();
    said(out, ("faint", 16, 46), text::fit(&facts, 145, Charset::Unicode).trim_end());
    for (at, link) in links.iter().enumerate() {
        said(out, ("faint", 16, 64 + 18 * at as u64), &format!("↪ {}", link.trim_end()));
    }
}

/// Lines and times at round steps, five to ten of them.
fn axis(trace: &Trace, scale: Scale, top: u64, bottom: u64, out: &mut String) {
    let took = trace.took().max(1);
    let mut step = 1_u64;
    while took / step > 10 {
        // 1, 2, 5, 10, ...
        let first = step.to_string().starts_with('2');
        step = if first { step / 2 * 5 } else { step.saturating_mul(2) };
    }
    let mut at = 0;
    while at <= took {
        let x = column(trace, trace.start.saturating_add(at));
        line(out, format_args!("<path class=\"grid\" d=\"M{x} {}V{bottom}\" stroke-width=\"1\"/>", top + 12));
        // The last one has no room for its words.
        let time = scale.show(at, Charset::Unicode).replace(".000 ", " ").replace(".00 ", " ");
        if x + CHARACTER * text::width(&time) as u64 <= RIGHT {
            said(out, ("faint", x, top + 8), &time);
        }
        at = at.saturating_add(step);
        if at == u64::MAX {
            return;
        }
    }
}

/// Where a time is.
fn column(trace: &Trace, at: u64) -> u64 {
    let total = u128::from(trace.took().max(1));
    let since = u128::from(at.saturating_sub(trace.start)).min(total);
    LEFT + u64::try_from(since * u128::from(RIGHT - LEFT) / total).unwrap_or(0)
}

/// Characters that the name of a span has room for.
fn room(span: &Span) -> usize {
    let x = 16 + INDENT * span.depth.min(LEVELS) as u64;
    usize::try_from((TIMES - 11 * CHARACTER).saturating_sub(x) / CHARACTER).unwrap_or(0)
}

/// The one form of names that has room.
fn form(trace: &Trace) -> Titles {
    let fits = |s: &Span| text::width(&text::clean(&s.title(), Charset::Unicode)) + 4 <= room(s);
    if trace.spans.iter().all(fits) { Titles::Full } else { Titles::Short }
}

fn row(
    trace: &Trace,
    (span, on_path): (&Span, bool),
    (scale, form): (Scale, Titles),
    y: u64,
    out: &mut String,
) {
    let took = scale.show(span.took(), Charset::Unicode);
    let title = span.title();
    let why = span.error().map(|e| format!(", failed: {e}")).unwrap_or_default();
    let path = if on_path { ", on the critical path" } else { "" };
    line(out, format_args!("<g><title>{}, {}{}{path}</title>", escape(&title), escape(&took), escape(&why)));
    let x = 16 + INDENT * span.depth.min(LEVELS) as u64;
    let class = if span.error().is_some() { "failed" } else { "text" };
    let mark = if span.error().is_some() { "✗ " } else { "" };
    let shown = text::clean(form.of(&title), Charset::Unicode);
    let shown = text::fit(&format!("{mark}{shown}"), room(span), Charset::Unicode);
    said(out, (class, x, y + 15), shown.trim_end());
    line(
        out,
        format_args!(
            "<text class=\"faint\" x=\"{TIMES}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            y + 15,
            escape(&took)
        ),
    );
    let (begin, end) = (column(trace, span.start), column(trace, span.end));
    let (class, inset) = match (span.error(), on_path) {
        (Some(_), _) => ("failed", 3),
        (None, true) => ("critical", 3),
        (None, false) => ("bar", 6),
    };
    line(
        out,
        format_args!(
            "<rect class=\"{class}\" x=\"{begin}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"2\"/>",
            y + inset,
            (end - begin).max(2),
            ROW - 2 * inset
        ),
    );
    for event in span.events.iter().take(100) {
        let x = column(trace, event.time_unix_nano.clamp(trace.start, trace.end));
        line(
            out,
            format_args!(
                "<path class=\"event\" d=\"M{x} {}l4 4l-4 4l-4 -4z\"><title>{}</title></path>",
                y + 7,
                escape(&event.name)
            ),
        );
    }
    out.push_str("</g>\n");
}
