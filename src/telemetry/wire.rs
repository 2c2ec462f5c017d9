//! The wire format of protobuf, as far as OTLP needs it: numbers, texts, nested messages, attributes. Must never fail.

use opentelemetry::{Array, KeyValue, Value};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tag and length of a message of which the length is known.
pub(super) fn head(out: &mut Vec<u8>, field: u32, length: usize) {
    tag(out, field, 2);
    varint(out, length as u64);
}

pub(super) fn varint_length(value: usize) -> usize {
    (usize::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

pub(super) fn nanos(time: SystemTime) -> u64 {
    // Times before 1970 are none: the epoch, as the SDK's exporter has it. 2^64 ns end in the year 2554.
    time.duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
}

pub(super) fn attributes(out: &mut Vec<u8>, field: u32, attributes: &[KeyValue]) {
    for attribute in attributes {
        key_value(out, field, attribute.key.as_str(), &attribute.value);
    }
}

pub(super) fn key_value(out: &mut Vec<u8>, field: u32, key: &str, value: &Value) {
    message(out, field, |out| {
        text(out, 1, key);
        message(out, 2, |out| any_value(out, value));
    });
}

/// `AnyValue`: a oneof, so that empty texts and zeros are written too.
pub(super) fn any_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(v) => raw(out, 1, v.as_str().as_bytes()),
        Value::Bool(v) => any_bool(out, *v),
        Value::I64(v) => any_int(out, *v),
        Value::F64(v) => any_double(out, *v),
        Value::Array(array) => message(out, 5, |out| match array {
            Array::String(v) => {
                v.iter().for_each(|v| message(out, 1, |out| raw(out, 1, v.as_str().as_bytes())))
            }
            Array::Bool(v) => v.iter().for_each(|v| message(out, 1, |out| any_bool(out, *v))),
            Array::I64(v) => v.iter().for_each(|v| message(out, 1, |out| any_int(out, *v))),
            Array::F64(v) => v.iter().for_each(|v| message(out, 1, |out| any_double(out, *v))),
            other => message(out, 1, |out| raw(out, 1, other.to_string().as_bytes())),
        }),
        other => raw(out, 1, other.to_string().as_bytes()),
    }
}

fn any_bool(out: &mut Vec<u8>, value: bool) {
    tag(out, 2, 0);
    varint(out, u64::from(value));
}

fn any_int(out: &mut Vec<u8>, value: i64) {
    tag(out, 3, 0);
    varint(out, value.cast_unsigned());
}

pub(super) fn any_double(out: &mut Vec<u8>, value: f64) {
    tag(out, 4, 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
pub(super) fn tag(out: &mut Vec<u8>, field: u32, wire_type: u32) {
    varint(out, u64::from(field << 3 | wire_type));
}

pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn raw(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    tag(out, field, 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

pub(super) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    if !value.is_empty() {
        raw(out, field, value);
    }
}

pub(super) fn text(out: &mut Vec<u8>, field: u32, value: &str) {
    bytes(out, field, value.as_bytes());
}

pub(super) fn number(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        tag(out, field, 0);
        varint(out, value);
    }
}

pub(super) fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        tag(out, field, 1);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

pub(super) fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    if value != 0 {
        tag(out, field, 5);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A nested message. One byte is kept for its length; a longer length moves the body, which is short or last.
pub(super) fn message(out: &mut Vec<u8>, field: u32, body: impl FnOnce(&mut Vec<u8>)) {
    tag(out, field, 2);
    let at = out.len();
    out.push(0);
    body(out);
    let mut length = Vec::with_capacity(10);
    varint(&mut length, (out.len() - at - 1) as u64);
    match (length.as_slice(), out.get_mut(at)) {
        ([short], Some(byte)) => *byte = *short,
        _ => drop(out.splice(at..=at, length)),
    }
}
