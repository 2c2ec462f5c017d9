//! A spool directory as others see it: what is in it, and the traces. Only reads; works on the directory of a living
//! supervisor and on one of a dead one. Must never trust a file: what cannot be read is told or left out.

use super::record::{self, HEADER, Kind, LARGEST};
use super::recover::sequences;
use super::segment::{Scanned, name, scan};
use crate::encode::{self, Origin};
use opentelemetry::trace::TraceId;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Why a directory cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the spool directory {} cannot be read", path.display())]
pub struct ReadError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// A segment, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its file.
    pub path: PathBuf,
    /// Bytes of the file.
    pub bytes: u64,
    /// When it was made.
    pub created: SystemTime,
    /// Spans in it.
    pub spans: u64,
    /// Spans that were not delivered.
    pub waiting: u64,
    /// Where it is damaged, if it is.
    pub damage: Option<Damage>,
}

/// What is wrong with a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// It is no segment.
    NotASegment,
    /// What stands at this byte is no record.
    At(u64),
    /// It cannot be read.
    Unreadable(String),
}

/// Which spans of a segment are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that wait.
    Waiting,
    /// All of them.
    All,
}

/// A directory to read.
#[derive(Debug, Clone)]
pub struct SpoolReader {
    folder: PathBuf,
}

/// The bytes of a segment and the places of its spans in them.
struct Contents {
    bytes: Vec<u8>,
    origin: Origin,
    spans: Vec<std::ops::Range<usize>>,
    created: SystemTime,
}

impl SpoolReader {
    /// A reader of `folder`.
    ///
    /// # Errors
    /// When it is no directory that can be listed.
    pub fn open(folder: &Path) -> Result<Self, ReadError> {
        let reader = Self { folder: folder.to_owned() };
        reader.sequences().map(|_| reader)
    }

    fn sequences(&self) -> Result<Vec<u64>, ReadError> {
        sequences(&self.folder).map_err(|source| ReadError { path: self.folder.clone(), source })
    }

    fn read(&self, sequence: u64) -> io::Result<Vec<u8>> {
        let path = self.folder.join(name(sequence));
        // Asked before it is opened: the open of a FIFO would wait for a writer.
        if !std::fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Every segment, the oldest first.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub fn segments(&self) -> Result<Vec<SegmentReport>, ReadError> {
        let report = |sequence: u64| {
            let path = self.folder.join(name(sequence));
            let mut report =
                SegmentReport { path, bytes: 0, created: UNIX_EPOCH, spans: 0, waiting: 0, damage: None };
            let bytes = match self.read(sequence) {
                Ok(bytes) => bytes,
                // It was delivered and removed in this moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
                Err(error) => {
                    report.damage = Some(Damage::Unreadable(error.to_string()));
                    return Some(report);
                }
            };
            report.bytes = bytes.len() as u64;
            report.created = created(&bytes);
            match scan(&bytes, |_, _| {}) {
                None => report.damage = Some(Damage::NotASegment),
                Some(Scanned { length, spans, delivered_spans, damaged, .. }) => {
                    report.spans = spans;
                    report.waiting = spans.saturating_sub(delivered_spans);
                    report.damage = damaged.then_some(Damage::At(length));
                }
            }
            Some(report)
        };
        Ok(self.sequences()?.into_iter().filter_map(report).collect())
    }

    /// Each segment's spans as a request of OTLP, the oldest first.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub fn requests(&self, which: Which) -> Result<impl Iterator<Item = Vec<u8>>, ReadError> {
        Ok(self.each(self.sequences()?, which))
    }

    /// The same of all spans, but for segments that nobody has written to since then.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub fn requests_since(&self, since: SystemTime) -> Result<impl Iterator<Item = Vec<u8>>, ReadError> {
        let later = |sequence: &u64| {
            let about = std::fs::metadata(self.folder.join(name(*sequence)));
            about.and_then(|about| about.modified()).is_ok_and(|touched| touched >= since)
        };
        let sequences: Vec<u64> = self.sequences()?.into_iter().filter(later).collect();
        Ok(self.each(sequences, Which::All))
    }

    fn each(&self, sequences: Vec<u64>, which: Which) -> impl Iterator<Item = Vec<u8>> {
        sequences.into_iter().filter_map(move |sequence| {
            let contents = self.contents(sequence, which)?;
            let spans = contents.spans.iter().filter_map(|range| contents.bytes.get(range.clone()));
            (!contents.spans.is_empty()).then(|| encode::request(&contents.origin, spans))
        })
    }

    fn contents(&self, sequence: u64, which: Which) -> Option<Contents> {
        let bytes = self.read(sequence).ok()?;
        let origin = scan_origin(&bytes)?;
        let delivered = match which {
            Which::Waiting => record::delivered(&bytes).0,
            Which::All => 0,
        };
        let (mut place, mut spans) = (HEADER as usize, Vec::new());
        while let Ok(found) = record::at(&bytes, place) {
            if found.kind == Some(Kind::Span) && found.end as u64 > delivered {
                spans.push(found.payload);
            }
            place = found.end;
        }
        let created = created(&bytes);
        Some(Contents { bytes, origin, spans, created })
    }

    /// All spans of the `limit` traces that were heard of last, as requests, the newest segment first.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub fn recent(&self, limit: usize) -> Result<Vec<Vec<u8>>, ReadError> {
        self.collect(limit, |_| true)
    }

    /// All spans of the traces whose id begins with `prefix`, in lower-case hexadecimal.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub fn find(&self, prefix: &str) -> Result<Vec<Vec<u8>>, ReadError> {
        self.collect(usize::MAX, |trace| TraceId::from_bytes(trace).to_string().starts_with(prefix))
    }

    /// Walks from the newest segment to the oldest, and no further than the chosen traces can reach: a segment was
    /// written before the next one was made.
    fn collect(&self, limit: usize, wanted: impl Fn([u8; 16]) -> bool) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut chosen: HashSet<[u8; 16]> = HashSet::new();
        let mut earliest = None::<u64>;
        let mut requests = Vec::new();
        for sequence in self.sequences()?.into_iter().rev() {
            let Some(contents) = self.contents(sequence, Which::All) else { continue };
            let trace = |range: &std::ops::Range<usize>| {
                contents.bytes.get(range.clone()).map(encode::trace_id).unwrap_or_default()
            };
            let mut seen: HashMap<[u8; 16], bool> = HashMap::new();
            for range in contents.spans.iter().rev() {
                let id = trace(range);
                if chosen.len() < limit && *seen.entry(id).or_insert_with(|| wanted(id)) {
                    chosen.insert(id);
                }
            }
            let mine: Vec<_> = contents.spans.iter().filter(|range| chosen.contains(&trace(range))).collect();
            let starts = mine.iter().filter_map(|range| start(contents.bytes.get((*range).clone())?));
            earliest = starts.chain(earliest).min();
            if !mine.is_empty() {
                let spans = mine.iter().filter_map(|range| contents.bytes.get((*range).clone()));
                requests.push(encode::request(&contents.origin, spans));
            }
            let enough = chosen.len() >= limit;
            let before = earliest.is_some_and(|ns| contents.created < UNIX_EPOCH + Duration::from_nanos(ns));
            if enough && before {
                break;
            }
        }
        Ok(requests)
    }
}

fn scan_origin(bytes: &[u8]) -> Option<Origin> {
    record::is_segment(bytes).filter(|is| *is)?;
    let first = record::at(bytes, HEADER as usize).ok().filter(|r| r.kind == Some(Kind::Origin))?;
    record::origin(bytes.get(first.payload)?)
}

fn start(span: &[u8]) -> Option<u64> {
    Some(Span::decode(span).ok()?.start_time_unix_nano)
}

fn created(bytes: &[u8]) -> SystemTime {
    let ns = bytes.get(16..24).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
    UNIX_EPOCH + Duration::from_nanos(ns)
}
