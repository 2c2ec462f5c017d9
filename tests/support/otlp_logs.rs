//! Log records as they arrive at the receiver of the tests, and what can be asked of one.

use super::otlp_values::{hex, text, texts};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use std::collections::BTreeMap;

/// A log record as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its severity: 5 debug, 9 info, 13 warn, 17 error.
    pub severity: i32,
    /// What it says.
    pub body: String,
    /// Its trace, in hex; empty when it is of none.
    pub trace: String,
    /// Its span, in hex.
    pub span: String,
    /// When, in ns since the epoch.
    pub time: u64,
    /// Attributes as text.
    pub attributes: BTreeMap<String, String>,
    /// Attributes of the resource.
    pub resource: BTreeMap<String, String>,
}

impl Record {
    /// An attribute, empty when it is not there.
    pub fn get(&self, key: &str) -> &str {
        self.attributes.get(key).map_or("", String::as_str)
    }
}

/// The records of a request.
pub fn records(request: ExportLogsServiceRequest) -> Vec<Record> {
    let mut all = Vec::new();
    for group in request.resource_logs {
        let resource = texts(group.resource.map(|r| r.attributes).unwrap_or_default());
        for record in group.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
            all.push(Record {
                severity: record.severity_number,
                body: record.body.map(text).unwrap_or_default(),
                trace: hex(&record.trace_id),
                span: hex(&record.span_id),
                time: record.time_unix_nano,
                attributes: texts(record.attributes),
                resource: resource.clone(),
            });
        }
    }
    all
}
