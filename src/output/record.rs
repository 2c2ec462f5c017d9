//! How a record looks, as JSON or as text. Owns the escaping, so that no byte of a child can break a record or forge
//! one; never allocates for a line.

use super::escape::{self, Bytes};
use super::lines::Piece;
use super::stamp::Stamp;
use phpeek_actors::ports::{Level, LogRecord, Value};
use phpeek_core::name::ProcessName;
use phpeek_os::capture::{Capture, Stream};
use phpeek_settings::log::LogFormat;
use std::io::Write;
use std::time::SystemTime;

const PLAIN: &str = "\x1b[0m";
const FAINT: &str = "\x1b[2m";
const NAME: &str = "\x1b[36m";

/// Whose lines they are.
#[derive(Debug, Clone, Copy)]
pub struct Speaker<'a> {
    /// The instance; none for a hook of the system.
    pub instance: Option<(&'a ProcessName, u32)>,
    /// The name of the hook, when it is one.
    pub hook: Option<&'a str>,
    /// Which of its streams.
    pub stream: Stream,
}

impl<'a> From<&'a Capture> for Speaker<'a> {
    fn from(capture: &'a Capture) -> Self {
        let instance = capture.number.map(|number| (&capture.process, number));
        Self { instance, hook: capture.hook.as_deref(), stream: capture.stream }
    }
}

/// What stands before and after each line of one read: made once for each read, reused for the next.
#[derive(Debug)]
pub struct Frame {
    format: LogFormat,
    stamp: Stamp,
    before: Vec<u8>,
    after: Vec<u8>,
    /// The end of one record and the beginning of the next.
    between: Vec<u8>,
}

impl Frame {
    /// An empty frame.
    #[must_use]
    pub fn new(format: LogFormat) -> Self {
        Self { format, stamp: Stamp::new(), before: Vec::new(), after: Vec::new(), between: Vec::new() }
    }

    /// Sets the frame for lines of a stream that were read at this time.
    pub fn set(&mut self, at: SystemTime, speaker: Speaker<'_>) {
        let Speaker { instance, hook, stream } = speaker;
        let stream = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        self.before.clear();
        self.after.clear();
        match self.format {
            LogFormat::Json | LogFormat::Auto => {
                self.before.extend_from_slice(b"{\"time\":\"");
                self.before.extend_from_slice(self.stamp.of(at));
                self.before.extend_from_slice(b"\",\"level\":\"info\",\"msg\":\"");
                if let Some((process, instance)) = instance {
                    self.after.extend_from_slice(b"\",\"process\":\"");
                    escape::json(&mut self.after, process.as_str().as_bytes());
                    self.after.extend_from_slice(b"\",\"instance_id\":\"");
                    escape::json(&mut self.after, process.as_str().as_bytes());
                    number(&mut self.after, format_args!("-{instance}"));
                }
                if let Some(hook) = hook {
                    self.after.extend_from_slice(b"\",\"hook\":\"");
                    escape::json(&mut self.after, hook.as_bytes());
                }
                number(&mut self.after, format_args!("\",\"stream\":\"{stream}\"}}\n"));
            }
            LogFormat::Text | LogFormat::Colour => {
                let (format, before) = (self.format, &mut self.before);
                inked(format, before, FAINT, |out| out.extend_from_slice(self.stamp.of(at)));
                inked(format, before, ink(Level::Info), |out| out.extend_from_slice(b" INFO "));
                inked(format, before, NAME, |out| {
                    out.push(b'[');
                    if let Some((process, instance)) = instance {
                        number(out, format_args!("{process}-{instance} "));
                    }
                    if let Some(hook) = hook {
                        escape::plain(out, hook.as_bytes());
                        out.push(b' ');
                    }
                    number(out, format_args!("{stream}]"));
                });
                before.push(b' ');
                self.after.push(b'\n');
            }
        }
        self.between.clear();
        self.between.extend_from_slice(&self.after);
        self.between.extend_from_slice(&self.before);
    }

    /// Appends the records of plain lines, which stand between newlines, and says how many they are.
    pub(super) fn lines(&self, out: &mut Vec<u8>, lines: &[u8]) -> u64 {
        out.extend_from_slice(&self.before);
        let (mut begin, mut count) = (0, 1);
        for end in memchr::memchr_iter(b'\n', lines) {
            out.extend_from_slice(lines.get(begin..end).unwrap_or_default());
            out.extend_from_slice(&self.between);
            (begin, count) = (end + 1, count + 1);
        }
        out.extend_from_slice(lines.get(begin..).unwrap_or_default());
        out.extend_from_slice(&self.after);
        count
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
            LogFormat::Json | LogFormat::Auto => {
                out.extend_from_slice(self.after.strip_suffix(b"}\n").unwrap_or(&self.after));
                number(out, format_args!(",\"{mark}\":true}}\n"));
            }
            LogFormat::Text | LogFormat::Colour => number(out, format_args!(" [{mark}]\n")),
        }
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
        LogFormat::Json | LogFormat::Auto => {
            out.extend_from_slice(b"{\"time\":\"");
            out.extend_from_slice(Stamp::new().of(at));
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
            inked(format, out, FAINT, |out| out.extend_from_slice(Stamp::new().of(at)));
            inked(format, out, ink(record.level), |out| {
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
    match value {
        Value::Text(value) => {
            out.push(b'"');
            escape::json(out, value.as_bytes());
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
        LogFormat::Json | LogFormat::Auto => escape::json(out, line),
        LogFormat::Text | LogFormat::Colour => escape::plain(out, line),
    }
}

/// Writes something in an ink, where there are inks.
fn inked(format: LogFormat, out: &mut Vec<u8>, ink: &str, what: impl FnOnce(&mut Vec<u8>)) {
    if format == LogFormat::Colour {
        out.extend_from_slice(ink.as_bytes());
        what(out);
        out.extend_from_slice(PLAIN.as_bytes());
    } else {
        what(out);
    }
}

/// The ink of a level.
fn ink(level: Level) -> &'static str {
    match level {
        Level::Debug => FAINT,
        Level::Info => "\x1b[32m",
        Level::Warn => "\x1b[33m",
        Level::Error => "\x1b[31m",
    }
}
