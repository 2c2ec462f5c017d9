//! The values of attributes as text and as JSON. Pure.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use serde_json::{Map, Number, Value as Json};

/// The text of the first attribute with this key.
#[must_use]
pub(super) fn find(attributes: &[KeyValue], key: &str) -> Option<String> {
    attributes.iter().find(|a| a.key == key).map(|a| text(a.value.as_ref()))
}

/// A text as it is; everything else as JSON writes it.
#[must_use]
pub(super) fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|v| v.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        _ => json(value).to_string(),
    }
}

/// A list of texts, one for each element when the value is a list of such.
#[must_use]
pub(super) fn texts(value: Option<&AnyValue>) -> Vec<String> {
    match value.and_then(|v| v.value.as_ref()) {
        Some(Value::ArrayValue(list)) => list.values.iter().map(|v| text(Some(v))).collect(),
        _ => text(value).lines().map(str::to_owned).collect(),
    }
}

/// As deep as the decoders let values nest, protobuf's limit of 100 among them; what lies deeper is cut off.
const DEPTH: usize = 100;

/// The value as JSON: what it means, not how OTLP writes it.
#[must_use]
pub(super) fn json(value: Option<&AnyValue>) -> Json {
    json_at(value, DEPTH)
}

fn json_at(value: Option<&AnyValue>, left: usize) -> Json {
    let Some(value) = value.and_then(|v| v.value.as_ref()) else { return Json::Null };
    match value {
        _ if left == 0 => Json::String("…".to_owned()),
        Value::StringValue(text) => Json::String(text.clone()),
        Value::BoolValue(yes) => Json::Bool(*yes),
        // A number that JavaScript cannot hold would become another one in the page.
        Value::IntValue(number) if number.unsigned_abs() >= 1 << 53 => Json::String(number.to_string()),
        Value::IntValue(number) => Json::Number((*number).into()),
        Value::DoubleValue(number) => {
            Number::from_f64(*number).map_or_else(|| Json::String(number.to_string()), Json::Number)
        }
        Value::ArrayValue(list) => list.values.iter().map(|v| json_at(Some(v), left - 1)).collect(),
        Value::KvlistValue(list) => {
            let pair = |a: &KeyValue| (a.key.clone(), json_at(a.value.as_ref(), left - 1));
            Json::Object(list.values.iter().map(pair).collect::<Map<_, _>>())
        }
        Value::BytesValue(bytes) => Json::String(const_hex::encode(bytes)),
        Value::StringValueStrindex(_) => Json::Null,
    }
}
