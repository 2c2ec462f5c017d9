//! What goes by the clock, as far as the fleet is concerned: it begins when everything else is up or when somebody asks for
//! it, and what its schedule is told has one answer. When a job runs is decided by its process.

use super::{Effect, Fleet, OperationEnd, Out, RestartOutcome, Standing};
use crate::ends::Refusal;
use crate::facts::SystemFact;
use crate::ids::ProcessId;
use crate::operation::{Operation, OperationId};
use crate::process::{Command, ScheduleCommand};
use crate::spec::{InitialState, ProcessKind};
use std::time::Duration;

impl Fleet {
    /// Whether a process goes by the clock.
    pub(super) fn is_scheduled(&self, p: ProcessId) -> bool {
        self.members.get(&p).is_some_and(|member| member.spec.kind == ProcessKind::Scheduled)
    }

    /// Whether its schedule can be told something at all.
    pub(super) fn judge_schedule(&self, p: ProcessId) -> Result<(), Refusal> {
        match self.standing(p) {
            _ if !self.is_scheduled(p) => Err(Refusal::Unscheduled(p)),
            Standing::Stopped | Standing::Stopping => Err(Refusal::Idle(p)),
            _ => Ok(()),
        }
    }

    /// Whether a start would change nothing. One that begins as stopped is started by being told to.
    pub(super) fn goes_by_the_clock(&self, p: ProcessId) -> bool {
        let running = |member: &super::Member| member.spec.initial == InitialState::Running;
        self.standing(p) == Standing::Dormant && self.members.get(&p).is_some_and(running)
    }

    /// Its start waits for nothing: it goes by the clock, and the fleet knows no more of it than that it may run.
    pub(super) fn launch_schedule(
        &mut self,
        p: ProcessId,
        operation: Operation,
        now: Duration,
        out: &mut Out,
    ) {
        self.end_start(p);
        self.set(p, Standing::Dormant, now, out);
        out.act(Effect::Command(p, operation, Command::Start));
        self.started(p, RestartOutcome::Up, now, out);
    }

    /// Hands on what its schedule is told.
    pub(super) fn tell_schedule(
        &mut self,
        p: ProcessId,
        operation: Operation,
        command: ScheduleCommand,
        out: &mut Out,
    ) {
        self.told.push((p, operation.clone()));
        out.act(Effect::Command(p, operation, Command::Schedule(command)));
    }

    /// What a process was told and answers itself is over.
    pub(super) fn told_answered(
        &mut self,
        p: ProcessId,
        id: OperationId,
        answer: Result<OperationEnd, Refusal>,
        now: Duration,
        out: &mut Out,
    ) {
        let Some(place) = self.told.iter().position(|(of, told)| *of == p && told.id == id) else { return };
        let (_, operation) = self.told.swap_remove(place);
        match answer {
            Ok(end) => self.tell(now, SystemFact::Answered(id, end), out),
            Err(refusal) => self.tell(now, SystemFact::Refused(operation, refusal), out),
        }
    }

    /// Nothing more comes of what processes were told: of this one, or of all.
    pub(super) fn abandon_told(&mut self, of: Option<ProcessId>, now: Duration, out: &mut Out) {
        let gone = self.told.extract_if(.., |(p, _)| of.is_none_or(|of| of == *p));
        for (_, operation) in gone.collect::<Vec<_>>() {
            self.tell(now, SystemFact::Answered(operation.id, OperationEnd::Interrupted), out);
        }
    }
}
