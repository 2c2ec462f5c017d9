//! Readiness of processes with checks that say so: others wait for it, it is lost and comes again.

use super::{Fleet, Out, Standing};
use crate::ids::ProcessId;
use std::time::Duration;

impl Fleet {
    /// All its instances are ready again. The first time that is said by [`super::Event::Up`].
    pub(super) fn ready(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        if self.standing(p) == Standing::Unready {
            self.set(p, Standing::Up, now, out);
            self.launch_dependents(p, now, out);
        }
    }

    /// Its programs run, and not all instances are ready, yet or any more.
    pub(super) fn unready(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        if matches!(self.standing(p), Standing::Launched(_) | Standing::Up) {
            self.set(p, Standing::Unready, now, out);
            self.launch_dependents(p, now, out);
        }
    }
}
