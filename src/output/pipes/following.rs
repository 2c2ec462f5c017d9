//! Rules of output that change while pipes are open. Owns where what was read before ends; never reads.

use super::Pipes;
use std::sync::Arc;

impl Pipes {
    /// What the output follows may have changed: what was read before is given as it was, also the beginning of a line.
    pub(super) fn follow_anew(&mut self) {
        let revision = self.sink.revision();
        if revision == self.revision {
            return;
        }
        let before = std::mem::replace(&mut self.lines, self.sink.lines());
        self.revision = revision;
        let at = self.at();
        for pipe in self.pipes.iter_mut().flatten() {
            let (old, new) = (before.get(&pipe.capture.process), self.lines.get(&pipe.capture.process));
            if old.map(Arc::as_ptr) != new.map(Arc::as_ptr) {
                pipe.guarded(&mut self.framer, (&self.lines, &[]), |pipe, framer| pipe.finish(framer, at));
                pipe.follow(&self.lines);
                self.framer.hand_over();
            }
        }
    }
}
