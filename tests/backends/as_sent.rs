//! Holds spans that a backend tells against the spans that were sent: ids, parents, names, times, attributes, status,
//! events, links and resource, each of them equal. Only the order of spans, of attributes and of events, which have
//! their times, is free.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeMap;

/// A span, with the resource that it belongs to and the name of what recorded it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Whole {
    /// Its attributes sorted, those of events and links too.
    pub(crate) span: Span,
    /// Attributes of the resource, sorted.
    pub(crate) resource: Vec<KeyValue>,
    scope: String,
}

/// All spans by their ids; one that came twice counts once.
pub(crate) type Spans = BTreeMap<(Vec<u8>, Vec<u8>), Whole>;

fn sorted(mut attributes: Vec<KeyValue>) -> Vec<KeyValue> {
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    attributes
}

/// The spans of requests.
pub(crate) fn spans(requests: impl IntoIterator<Item = ExportTraceServiceRequest>) -> Spans {
    let mut all = Spans::new();
    for group in requests.into_iter().flat_map(|r| r.resource_spans) {
        let resource = sorted(group.resource.map(|r| r.attributes).unwrap_or_default());
        for block in group.scope_spans {
            let scope = block.scope.map(|s| s.name).unwrap_or_default();
            for mut span in block.spans {
                span.attributes = sorted(span.attributes);
                for event in &mut span.events {
                    event.attributes = sorted(std::mem::take(&mut event.attributes));
                }
                // Several may be of one moment, and backends order those as they like.
                span.events
                    .sort_by_key(|e| (e.time_unix_nano, e.name.clone(), format!("{:?}", e.attributes)));
                for link in &mut span.links {
                    link.attributes = sorted(std::mem::take(&mut link.attributes));
                }
                let key = (span.trace_id.clone(), span.span_id.clone());
                all.insert(key, Whole { span, resource: resource.clone(), scope: scope.clone() });
            }
        }
    }
    all
}

/// Fails at the first span that differs.
pub(crate) fn same(found: &Spans, sent: &Spans) {
    assert!(!sent.is_empty(), "nothing was sent");
    for (key, wanted) in sent {
        let got = found.get(key).unwrap_or_else(|| panic!("{} did not arrive", wanted.span.name));
        assert_eq!(got, wanted, "{}", wanted.span.name);
    }
    assert_eq!(found.len(), sent.len(), "the backend has spans that were not sent");
}
