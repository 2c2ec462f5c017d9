//! Readiness of processes with checks that say so: a start and others wait for it, it is lost and comes again.

use super::{Fleet, Out, RestartOutcome, Standing};
use crate::facts::{Fact, ProcessFact};
use crate::ids::ProcessId;
use std::time::Duration;

impl Fleet {
    /// Whether a process is not up before its checks say that it is ready.
    pub(super) fn is_gated(&self, p: ProcessId) -> bool {
        self.members.get(&p).is_some_and(|member| member.spec.has_readiness())
    }

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

    /// Starts that nobody waits for end without their processes being ready, so that none holds up all that follows it.
    /// For whoever waits for one, the end of that wait has decided.
    pub(super) fn readiness_is_late(&mut self, now: Duration, out: &mut Out) {
        while let Some((until, p)) = self.unready_until.first().copied().filter(|(until, _)| *until <= now) {
            self.unready_until.remove(&(until, p));
            if !matches!(self.standing(p), Standing::Launched(_) | Standing::Unready) {
                continue;
            }
            out.tell(now, Fact::Process(p, ProcessFact::NotReadyInTime));
            self.settle(p);
            self.started(p, RestartOutcome::Failed, now, out);
            self.finish_boot(now, out);
        }
    }
}
