//! When something that waits in a pipe has waited long enough. Owns one entry for each pipe that has something waiting, and
//! nothing while none has: then nobody is woken. Time is an argument.

use super::intake::Token;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// See the top of the file.
#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, Token)>>);

impl Timers {
    /// Somebody is to look at this pipe then. Once for each pipe, until it comes out.
    pub(super) fn add(&mut self, due: Instant, token: Token) {
        self.0.push(Reverse((due, token)));
    }

    /// When somebody is to look next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((due, _))| *due)
    }

    /// A pipe that is to be looked at now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Token> {
        self.next().filter(|due| *due <= now)?;
        self.0.pop().map(|Reverse((_, token))| token)
    }
}
