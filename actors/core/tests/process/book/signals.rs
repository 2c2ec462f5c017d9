//! What becomes of signals that are handed on: each arrives, or is told not to, and whether anybody takes it is answered.

use super::Book;
use phpeek_core::ends::{OperationEnd, Refusal};
use phpeek_core::ids::InstanceId;
use phpeek_core::lifecycle::{Machine, State};
use phpeek_core::process::Process;

impl Book {
    pub(super) fn relay_commanded(&mut self, process: &Process) {
        let starts = |m: &Machine| matches!(m.state(), State::Starting { .. });
        let taken = process.machines().any(|(_, m)| starts(m) || m.live_run().is_some());
        self.relay_asked = Some(taken);
        for (id, machine) in process.machines() {
            if taken && !machine.at_rest() {
                *self.relays.entry(id).or_default() += 1;
            }
        }
    }

    /// These processes have no schedule, and answer nothing else.
    pub(super) fn relay_answered(&mut self, answer: &Result<OperationEnd, Refusal>) {
        let said = match answer {
            Ok(OperationEnd::Done) => Some(true),
            Err(Refusal::NotRunning(_)) => Some(false),
            _ => None,
        };
        let asked = self.relay_asked.take();
        if said.is_none() || said != asked {
            self.broken("Q1", format!("a signal was answered by {answer:?}, and {asked:?} is right"));
        }
    }

    pub(super) fn relayed(&mut self, id: InstanceId) {
        match self.relays.get_mut(&id) {
            Some(count) if *count > 0 => *count -= 1,
            _ => self.broken("Q7", format!("a signal to {id:?} that nobody relayed")),
        }
    }
}
