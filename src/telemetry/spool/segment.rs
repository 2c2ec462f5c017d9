//! One file of the spool. Owns its descriptor and its cursors: what is written, read and delivered. Must never read
//! beyond what it knows to be whole.

use super::record::{self, HEADER, Kind, NoRecord, REQUEST};
use crate::encode::Origin;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A trace names programs, hosts and failures: nobody else reads it.
const MODE: u32 = 0o600;
/// Bytes that are read at once, at least and at most.
const READ: (usize, usize) = (16 << 10, 2 << 20);
/// About what a span takes, for the size of a read.
const USUAL_SPAN: usize = 384;

/// A file of the spool.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) sequence: u64,
    pub(super) path: PathBuf,
    pub(super) origin: Origin,
    /// The end of what is whole.
    pub(super) length: u64,
    /// Spans in it, and how many of them have been delivered.
    pub(super) spans: u64,
    pub(super) delivered_spans: u64,
    /// Everything before it has been delivered.
    delivered: u64,
    /// Everything before it has been handed out.
    read: u64,
    /// Whether the file says so; if not, a successor delivers them again.
    marked: bool,
    /// When it was written to last.
    pub(super) touched: SystemTime,
    /// Whether something unreadable stands behind what is whole.
    pub(super) damaged: bool,
    /// Open while it is written to. The others are opened for each look: there may be thousands, and descriptors belong
    /// to supervision.
    file: Option<File>,
}

/// The file of a segment: kept open, or opened for this.
enum Handle<'a> {
    Kept(&'a File),
    Opened(File),
}

impl Deref for Handle<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        match self {
            Self::Kept(file) => file,
            Self::Opened(file) => file,
        }
    }
}

/// Spans that were handed out.
pub(super) struct Taken {
    /// Where they end.
    pub(super) end: u64,
    /// How many.
    pub(super) spans: u64,
    /// The request that holds them.
    pub(super) request: Vec<u8>,
}

/// The name of a segment; names sort as the segments do.
pub(super) fn name(sequence: u64) -> String {
    format!("{sequence:016x}.spans")
}

/// The sequence number in a name, if it is the name of a segment.
pub(super) fn sequence(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".spans").filter(|d| d.len() == 16)?;
    // Ours count from 1: what is beyond this was made by somebody else, and numbers must not come round.
    u64::from_str_radix(digits, 16).ok().filter(|number| *number < 1 << 62)
}

impl Segment {
    /// Makes the file, with its header and the origin.
    pub(super) fn create(
        folder: &Path,
        sequence: u64,
        origin: &Origin,
        created_ns: u64,
        at: SystemTime,
    ) -> io::Result<Self> {
        let path = folder.join(name(sequence));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(&path)?;
        let mut bytes = record::header(sequence, created_ns);
        record::append_origin(&mut bytes, origin);
        let written = file.write_all_at(&bytes, 0);
        if let Err(error) = written {
            // Nothing is in it: what is left of it would only be a damaged segment.
            drop(std::fs::remove_file(&path));
            return Err(error);
        }
        let length = bytes.len() as u64;
        Ok(Self {
            sequence,
            path,
            origin: origin.clone(),
            length,
            spans: 0,
            delivered_spans: 0,
            delivered: length,
            read: length,
            marked: true,
            touched: at,
            damaged: false,
            file: Some(file),
        })
    }

    /// A file that was found, as the scan of it says.
    pub(super) fn found(path: PathBuf, sequence: u64, scanned: Scanned, touched: SystemTime) -> Self {
        Self {
            sequence,
            path,
            origin: scanned.origin,
            length: scanned.length,
            spans: scanned.spans,
            delivered_spans: scanned.delivered_spans,
            delivered: scanned.delivered,
            read: scanned.delivered,
            marked: true,
            touched,
            damaged: scanned.damaged,
            file: None,
        }
    }

    fn file(&self) -> io::Result<Handle<'_>> {
        match &self.file {
            Some(file) => Ok(Handle::Kept(file)),
            None => OpenOptions::new().read(true).write(true).open(&self.path).map(Handle::Opened),
        }
    }

    /// Nothing more is written to it.
    pub(super) fn seal(&mut self) {
        self.file = None;
    }

    /// Adds whole records.
    pub(super) fn append(&mut self, records: &[u8], spans: u64, at: SystemTime) -> io::Result<()> {
        let file = self.file()?;
        if let Err(error) = file.write_all_at(records, self.length) {
            // A part may stand there; a reader would take it for the torn end that it is, if this fails too.
            drop(file.set_len(self.length));
            return Err(error);
        }
        drop(file);
        self.length += records.len() as u64;
        self.spans += spans;
        self.touched = at;
        Ok(())
    }

    /// Spans that have not been delivered.
    pub(super) fn waiting(&self) -> u64 {
        self.spans.saturating_sub(self.delivered_spans)
    }

    /// Hands out the next spans, at most `most`; `None` when there are none. `buffer` is only for its memory.
    pub(super) fn take(&mut self, most: usize, buffer: &mut Vec<u8>) -> io::Result<Option<Taken>> {
        let mut size = most.saturating_mul(USUAL_SPAN).clamp(READ.0, READ.1);
        loop {
            let left = usize::try_from(self.length.saturating_sub(self.read)).unwrap_or(usize::MAX);
            buffer.resize(size.min(left), 0);
            if left == 0 {
                return Ok(None);
            }
            self.file()?.read_exact_at(buffer, self.read)?;
            let found = pick(buffer, most);
            if found.end == 0 && found.stopped == NoRecord::End && buffer.len() < left {
                size = size.saturating_mul(2); // a record that is larger than the read
                continue;
            }
            if found.stopped == NoRecord::Damaged && found.spans.is_empty() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is damaged"));
            }
            let end = self.read + found.end as u64;
            if found.spans.is_empty() {
                self.read = end;
                if end >= self.length || found.end == 0 {
                    return Ok(None);
                }
                continue;
            }
            self.read = end;
            let spans = found.spans.iter().filter_map(|range| buffer.get(range.clone()));
            let request = crate::encode::request(&self.origin, spans);
            return Ok(Some(Taken { end, spans: found.spans.len() as u64, request }));
        }
    }

    /// What was handed out waits again.
    pub(super) fn put_back(&mut self) {
        self.read = self.delivered;
    }

    /// Spans up to `end` have been delivered. An error means that a successor may deliver them again, unless
    /// [`Self::mark`] works later.
    pub(super) fn settle(&mut self, end: u64, spans: u64) -> io::Result<()> {
        self.delivered = self.delivered.max(end);
        self.delivered_spans += spans;
        self.marked = false;
        self.mark()
    }

    /// Writes down what was delivered, if that is not done.
    pub(super) fn mark(&mut self) -> io::Result<()> {
        if !self.marked {
            self.file()?.write_all_at(&record::slot(self.delivered, self.delivered_spans), record::SLOT)?;
            self.marked = true;
        }
        Ok(())
    }
}

struct Picked {
    spans: Vec<std::ops::Range<usize>>,
    /// Behind the last record that was looked at.
    end: usize,
    stopped: NoRecord,
}

fn pick(bytes: &[u8], most: usize) -> Picked {
    let mut picked = Picked { spans: Vec::new(), end: 0, stopped: NoRecord::End };
    let mut size = 0;
    while picked.spans.len() < most {
        match record::at(bytes, picked.end) {
            Ok(found) => {
                if found.kind == Some(Kind::Span) {
                    size += found.payload.len() + 6;
                    if size > REQUEST && !picked.spans.is_empty() {
                        break;
                    }
                    picked.spans.push(found.payload);
                }
                picked.end = found.end;
            }
            Err(why) => {
                picked.stopped = why;
                break;
            }
        }
    }
    picked
}

/// What a look at a whole segment found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) origin: Origin,
    pub(super) length: u64,
    pub(super) spans: u64,
    pub(super) delivered: u64,
    pub(super) delivered_spans: u64,
    pub(super) damaged: bool,
    /// Bytes behind it that are no whole record.
    pub(super) torn: u64,
}

/// Looks at all records of a segment, each of which is told to `see`. `None` when it is no segment at all, or one
/// without an origin: then no span can be in it.
pub(super) fn scan(bytes: &[u8], mut see: impl FnMut(Kind, &[u8])) -> Option<Scanned> {
    if !record::is_segment(bytes)? {
        return None;
    }
    let (said, _) = record::delivered(bytes);
    let mut origin = None;
    let (mut place, mut spans) = (HEADER as usize, 0);
    let (mut delivered, mut delivered_spans) = (HEADER, 0);
    let damaged = loop {
        match record::at(bytes, place) {
            Ok(found) => {
                let payload = bytes.get(found.payload).unwrap_or_default();
                match found.kind {
                    Some(Kind::Origin) => origin = origin.or_else(|| record::origin(payload)),
                    Some(kind) => {
                        spans += u64::from(kind == Kind::Span);
                        see(kind, payload);
                    }
                    None => {}
                }
                place = found.end;
                // An end that is not between two records is not believed: then all of it is sent again.
                if place as u64 == said {
                    (delivered, delivered_spans) = (said, spans);
                }
            }
            Err(NoRecord::End) => break false,
            Err(NoRecord::Damaged) => break true,
        }
    };
    let torn = bytes.len().saturating_sub(place) as u64;
    Some(Scanned { origin: origin?, length: place as u64, spans, delivered, delivered_spans, damaged, torn })
}

/// Whether an error says that the content is bad, and not that it cannot be had at the moment: rights, descriptors or
/// the whole directory may come back.
pub(super) fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, IsADirectory, UnexpectedEof};
    matches!(error.kind(), InvalidData | UnexpectedEof | IsADirectory)
}
