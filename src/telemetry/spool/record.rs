//! The format of a segment: a header, then records, each with its length and checksum. Owns every offset. A prefix of
//! a segment always reads as a prefix of whole records, whatever the bytes are; nothing here allocates by a number
//! that was read.
//!
//! ```text
//! header   64 bytes: magic 8 | sequence u64 | created u64 (ns since 1970) | 16 reserved | delivered slot 20 | 4 reserved
//! slot     end u64 | spans u64 | crc u32     rewritten in place: everything before `end` has been delivered
//! record   length u32 | crc u32 | kind u8 | payload       the checksum (CRC-32) covers kind and payload
//! ```
//! All numbers are little endian.

use crate::encode::Origin;
use std::ops::Range;

/// Bytes of the header.
pub const HEADER: u64 = 64;
/// Where the slot of what was delivered begins.
pub const SLOT: u64 = 40;
/// No segment is larger: they are sealed at a few megabytes.
pub(super) const LARGEST: u64 = 256 << 20;
/// What is read for one request stays below this, whatever the spans are: receivers commonly refuse more than 4 MiB.
pub(super) const REQUEST: usize = (2 << 20) - (64 << 10);
const MAGIC: &[u8; 8] = b"PHPKSPN1";
const PREFIX: usize = 9;
/// Longest payload: a span is far smaller, and what claims more is damage.
const LONGEST: usize = 16 << 20;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Resource and scope of all spans that follow.
    Origin,
    /// An encoded `Span` of OTLP.
    Span,
    /// A [`super::Begin`].
    Begun,
    /// The id of a span that has ended and is not kept.
    Gone,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Origin => 1,
            Self::Span => 2,
            Self::Begun => 3,
            Self::Gone => 4,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Origin, Self::Span, Self::Begun, Self::Gone].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// The header of a segment from which nothing was delivered.
#[must_use]
pub fn header(sequence: u64, created_ns: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER as usize);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&created_ns.to_le_bytes());
    out.resize(SLOT as usize, 0);
    out.extend_from_slice(&slot(HEADER, 0));
    out.resize(HEADER as usize, 0);
    out
}

/// Whether this is the beginning of a segment; `None` when it is too short to tell.
#[must_use]
pub fn is_segment(bytes: &[u8]) -> Option<bool> {
    (bytes.len() >= HEADER as usize).then(|| bytes.starts_with(MAGIC))
}

/// The slot that says what was delivered: the offset behind the last record, and how many spans.
#[must_use]
pub fn slot(end: u64, spans: u64) -> [u8; 20] {
    let mut out = [0; 20];
    out[..8].copy_from_slice(&end.to_le_bytes());
    out[8..16].copy_from_slice(&spans.to_le_bytes());
    let crc = crc32fast::hash(&out[..16]);
    out[16..].copy_from_slice(&crc.to_le_bytes());
    out
}

/// What the slot of a header says; nothing was delivered when it is damaged.
#[must_use]
pub fn delivered(header: &[u8]) -> (u64, u64) {
    let read = || {
        let slot = header.get(SLOT as usize..SLOT as usize + 20)?;
        let (end, spans) = (number(slot.get(..8)?)?, number(slot.get(8..16)?)?);
        (super::record::slot(end, spans) == slot).then_some((end, spans))
    };
    read().unwrap_or((HEADER, 0))
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// Appends a record. A payload that is too long for one is left out: nothing here makes one.
pub fn append(out: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    let Some(length) = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= LONGEST) else { return };
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(kind.byte(), payload).to_le_bytes());
    out.push(kind.byte());
    out.extend_from_slice(payload);
}

fn checksum(kind: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(payload);
    hasher.finalize()
}

/// A record of an origin.
pub fn append_origin(out: &mut Vec<u8>, origin: &Origin) {
    let (resource, scope) = origin.parts();
    let mut payload = Vec::with_capacity(4 + resource.len() + scope.len());
    // A resource is a few hundred bytes; one of 4 GiB could not be appended anyway.
    payload.extend_from_slice(&u32::try_from(resource.len()).unwrap_or(u32::MAX).to_le_bytes());
    payload.extend_from_slice(resource);
    payload.extend_from_slice(scope);
    append(out, Kind::Origin, &payload);
}

/// Reads what [`append_origin`] wrote.
#[must_use]
pub fn origin(payload: &[u8]) -> Option<Origin> {
    let (length, rest) = payload.split_first_chunk::<4>()?;
    let (resource, scope) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some(Origin::from_parts(resource.to_vec(), scope.to_vec()))
}

/// A whole record whose checksum is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it holds; `None` for a kind of a later version, which is skipped.
    pub kind: Option<Kind>,
    /// Where its payload is, in the bytes that are read.
    pub payload: Range<usize>,
    /// Where the next record begins, in the same bytes.
    pub end: usize,
}

/// Why there is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRecord {
    /// The bytes end here, or in the middle of a record: it was being written, or more has to be read.
    End,
    /// What stands here is no record.
    Damaged,
}

/// The record at `at`.
///
/// # Errors
/// [`NoRecord`] when there is none.
pub fn at(bytes: &[u8], at: usize) -> Result<Record, NoRecord> {
    let rest = bytes.get(at..).ok_or(NoRecord::End)?;
    let (prefix, rest) = rest.split_first_chunk::<PREFIX>().ok_or(NoRecord::End)?;
    let word =
        |from: usize| prefix.get(from..from + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let (Some(length), Some(crc)) = (word(0), word(4)) else { return Err(NoRecord::End) };
    let (length, kind) = (length as usize, prefix[8]);
    if length > LONGEST {
        return Err(NoRecord::Damaged);
    }
    let payload = rest.get(..length).ok_or(NoRecord::End)?;
    if checksum(kind, payload) != crc {
        return Err(NoRecord::Damaged);
    }
    let begin = at + PREFIX;
    Ok(Record { kind: Kind::of(kind), payload: begin..begin + length, end: begin + length })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, NoRecord) {
        let (mut found, mut place) = (Vec::new(), 0);
        loop {
            match at(bytes, place) {
                Ok(record) => {
                    found.push(bytes[record.payload].to_vec());
                    place = record.end;
                }
                Err(why) => return (found, why),
            }
        }
    }

    proptest! {
        #[test]
        fn every_prefix_reads_as_a_prefix(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)) {
            let mut bytes = Vec::new();
            payloads.iter().for_each(|p| append(&mut bytes, Kind::Span, p));
            for length in 0..=bytes.len() {
                let (found, why) = read(&bytes[..length]);
                prop_assert_eq!(&payloads[..found.len()], &found[..]);
                prop_assert_eq!(why, NoRecord::End);
            }
            prop_assert_eq!(read(&bytes).0.len(), payloads.len());
        }

        #[test]
        fn a_changed_byte_is_found(payload in prop::collection::vec(any::<u8>(), 1..60), place in any::<prop::sample::Index>(), flip in 1u8..=255) {
            let mut bytes = Vec::new();
            append(&mut bytes, Kind::Span, &payload);
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            prop_assert!(read(&bytes).0.is_empty());
        }

        #[test]
        fn anything_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _whatever = read(&bytes);
        }
    }

    #[test]
    fn what_was_delivered_is_kept_unless_damaged() {
        let mut bytes = header(7, 9);
        assert_eq!((is_segment(&bytes), delivered(&bytes)), (Some(true), (HEADER, 0)));
        bytes[SLOT as usize..][..20].copy_from_slice(&slot(1234, 5));
        assert_eq!(delivered(&bytes), (1234, 5));
        bytes[SLOT as usize] ^= 1;
        assert_eq!(delivered(&bytes), (HEADER, 0));
        assert_eq!(is_segment(&bytes[..63]), None);
    }
}
