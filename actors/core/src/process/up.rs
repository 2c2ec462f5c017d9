//! From the start of a run to the moment in which its instance counts as up. What holds it back between the two (the
//! hooks after a start, the checks that say whether it is ready) ends in [`Process::came_up`], and all that waits for an
//! instance to be up goes on there alone.

use super::{Effect, Out, Process};
use crate::facts::{Fact, InstanceFact};
use crate::lifecycle::Now;

impl Process {
    /// The program of a run runs.
    pub(super) fn run_started(&mut self, i: usize, now: Now, run: u64, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        // A run of a job is no restart of the one before.
        if run > 1 && self.spec.schedule.is_none() {
            instance.restarts = instance.restarts.saturating_add(1);
        }
        let (id, pid) = (instance.id, instance.pid);
        out.tell(now.at, Fact::Instance(id, InstanceFact::Started { run, pid }));
        for handed in std::mem::take(&mut instance.relays) {
            out.act(Effect::Relay { run: id.run(run), handed });
        }
        if !self.hooks_after_start(i, run) {
            self.ask_health(i, now, run, out);
        }
    }

    /// An instance counts as up, by this run: the start of the process waits for it no longer, a rolling restart goes
    /// on, and a folded restart is told if its run stays. A run that has ended in the meantime was up, too, unless checks
    /// say when it is ready.
    pub(super) fn came_up(&mut self, i: usize, now: Now, run: u64, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let lives = instance.machine.live_run() == Some(run);
        if std::mem::take(&mut instance.awaited)
            && let Some(start) = &mut self.start
        {
            start.missing = start.missing.saturating_sub(1);
        }
        if lives {
            self.folded_run_up(i, now.at);
        }
        self.roll_on(i, now, run, out);
    }
}
