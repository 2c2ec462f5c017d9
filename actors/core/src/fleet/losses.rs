//! Dependents that share the fate of what they need (`restart: true`): when it is lost they are stopped, and their start
//! begins anew when they have stopped, with all that a start waits for.

use super::{Effect, Fleet, Out, Phase, Standing};
use crate::edge::{Edge, Hold};
use crate::ids::ProcessId;
use crate::lifecycle::Urgency;
use crate::operation::Cause;
use crate::process::Command;
use std::time::Duration;

impl Fleet {
    /// Daemons of it live on after its end.
    pub(super) fn has_left_daemons(&mut self, p: ProcessId) {
        if let Some(member) = self.members.get_mut(&p) {
            member.left = true;
        }
    }

    /// Stops those that have lost what they share the fate of. Whose turn it is in a rolling restart is stopped after it.
    pub(super) fn follow_losses(&mut self, now: Duration, out: &mut Out) {
        if !matches!(self.phase, Phase::Booting | Phase::Running) {
            return self.lost.clear();
        }
        while let Some(i) = self.lost.iter().position(|(p, _)| !self.has_turn(*p)) {
            let (p, on) = self.lost.swap_remove(i);
            if !self.members.get(&p).is_some_and(super::Member::is_up_or_coming) {
                continue;
            }
            let operation = self.begin(Cause::Dependency(on));
            self.end_start(p);
            if let Some(member) = self.members.get_mut(&p) {
                member.again = Some(operation.clone());
            }
            self.unanswered.insert(p);
            self.set(p, Standing::Stopping, now, out);
            out.act(Effect::Command(p, operation, Command::Stop(Urgency::Graceful)));
        }
    }

    /// Whether something that this process needs is not so, and will not be without a command.
    pub(super) fn is_left_alone(&self, p: ProcessId) -> bool {
        self.needs(p).iter().any(|e| e.hold() == Hold::Lost && Edge::is_over(self.standing(e.on)))
    }

    /// One that was stopped to be started again has stopped, or has what it needs again.
    pub(super) fn start_again(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        let Some(operation) = self.members.get_mut(&p).and_then(|member| member.again.take()) else { return };
        self.begin_start(p, operation, now, out);
        self.launch_if_free(p, now, out);
        self.fail_if_hopeless(p, now, out);
    }
}
