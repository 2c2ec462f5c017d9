//! How a process ended, in words: from the attributes that a span has about it. What it does not know by name it shows by
//! its key and unit, so that a newer supervisor's attributes are readable too. Pure.

use super::model::Span;
use super::text::{self, Charset};
use super::value;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use phpeek_core::names;

/// Attributes that are about the end of a run begin with one of these.
const ABOUT: [&str; 2] = ["autopsy.", "process.exit."];

/// Where a signal came from: on what a signal asked for.
const SENDER: [&str; 3] = [names::SIGNAL_SENDER_COMMAND, names::SIGNAL_SENDER_PID, names::SIGNAL_SENDER_UID];

/// Restarts of a crash loop: all so far, and those without spans of their own since the one before.
const LOOP: [&str; 2] = [names::RESTART_COUNT, names::RESTART_FOLDED];

/// Attributes whose texts are lines of the process's own.
const LINES: &str = "stderr";

/// Lines that tell how the process of this span ended; none when it did not.
#[must_use]
pub fn lines(span: &Span, charset: Charset) -> Vec<String> {
    let sender = sender(span);
    let Some(mut first) = verdict(span) else { return sender.into_iter().collect() };
    let about = |a: &&KeyValue| {
        let key = a.key.as_str();
        ABOUT.iter().any(|p| key.starts_with(p)) && !told(key) && !key.contains(LINES)
    };
    let (uptime, facts): (Vec<&KeyValue>, Vec<&KeyValue>) =
        span.attributes.iter().filter(about).partition(|a| a.key.contains("uptime"));
    if let Some(uptime) = uptime.first() {
        first += &format!(" after {}", quantity(uptime, charset));
    }
    if let Some(left) = span.attribute(names::RESTART_BUDGET_LEFT) {
        let attempt = span.attribute(names::RESTART_ATTEMPT).map(|a| format!("restart {a}, "));
        first += &format!("; {}{left} more forgiven", attempt.unwrap_or_default());
    }
    let [count, folded] = LOOP.map(|key| span.attribute(key));
    let restarts = |n: String| if n == "1" { "1 restart".to_owned() } else { format!("{n} restarts") };
    first += &count.map(|n| format!("; {} so far", restarts(n))).unwrap_or_default();
    first += &folded.filter(|n| n != "0").map(|n| format!(", {n} of them not told")).unwrap_or_default();
    let facts: Vec<String> =
        facts.into_iter().map(|a| format!("{} {}", words(&a.key), quantity(a, charset))).collect();
    let said = (span.attributes.iter())
        .filter(|a| a.key.contains(LINES))
        .flat_map(|a| value::texts(a.value.as_ref()))
        .map(|line| format!("stderr: {line}"));
    let facts = (!facts.is_empty()).then(|| facts.join(", "));
    // The cause and the last words first.
    std::iter::once(first).chain(sender).chain(said).chain(facts).collect()
}

fn sender(span: &Span) -> Option<String> {
    let [command, pid, uid] = SENDER.map(|key| span.attribute(key));
    let (pid, uid) = (pid?, uid.map(|u| format!(", user {u}")).unwrap_or_default());
    Some(format!(
        "the signal came from {} (pid {pid}{uid})",
        command.unwrap_or_else(|| "a process".to_owned())
    ))
}

fn verdict(span: &Span) -> Option<String> {
    let core = match span.attribute(names::PROCESS_EXIT_CORE).as_deref() {
        Some("true") => ", core dumped,",
        _ => "",
    };
    if let Some(signal) = span.attribute(names::PROCESS_EXIT_SIGNAL) {
        return Some(format!("ended by {signal}{core}"));
    }
    span.attribute(names::PROCESS_EXIT_CODE).map(|code| format!("ended with exit code {code}"))
}

/// What the verdict says.
fn told(key: &str) -> bool {
    [names::PROCESS_EXIT_CORE, names::PROCESS_EXIT_SIGNAL, names::PROCESS_EXIT_CODE].contains(&key)
}

/// `autopsy.max_rss_bytes` is `max rss`.
fn words(key: &str) -> String {
    let key = ABOUT.iter().find_map(|p| key.strip_prefix(p)).unwrap_or(key);
    let key = UNITS.iter().find_map(|(suffix, _)| key.strip_suffix(suffix)).unwrap_or(key);
    key.replace(['_', '.'], " ")
}

/// What a number means, by the end of its key.
#[derive(Clone, Copy)]
enum Unit {
    /// So many nanoseconds.
    Time(u64),
    Bytes,
}

const UNITS: [(&str, Unit); 6] = [
    ("_ns", Unit::Time(1)),
    ("_us", Unit::Time(1_000)),
    ("_ms", Unit::Time(1_000_000)),
    ("_seconds", Unit::Time(1_000_000_000)),
    ("_s", Unit::Time(1_000_000_000)),
    ("_bytes", Unit::Bytes),
];

fn quantity(attribute: &KeyValue, charset: Charset) -> String {
    measured(attribute, charset).unwrap_or_else(|| value::text(attribute.value.as_ref()))
}

/// The value of an attribute with its unit, when the end of its key names one.
pub(super) fn measured(attribute: &KeyValue, charset: Charset) -> Option<String> {
    let said = value::text(attribute.value.as_ref());
    let unit = UNITS.iter().find(|(suffix, _)| attribute.key.ends_with(suffix)).map(|(_, unit)| *unit);
    match (unit, said.parse::<u64>()) {
        (Some(Unit::Time(nanos)), Ok(number)) => Some(text::duration(number.saturating_mul(nanos), charset)),
        (Some(Unit::Bytes), Ok(number)) => Some(bytes(number)),
        _ => None,
    }
}

fn bytes(number: u64) -> String {
    match number {
        0..10_240 => format!("{number} B"),
        10_240..10_485_760 => format!("{} KiB", number >> 10),
        _ => format!("{} MiB", number >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{span, trace, with};
    use super::*;

    fn said(attributes: &[(&str, &str)]) -> Vec<String> {
        lines(&trace(vec![with(span("x", 1, 0, 0, 1), attributes)]).spans[0], Charset::Unicode)
    }

    #[test]
    fn an_end_is_told_in_words() {
        assert_eq!(said(&[("process.name", "web")]), Vec::<String>::new());
        assert_eq!(said(&[("process.exit.code", "3")]), ["ended with exit code 3"]);
        let attributes = [
            ("process.exit.signal", "SIGSEGV"),
            ("process.exit.core", "true"),
            ("autopsy.uptime_ms", "412"),
            ("autopsy.max_rss_bytes", "31457280"),
            ("autopsy.cpu.user_us", "12000"),
            ("autopsy.oom", "likely"),
            ("autopsy.stderr", "first line\nsecond line"),
            ("restart.attempt", "1"),
            ("restart.budget_left", "2"),
            ("restart.count", "7"),
            ("restart.folded", "3"),
        ];
        assert_eq!(
            said(&attributes),
            [
                "ended by SIGSEGV, core dumped, after 412.00 ms; restart 1, 2 more forgiven; 7 restarts so far, 3 of them not told",
                "stderr: first line",
                "stderr: second line",
                "max rss 30 MiB, cpu user 12.00 ms, oom likely",
            ]
        );
    }

    #[test]
    fn one_restart_is_one() {
        let told = said(&[("process.exit.code", "1"), ("restart.count", "1")]);
        assert_eq!(told, ["ended with exit code 1; 1 restart so far"]);
    }

    #[test]
    fn who_sent_a_signal_is_told_where_it_is_known() {
        let attributes =
            [("signal.sender.command", "kill"), ("signal.sender.pid", "77"), ("signal.sender.uid", "0")];
        assert_eq!(said(&attributes), ["the signal came from kill (pid 77, user 0)"]);
    }
}
