//! Traces as a list, one line each. Pure.

use super::links::short;
use super::model::{Span, Status, Trace};
use super::scale::Scale;
use super::style::{Ink, Style, Titles};
use super::text;
use phpeek_core::names;

/// A terminal of so many columns has room for the date.
const ROOM_FOR_DATES: usize = 96;

/// The list, with a line of titles. Every line ends with a line feed.
#[must_use]
pub fn draw(traces: &[&Trace], style: &Style) -> String {
    let dates = style.width >= ROOM_FOR_DATES;
    let when = if dates { 24 } else { 8 };
    let roots: Vec<String> = traces.iter().map(|t| root(t, style)).collect();
    let titles = Titles::fitting(roots.iter().map(String::as_str), rest(when, style));
    let mut out = row(["ID", "BEGAN", "TOOK", "SPANS", "STATUS", "ROOT"], when, style, Ink::Plain);
    for (trace, root) in traces.iter().zip(&roots) {
        let time = text::time(trace.start);
        let time = if dates { time.as_str() } else { time.get(11..19).unwrap_or(&time) };
        // As the drawing of the trace has it: beside whatever else it is listed, one duration reads the same.
        let took = Scale::of_trace(trace).show(trace.took(), style.charset);
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

/// What a trace is about: its root; of a request, what it had done.
fn root(trace: &Trace, style: &Style) -> String {
    let root = trace.roots().next().map(|root| done(trace, root)).unwrap_or_default();
    let others = trace.roots().count().saturating_sub(1);
    let root = if others > 0 { format!("{root} (and {others} more)") } else { root };
    text::clean(&root, style.charset).into_owned()
}

fn done(trace: &Trace, root: &Span) -> String {
    if root.name != names::SPAN_API_REQUEST {
        return root.title();
    }
    if let Some(operation) = root.children.first().and_then(|at| trace.spans.get(*at)) {
        let own = [names::PROCESS_NAME, names::PROCESS_INSTANCE_ID];
        // A rolling restart does not say of what it is; who has asked for it does.
        let tells = own.iter().any(|key| operation.attribute(key).is_some());
        let about = if tells { "" } else { root.label.as_str() };
        let words = [&operation.name, about, &operation.label].map(str::trim);
        let said: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        return format!("{} ({})", said.join(" "), root.name);
    }
    match (root.attribute(names::HTTP_REQUEST_METHOD), root.attribute(names::URL_PATH)) {
        (Some(method), Some(path)) => format!("{} {method} {path}", root.name),
        _ => root.title(),
    }
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

#[cfg(test)]
mod tests {
    use super::super::samples::{span, trace, with};
    use super::super::style::{Events, Facts};
    use super::super::text::Charset;
    use super::*;

    fn style() -> Style {
        Style {
            width: 120,
            charset: Charset::Unicode,
            colour: false,
            events: Events::Hidden,
            facts: Facts::Hidden,
            titles: Titles::Full,
        }
    }

    #[test]
    fn a_request_is_listed_as_what_it_had_done() {
        let request = |path: &str| {
            let attributes = [("process.name", "a"), ("http.request.method", "POST"), ("url.path", path)];
            with(span(names::SPAN_API_REQUEST, 1, 0, 0, 9), &attributes)
        };
        let stop = with(span(names::SPAN_STOP_PROCESS, 2, 1, 1, 8), &[("process.name", "a")]);
        let stopped = trace(vec![request("/processes/a/stop"), stop]);
        let signalled = trace(vec![request("/processes/a/signal")]);
        let rolling = with(span(names::SPAN_RESTART, 2, 1, 1, 8), &[("restart.reason", "manual")]);
        let restarted = trace(vec![request("/processes/a/restart"), rolling]);
        let list = draw(&[&stopped, &signalled, &restarted], &style());
        assert!(list.contains(" process_manager.stop_process a (api.request)\n"), "{list}");
        assert!(list.contains(" api.request POST /processes/a/signal\n"), "{list}");
        assert!(list.contains(" process_manager.restart a (manual) (api.request)\n"), "{list}");
    }

    #[test]
    fn one_duration_reads_the_same_beside_whatever_it_is_listed() {
        let mut short = span("x", 1, 0, 0, 0);
        short.end_time_unix_nano += 419_000;
        let (short, long) = (trace(vec![short]), trace(vec![span("y", 1, 0, 0, 20_000)]));
        for list in [draw(&[&short], &style()), draw(&[&short, &long], &style())] {
            assert!(list.contains(" 419 µs "), "{list}");
        }
    }
}
