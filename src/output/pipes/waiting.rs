//! What waits in a pipe for more: lines for others of their group, the beginning of a raw line for its end. Owns when it goes
//! out; decides nothing of what it becomes.

use super::Pipes;
use std::time::Instant;

impl Pipes {
    /// When something that waits for more has waited long enough; `None` while nothing waits.
    pub(in super::super) fn due(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Gives what has waited long enough.
    pub(super) fn flush_due(&mut self) {
        if self.timers.next().is_none() {
            return;
        }
        let now = self.at();
        while let Some(token) = self.timers.pop(now.steady) {
            let Some(mut pipe) = self.known_mut(token).and_then(Option::take) else {
                self.intake.admit_early(token); // it has waited long enough for word of its run
                continue;
            };
            pipe.timed = false;
            if pipe.due().is_some_and(|due| due <= now.steady) {
                pipe.guarded(&mut self.framer, (&self.lines, &[]), |pipe, framer| pipe.flush(framer, now));
            }
            self.place(token, pipe);
        }
        self.framer.hand_over();
    }

    /// Nobody is told any more of runs that have begun.
    pub(in super::super) fn await_nobody(&self) {
        self.intake.admit_all();
    }

    /// Gives all that waits for more: there is no time for it.
    pub(in super::super) fn flush_waiting(&mut self) {
        let now = self.at();
        for pipe in self.pipes.iter_mut().flatten() {
            pipe.guarded(&mut self.framer, (&self.lines, &[]), |pipe, framer| pipe.flush(framer, now));
        }
        self.framer.hand_over();
    }
}
