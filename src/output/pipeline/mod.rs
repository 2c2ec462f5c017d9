//! What becomes of a stream that has rules: pieces of lines to whole texts, several lines to one, and each text to an entry
//! of the log, or to none. Owns what waits of one stream, within a bound; writes nothing. Called by the framer.

mod entry;
mod gather;
mod groups;
mod hide;
mod json;
mod preset;

pub(super) use entry::{Entry, judge, label};
pub(super) use gather::Text;
pub(super) use hide::redact;
pub(super) use json::text;

use super::lines::{Input, Piece};
use gather::Gather;
use groups::Groups;
use phpeek_settings::lines::LineRules;
use std::sync::Arc;
use std::time::Instant;

/// One stream on its way.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) rules: Arc<LineRules>,
    gather: Gather,
    groups: Groups,
}

impl Pipeline {
    pub(super) fn new(rules: Arc<LineRules>) -> Self {
        Self { rules, gather: Gather::default(), groups: Groups::default() }
    }

    /// Takes a part of the stream, and gives the texts that it ends.
    pub(super) fn feed(&mut self, input: Input<'_>, now: Instant, emit: &mut impl FnMut(Text<'_>)) {
        let Self { rules, gather, groups } = self;
        match &rules.multiline {
            None => gather.cut(input, &mut |line, piece| emit(Text { bytes: line, lines: 1, piece })),
            Some(rule) => gather.cut(input, &mut |line, piece| match piece {
                // What is too long for one text stands alone.
                Piece::Partial => groups.alone(Text { bytes: line, lines: 1, piece }, emit),
                Piece::Last => {
                    let first = rule.first.is_match(&String::from_utf8_lossy(line));
                    groups.line(line, first, rule, now, emit);
                }
            }),
        }
        if matches!(input, Input::End) {
            groups.flush(emit);
        }
    }

    /// When lines that wait for others have waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.groups.due()
    }

    /// Gives the lines that wait for others: they have waited long enough.
    pub(super) fn flush(&mut self, emit: &mut impl FnMut(Text<'_>)) {
        self.groups.flush(emit);
    }
}
