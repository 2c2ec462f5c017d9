//! Lines that belong together: a first line and those that follow it, until the next first one, the bound, or a silence.
//! Owns the lines that wait and until when; time is an argument.
//!
//! Laws: every line that came is in one group, or waits, in the order in which they came; a group has at most as many
//! lines as may be, and only its first may be a first line; none waits for longer than the silence.

use super::gather::{LONGEST, Text};
use crate::lines::Piece;
use phpeek_settings::lines::Multiline;
use std::time::Instant;

/// See the top of the file.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The lines that wait, with newlines between them.
    text: Vec<u8>,
    lines: usize,
    due: Option<Instant>,
}

impl Groups {
    /// Takes a line; `first`: it begins a group.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        first: bool,
        rule: &Multiline,
        now: Instant,
        emit: &mut impl FnMut(Text<'_>),
    ) {
        if first || self.text.len() + line.len() >= LONGEST {
            self.flush(emit);
        }
        if self.lines > 0 {
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(line);
        self.lines += 1;
        self.due = Some(now + rule.timeout);
        if self.lines >= rule.max_lines {
            self.flush(emit);
        }
    }

    /// Takes what may not have others beside it.
    pub(super) fn alone(&mut self, text: Text<'_>, emit: &mut impl FnMut(Text<'_>)) {
        self.flush(emit);
        emit(text);
    }

    /// When the silence is long enough; `None` while nothing waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Gives the lines that wait.
    pub(super) fn flush(&mut self, emit: &mut impl FnMut(Text<'_>)) {
        self.due = None;
        let lines = std::mem::take(&mut self.lines);
        if lines > 0 {
            let bytes = std::mem::take(&mut self.text);
            emit(Text { bytes: &bytes, lines: lines as u64, piece: Piece::Last });
        }
    }
}

#[cfg(test)]
mod tests;
