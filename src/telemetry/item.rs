//! What log records and metrics look like on their way: each with whose it is, because they are of many. Owns that layout
//! and the request that is made of many such items, in which those of one origin that follow each other stand together.
//! `ResourceLogs` and `ResourceMetrics` have the same fields as `ResourceSpans`, so one code writes both.

use super::origin::Origin;
use super::wire::{head, raw, varint_length};

/// Bytes of the two lengths in front.
const LENGTHS: usize = 8;

/// An item: a `LogRecord` or a `Metric`, encoded by `write`, of this origin.
#[must_use]
pub fn item(origin: &Origin, write: impl FnOnce(&mut Vec<u8>)) -> Box<[u8]> {
    let (resource, scope) = origin.parts();
    let mut out = Vec::with_capacity(LENGTHS + resource.len() + scope.len() + 256);
    for part in [resource, scope] {
        // An origin is a few hundred bytes.
        out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
    }
    out.extend_from_slice(resource);
    out.extend_from_slice(scope);
    write(&mut out);
    out.into()
}

/// An item, taken apart: resource, scope, record.
fn parts(item: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (resource, rest) = item.split_first_chunk::<4>()?;
    let (scope, rest) = rest.split_first_chunk::<4>()?;
    let (resource, rest) = rest.split_at_checked(u32::from_le_bytes(*resource) as usize)?;
    let (scope, record) = rest.split_at_checked(u32::from_le_bytes(*scope) as usize)?;
    Some((resource, scope, record))
}

/// An `ExportLogsServiceRequest` or `ExportMetricsServiceRequest` of items. What is none is left out: it cannot come
/// from a record with a sound checksum.
#[must_use]
pub(super) fn request<'a>(items: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut all = items.filter_map(parts).peekable();
    while let Some((resource, scope, first)) = all.next() {
        let mut records = vec![first];
        while let Some((_, _, record)) = all.next_if(|(r, s, _)| (*r, *s) == (resource, scope)) {
            records.push(record);
        }
        let length = |record: &&[u8]| 1 + varint_length(record.len()) + record.len();
        let in_scope = scope.len() + records.iter().map(length).sum::<usize>();
        head(&mut out, 1, resource.len() + 1 + varint_length(in_scope) + in_scope);
        out.extend_from_slice(resource);
        head(&mut out, 2, in_scope);
        out.extend_from_slice(scope);
        records.into_iter().for_each(|record| raw(&mut out, 2, record));
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry::{InstrumentationScope, KeyValue};
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use opentelemetry_sdk::Resource;
    use proptest::prelude::*;
    use prost::Message as _;

    fn origin(of: usize) -> Origin {
        let name = KeyValue::new("service.name", format!("p{of}"));
        let scope = InstrumentationScope::builder("s").build();
        Origin::new(&Resource::builder_empty().with_attribute(name).build(), &scope)
    }

    fn record(number: usize) -> LogRecord {
        LogRecord { event_name: "x".repeat(number), ..Default::default() }
    }

    proptest! {
        #[test]
        fn a_request_holds_each_record_once_under_its_own_resource(of in prop::collection::vec(0..3_usize, 1..40)) {
            let items: Vec<_> = of
                .iter()
                .enumerate()
                .map(|(number, of)| item(&origin(*of), |out| out.extend(record(number).encode_to_vec())))
                .collect();
            let bytes = request(items.iter().map(|item| &**item));
            let request = ExportLogsServiceRequest::decode(bytes.as_slice()).expect("a request");
            let mut found = Vec::new();
            for group in request.resource_logs {
                let attribute = group.resource.expect("a resource").attributes.remove(0);
                let name = attribute.value.expect("a value").value;
                for scope in group.scope_logs {
                    let all = scope.log_records.into_iter();
                    found.extend(all.map(|record| (format!("{name:?}"), record.event_name.len())));
                }
            }
            prop_assert_eq!(found.len(), of.len());
            for (number, (name, length)) in found.iter().enumerate() {
                prop_assert_eq!(*length, number, "in their order");
                let wanted = format!("\"p{}\"", of[number]);
                prop_assert!(name.contains(&wanted));
            }
        }

        #[test]
        fn what_is_no_item_is_left_out(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _whatever = request([bytes.as_slice()].into_iter());
        }
    }
}
