//! Requests that name a process: what is asked for of one that is not there, or when all is being stopped, is refused and
//! changes nothing.

use super::{Effect, Fleet, OperationEnd, Out, Phase, RestartScope, Standing};
use crate::facts::{Refusal, SystemFact};
use crate::ids::ProcessId;
use crate::name::ProcessName;
use crate::operation::{Cause, Operation};
use crate::process::Command;
use crate::signal::Handed;
use std::collections::BTreeSet;
use std::time::Duration;

impl Fleet {
    pub(super) fn restart_named(
        &mut self,
        operation: Operation,
        name: ProcessName,
        now: Duration,
        out: &mut Out,
    ) {
        match self.named(name) {
            // What nobody has started, or somebody has stopped, stays so when a file changes.
            Ok(p)
                if matches!(operation.cause, Cause::Watch(_))
                    && matches!(
                        self.standing(p),
                        Standing::Dormant | Standing::Stopping | Standing::Stopped
                    ) =>
            {
                self.tell(now, SystemFact::Answered(operation.id, OperationEnd::Done), out);
            }
            Ok(p) => self.ask_restart(operation, RestartScope::One(p), now, out),
            Err(refusal) => self.tell(now, SystemFact::Refused(operation, refusal), out),
        }
    }

    /// Restarts those of these names, in one rolling restart; one that is not there is a reason to restart none.
    pub(super) fn restart_these(
        &mut self,
        operation: Operation,
        names: Vec<ProcessName>,
        now: Duration,
        out: &mut Out,
    ) {
        match names.into_iter().map(|name| self.named(name)).collect::<Result<BTreeSet<_>, _>>() {
            Ok(these) => {
                let scope = RestartScope::These(these.into_iter().collect());
                self.ask_restart(operation, scope, now, out);
            }
            Err(refusal) => self.tell(now, SystemFact::Refused(operation, refusal), out),
        }
    }

    pub(super) fn relay(
        &mut self,
        operation: Operation,
        name: ProcessName,
        handed: Handed,
        now: Duration,
        out: &mut Out,
    ) {
        match self.named(name) {
            Ok(p) => {
                self.tell(now, SystemFact::Relayed(operation.clone(), p, handed.signal), out);
                self.told.push((p, operation.clone()));
                out.act(Effect::Command(p, operation, Command::Relay(handed)));
            }
            Err(refusal) => self.tell(now, SystemFact::Refused(operation, refusal), out),
        }
    }

    /// Whom a request is about, if it can be heard.
    pub(super) fn named(&self, name: ProcessName) -> Result<ProcessId, Refusal> {
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            return Err(Refusal::Stopping);
        }
        self.find(&name).ok_or(Refusal::NoSuchProcess(name))
    }
}
