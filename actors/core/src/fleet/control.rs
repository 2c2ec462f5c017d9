//! What is asked of a single process while the system runs: start it, stop it, have more or fewer instances of it. What
//! cannot be done is refused and changes nothing; all else is answered once, when it is so or will not be.

use super::rolling::{Asked, Wish};
use super::{Amount, Effect, Fleet, OperationEnd, Out, RestartEnd, RestartOutcome, RestartScope, Standing};
use crate::ends::{Ending, Refusal};
use crate::facts::{Fact, ProcessFact, SystemFact};
use crate::ids::ProcessId;
use crate::lifecycle::Urgency;
use crate::name::ProcessName;
use crate::operation::{Operation, OperationId};
use crate::process::{Command, ScheduleCommand};
use crate::spec::{ProcessKind, ProcessSpec};
use std::sync::Arc;
use std::time::Duration;

/// The largest port.
const LAST_PORT: u32 = u16::MAX as u32;

/// How many instances there may be.
fn most(spec: &ProcessSpec) -> u32 {
    let ports = spec.program.numbering.port_base.map(|base| LAST_PORT + 1 - u32::from(base.get()));
    ports.map_or(spec.max_scale, |ports| ports.min(spec.max_scale))
}

impl Fleet {
    pub(super) fn ask(
        &mut self,
        operation: Operation,
        name: ProcessName,
        wish: Wish,
        now: Duration,
        out: &mut Out,
    ) {
        let room = if wish == Wish::Stop { Ok(()) } else { self.has_room() };
        let heard = self.named(name).and_then(|p| room.and_then(|()| self.judge(p, wish)).map(|()| p));
        let p = match heard {
            Ok(p) => p,
            Err(refusal) => return self.tell(now, SystemFact::Refused(operation, refusal), out),
        };
        if wish == Wish::Stop {
            self.forget_earlier(p, now, out);
        }
        match self.may_act(p, wish) {
            true => self.grant(operation, p, wish, now, out),
            false => self.queued.push((operation, p, wish)),
        }
    }

    /// Whether a wish can be heard at all.
    pub(super) fn judge(&self, p: ProcessId, wish: Wish) -> Result<(), Refusal> {
        let Some(spec) = self.spec(p) else { return Ok(()) };
        match (wish, spec.kind) {
            (Wish::Schedule(_), _) => self.judge_schedule(p),
            (Wish::Scale(_), ProcessKind::Scheduled) => Err(Refusal::Scheduled(p)),
            (Wish::Start, ProcessKind::Scheduled) if self.goes_by_the_clock(p) => Err(Refusal::Runs(p)),
            (Wish::Start, _) if self.is_on_its_way(p) => Err(Refusal::Runs(p)),
            (Wish::Scale(_), ProcessKind::Oneshot) => Err(Refusal::Oneshot(p)),
            (Wish::Scale(amount), ProcessKind::LongRun) if amount.resolve(self.scale_of(p)) > most(spec) => {
                Err(Refusal::Above { process: p, most: most(spec) })
            }
            _ => Ok(()),
        }
    }

    fn spec(&self, p: ProcessId) -> Option<&Arc<ProcessSpec>> {
        self.members.get(&p).map(|member| &member.spec)
    }

    /// How many instances of it were asked for last.
    fn scale_of(&self, p: ProcessId) -> u32 {
        self.members.get(&p).map_or(0, |member| member.scale)
    }

    /// Whether nobody need ask for its start.
    fn is_on_its_way(&self, p: ProcessId) -> bool {
        match self.standing(p) {
            Standing::Waiting | Standing::Launched(_) | Standing::Unready | Standing::Up => true,
            Standing::Dormant
            | Standing::Broken
            | Standing::Ended(_)
            | Standing::Stopping
            | Standing::Stopped => false,
        }
    }

    /// A shutdown comes first.
    pub(super) fn abandon_asked(&mut self, now: Duration, out: &mut Out) {
        let queued = std::mem::take(&mut self.queued).into_iter().map(|(operation, ..)| operation.id);
        let asked = std::mem::take(&mut self.asked).into_iter().map(|asked| asked.operation);
        for id in asked.chain(queued).collect::<Vec<_>>() {
            self.tell(now, SystemFact::Answered(id, OperationEnd::Interrupted), out);
        }
        self.abandon_told(None, now, out);
    }

    pub(super) fn grant(
        &mut self,
        operation: Operation,
        process: ProcessId,
        wish: Wish,
        now: Duration,
        out: &mut Out,
    ) {
        let id = operation.id;
        let scaled = match wish {
            Wish::Scale(amount) => Some(self.rescaled(process, amount)),
            Wish::Start | Wish::Stop | Wish::Schedule(_) => None,
        };
        // What is asked for in other words, once it is so far.
        let wish = match scaled {
            None => wish,
            Some((to, true)) => Wish::Scale(Amount::To(to)),
            Some((0, false)) => Wish::Stop,
            Some((_, false)) => Wish::Start,
        };
        match (wish, self.standing(process)) {
            (Wish::Schedule(command), _) => return self.tell_schedule(process, operation, command, out),
            // Instances of it may run: they are restarted one after the other, and that has an answer of its own.
            (Wish::Start, Standing::Broken) if self.kind(process) == ProcessKind::LongRun => {
                return self.ask_restart(operation, RestartScope::One(process), now, out);
            }
            // Before anything is done for it: that may be the end of everything, which answers all that was asked.
            _ => self.asked.push(Asked { operation: id, process, wish }),
        }
        if let Some((to, run)) = scaled {
            self.scale_one(process, &operation, (to, run), now, out);
        }
        match wish {
            Wish::Start => {
                let paused = self.standing(process) == Standing::Dormant && self.is_scheduled(process);
                self.start_one(process, operation.clone(), now, out);
                if paused {
                    let resume = Command::Schedule(ScheduleCommand::Resume);
                    out.act(Effect::Command(process, operation, resume));
                }
            }
            Wish::Stop => self.stop_one(process, operation, now, out),
            Wish::Schedule(_) | Wish::Scale(_) => {}
        }
    }

    /// How many instances there are to be, and whether those that come are started at once.
    fn rescaled(&self, p: ProcessId, amount: Amount) -> (u32, bool) {
        let to = amount.resolve(self.scale_of(p));
        (to, to > 0 && self.has_instances_up(p))
    }

    fn scale_one(
        &mut self,
        p: ProcessId,
        operation: &Operation,
        (to, run): (u32, bool),
        now: Duration,
        out: &mut Out,
    ) {
        if let Some(member) = self.members.get_mut(&p) {
            member.scale = to;
        }
        self.reload_is_scaled(p, to);
        if to == 0 {
            self.stop_one(p, operation.clone(), now, out);
        }
        out.act(Effect::Command(p, operation.clone(), Command::Scale { to, run }));
    }

    /// Whether an instance that comes is started at once.
    fn has_instances_up(&self, p: ProcessId) -> bool {
        self.members.get(&p).is_some_and(super::Member::is_up_or_coming)
    }

    fn start_one(&mut self, p: ProcessId, operation: Operation, now: Duration, out: &mut Out) {
        self.reload_is_told(p, false);
        match self.standing(p) {
            // It begins when it has stopped.
            Standing::Stopping => {
                if let Some(member) = self.members.get_mut(&p) {
                    member.again = Some(operation);
                }
            }
            Standing::Dormant | Standing::Broken | Standing::Ended(_) | Standing::Stopped => {
                if let Some(member) = self.members.get_mut(&p) {
                    member.again = None;
                }
                self.begin_start(p, operation, now, out);
                self.launch_if_free(p, now, out);
                self.fail_if_hopeless(p, now, out);
            }
            Standing::Waiting | Standing::Launched(_) | Standing::Unready | Standing::Up => {}
        }
    }

    fn stop_one(&mut self, p: ProcessId, operation: Operation, now: Duration, out: &mut Out) {
        if self.has_turn(p) {
            self.abandon_rolling(RestartEnd::StoppedAt(p), now, out);
        }
        self.lost.retain(|(of, _)| *of != p);
        self.reload_is_told(p, true);
        let left = self.members.get(&p).is_some_and(super::Member::has_left);
        if let Some(member) = self.members.get_mut(&p) {
            member.again = None;
        }
        match self.standing(p) {
            // It waits for others, and nothing of it runs.
            Standing::Waiting => {
                if self.members.get(&p).is_some_and(|member| member.start.is_some()) {
                    out.tell(now, Fact::Process(p, ProcessFact::StartInterrupted));
                }
                self.settle(p);
                out.tell(now, Fact::Process(p, ProcessFact::StopBegan(operation)));
                self.set(p, Standing::Stopped, now, out);
                out.tell(now, Fact::Process(p, ProcessFact::Stopped));
                self.fail_who_waits(p, now, out);
            }
            Standing::Launched(_) | Standing::Unready | Standing::Up | Standing::Broken => {
                self.settle(p);
                self.stop_now(p, operation, now, out);
            }
            Standing::Ended(_) if left => self.stop_now(p, operation, now, out),
            // Its jobs may run, and no other begins.
            Standing::Dormant if self.is_scheduled(p) => self.stop_now(p, operation, now, out),
            // From now on nobody starts it but by its name. What was meant to end has done so all the same.
            Standing::Ended(_) if self.kind(p) == ProcessKind::LongRun => {
                self.set(p, Standing::Stopped, now, out)
            }
            // It was to start again, and the boot may wait for that.
            Standing::Stopping => self.settle(p),
            Standing::Dormant | Standing::Ended(_) | Standing::Stopped => {}
        }
        self.next_restart(now, out);
        self.finish_boot(now, out);
    }

    fn stop_now(&mut self, p: ProcessId, operation: Operation, now: Duration, out: &mut Out) {
        self.unanswered.insert(p);
        self.set(p, Standing::Stopping, now, out);
        out.act(Effect::Command(p, operation, Command::Stop(Urgency::Graceful)));
    }

    /// Whoever waits for a process that was stopped waits for what no event will bring.
    pub(super) fn fail_who_waits(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        if self.standing(p) != Standing::Stopped {
            return;
        }
        for dependent in self.waiting_for(p).collect::<Vec<_>>() {
            self.fail_if_hopeless(dependent, now, out);
        }
    }

    pub(super) fn scaled(
        &mut self,
        p: ProcessId,
        id: OperationId,
        outcome: RestartOutcome,
        now: Duration,
        out: &mut Out,
    ) {
        self.reload_scaled(p, id, outcome);
        let end = match outcome {
            RestartOutcome::Up => OperationEnd::Done,
            RestartOutcome::Failed => OperationEnd::Failed,
        };
        // What became of an earlier order says nothing of a later one. One that meant a start or a stop is answered by that.
        let of = |asked: &mut Asked| asked.operation == id && matches!(asked.wish, Wish::Scale(_));
        let over = self.asked.extract_if(.., of);
        for asked in over.collect::<Vec<_>>() {
            self.tell(now, SystemFact::Answered(asked.operation, end), out);
        }
    }

    /// Answers what is so by now, or will not be.
    pub(super) fn answer(&mut self, now: Duration, out: &mut Out) {
        if self.asked.is_empty() {
            return;
        }
        let asked = std::mem::take(&mut self.asked);
        for one in asked {
            match self.end_of(&one) {
                Some(end) => self.tell(now, SystemFact::Answered(one.operation, end), out),
                None => self.asked.push(one),
            }
        }
    }

    /// What a wish has come to, if it has.
    fn end_of(&self, Asked { process, wish, .. }: &Asked) -> Option<OperationEnd> {
        let member = self.members.get(process);
        match (wish, self.standing(*process)) {
            (Wish::Start, Standing::Dormant) if self.is_scheduled(*process) => Some(OperationEnd::Done),
            (Wish::Start, Standing::Up | Standing::Ended(Ending::Completed)) => Some(OperationEnd::Done),
            (Wish::Start, Standing::Broken | Standing::Ended(Ending::Failed(_)) | Standing::Dormant) => {
                Some(OperationEnd::Failed)
            }
            // It has taken too long to be ready.
            (Wish::Start, Standing::Unready) => {
                member.is_none_or(|m| m.start.is_none()).then_some(OperationEnd::Failed)
            }
            (Wish::Start, Standing::Waiting | Standing::Launched(_)) => None,
            (Wish::Start, Standing::Stopping) => {
                member.is_none_or(|m| m.again.is_none()).then_some(OperationEnd::Interrupted)
            }
            // Also when it starts once what it needs is there again: nobody knows when.
            (Wish::Start, Standing::Stopped) => Some(OperationEnd::Interrupted),
            (Wish::Stop, Standing::Dormant) if self.is_scheduled(*process) => Some(OperationEnd::Interrupted),
            (Wish::Stop, Standing::Stopped | Standing::Ended(_) | Standing::Dormant) => {
                Some(OperationEnd::Done)
            }
            (Wish::Stop, Standing::Stopping) => None,
            (Wish::Stop, _) => Some(OperationEnd::Interrupted),
            // Answered by the process itself, unless it is stopped first.
            (Wish::Scale(_), Standing::Stopping | Standing::Stopped) => Some(OperationEnd::Interrupted),
            (Wish::Scale(_) | Wish::Schedule(_), _) => None,
        }
    }
}
