//! A line of a process, or a record of the supervisor, as a `LogRecord` of OTLP with its resource. Owns which attributes say
//! what, and which trace a record belongs to: what the program itself says, else the span that started its run.

use super::json::Ids;
use super::runs::RunSpans;
use crate::item::item;
use crate::origin::Origin;
use crate::resource::{self, scope};
use crate::wire::{bytes, fixed32, fixed64, key_value, message, nanos, number, raw, text};
use opentelemetry::trace::SpanContext;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use phpeek_actors::clock::Clock;
use phpeek_actors::lines::{self, Block, Line};
use phpeek_actors::ports::{self, Level, LogRecord};
use phpeek_core::name::ProcessName;
use phpeek_core::names;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

/// Resources that are remembered; more than there are instances, mostly.
const MOST: usize = 4096;
/// Which of its streams a line came from (semantic conventions, "Log").
const STREAM: &str = "log.iostream";
/// The number of a line: as `phpeek-pm logs` and the API count.
const SEQUENCE: &str = "log.record.sequence";

/// See the top of the file.
pub(super) struct Writer {
    resource: Resource,
    own: Origin,
    children: HashMap<(ProcessName, u32), Origin>,
    runs: Arc<RunSpans>,
    clock: Clock,
}

/// What the lines of a block have in common.
pub(super) struct Of {
    origin: Origin,
    context: Option<SpanContext>,
    attributes: Vec<KeyValue>,
    /// What the program has said of its trace in the fields of an entry.
    ids: Ids,
    looked: bool,
}

/// A record on its way.
struct Told<'a> {
    at: SystemTime,
    level: Level,
    body: &'a str,
    ids: Ids,
}

impl Writer {
    pub(super) fn new(resource: &Resource, runs: Arc<RunSpans>, clock: Clock) -> Self {
        let own = Origin::new(resource, &scope());
        Self { resource: resource.clone(), own, children: HashMap::new(), runs, clock }
    }

    /// What the lines of this block have in common.
    pub(super) fn of(&mut self, block: &Block) -> Of {
        let lines::Origin { process, number, hook, file, run, stream } = &*block.origin;
        let mut attributes = vec![KeyValue::new(STREAM, *stream)];
        let mut context = None;
        let mut origin = None;
        if let (Some(process), Some(number)) = (process, number) {
            attributes.extend(about(process, Some(*number)));
            origin = Some(self.child(process, *number));
            if hook.is_none() {
                context = self.runs.of(process, *number, *run);
            }
        }
        if let (Some(process), Some(file)) = (process, file) {
            attributes.extend(about(process, None));
            attributes.push(KeyValue::new(names::PROCESS_INSTANCE_ID, file.to_string()));
        }
        if let Some(run) = run {
            attributes.push(KeyValue::new(names::PROCESS_INCARNATION, int(*run)));
        }
        if let Some(hook) = hook {
            attributes.push(KeyValue::new(names::HOOK_NAME, hook.to_string()));
        }
        let (mut ids, mut looked) = (Ids::default(), false);
        for (name, json) in &block.fields {
            looked = true;
            let value = serde_json::from_str(json).unwrap_or_else(|_| json.as_str().into());
            if !ids.take(name, &value) {
                attributes.push(KeyValue::new(name.clone(), typed(value, json)));
            }
        }
        let origin = origin.unwrap_or_else(|| self.own.clone());
        Of { origin, context, attributes, ids, looked }
    }

    fn child(&mut self, process: &ProcessName, number: u32) -> Origin {
        let key = (process.clone(), number);
        if let Some(known) = self.children.get(&key) {
            return known.clone();
        }
        if self.children.len() >= MOST {
            self.children.clear();
        }
        let of_child = resource::of_child(&self.resource, process.as_str(), &process.instance_id(number));
        let origin = Origin::new(&of_child, &scope());
        self.children.insert(key, origin.clone());
        origin
    }

    /// A line.
    pub(super) fn line(&self, of: &Of, line: &Line<'_>) -> Box<[u8]> {
        let said = if of.looked { of.ids } else { Ids::of_line(line.text) };
        let ids =
            if said.trace.is_some() { said } else { of.context.as_ref().map(started).unwrap_or_default() };
        let body = String::from_utf8_lossy(line.text);
        let told = Told { at: line.of.at, level: line.of.level, body: &body, ids };
        item(&of.origin, |out| {
            write(
                out,
                &told,
                of.attributes.iter().map(|a| (a.key.as_str(), a.value.clone())),
                Some(line.number),
            );
        })
    }

    /// A record of the supervisor's own.
    pub(super) fn own(&self, record: &LogRecord) -> Box<[u8]> {
        let LogRecord { at, level, message, process, instance, fields } = record;
        let context = process.as_ref().and_then(|p| self.runs.of(p, (*instance)?, None));
        let ids = context.as_ref().map(started).unwrap_or_default();
        let told = Told { at: self.clock.wall(*at), level: *level, body: message, ids };
        let about = process.iter().flat_map(|process| about(process, *instance));
        let about: Vec<KeyValue> = about.collect();
        let about = about.iter().map(|a| (a.key.as_str(), a.value.clone()));
        let fields = fields.iter().map(|(name, value)| (*name, own_value(value)));
        item(&self.own, |out| write(out, &told, about.chain(fields), None))
    }
}

fn about(process: &ProcessName, number: Option<u32>) -> impl Iterator<Item = KeyValue> {
    let name = KeyValue::new(names::PROCESS_NAME, process.to_string());
    let instance =
        number.map(|number| KeyValue::new(names::PROCESS_INSTANCE_ID, process.instance_id(number)));
    [name].into_iter().chain(instance)
}

fn started(context: &SpanContext) -> Ids {
    let (trace, span) = (Some(context.trace_id()), Some(context.span_id()));
    Ids { trace, span, flags: context.trace_flags().to_u8() }
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn own_value(value: &ports::Value) -> Value {
    match value {
        ports::Value::Text(text) => text.to_string().into(),
        ports::Value::Hook(name) => name.to_string().into(),
        ports::Value::Int(number) => (*number).into(),
        ports::Value::Bool(truth) => (*truth).into(),
    }
}

/// A value of JSON; lists and objects stay the text that they are.
fn typed(value: serde_json::Value, json: &str) -> Value {
    match value {
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Bool(truth) => truth.into(),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(other)) => other.into(),
            (None, None) => number.to_string().into(),
        },
        _ => json.to_owned().into(),
    }
}

/// The data model of logs, "Mapping of SeverityNumber".
fn severity(level: Level) -> u64 {
    match level {
        Level::Debug => 5,
        Level::Info => 9,
        Level::Warn => 13,
        Level::Error => 17,
    }
}

/// A `LogRecord` (opentelemetry-proto 1.11, logs.proto).
fn write<'a>(
    out: &mut Vec<u8>,
    told: &Told<'_>,
    attributes: impl Iterator<Item = (&'a str, Value)>,
    sequence: Option<u64>,
) {
    let Told { at, level, body, ids } = told;
    fixed64(out, 1, nanos(*at));
    number(out, 2, severity(*level));
    text(out, 3, level.as_str());
    message(out, 5, |out| raw(out, 1, body.as_bytes()));
    for (name, value) in attributes {
        key_value(out, 6, name, &value);
    }
    if let Some(sequence) = sequence {
        key_value(out, 6, SEQUENCE, &int(sequence).into());
    }
    fixed32(out, 8, u32::from(ids.flags));
    if let Some(trace) = ids.trace {
        bytes(out, 9, &trace.to_bytes());
        bytes(out, 10, &ids.span.map(|span| span.to_bytes().to_vec()).unwrap_or_default());
    }
    fixed64(out, 11, nanos(*at));
}
