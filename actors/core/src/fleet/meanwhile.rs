//! What is asked of single processes while the boot is under way. A stop acts at once, on what runs and on what has not begun;
//! a start and a scale do as soon as processes are begun at all. What cannot be so before the boot is over (a schedule, a
//! restart) waits for that, so many requests at most. A stop by somebody ends no boot: whoever waits for what was stopped is
//! not started, and is once that is there again.

use super::rolling::Wish;
use super::{Fleet, Out, Phase, RestartScope, Standing};
use crate::ends::{OperationEnd, Refusal};
use crate::facts::SystemFact;
use crate::ids::ProcessId;
use crate::operation::{Cause, Operation, OperationId};
use std::time::Duration;

/// So many requests may be unanswered: who asks for more is told to come again. Each is small, and as many as anybody waits for.
pub const MOST_UNANSWERED: usize = 256;

impl Fleet {
    /// Whether one more request may wait for its answer.
    pub(super) fn has_room(&self) -> Result<(), Refusal> {
        let waiting = [self.queued.len(), self.asked.len(), self.pending.len(), self.joined.len()];
        match waiting.iter().sum::<usize>() < MOST_UNANSWERED {
            true => Ok(()),
            false => Err(Refusal::TooMany),
        }
    }

    /// Whether a wish may be granted now.
    pub(super) fn may_act(&self, p: ProcessId, wish: Wish) -> bool {
        match (self.phase, wish) {
            (Phase::Running, _) | (Phase::Booting, Wish::Stop) => true,
            (Phase::Booting, Wish::Start | Wish::Scale(_)) => self.launched && !self.is_scheduled(p),
            (Phase::Booting, Wish::Schedule(_)) | (Phase::New | Phase::Stopping | Phase::Done, _) => false,
        }
    }

    /// The boot is over: what was asked meanwhile has its turn, in order.
    pub(super) fn ask_queued(&mut self, now: Duration, out: &mut Out) {
        for (operation, p, wish) in std::mem::take(&mut self.queued) {
            match self.judge(p, wish) {
                Ok(()) => self.grant(operation, p, wish, now, out),
                Err(refusal) => self.tell(now, SystemFact::Refused(operation, refusal), out),
            }
        }
    }

    /// The last command wins: what was asked of this process before its stop, and has not begun, will not.
    pub(super) fn forget_earlier(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        let queued = self.queued.extract_if(.., |(_, of, _)| *of == p).map(|(operation, ..)| operation.id);
        let scope = RestartScope::One(p);
        let pending = self.pending.extract_if(.., |(_, of)| *of == scope);
        let mut over: Vec<OperationId> = queued.chain(pending.map(|(operation, _)| operation.id)).collect();
        let turn = self.rolling.as_ref().is_some_and(|rolling| rolling.scope == scope);
        if !turn {
            over.extend(self.joined.extract_if(.., |(_, of)| *of == scope).map(|(id, _)| id));
        }
        for id in over {
            self.tell(now, SystemFact::Answered(id, OperationEnd::Interrupted), out);
        }
    }

    /// Whether it would be the end of the boot when this process cannot be started, by what stands there.
    pub(super) fn fails_the_boot(&self, p: ProcessId, on: Standing) -> bool {
        self.phase == Phase::Booting && !self.is_by_hand(p) && on != Standing::Stopped
    }

    /// Whether somebody has asked for the start under way: no part of a boot.
    pub(super) fn is_by_hand(&self, p: ProcessId) -> bool {
        let start = self.members.get(&p).and_then(|member| member.start.as_ref());
        start.is_some_and(|start| start.operation.cause == Cause::Request)
    }

    /// Whether the boot waits for it to be up.
    pub(super) fn is_awaited(&self, p: ProcessId) -> bool {
        self.members.get(&p).is_some_and(|member| member.awaited)
    }

    /// The boot wanted it to run, and what it needs was stopped by somebody: it rests, and starts once that is there again.
    pub(super) fn put_off(&mut self, p: ProcessId, operation: Operation, now: Duration, out: &mut Out) {
        if let Some(member) = self.members.get_mut(&p) {
            member.again = Some(operation);
        }
        self.set(p, Standing::Stopped, now, out);
        self.settle(p);
    }
}
