//! What an earlier supervisor has left in the directory: its segments, and the spans that had begun when it was killed.
//! Reads everything once. Must never stop at what it cannot read. Called when the directory is opened.

use super::Note;
use super::begin::Begin;
use super::record::{Kind, LARGEST};
use super::segment::{Scanned, Segment, is_damage, name, scan, sequence};
use crate::encode::{self, Origin};
use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

/// What a segment is called when it cannot be read.
const DAMAGED: &str = ".damaged";

/// What was found.
pub(super) struct Found {
    pub(super) segments: VecDeque<Segment>,
    /// Spans that were open when their supervisor was killed, encoded, by supervisor.
    pub(super) lost: Vec<(Origin, Vec<Vec<u8>>)>,
    /// The sequence number of the next segment.
    pub(super) next: u64,
    pub(super) notes: Vec<Note>,
}

/// The sequence numbers in the directory, in order.
pub(super) fn sequences(folder: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.extend(entry?.file_name().to_str().and_then(sequence));
    }
    found.sort_unstable();
    Ok(found)
}

pub(super) fn find(folder: &Path) -> io::Result<Found> {
    let sequences = sequences(folder)?;
    let mut found = Found {
        segments: VecDeque::new(),
        lost: Vec::new(),
        next: sequences.last().map_or(1, |last| last.saturating_add(1)),
        notes: Vec::new(),
    };
    // Beginnings without an end, with the segment that each lies in.
    let mut open: HashMap<[u8; 8], (Begin, u64)> = HashMap::new();
    for number in sequences {
        match look(folder, number, &mut open, &mut found.notes) {
            Ok(Some(segment)) => {
                if segment.damaged {
                    let message = format!(
                        "{} is damaged at byte {}: what follows is set aside with it",
                        segment.path.display(),
                        segment.length
                    );
                    found.notes.push(Note { lost: 0, message });
                }
                found.segments.push_back(segment);
            }
            Ok(None) => aside(folder, number, "it is no segment of a spool", &mut found.notes),
            Err(error) if is_damage(&error) => aside(folder, number, &error.to_string(), &mut found.notes),
            // It may be sound: nothing is moved, and the directory is tried again.
            Err(error) => {
                return Err(io::Error::new(error.kind(), format!("{}: {error}", name(number))));
            }
        }
    }
    found.lost = ended(open, &found.segments);
    Ok(found)
}

fn aside(folder: &Path, number: u64, why: &str, notes: &mut Vec<Note>) {
    let message = match set_aside(folder, &name(number), 4) {
        Ok(()) => format!("{} is set aside: {why}", folder.join(name(number)).display()),
        Err(error) => format!("{} cannot be read ({why}) nor set aside: {error}", name(number)),
    };
    notes.push(Note { lost: 0, message });
}

fn look(
    folder: &Path,
    number: u64,
    open: &mut HashMap<[u8; 8], (Begin, u64)>,
    notes: &mut Vec<Note>,
) -> io::Result<Option<Segment>> {
    let path = folder.join(name(number));
    // Asked before it is opened: the open of a FIFO may wait.
    let about = fs::metadata(&path)?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is no file that a supervisor has written",
        ));
    }
    // For writing too: that it was delivered has to be marked in it.
    let mut file: File = OpenOptions::new().read(true).write(true).open(&path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let scanned: Option<Scanned> = scan(&bytes, |kind, payload| match kind {
        Kind::Begun => {
            if let Some(begin) = Begin::decode(payload) {
                open.insert(begin.span, (begin, number));
            }
        }
        Kind::Span if !open.is_empty() => drop(open.remove(&encode::span_id(payload))),
        Kind::Gone => drop(<[u8; 8]>::try_from(payload).map(|span| open.remove(&span))),
        Kind::Span | Kind::Origin => {}
    });
    if let Some(Scanned { torn: 1.., damaged: false, length, .. }) = scanned {
        let message = format!("{} ends in the middle of a record, at byte {length}", path.display());
        notes.push(Note { lost: 0, message });
    }
    let touched = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(scanned.map(|scanned| Segment::found(path, number, scanned, touched)))
}

/// The spans that never ended, with the last sign of life of their supervisor as their end.
fn ended(open: HashMap<[u8; 8], (Begin, u64)>, segments: &VecDeque<Segment>) -> Vec<(Origin, Vec<Vec<u8>>)> {
    let mut lost: Vec<(Origin, Vec<Vec<u8>>)> = Vec::new();
    for (begin, number) in open.into_values() {
        let Some(segment) = segments.iter().find(|s| s.sequence == number) else { continue };
        let of_it = segments.iter().filter(|s| s.origin == segment.origin);
        let sign = of_it.map(|s| s.touched).max().unwrap_or(segment.touched);
        let span = begin.ended_unknown(sign);
        match lost.iter_mut().find(|(origin, _)| *origin == segment.origin) {
            Some((_, spans)) => spans.push(span),
            None => lost.push((segment.origin.clone(), vec![span])),
        }
    }
    lost
}

/// Renames a segment that cannot be read, and removes the oldest of those that were renamed before.
pub(super) fn set_aside(folder: &Path, file: &str, most: usize) -> io::Result<()> {
    let mut aside: Vec<_> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(DAMAGED))
        .collect();
    aside.sort_unstable();
    let too_many = (aside.len() + 1).saturating_sub(most);
    for old in aside.iter().take(too_many) {
        fs::remove_file(folder.join(old))?;
    }
    fs::rename(folder.join(file), folder.join(format!("{file}{DAMAGED}")))
}
