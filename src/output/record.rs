//! How a record looks, as JSON or as text. Owns the escaping, so that no byte of a child can break a record or forge
//! one; never allocates for a line.

use super::escape::{self, Bytes};
use super::ink::{self, FAINT, NAME, inked};
use super::lines::{self, Piece};
use super::pipeline::{self, Entry};
use super::stamp::Rfc3339;
use phpeek_actors::ports::Level;
use phpeek_core::name::ProcessName;
use phpeek_os::capture::{Capture, Stream};
use phpeek_settings::log::LogFormat;
use std::io::Write;
use std::time::SystemTime;

/// Whose lines they are.
#[derive(Debug, Clone, Copy)]
pub struct Speaker<'a> {
    /// The instance; none for a hook of the system.
    pub instance: Option<(&'a ProcessName, u32)>,
    /// The process and what the file is called, when it is one that was followed.
    pub file: Option<(&'a ProcessName, &'a str)>,
    /// The name of the hook, when it is one.
    pub hook: Option<&'a str>,
    /// Which of its streams.
    pub stream: Stream,
}

impl<'a> From<&'a Capture> for Speaker<'a> {
    fn from(capture: &'a Capture) -> Self {
        let instance = capture.number.map(|number| (&capture.process, number));
        let file = capture.file.as_deref().map(|file| (&capture.process, file));
        Self { instance, file, hook: capture.hook.as_deref(), stream: capture.stream }
    }
}

/// What stands before and after each line of one read: made once for each read, reused for the next.
#[derive(Debug)]
pub struct Frame {
    format: LogFormat,
    stamp: Rfc3339,
    before: Vec<u8>,
    after: Vec<u8>,
    /// The end of one record and the beginning of the next.
    between: Vec<u8>,
    /// The level that stands in `before`, where, and what follows it there.
    level: Level,
    level_at: usize,
    tail: Vec<u8>,
}

impl Frame {
    /// An empty frame.
    #[must_use]
    pub fn new(format: LogFormat) -> Self {
        Self {
            format,
            stamp: Rfc3339::new(),
            before: Vec::new(),
            after: Vec::new(),
            between: Vec::new(),
            level: Level::Info,
            level_at: 0,
            tail: Vec::new(),
        }
    }

    /// Sets the frame for lines of a stream that were read at this time, of level info.
    pub fn set(&mut self, at: SystemTime, speaker: Speaker<'_>) {
        let Speaker { instance, file, hook, stream } = speaker;
        let stream = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
            Stream::File => "file",
        };
        let format = self.format;
        let Self { stamp, before, after, tail, .. } = self;
        before.clear();
        after.clear();
        tail.clear();
        match format {
            LogFormat::Json | LogFormat::Auto => {
                before.extend_from_slice(b"{\"time\":\"");
                before.extend_from_slice(stamp.of(at));
                before.extend_from_slice(b"\",\"level\":\"");
                tail.extend_from_slice(b"\",\"msg\":\"");
                if let Some((process, instance)) = instance {
                    after.extend_from_slice(b"\",\"process\":\"");
                    escape::json(after, process.as_str().as_bytes());
                    after.extend_from_slice(b"\",\"instance_id\":\"");
                    escape::json(after, process.as_str().as_bytes());
                    number(after, format_args!("-{instance}"));
                }
                if let Some((process, file)) = file {
                    after.extend_from_slice(b"\",\"process\":\"");
                    escape::json(after, process.as_str().as_bytes());
                    after.extend_from_slice(b"\",\"instance_id\":\"");
                    escape::json(after, file.as_bytes());
                }
                if let Some(hook) = hook {
                    after.extend_from_slice(b"\",\"hook\":\"");
                    escape::json(after, hook.as_bytes());
                }
                number(after, format_args!("\",\"stream\":\"{stream}\"}}\n"));
            }
            LogFormat::Text | LogFormat::Colour => {
                inked(format, before, FAINT, |out| out.extend_from_slice(stamp.of(at)));
                inked(format, tail, NAME, |out| {
                    out.push(b'[');
                    if let Some((process, instance)) = instance {
                        number(out, format_args!("{process}-{instance} "));
                    }
                    if let Some((process, file)) = file {
                        number(out, format_args!("{process} "));
                        escape::plain(out, file.as_bytes());
                        out.push(b' ');
                    }
                    if let Some(hook) = hook {
                        escape::plain(out, hook.as_bytes());
                        out.push(b' ');
                    }
                    number(out, format_args!("{stream}]"));
                });
                tail.push(b' ');
                after.push(b'\n');
            }
        }
        self.level_at = self.before.len();
        self.set_level(Level::Info);
    }

    /// Gives the records that follow these fields more.
    pub(super) fn set_labels(&mut self, labels: &[(String, String)]) {
        for (name, value) in labels {
            self.after.truncate(self.after.len() - self.closing().len());
            let (name, format) = (pipeline::label(name), self.format);
            field(format, &mut self.after, &name, Field::Text(value));
            self.after.extend_from_slice(self.closing());
        }
        if !labels.is_empty() {
            self.set_level(self.level);
        }
    }

    fn set_level(&mut self, level: Level) {
        self.level = level;
        self.before.truncate(self.level_at);
        match self.format {
            LogFormat::Json | LogFormat::Auto => self.before.extend_from_slice(level.as_str().as_bytes()),
            LogFormat::Text | LogFormat::Colour => {
                inked(self.format, &mut self.before, ink::of(level), |out| {
                    number(out, format_args!(" {} ", level.as_str().to_ascii_uppercase()));
                })
            }
        }
        self.before.extend_from_slice(&self.tail);
        self.between.clear();
        self.between.extend_from_slice(&self.after);
        self.between.extend_from_slice(&self.before);
    }

    /// What every record ends with.
    fn closing(&self) -> &'static [u8] {
        match self.format {
            LogFormat::Json | LogFormat::Auto => b"}\n",
            LogFormat::Text | LogFormat::Colour => b"\n",
        }
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
        out.extend_from_slice(self.after.strip_suffix(self.closing()).unwrap_or(&self.after));
        match self.format {
            LogFormat::Json | LogFormat::Auto => number(out, format_args!(",\"{mark}\":true}}\n")),
            LogFormat::Text | LogFormat::Colour => number(out, format_args!(" [{mark}]\n")),
        }
    }

    /// Appends the records of an entry, more than one when it is long, and says how many. Its fields stand in the last.
    pub(super) fn entry(&mut self, out: &mut Vec<u8>, entry: &Entry<'_>, piece: Piece) -> u64 {
        if entry.level != self.level {
            self.set_level(entry.level);
        }
        let mut records = 1;
        let rest = lines::cut_long(entry.message.as_bytes(), &mut |part, piece| {
            self.piece(out, part, piece, Bytes::Any);
            records += 1;
        });
        // A text may be of several lines, unlike what is framed elsewhere.
        let several = memchr::memchr(b'\n', rest).is_some();
        self.piece(out, rest, piece, if several { Bytes::Any } else { Bytes::of(rest) });
        if piece == Piece::Last && !entry.fields.is_empty() {
            out.truncate(out.len() - self.closing().len());
            for (name, value) in &entry.fields {
                field(self.format, out, name, Field::Json(value));
            }
            out.extend_from_slice(self.closing());
        }
        records
    }
}

/// The value of a field of a process.
enum Field<'a> {
    Text(&'a str),
    Json(&'a str),
}

/// A field behind others.
fn field(format: LogFormat, out: &mut Vec<u8>, name: &str, value: Field<'_>) {
    match format {
        LogFormat::Json | LogFormat::Auto => {
            out.extend_from_slice(b",\"");
            escape::json(out, name.as_bytes());
            out.extend_from_slice(b"\":");
            match value {
                Field::Json(value) => escape::json_value(out, value.as_bytes()),
                Field::Text(value) => {
                    out.push(b'"');
                    escape::json(out, value.as_bytes());
                    out.push(b'"');
                }
            }
        }
        LogFormat::Text | LogFormat::Colour => {
            out.push(b' ');
            inked(format, out, FAINT, |out| {
                escape::value(out, name.as_bytes());
                out.push(b'=');
            });
            match value {
                Field::Json(value) => escape::value(out, pipeline::text(value).as_bytes()),
                Field::Text(value) => escape::value(out, value.as_bytes()),
            }
        }
    }
}

/// Writing to a `Vec` cannot fail.
pub(super) fn number(out: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).ok();
}

fn text(format: LogFormat, out: &mut Vec<u8>, line: &[u8]) {
    match format {
        LogFormat::Json | LogFormat::Auto => escape::json(out, line),
        LogFormat::Text | LogFormat::Colour => escape::plain(out, line),
    }
}
