//! Parts of a request: its spans, the traces that are wanted, what several batches say of one resource. Pure.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

/// All spans of a request.
pub fn spans(request: &ExportTraceServiceRequest) -> impl Iterator<Item = &Span> {
    request.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans)
}

/// The request without the spans of other traces, and without what is empty then.
#[must_use]
pub fn keep(
    request: &ExportTraceServiceRequest,
    wanted: impl Fn(&[u8]) -> bool,
) -> ExportTraceServiceRequest {
    let scope = |scope: &ScopeSpans| {
        let spans: Vec<Span> = scope.spans.iter().filter(|s| wanted(&s.trace_id)).cloned().collect();
        (!spans.is_empty()).then(|| ScopeSpans {
            scope: scope.scope.clone(),
            spans,
            schema_url: scope.schema_url.clone(),
        })
    };
    let resource = |resource: &ResourceSpans| {
        let scope_spans: Vec<ScopeSpans> = resource.scope_spans.iter().filter_map(scope).collect();
        (!scope_spans.is_empty()).then(|| ResourceSpans {
            resource: resource.resource.clone(),
            scope_spans,
            schema_url: resource.schema_url.clone(),
        })
    };
    ExportTraceServiceRequest { resource_spans: request.resource_spans.iter().filter_map(resource).collect() }
}

/// The request with one entry for each resource and scope: spans of one trace come in several batches.
#[must_use]
pub fn merged(request: ExportTraceServiceRequest) -> ExportTraceServiceRequest {
    let mut all: Vec<ResourceSpans> = Vec::new();
    for entry in request.resource_spans {
        let same = |e: &&mut ResourceSpans| e.resource == entry.resource && e.schema_url == entry.schema_url;
        match all.iter_mut().find(same) {
            Some(before) => entry.scope_spans.into_iter().for_each(|s| add(&mut before.scope_spans, s)),
            None => all.push(entry),
        }
    }
    ExportTraceServiceRequest { resource_spans: all }
}

fn add(all: &mut Vec<ScopeSpans>, more: ScopeSpans) {
    match all.iter_mut().find(|s| s.scope == more.scope && s.schema_url == more.schema_url) {
        Some(before) => before.spans.extend(more.spans),
        None => all.push(more),
    }
}
