//! How the end of a run is told. One that nobody asked for has an obituary with the last lines that it wrote. These
//! come from another thread: the obituary waits for them [`super::WORDS_PATIENCE`] at most, and nothing else waits
//! for the obituary. Called when runs end, and by what follows.

use super::{Due, Effect, Out, Process, WORDS_PATIENCE};
use crate::autopsy::Autopsy;
use crate::facts::{Asked, Death, Fact, InstanceFact, Words};
use crate::ids::InstanceId;
use crate::lifecycle::{Leader, Policy, State};
use std::time::Duration;

impl Process {
    /// The leader of the current run has ended.
    pub(super) fn note_death(&mut self, i: usize, at: Duration, run: u64, autopsy: Autopsy, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let (asked, uptime) = match instance.machine.state() {
            State::Starting { .. } => (Asked::No, Duration::ZERO),
            State::Running { since, .. } => {
                // A stop that waits for its hooks was asked for all the same.
                let asked = instance.hooking.as_ref().is_some_and(|hooking| hooking.pending.is_some());
                (if asked { Asked::Yes } else { Asked::No }, at.saturating_sub(since))
            }
            State::Stopping { leader: Leader::Unborn, .. } => (Asked::Yes, Duration::ZERO),
            State::Stopping { leader: Leader::Alive { since }, .. } => (Asked::Yes, at.saturating_sub(since)),
            _ => return, // it has ended already
        };
        let fine = Policy::from(&*self.spec).succeeded(autopsy.exit);
        let death = Death { run, autopsy, ended: at, uptime, asked, fine };
        instance.death = Some(Box::new(death));
        out.tell(at, Fact::Instance(instance.id, InstanceFact::Died(death)));
    }

    /// Called once all that follows from an end is known; what is missing are the last words.
    pub(super) fn lay_out(&mut self, i: usize, at: Duration, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let Some(dying) = instance.dying.take() else { return };
        let id = instance.id;
        let output = self.spec.program.output;
        if !(output.stderr || output.stdout) {
            return out.tell(at, Fact::Instance(id, dying.with(Words::default())));
        }
        let (due, run) = (at.saturating_add(WORDS_PATIENCE), dying.death.run);
        self.due.insert((due, id.serial, Due::Words(run)));
        self.unheard.insert((id.serial, run), (due, dying));
        out.act(Effect::AskLastWords(id.run(run)));
    }

    /// The last words of a run have come, or have not in time.
    pub(super) fn hear(&mut self, at: Duration, serial: u32, run: u64, words: Words, out: &mut Out) {
        if let Some((due, dying)) = self.unheard.remove(&(serial, run)) {
            self.due.remove(&(due, serial, Due::Words(run)));
            let id = InstanceId { process: self.id, serial };
            out.tell(at, Fact::Instance(id, dying.with(words)));
        }
    }

    /// Tells what still waits for last words without them.
    pub(super) fn hear_no_more(&mut self, at: Duration, out: &mut Out) {
        while let Some(((serial, run), _)) = self.unheard.first_key_value().map(|(k, v)| (*k, v.0)) {
            self.hear(at, serial, run, Words::default(), out);
        }
    }
}
