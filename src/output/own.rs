//! How a record of the supervisor's own looks. Owns the order of its fields; decides nothing. Called by the sink, its
//! writer, and for what standard output does not take.

use super::escape;
use super::ink::{self, FAINT, NAME, inked};
use super::record::number;
use super::stamp::Rfc3339;
use phpeek_actors::ports::{LogRecord, Value};
use phpeek_settings::log::LogFormat;
use std::time::SystemTime;

/// The supervisor's own record.
pub(super) fn record(format: LogFormat, out: &mut Vec<u8>, at: SystemTime, record: &LogRecord) {
    let level = record.level.as_str();
    let id = record.process.as_ref().map(|process| match record.instance {
        Some(instance) => process.instance_id(instance),
        None => process.to_string(),
    });
    match format {
        LogFormat::Json | LogFormat::Auto => {
            out.extend_from_slice(b"{\"time\":\"");
            out.extend_from_slice(Rfc3339::new().of(at));
            number(out, format_args!("\",\"level\":\"{level}\",\"msg\":\""));
            escape::json(out, record.message.as_bytes());
            out.push(b'"');
            if let Some(process) = &record.process {
                json_field(out, "process", &Value::Text(process.to_string().into()));
            }
            if let (Some(id), Some(_)) = (id, record.instance) {
                json_field(out, "instance_id", &Value::Text(id.into()));
            }
            for (key, value) in &record.fields {
                json_field(out, key, value);
            }
            out.extend_from_slice(b"}\n");
        }
        LogFormat::Text | LogFormat::Colour => {
            inked(format, out, FAINT, |out| out.extend_from_slice(Rfc3339::new().of(at)));
            inked(format, out, ink::of(record.level), |out| {
                number(out, format_args!(" {} ", level.to_ascii_uppercase()));
            });
            if let Some(id) = id {
                inked(format, out, NAME, |out| number(out, format_args!("[{id}]")));
                out.push(b' ');
            }
            escape::plain(out, record.message.as_bytes());
            for (key, value) in &record.fields {
                inked(format, out, FAINT, |out| number(out, format_args!(" {key}=")));
                match value {
                    Value::Text(value) => escape::value(out, value.as_bytes()),
                    Value::Hook(name) => escape::value(out, name.as_bytes()),
                    Value::Int(value) => number(out, format_args!("{value}")),
                    Value::Bool(value) => number(out, format_args!("{value}")),
                }
            }
            out.push(b'\n');
        }
    }
}

fn json_field(out: &mut Vec<u8>, key: &str, value: &Value) {
    out.extend_from_slice(b",\"");
    escape::json(out, key.as_bytes());
    out.extend_from_slice(b"\":");
    let mut text = |text: &str| {
        out.push(b'"');
        escape::json(out, text.as_bytes());
        out.push(b'"');
    };
    match value {
        Value::Text(value) => text(value),
        Value::Hook(name) => text(name),
        Value::Int(value) => number(out, format_args!("{value}")),
        Value::Bool(value) => number(out, format_args!("{value}")),
    }
}
