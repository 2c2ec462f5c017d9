//! The newest lines of one stream of an instance, also of its runs before. Owns their bound; gives them no numbers.
//!
//! Laws: what is kept is the end of what came, without a gap; it is within its bounds, or one block alone; all that came is
//! kept or counted as gone.

use phpeek_actors::lines::{Block, Origin};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many lines are kept, and those that came together with the oldest of them.
pub(super) const LINES: u64 = 1000;

/// See the top of the file.
#[derive(Debug)]
pub(in super::super) struct Ring {
    /// Where the first of them came from; of later ones only run and hook differ.
    pub(super) origin: Arc<Origin>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
pub(super) struct Held {
    blocks: VecDeque<Arc<Block>>,
    lines: u64,
    bytes: usize,
    /// Lines that are not kept any more, and the number after the last of them.
    gone: u64,
    gone_until: u64,
}

impl Ring {
    pub(super) fn new(origin: Arc<Origin>) -> Self {
        Self { origin, held: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner) // whole between any two operations
    }
}

impl Held {
    /// Keeps lines, of all within so many bytes. Gives the last that has gone for it.
    pub(super) fn push(&mut self, block: Arc<Block>, limit: usize) -> Option<Arc<Block>> {
        self.lines += u64::from(block.count);
        self.bytes += block.bytes();
        self.blocks.push_back(block);
        self.trim(limit)
    }

    /// Lets the oldest go, until all is within its bounds.
    pub(super) fn trim(&mut self, limit: usize) -> Option<Arc<Block>> {
        let mut last = None;
        while self.blocks.len() > 1 {
            let oldest = self.blocks.front()?;
            let count = u64::from(oldest.count);
            if self.bytes <= limit && self.lines - count < LINES {
                break;
            }
            self.lines -= count;
            self.bytes -= oldest.bytes();
            self.gone += count;
            self.gone_until = oldest.end();
            last = self.blocks.pop_front();
        }
        last
    }

    /// All that is kept, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.blocks.iter().rev()
    }

    /// How many lines after the one of this number are gone, at most.
    pub(super) fn gone_after(&self, number: u64) -> u64 {
        self.gone.min(self.gone_until.saturating_sub(number.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_actors::lines::Shape;
    use phpeek_core::level::Level;
    use proptest::prelude::*;
    use std::time::SystemTime;

    fn block(first: u64, count: u32, bytes: usize) -> Arc<Block> {
        let origin =
            Origin { process: None, number: None, hook: None, file: None, run: None, stream: "stdout" };
        let (at, level, shape) = (SystemTime::UNIX_EPOCH, Level::Info, Shape::Lines);
        let text = vec![b'x'; bytes];
        Arc::new(Block {
            origin: Arc::new(origin),
            first,
            count,
            at,
            level,
            shape,
            text,
            fields: Box::default(),
        })
    }

    proptest! {
        #[test]
        fn the_end_is_kept_within_bounds_and_the_rest_is_counted(
            blocks in prop::collection::vec((1..400_u32, 0..3000_usize, 100..20_000_usize), 1..60),
        ) {
            let mut held = Held::default();
            let mut came = Vec::new();
            let mut next = 1;
            for (count, bytes, limit) in blocks {
                let block = block(next, count, bytes);
                next = block.end();
                came.push(block.clone());
                held.push(block, limit);
                let kept: Vec<_> = held.newest_first().cloned().collect();
                let end: Vec<_> = came.iter().rev().take(kept.len()).cloned().collect();
                prop_assert_eq!(&kept, &end);
                let lines: u64 = kept.iter().map(|b| u64::from(b.count)).sum();
                let size: usize = kept.iter().map(|b| b.bytes()).sum();
                prop_assert!(kept.len() == 1 || size <= limit);
                let oldest = u64::from(kept.last().expect("the newest is kept").count);
                prop_assert!(lines - oldest < LINES);
                prop_assert_eq!(lines + held.gone, next - 1);
                prop_assert_eq!(held.gone_after(0), held.gone);
                prop_assert_eq!(held.gone_after(next - 1), 0);
            }
        }
    }
}
