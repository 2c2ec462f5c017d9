//! How a record looks, as JSON or as text. Owns the escaping, so that no byte of a child can break a record or forge
//! one; never allocates for a line. Called by the pipes for each line, and by the sink for the supervisor's own.

use super::lines::Piece;
use super::stamp::Stamp;
use phpeek_actors::ports::{LogRecord, Value};
use phpeek_core::name::ProcessName;
use phpeek_os::capture::Stream;
use phpeek_settings::log::LogFormat;
use std::io::Write;
use std::time::SystemTime;

/// What stands before and after each line of one read: made once for each read, reused for the next.
#[derive(Debug)]
pub struct Frame {
    format: LogFormat,
    stamp: Stamp,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Frame {
    /// An empty frame.
    #[must_use]
    pub fn new(format: LogFormat) -> Self {
        Self { format, stamp: Stamp::new(), before: Vec::new(), after: Vec::new() }
    }

    /// Sets the frame for lines of a stream that were read at this time.
    pub fn set(&mut self, at: SystemTime, process: &ProcessName, instance: u32, stream: Stream) {
        let stream = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        self.before.clear();
        self.after.clear();
        match self.format {
            LogFormat::Json => {
                self.before.extend_from_slice(b"{\"time\":\"");
                self.before.extend_from_slice(self.stamp.of(at));
                self.before.extend_from_slice(b"\",\"level\":\"info\",\"msg\":\"");
                self.after.extend_from_slice(b"\",\"process\":\"");
                json_text(&mut self.after, process.as_str().as_bytes());
                self.after.extend_from_slice(b"\",\"instance_id\":\"");
                json_text(&mut self.after, process.as_str().as_bytes());
                number(&mut self.after, format_args!("-{instance}\",\"stream\":\"{stream}\""));
                self.after.extend_from_slice(b"}\n");
            }
            LogFormat::Text => {
                self.before.extend_from_slice(self.stamp.of(at));
                number(&mut self.before, format_args!(" INFO [{process}-{instance} {stream}] "));
                self.after.push(b'\n');
            }
        }
    }

    /// Appends the record of one line.
    pub fn line(&self, out: &mut Vec<u8>, line: &[u8]) {
        self.piece(out, line, Piece::Last, Bytes::of(line));
    }

    pub(super) fn piece(&self, out: &mut Vec<u8>, line: &[u8], piece: Piece, bytes: Bytes) {
        out.reserve(self.before.len() + line.len() + self.after.len());
        out.extend_from_slice(&self.before);
        match bytes {
            Bytes::Plain => out.extend_from_slice(line),
            Bytes::Any => text(self.format, out, line),
        }
        match piece {
            Piece::Last => out.extend_from_slice(&self.after),
            Piece::Partial => self.mark(out, "partial"),
        }
    }

    /// Appends the record that ends a long line in the place of what was lost of it.
    pub(super) fn truncated(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
        self.mark(out, "truncated");
    }

    fn mark(&self, out: &mut Vec<u8>, mark: &str) {
        match self.format {
            LogFormat::Json => {
                out.extend_from_slice(self.after.strip_suffix(b"}\n").unwrap_or(&self.after));
                number(out, format_args!(",\"{mark}\":true}}\n"));
            }
            LogFormat::Text => number(out, format_args!(" [{mark}]\n")),
        }
    }
}

/// What is known of the bytes of a line before it is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Nothing to escape in any format.
    Plain,
    /// Nothing is known.
    Any,
}

impl Bytes {
    /// Looks at a whole read at once: for each line of its own it costs four times as much. Newlines do not count, as
    /// no line holds one.
    pub(super) fn of(read: &[u8]) -> Self {
        // Without a branch in the loop, so that the compiler makes vector instructions of it.
        let odd = read.iter().fold(false, |odd, &byte| {
            odd | ((byte.wrapping_sub(0x20) > 0x5E) & (byte != b'\n')) | (byte == b'"') | (byte == b'\\')
        });
        if odd { Self::Any } else { Self::Plain }
    }
}

/// The supervisor's own record.
pub(super) fn own(format: LogFormat, out: &mut Vec<u8>, at: SystemTime, record: &LogRecord) {
    let level = record.level.as_str();
    let id = record.process.as_ref().map(|process| match record.instance {
        Some(instance) => process.instance_id(instance),
        None => process.to_string(),
    });
    match format {
        LogFormat::Json => {
            out.extend_from_slice(b"{\"time\":\"");
            out.extend_from_slice(Stamp::new().of(at));
            number(out, format_args!("\",\"level\":\"{level}\",\"msg\":\""));
            json_text(out, record.message.as_bytes());
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
        LogFormat::Text => {
            out.extend_from_slice(Stamp::new().of(at));
            number(out, format_args!(" {} ", level.to_ascii_uppercase()));
            if let Some(id) = id {
                number(out, format_args!("[{id}] "));
            }
            plain_text(out, record.message.as_bytes());
            for (key, value) in &record.fields {
                number(out, format_args!(" {key}="));
                match value {
                    Value::Text(value) => plain_text(out, value.as_bytes()),
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
    json_text(out, key.as_bytes());
    out.extend_from_slice(b"\":");
    match value {
        Value::Text(value) => {
            out.push(b'"');
            json_text(out, value.as_bytes());
            out.push(b'"');
        }
        Value::Int(value) => number(out, format_args!("{value}")),
        Value::Bool(value) => number(out, format_args!("{value}")),
    }
}

/// Writing to a `Vec` cannot fail.
fn number(out: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).ok();
}

fn text(format: LogFormat, out: &mut Vec<u8>, line: &[u8]) {
    match format {
        LogFormat::Json => json_text(out, line),
        LogFormat::Text => plain_text(out, line),
    }
}

/// Own records may hold a newline, which must be escaped.
fn is_plain(line: &[u8]) -> bool {
    Bytes::of(line) == Bytes::Plain && memchr::memchr(b'\n', line).is_none()
}

/// The inside of a JSON string (RFC 8259 section 7); bytes that are no UTF-8 become U+FFFD.
fn json_text(out: &mut Vec<u8>, line: &[u8]) {
    if is_plain(line) {
        return out.extend_from_slice(line);
    }
    escaped(out, line, |out, byte| match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\n' => out.extend_from_slice(b"\\n"),
        0..0x20 | 0x7F => number(out, format_args!("\\u{byte:04x}")),
        _ => out.push(byte),
    });
}

/// Control characters but the tab are shown as `\x1b`: a terminal must not obey a child, nor a line forge another.
fn plain_text(out: &mut Vec<u8>, line: &[u8]) {
    if is_plain(line) {
        return out.extend_from_slice(line);
    }
    escaped(out, line, |out, byte| match byte {
        0..=8 | 10..0x20 | 0x7F => number(out, format_args!("\\x{byte:02x}")),
        _ => out.push(byte),
    });
}

fn escaped(out: &mut Vec<u8>, line: &[u8], escape: impl Fn(&mut Vec<u8>, u8)) {
    for chunk in line.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            escape(out, byte);
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{FFFD}".as_bytes());
        }
    }
}
