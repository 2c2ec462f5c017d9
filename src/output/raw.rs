//! A stream that passes untouched. Owns the beginning of a line whose end has not come: it waits a moment for it, so that
//! no record and no other stream stands inside a line; time is an argument.

use super::outlet::Outlet;
use phpeek_core::name::ProcessName;
use std::time::{Duration, Instant};

/// So long the beginning of a line waits for its end: a prompt has none.
const HOLD: Duration = Duration::from_millis(100);
/// So much of a line waits at most.
const MOST: usize = 64 << 10;

/// See the top of the file.
#[derive(Debug, Default)]
pub(super) struct Raw {
    held: Vec<u8>,
    due: Option<Instant>,
}

impl Raw {
    /// Takes one read.
    pub(super) fn take(&mut self, read: &[u8], process: &ProcessName, now: Instant, out: &mut Outlet) {
        let ended = memchr::memrchr(b'\n', read).map_or(0, |end| end + 1);
        let (lines, open) = read.split_at_checked(ended).unwrap_or((read, &[]));
        if !lines.is_empty() {
            out.raw(process, &std::mem::take(&mut self.held), lines);
            self.due = None;
        }
        if self.held.len() + open.len() > MOST {
            self.due = None;
            return out.raw(process, &std::mem::take(&mut self.held), open);
        }
        self.held.extend_from_slice(open);
        self.due = if self.held.is_empty() { None } else { self.due.or(Some(now + HOLD)) };
    }

    /// When the beginning of a line has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Gives what waits.
    pub(super) fn flush(&mut self, process: &ProcessName, out: &mut Outlet) {
        self.due = None;
        out.raw(process, &std::mem::take(&mut self.held), &[]);
    }
}
