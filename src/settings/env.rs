//! The OTEL_* variables that tracing honours. Owns their reading and the errors about them. Must never show the value
//! of a header..

use super::headers::{Header, HeaderSource};
use super::otlp::variables;
use http::HeaderMap;
use opentelemetry_otlp as otlp;
use percent_encoding::percent_decode_str;
use phpeek_core::otel::OtelSignal;
use std::time::Duration;

/// Reads a variable; empty counts as not set, as the specification says.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that cannot be honoured. It is left out and the default holds, as the specification asks; the
/// configuration tells it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// Not `key=value`, or not fit for gRPC. The value is never part of the message.
    #[error(
        "{variable}: header {position} is not a valid key=value pair (values are percent-encoded); it is left out"
    )]
    Header {
        /// Which variable.
        variable: &'static str,
        /// Which entry, from 1.
        position: usize,
    },
    /// Not a number.
    #[error("{variable}: {value:?} is not a whole number of at least {least}; the default holds")]
    Number {
        /// Which variable.
        variable: &'static str,
        /// What it holds.
        value: String,
        /// The least that is allowed.
        least: u64,
    },
}

impl EnvError {
    /// Which variable.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Header { variable, .. } | Self::Number { variable, .. } => variable,
        }
    }
}

/// How spans are queued and batched: OTEL_BSP_*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queueing {
    /// OTEL_BSP_MAX_QUEUE_SIZE, 16384.
    pub capacity: usize,
    /// OTEL_BSP_MAX_EXPORT_BATCH_SIZE, 512; never more than the queue holds.
    pub batch: usize,
    /// The same while a backlog waits; 4096 unless the variable says otherwise.
    pub backlog_batch: usize,
    /// OTEL_BSP_SCHEDULE_DELAY, 1 s.
    pub delay: Duration,
}

/// A variable that is set and not empty.
#[must_use]
pub fn set(env: Lookup<'_>, name: &str) -> Option<String> {
    env(name).filter(|value| !value.trim().is_empty())
}

/// OTEL_SDK_DISABLED: only "true", in any case, switches off.
#[must_use]
pub fn disabled(env: Lookup<'_>) -> bool {
    set(env, "OTEL_SDK_DISABLED").is_some_and(|v| v.trim().eq_ignore_ascii_case("true"))
}

/// What is wrong with the variables that were read so far.
pub type Faults = Vec<EnvError>;

/// The OTEL_BSP_* numbers.
pub fn queueing(env: Lookup<'_>, faults: &mut Faults) -> Queueing {
    let names = ["OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_SCHEDULE_DELAY"];
    queueing_of(names, env, faults)
}

fn queueing_of([queue, batch, delay]: [&'static str; 3], env: Lookup<'_>, faults: &mut Faults) -> Queueing {
    let mut size = |name| {
        let given = number(env, name, 1, faults)?;
        Some(usize::try_from(given).unwrap_or(usize::MAX).min(1 << 24))
    };
    let capacity = size(queue).unwrap_or(16384);
    let given = size(batch);
    let batch = given.unwrap_or(512).min(capacity);
    let backlog_batch = given.unwrap_or(4096).max(batch);
    let delay = number(env, delay, 0, faults).unwrap_or(1000);
    Queueing { capacity, batch, backlog_batch, delay: Duration::from_millis(delay) }
}

/// The OTEL_BLRP_* numbers, for log records.
pub fn log_queueing(env: Lookup<'_>, faults: &mut Faults) -> Queueing {
    let names = ["OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_SCHEDULE_DELAY"];
    queueing_of(names, env, faults)
}

/// The time for one request: OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT, 10 s; the same for other
/// signals. In milliseconds.
pub fn timeout(signal: OtelSignal, env: Lookup<'_>, faults: &mut Faults) -> Duration {
    let [own, general] = variables(signal).timeout.map(|name| number(env, name, 1, faults));
    own.or(general).map_or(otlp::OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT, Duration::from_millis)
}

/// How often metrics are sent: OTEL_METRIC_EXPORT_INTERVAL, in milliseconds.
pub fn metric_interval(env: Lookup<'_>, faults: &mut Faults) -> Option<Duration> {
    number(env, "OTEL_METRIC_EXPORT_INTERVAL", 1, faults).map(Duration::from_millis)
}

fn number(env: Lookup<'_>, variable: &'static str, least: u64, faults: &mut Faults) -> Option<u64> {
    let value = set(env, variable)?;
    let number = value.trim().parse::<u64>().ok().filter(|number| *number >= least);
    if number.is_none() {
        faults.push(EnvError::Number { variable, value, least });
    }
    number
}

/// The headers of OTEL_EXPORTER_OTLP_HEADERS; those of the signal's own form win, key by key. An entry that cannot be
/// sent as it is meant is left out.
pub fn headers(signal: OtelSignal, env: Lookup<'_>, faults: &mut Faults) -> HeaderMap {
    let mut map = HeaderMap::new();
    let [own, general] = variables(signal).headers;
    for variable in [general, own] {
        let text = set(env, variable).unwrap_or_default();
        for (index, entry) in text.split(',').enumerate().filter(|(_, e)| !e.trim().is_empty()) {
            let header =
                pair(entry).and_then(|(key, value)| Header::new(&key.to_ascii_lowercase(), &value).ok());
            match header.map(|header| (header.name, header.source)) {
                Some((name, HeaderSource::Value(value))) => {
                    map.insert(name, value);
                }
                Some(_) => {}
                None => faults.push(EnvError::Header { variable, position: index + 1 }),
            }
        }
    }
    map
}

/// The pairs of OTEL_RESOURCE_ATTRIBUTES; `None` when an entry is malformed: then all of it is discarded, as the
/// specification says.
#[must_use]
pub fn resource_attributes(env: Lookup<'_>) -> Option<Vec<(String, String)>> {
    let text = set(env, "OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    text.split(',').filter(|e| !e.trim().is_empty()).map(pair).collect()
}

/// `key=value`, both percent-encoded, white space around them left out.
fn pair(entry: &str) -> Option<(String, String)> {
    let (key, value) = entry.split_once('=')?;
    let (key, value) = (decode(key.trim())?, decode(value.trim())?);
    (!key.is_empty()).then_some((key, value))
}

fn decode(text: &str) -> Option<String> {
    // The decoder leaves a lone `%` as it is; here it is a fault.
    let sound = text
        .split('%')
        .skip(1)
        .all(|rest| rest.get(..2).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())));
    sound.then(|| percent_decode_str(text).decode_utf8().ok().map(|t| t.into_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_decoded_merged_and_never_shown() {
        let env = |name: &str| match name {
            "OTEL_EXPORTER_OTLP_HEADERS" => Some("X-Team=a%2Cb, x-other=1".to_owned()),
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS" => Some("x-other=2".to_owned()),
            _ => None,
        };
        let map = headers(OtelSignal::Traces, &env, &mut Vec::new());
        let get = |k: &str| map.get(k).and_then(|v| v.to_str().ok());
        assert_eq!((get("x-team"), get("x-other")), (Some("a,b"), Some("2")));
        for bad in ["s3cret", "=s3cret", "k=s3cret%zz", "k k=s3cret", "k=s3cret%0a"] {
            let both = format!("{bad},x-good=1");
            let mut faults = Vec::new();
            let map = headers(
                OtelSignal::Logs,
                &|n| (n == "OTEL_EXPORTER_OTLP_HEADERS").then(|| both.clone()),
                &mut faults,
            );
            let text: String = faults.iter().map(ToString::to_string).collect();
            assert!(text.contains("header 1") && !text.contains("s3cret"), "{bad}: {text}");
            assert_eq!(map.len(), 1, "{bad}");
        }
    }

    #[test]
    fn one_malformed_resource_attribute_discards_all() {
        let read = |text: &'static str| resource_attributes(&move |_: &str| Some(text.to_owned()));
        assert_eq!(read("a=1%202,b=c"), Some(vec![("a".into(), "1 2".into()), ("b".into(), "c".into())]));
        assert_eq!(read("a=1,b"), None);
        assert_eq!(read("a=%G1"), None);
    }

    #[test]
    fn a_number_that_is_none_is_told_and_the_default_holds() {
        let read = |env: Lookup<'_>| {
            let mut faults = Vec::new();
            let read = (timeout(OtelSignal::Traces, env, &mut faults), queueing(env, &mut faults));
            (read, faults.len())
        };
        let (default, none) = read(&|_| None);
        assert_eq!((default.0, none), (Duration::from_secs(10), 0));
        let given = read(&|n| (n == "OTEL_EXPORTER_OTLP_TIMEOUT").then(|| "250".into()));
        assert_eq!((given.0.0, given.1), (Duration::from_millis(250), 0));
        assert_eq!(read(&|_| Some("10s".into())), (default, 5));
        assert_eq!(read(&|n| (n == "OTEL_BSP_MAX_QUEUE_SIZE").then(|| "0".into())), (default, 1));
    }
}
