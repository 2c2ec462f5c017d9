//! A trace as one page: an HTML file with its style, its script and its data inside, that asks nothing of any network.
//! The data is JSON in a block that no browser runs or reads as markup; the script sets texts as texts; the policy of the
//! page (page.csp, made from the two files) lets nothing run but this script. Pure.

use super::autopsy;
use super::critical;
use super::links::{Names, short};
use super::model::{Span, Status, Trace};
use super::notes;
use super::scale::Scale;
use super::style::{Events, Facts, NAMESPACE, Style, Titles};
use super::text::{self, Charset};
use super::value;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use phpeek_core::names;
use serde_json::{Value, json};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(include_str!("model.js"), include_str!("view.js"), include_str!("input.js"));
const POLICY: &str = include_str!("page.csp");

/// The page.
#[must_use]
pub fn draw(trace: &Trace, names: &Names) -> String {
    let title = trace.roots().next().map(Span::title).unwrap_or_default();
    let title = format!("{title}, {}", Scale::of_trace(trace).show(trace.took(), Charset::Unicode));
    format!(
        include_str!("page.html"),
        policy = POLICY.trim_end(),
        title = escape(&title),
        style = STYLE,
        script = SCRIPT,
        data = block(&data(trace, names)),
    )
}

/// Text between tags.
fn escape(said: &str) -> String {
    text::clean(said, Charset::Unicode).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// JSON that no HTML parser can take for the end of its block, nor for a comment's begin: in JSON these characters stand
/// in texts alone, and there they may be escaped (HTML, "restrictions for contents of script elements").
fn block(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn data(trace: &Trace, names: &Names) -> Value {
    let failed = trace.failed();
    let mut facts =
        vec![format!("trace {}", trace.id), text::time(trace.start), text::count(trace.spans.len(), "span")];
    facts.extend((failed > 0).then(|| format!("{failed} failed")));
    facts.extend(notes::service(trace));
    let critical = critical::path(trace);
    let spans = trace.spans.iter().zip(critical).map(|(s, on_path)| span(trace, s, on_path, names));
    let title = trace.roots().next().map(Span::title).unwrap_or_default();
    json!({
        "title": format!("{title}, {}", Scale::of_trace(trace).show(trace.took(), Charset::Unicode)),
        "facts": facts.join(" · "),
        "took": trace.took(),
        "unit": unit(trace),
        "namespace": NAMESPACE,
        "resources": trace.resources.iter().map(|r| pairs(r)).collect::<Vec<_>>(),
        "spans": spans.collect::<Vec<_>>(),
    })
}

fn span(trace: &Trace, span: &Span, on_path: bool, known: &Names) -> Value {
    let since = |at: u64| at.saturating_sub(trace.start);
    let style = Style {
        width: 400,
        charset: Charset::Unicode,
        colour: false,
        events: Events::Listed,
        facts: Facts::All,
        titles: Titles::Full,
    };
    let links = span.links.iter().map(
        |link| json!({"text": known.sentence(link, trace, &style), "trace": short(&const_hex::encode(&link.trace_id))}),
    );
    let events = span.events.iter().map(|event| {
        json!({"at": since(event.time_unix_nano), "name": event.name, "attributes": pairs(&event.attributes)})
    });
    let about = [names::PROCESS_INSTANCE_ID, names::PROCESS_NAME].iter().find_map(|key| span.attribute(key));
    let about = about.unwrap_or_default();
    json!({
        "id": span.id,
        "parent": span.parent,
        "parent_id": span.parent_id,
        "depth": span.depth,
        "name": span.name,
        "label": span.label,
        "about": about,
        "more": span.label.strip_prefix(about.as_str()).unwrap_or(&span.label).trim_start(),
        "start": since(span.start),
        "end": since(span.end),
        "critical": on_path,
        "error": span.error(),
        "cause": autopsy::lines(span, Charset::Unicode),
        "status": status(&span.status),
        "kind": kind(span.kind),
        "scope": span.scope,
        "resource": span.resource,
        "attributes": pairs(&span.attributes),
        "events": events.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
    })
}

/// Keys and values, and what those mean that have a unit.
fn pairs(attributes: &[KeyValue]) -> Vec<Value> {
    let pair =
        |a: &KeyValue| json!([a.key, value::json(a.value.as_ref()), autopsy::measured(a, Charset::Unicode)]);
    attributes.iter().map(pair).collect()
}

/// The one unit of the page's durations.
fn unit(trace: &Trace) -> Value {
    let (nanos, decimals, name) = Scale::of_trace(trace).parts();
    json!({"nanos": nanos, "decimals": decimals, "name": name})
}

fn status(status: &Status) -> &'static str {
    match status {
        Status::Unset => "unset",
        Status::Ok => "ok",
        Status::Error(_) => "error",
    }
}

/// trace.proto, SpanKind.
fn kind(kind: i32) -> &'static str {
    match kind {
        1 => "internal",
        2 => "server",
        3 => "client",
        4 => "producer",
        5 => "consumer",
        _ => "unspecified",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::samples;
    use super::*;

    /// `sha256-…` of a text, as a Content-Security-Policy has it.
    fn source(text: &str) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let suite = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
        let hash = suite.tls13().expect("a suite of TLS 1.3").common.hash_provider.hash(text.as_bytes());
        let mut out = String::from("'sha256-");
        for three in hash.as_ref().chunks(3) {
            let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
                out.push(if place > three.len() { '=' } else { char::from(digit) });
            }
        }
        out + "'"
    }

    #[test]
    fn the_policy_allows_this_script_and_nothing_else() {
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'\n",
            source(STYLE),
            source(SCRIPT)
        );
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/html/page.csp");
            std::fs::write(path, &policy).expect("the policy can be written");
        } else {
            let stale = "page.csp is stale: UPDATE_GENERATED=1 cargo test -p phpeek-viewer the_policy_allows";
            assert_eq!(POLICY, policy, "{stale}");
        }
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let hostile = "</script><!--<img src=x onerror=alert(1)>&\u{2028}{data}";
        let mut spans = samples::start();
        spans[0].name = hostile.to_owned();
        spans[1] = samples::with(spans[1].clone(), &[(hostile, hostile)]);
        let trace = samples::trace(spans);
        let page = draw(&trace, &Names::of(std::slice::from_ref(&trace)));
        let (_, rest) = page.split_once("id=\"data\">").expect("a block of data");
        let (block, _) = rest.split_once("</script>").expect("its end");
        assert!(!block.contains(['<', '>', '&']), "{block}");
        let data: Value = serde_json::from_str(block).expect("JSON");
        assert_eq!(data["spans"][0]["name"], hostile);
        assert_eq!(page.matches("</script>").count(), 2, "those of the page alone");
        assert!(!page.contains("<img") && page.contains("<title>&lt;/script&gt;"), "the title too");
    }

    #[test]
    fn the_page_asks_nothing_of_anybody() {
        let trace = samples::trace(samples::start());
        let page = draw(&trace, &Names::default());
        for address in ["http:", "https:", "src=", "href=", "url(", "@import", "fetch(", "innerHTML", "eval("]
        {
            assert!(!page.contains(address), "{address}");
        }
    }
}
