//! The last lines of one stream of each instance's latest runs, and of its latest probes that are programs, for whoever tells
//! of their ends: the next run may write before the death of the one before is asked about. Bounded for each instance; nothing is there before
//! its first line. Knows nothing of the other stream, never decides who is told. Fed
//! and asked by the pipes.

use phpeek_core::ids::{InstanceId, ProbeId, RunId, TaskId};
use std::collections::HashMap;

/// So many lines are told.
const LINES: usize = 10;
/// So many bytes are told: what one attribute of a span holds.
const BYTES: usize = 4096;
/// So much of one line is kept: its beginning, which says what the rest is, so that no secret loses its name.
const LINE: usize = 1024;
/// So many runs of an instance are kept at most. One, unless nobody asks: it was stopped; or asks late: it crashes
/// within milliseconds.
const RUNS: usize = 3;
/// Stands for what a long line has lost.
pub(super) const CUT: &str = "…";

/// The end of one stream.
#[derive(Debug, Default)]
struct Tail {
    run: u64,
    /// Lines with their newlines, the last maybe without; older ones go when it grows over its bound.
    text: Vec<u8>,
    /// How long the last line is so far, when it has no newline yet.
    open: usize,
}

/// Whose words they are: runs and probes are numbered on their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Runs(InstanceId),
    Probes(InstanceId),
}

/// Whose, and which of them; nobody asks for those of hooks.
fn whose(task: TaskId) -> Option<(Whose, u64)> {
    match task {
        TaskId::Run(RunId { instance, run }) => Some((Whose::Runs(instance), run)),
        TaskId::Probe(ProbeId { of, serial }) => Some((Whose::Probes(of), serial)),
        TaskId::Hook(_) => None,
    }
}

/// Those of all instances, the latest run last.
#[derive(Debug, Default)]
pub(super) struct LastWords(HashMap<Whose, Vec<Tail>>);

impl LastWords {
    /// Takes one read of the stream of a run.
    pub(super) fn feed(&mut self, task: TaskId, read: &[u8]) {
        let Some((whose, run)) = whose(task) else { return };
        let tails = self.0.entry(whose).or_default();
        if tails.last().is_none_or(|latest| latest.run < run) {
            if tails.len() >= RUNS {
                tails.remove(0);
            }
            tails.push(Tail { run, ..Tail::default() });
        }
        if let Some(tail) = tails.iter_mut().rfind(|tail| tail.run == run) {
            tail.feed(read);
        } // else a grandchild of an earlier run still writes
    }

    /// Takes the last lines of a run, oldest first. Nobody will ask for those of earlier ones.
    pub(super) fn take(&mut self, task: TaskId) -> Vec<String> {
        let Some((key, run)) = whose(task) else { return Vec::new() };
        let Some(tails) = self.0.get_mut(&key) else { return Vec::new() };
        let asked = tails.iter_mut().find(|tail| tail.run == run);
        let text = asked.map(Tail::close).unwrap_or_default();
        tails.retain(|tail| tail.run > run);
        if tails.is_empty() {
            self.0.remove(&key);
        }
        lines_of(text)
    }

    /// Nobody will ask for those of an instance.
    pub(super) fn forget(&mut self, instance: InstanceId) {
        self.0.remove(&Whose::Runs(instance));
        self.0.remove(&Whose::Probes(instance));
    }
}

impl Tail {
    fn feed(&mut self, read: &[u8]) {
        let mut ends = memchr::memrchr_iter(b'\n', read);
        // A read of many lines: what is before its last ones is not even looked at.
        let from = ends.nth(LINES).map_or(0, |end| end + 1);
        if from > 0 {
            self.text.clear();
            self.open = 0;
        }
        for piece in read.get(from..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            let line = piece.strip_suffix(b"\n");
            self.add(line.unwrap_or(piece));
            if line.is_some() {
                self.end_line();
            }
        }
        if self.text.len() > BYTES + LINE {
            let spare = self.text.len() - BYTES;
            let cut = memchr::memchr(b'\n', self.text.get(spare..).unwrap_or_default());
            self.text.drain(..cut.map_or(spare, |at| spare + at + 1));
        }
    }

    fn add(&mut self, part: &[u8]) {
        let room = LINE.saturating_sub(self.open);
        self.text.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
        self.open = self.open.saturating_add(part.len());
    }

    fn end_line(&mut self) {
        if self.open > LINE {
            self.text.extend_from_slice(CUT.as_bytes());
        }
        self.text.push(b'\n');
        self.open = 0;
    }

    /// Takes everything, its last line ended.
    fn close(&mut self) -> Vec<u8> {
        if self.open > 0 {
            self.end_line();
        }
        std::mem::take(&mut self.text)
    }
}

/// The last of them, as many as are told.
fn lines_of(text: Vec<u8>) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let mut room = BYTES;
    let mut lines: Vec<String> = text
        .rsplit(|byte| *byte == b'\n')
        .take(LINES)
        .map(|line| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
        .take_while(|line| {
            let fits = line.len() <= room;
            room = room.saturating_sub(line.len());
            fits
        })
        .collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use phpeek_core::ids::ProcessId;
    use proptest::prelude::*;

    fn id(run: u64) -> TaskId {
        TaskId::Run(InstanceId { process: ProcessId(0), serial: 0 }.run(run))
    }

    fn words(reads: &[&[u8]]) -> Vec<String> {
        let mut all = LastWords::default();
        reads.iter().for_each(|read| all.feed(id(1), read));
        all.take(id(1))
    }

    /// By the definition: the last lines, each cut to its beginning, as many as fit.
    fn expected(text: &[u8]) -> Vec<String> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        last.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    proptest! {
        #[test]
        fn the_last_lines_do_not_depend_on_the_reads(
            lines in prop::collection::vec("[a-z ]{0,30}", 1..60), size in 1..200usize, ends in any::<bool>(),
        ) {
            let mut text = lines.join("\n");
            if ends {
                text.push('\n');
            }
            prop_assume!(!text.is_empty());
            let reads: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            prop_assert_eq!(words(&reads), expected(text.as_bytes()));
        }

        #[test]
        fn what_is_kept_is_bounded(lengths in prop::collection::vec(0..4000usize, 0..80), size in 1..9000usize) {
            let text: Vec<u8> =
                lengths.iter().flat_map(|n| std::iter::repeat_n(b'x', *n).chain([b'\n'])).collect();
            let mut all = LastWords::default();
            for read in text.chunks(size) {
                all.feed(id(1), read);
                let kept: usize = all.0.values().flatten().map(|tail| tail.text.len()).sum();
                prop_assert!(kept <= BYTES + LINE + CUT.len() + 1, "{}", kept);
            }
            let words = all.take(id(1));
            prop_assert!(words.len() <= LINES && words.iter().map(String::len).sum::<usize>() <= BYTES);
            if let (Some(length), Some(word)) = (lengths.last(), words.last()) {
                prop_assert_eq!(word.len(), if *length > LINE { LINE + CUT.len() } else { *length });
            }
        }
    }

    #[test]
    fn those_of_probes_are_their_own_and_go_with_the_instance() {
        let mut all = LastWords::default();
        let of = InstanceId { process: ProcessId(0), serial: 0 };
        let probe = |serial| TaskId::Probe(ProbeId { of, serial });
        all.feed(id(1), b"of the run\n");
        all.feed(probe(7), b"sick\n");
        assert_eq!(
            (all.take(probe(7)), all.take(id(1))),
            (vec!["sick".to_owned()], vec!["of the run".to_owned()])
        );
        for serial in 8..100 {
            all.feed(probe(serial), b"well\n");
        }
        assert_eq!(all.0.values().map(Vec::len).sum::<usize>(), RUNS, "of which nobody asks");
        all.forget(of);
        assert!(all.0.is_empty());
    }

    #[test]
    fn a_later_run_takes_the_place_of_an_earlier_one() {
        let mut all = LastWords::default();
        all.feed(id(1), b"old\n");
        all.feed(id(2), b"new\n");
        all.feed(id(1), b"of its death\n");
        assert_eq!(all.take(id(1)), ["old", "of its death"], "although the next one writes");
        assert!(all.take(id(1)).is_empty(), "told once");
        assert_eq!(all.take(id(2)), ["new"]);
        for run in 3..=6 {
            all.feed(id(run), b"words\n");
        }
        all.feed(id(3), b"of a grandchild that was left\n");
        assert!(all.take(id(3)).is_empty(), "of the latest three alone");
        assert_eq!(all.take(id(6)), ["words"]);
        assert!(all.0.is_empty(), "nobody will ask for what came before");
    }
}
