//! What the answer of a receiver says of the spans: the tables of the OTLP specification, partial success in both
//! encodings, and what is no answer of OTLP at all. Owns the judgement of words where no code says it.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use phpeek_actors::telemetry::{Answer, words};
use prost::Message as _;
use serde::{Deserialize, Deserializer};
use std::time::{Duration, SystemTime};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Most characters of a receiver's own words in a message.
const MOST: usize = 200;

/// What is in the body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
    /// A page for people: no receiver of spans answers so.
    Page,
    /// Anything else; Zipkin says nothing.
    Other,
}

impl Encoding {
    /// By what the answer says of itself, else by what was asked for.
    fn of(headers: &HeaderMap, body: &Bytes, asked: Self) -> Self {
        let said = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let said = said.to_ascii_lowercase();
        match said.split(';').next().unwrap_or_default().trim() {
            "application/json" | "text/json" => Self::Json,
            "application/x-protobuf" | "application/protobuf" => Self::Protobuf,
            "text/html" | "application/xhtml+xml" => Self::Page,
            _ if body.trim_ascii_start().starts_with(b"<") => Self::Page,
            "" => asked,
            _ => Self::Other,
        }
    }
}

/// The reply of a gRPC receiver that took the spans.
pub(super) fn accepted(reply: Bytes) -> Answer {
    taken(reply, Encoding::Protobuf)
}

/// The receiver has the spans even when its reply cannot be read: sending again would double them.
fn taken(reply: Bytes, encoding: Encoding) -> Answer {
    let read = match encoding {
        // The answers of the three signals are the same on the wire.
        Encoding::Protobuf => ExportTraceServiceResponse::decode(reply)
            .map(|r| r.partial_success.unwrap_or_default())
            .map(|p| (p.rejected_spans, p.error_message))
            .ok(),
        Encoding::Json if reply.trim_ascii().is_empty() => Some((0, String::new())),
        Encoding::Json => serde_json::from_slice::<JsonReply>(&reply)
            .map(|r| (r.partial_success.rejected, r.partial_success.error_message))
            .ok(),
        Encoding::Page | Encoding::Other => Some((0, String::new())),
    };
    match read {
        Some((rejected, said)) => {
            Answer::Accepted { rejected: u64::try_from(rejected).unwrap_or(0), said: words(&said, MOST) }
        }
        None => Answer::Accepted { rejected: 0, said: "its reply is none of OTLP".to_owned() },
    }
}

/// The reply in JSON, as the canonical mapping of protobuf has it: an int64 is a string, a field may be null, and both
/// forms of a name are read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct JsonReply {
    #[serde(rename = "partialSuccess", alias = "partial_success", deserialize_with = "or_default")]
    partial_success: JsonPartial,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JsonPartial {
    #[serde(
        rename = "rejectedSpans",
        alias = "rejected_spans",
        alias = "rejectedLogRecords",
        alias = "rejected_log_records",
        alias = "rejectedDataPoints",
        alias = "rejected_data_points",
        deserialize_with = "int64"
    )]
    rejected: i64,
    #[serde(rename = "errorMessage", alias = "error_message", deserialize_with = "or_default")]
    error_message: String,
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

fn int64<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    use serde::de::Error as _;
    let text = match serde_json::Value::deserialize(from)? {
        serde_json::Value::Null => return Ok(0),
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    // `1e3` and `2.0` are numbers of JSON too; beyond 2^53 nobody has that many spans.
    let number = text.trim().parse::<f64>().ok().filter(|n| n.fract() == 0.0);
    number.map(|n| n as i64).ok_or_else(|| D::Error::custom("no whole number"))
}

/// All of an answer over HTTP: the table of "OTLP/HTTP response"; Zipkin answers 202 and knows no partial success.
pub(super) fn http(status: StatusCode, headers: &HeaderMap, body: &Bytes, asked: Encoding) -> Answer {
    let encoding = Encoding::of(headers, body, asked);
    if status.is_success() {
        return match encoding {
            // The spans are nowhere: a portal, the user interface, another program on this port.
            Encoding::Page => {
                let cause = format!("HTTP {status} with a page: is this the address of an OTLP receiver?");
                Answer::Retry { after: None, cause }
            }
            _ if asked == Encoding::Other => Answer::TAKEN,
            encoding => taken(body.clone(), encoding),
        };
    }
    let mut cause = format!("HTTP {status}");
    if let Some(words) = said(encoding, body) {
        cause.push_str(": ");
        cause.push_str(&words);
    }
    match status.as_u16() {
        300..=399 => {
            if let Some(to) = location(headers) {
                cause.push_str(&format!(" (it names {to}: a redirect is not followed, write that endpoint)"));
            }
            Answer::Refused { cause }
        }
        413 => Answer::TooLarge { cause },
        // A body beyond a limit of its own is what the Collector calls a bad request.
        400 if is_about_size(&cause) => Answer::TooLarge { cause },
        429 => Answer::Limited { after: retry_after(headers, SystemTime::now()), cause },
        502..=504 => Answer::Retry { after: retry_after(headers, SystemTime::now()), cause },
        _ => Answer::Refused { cause },
    }
}

/// Where a redirect leads, without what may be a key.
fn location(headers: &HeaderMap) -> Option<String> {
    let uri = headers.get(LOCATION)?.to_str().ok()?.parse::<Uri>().ok()?;
    let shown = format!("{}://{}{}", uri.scheme_str()?, uri.host()?, uri.path());
    Some(words(&shown, MOST))
}

/// What the receiver says: the message of a `google.rpc.Status`, or a text.
fn said(encoding: Encoding, body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        message: String,
    }
    let message = match encoding {
        Encoding::Protobuf => tonic_types::Status::decode(body.clone()).ok().map(|s| s.message),
        Encoding::Json => serde_json::from_slice::<Said>(body).ok().map(|s| s.message),
        Encoding::Page | Encoding::Other => None,
    };
    let text = message.filter(|m| !m.is_empty());
    let text = text.unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        text.trim_start().lines().next().unwrap_or_default().to_owned()
    });
    Some(words(&text, MOST)).filter(|text| !text.is_empty())
}

/// RFC 9110, section 10.2.3: seconds, or a date. A date counts from the date of the answer, if that is said: our clocks
/// need not agree.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if !asked.is_empty() && asked.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(asked.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(asked).ok()?;
    let now = text(DATE).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(until.duration_since(now).unwrap_or_default())
}

/// The table of "OTLP/gRPC response", failures.
pub(super) fn grpc(status: &Status) -> Answer {
    let after = status.get_details_retry_info().and_then(|info| info.retry_delay);
    let cause = words(&format!("{:?}: {}", status.code(), status.message()), MOST);
    match status.code() {
        // Receivers in Go say this of a request that is too large; those that limit the rate should add RetryInfo.
        Code::ResourceExhausted if after.is_some() => Answer::Limited { after, cause },
        Code::ResourceExhausted if is_about_size(status.message()) => Answer::TooLarge { cause },
        // Those on tonic say this, which the table calls retryable and which would then be said for ever.
        Code::OutOfRange if is_about_size(status.message()) => Answer::TooLarge { cause },
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Answer::Retry { after, cause },
        Code::Unknown if status.message().ends_with("mapped from HTTP status code 413") => {
            Answer::TooLarge { cause }
        }
        // It was cut off on the way: nobody has said anything of the spans.
        Code::Unknown if status.message().contains("missing grpc-status trailer") => {
            Answer::Retry { after, cause }
        }
        _ => Answer::Refused { cause },
    }
}

/// Whether a text speaks of the size of the request, and not of a rate or of one trace: gRPC in Go, C++, Node ("larger
/// than max"), Java ("exceeds maximum size"), .NET ("exceeds the maximum configured message size"), tonic ("too large").
fn is_about_size(text: &str) -> bool {
    const SIZE: [&str; 9] = [
        "larger than",
        "too large",
        "too big",
        "too_large",
        "exceeds maximum size",
        "message size",
        "request size",
        "body size",
        "payload size",
    ];
    const OTHER: [&str; 9] = [
        "rate",
        "quota",
        "throttl",
        "too many",
        "per second",
        "trace_too_large",
        "trace too large",
        "size of trace",
        "trace size",
    ];
    let text = text.to_ascii_lowercase();
    // `rate` is in "generate" too, but no receiver speaks of that.
    SIZE.iter().any(|word| text.contains(word)) && !OTHER.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use http::HeaderValue;

    fn answer(code: u16, headers: &[(HeaderName, &'static str)], body: &'static str) -> Answer {
        let headers = headers.iter().map(|(k, v)| (k.clone(), HeaderValue::from_static(v))).collect();
        let status = StatusCode::from_u16(code).expect("a code");
        http(status, &headers, &Bytes::from_static(body.as_bytes()), Encoding::Protobuf)
    }

    #[test]
    fn codes_are_answered_as_the_specification_says() {
        assert_eq!(answer(200, &[], ""), Answer::TAKEN);
        for code in [502, 503, 504] {
            assert!(matches!(answer(code, &[], ""), Answer::Retry { after: None, .. }), "{code}");
        }
        assert!(matches!(answer(429, &[], "rate"), Answer::Limited { after: None, .. }));
        assert!(matches!(answer(413, &[], ""), Answer::TooLarge { .. }));
        assert!(matches!(answer(400, &[], "http: request body too large"), Answer::TooLarge { .. }));
        for code in [301, 400, 401, 404, 408, 500, 501] {
            assert!(matches!(answer(code, &[], ""), Answer::Refused { .. }), "{code}");
        }
        let cause = "HTTP 401 Unauthorized: no key".to_owned();
        assert_eq!(answer(401, &[], "no key\nmore"), Answer::Refused { cause });
        let redirect = answer(307, &[(LOCATION, "https://other/v1/traces?key=s3cret")], "");
        let Answer::Refused { cause } = redirect else { panic!("{redirect:?}") };
        assert!(cause.contains("https://other/v1/traces:") && !cause.contains("s3cret"), "{cause}");
    }

    #[test]
    fn partial_success_is_read_in_whatever_the_receiver_answers_in() {
        let json = (CONTENT_TYPE, "application/json; charset=utf-8");
        let partial = |rejected, said: &str| Answer::Accepted { rejected, said: said.to_owned() };
        let of = |body| answer(200, std::slice::from_ref(&json), body);
        let text = r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#;
        assert_eq!(of(text), partial(2, "too old"));
        assert_eq!(of(r#"{"partial_success":{"rejected_spans":3}}"#), partial(3, ""));
        assert_eq!(of(r#"{"partialSuccess":{"rejectedSpans":4.0,"errorMessage":null}}"#), partial(4, ""));
        assert_eq!(
            of(r#"{"partialSuccess":{"errorMessage":"use\u001b[31m TLS"}}"#),
            partial(0, "use\u{fffd}[31m TLS")
        );
        for body in
            ["{}", "", " ", r#"{"partialSuccess":null}"#, r#"{"partialSuccess":{"rejectedSpans":"-7"}}"#]
        {
            assert_eq!(of(body), Answer::TAKEN, "{body}");
        }
        assert_eq!(of("ok"), partial(0, "its reply is none of OTLP"));
        assert_eq!(answer(200, &[], "\u{7f}"), partial(0, "its reply is none of OTLP"));
        assert_eq!(answer(202, &[(CONTENT_TYPE, "text/plain")], "ok"), Answer::TAKEN);
    }

    #[test]
    fn a_page_is_no_answer() {
        for (headers, body) in
            [(vec![(CONTENT_TYPE, "text/html; charset=utf-8")], ""), (vec![], "\n <!doctype html>")]
        {
            let answer = answer(200, &headers, body);
            assert!(matches!(&answer, Answer::Retry { cause, .. } if cause.contains("a page")), "{answer:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_of_the_receivers_clock() {
        let wait =
            |text| match answer(503, &[(RETRY_AFTER, text), (DATE, "Sun, 06 Nov 1994 08:49:30 GMT")], "") {
                Answer::Retry { after, .. } => after.map(|d| d.as_secs()),
                _ => None,
            };
        assert_eq!(
            (wait("7"), wait(" 86400 "), wait("soon"), wait("-1"), wait("")),
            (Some(7), Some(86400), None, None, None)
        );
        assert_eq!(wait("99999999999999999999999"), Some(u64::MAX));
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(wait(date), Some(7), "{date}");
        }
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
    }

    #[test]
    fn only_words_about_the_size_mean_the_size() {
        let exhausted = |message: &str| grpc(&Status::resource_exhausted(message));
        for text in [
            "grpc: received message larger than max (5046934 vs. 4194304)",
            "gRPC message exceeds maximum size 4194304: 5046934",
            "Received message exceeds the maximum configured message size.",
            "Received message after decompression larger than max (1 vs. 0)",
        ] {
            assert!(matches!(exhausted(text), Answer::TooLarge { .. }), "{text}");
        }
        for text in [
            "RATE_LIMITED: ingestion rate limit (local: 1 bytes, burst: 2 bytes) exceeded while adding 3 bytes",
            "quota exceeded: request size counts",
            "TRACE_TOO_LARGE: max size of trace exceeded",
            "no",
            "Too many requests",
        ] {
            assert!(matches!(exhausted(text), Answer::Refused { .. }), "{text}");
        }
        let large = Status::out_of_range(
            "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes",
        );
        assert!(matches!(grpc(&large), Answer::TooLarge { .. }));
        assert!(matches!(grpc(&Status::out_of_range("later")), Answer::Retry { .. }));
        let esc = grpc(&Status::internal("\u{1b}]0;x\u{7}\nnext"));
        assert_eq!(esc, Answer::Refused { cause: "Internal: \u{fffd}]0;x\u{fffd} next".to_owned() });
    }
}
