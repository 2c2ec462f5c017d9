//! Records for an audit, of what happens to the system and its processes: a listener beside the journal, where
//! `audit_enabled` says so. Who was refused is recorded by the API itself. Decides nothing.

use phpeek_actors::listeners::Listener;
use phpeek_actors::phrases::{Names, reload_end, shutdown_reason};
use phpeek_api::web::{Audit, Event};
use phpeek_core::facts::{Asked, Fact, InstanceFact, ProcessFact, SystemFact, Told};
use phpeek_core::fleet::ReloadEnd;
use phpeek_core::ids::ProcessId;
use phpeek_core::operation::Cause;
use std::cell::RefCell;

/// See the top of the file.
pub(super) struct AuditListener {
    audit: Audit,
    names: RefCell<Names>,
    /// Who has asked for the reload under way.
    reloads: RefCell<Option<&'static str>>,
}

impl AuditListener {
    pub(super) fn new(audit: Audit) -> Self {
        Self { audit, names: RefCell::default(), reloads: RefCell::default() }
    }

    fn tell(&self, kind: &'static str, actor: &str, resource: &str, status: &'static str, message: &str) {
        let action = kind.split_once('.').map_or(kind, |(_, action)| action);
        self.audit.tell(&Event { kind, actor, role: None, action, resource, status, message });
    }

    fn system(&self, fact: &SystemFact) {
        match fact {
            SystemFact::BootSucceeded { .. } => {
                self.tell("system.start", "system", "supervisor", "success", "all processes are up");
            }
            SystemFact::BootFailed(failure) => {
                let why = self.names.borrow().boot_failure(failure);
                self.tell("system.start", "system", "supervisor", "failure", &why);
            }
            SystemFact::ShutdownBegan { operation, .. } => {
                let why = shutdown_reason(&operation.cause, None);
                self.tell("system.shutdown", actor(&operation.cause), "supervisor", "success", &why);
            }
            SystemFact::ReloadBegan { operation, .. } => {
                self.reloads.borrow_mut().replace(actor(&operation.cause));
            }
            SystemFact::ReloadEnded(_, end) => {
                let actor = self.reloads.borrow_mut().take().unwrap_or("system");
                let status = if *end == ReloadEnd::Complete { "success" } else { "failure" };
                self.tell("config.reload", actor, "configuration", status, &reload_end(end));
            }
            SystemFact::ReloadRefused(operation, why) => {
                self.tell("config.reload", actor(&operation.cause), "configuration", "failure", why);
            }
            SystemFact::BootBegan { .. }
            | SystemFact::RestartBegan { .. }
            | SystemFact::RestartEnded { .. }
            | SystemFact::RestartJoined { .. }
            | SystemFact::ReloadFailed(_)
            | SystemFact::ReloadReplaced(_)
            | SystemFact::ShutdownHurried(_)
            | SystemFact::Relayed(..)
            | SystemFact::Refused(..)
            | SystemFact::Answered(..)
            | SystemFact::Over(_) => {}
        }
    }

    fn process(&self, process: ProcessId, fact: &ProcessFact) {
        let name = || self.names.borrow().text(process).to_owned();
        match fact {
            ProcessFact::Added(spec) => self.names.borrow_mut().add(process, spec.name.clone()),
            ProcessFact::Removed => self.names.borrow_mut().remove(process),
            ProcessFact::StartBegan { operation, .. } => {
                self.tell("process.start", actor(&operation.cause), &name(), "success", "its start begins");
            }
            ProcessFact::StopBegan(operation) => {
                self.tell("process.stop", actor(&operation.cause), &name(), "success", "it is stopped");
            }
            ProcessFact::ScaleBegan { operation, from, to } => {
                let noun = if *to == 1 { "instance" } else { "instances" };
                let message = format!("from {from} to {to} {noun}");
                self.tell("process.scale", actor(&operation.cause), &name(), "success", &message);
            }
            ProcessFact::Changed(_)
            | ProcessFact::EdgeMet(_)
            | ProcessFact::EdgeLost(_)
            | ProcessFact::EdgeGivenUp(_)
            | ProcessFact::EdgeFailed(..)
            | ProcessFact::Up
            | ProcessFact::Ready
            | ProcessFact::Unready
            | ProcessFact::NotReadyInTime
            | ProcessFact::StartFailed(_)
            | ProcessFact::StartInterrupted
            | ProcessFact::RestartAbandoned
            | ProcessFact::ScaleEnded(_)
            | ProcessFact::ReloadBegan { .. }
            | ProcessFact::ReloadEnded(_)
            | ProcessFact::Stopped
            | ProcessFact::Ended(_)
            | ProcessFact::Abandoned
            | ProcessFact::Lost => {}
        }
    }

    fn instance(&self, process: ProcessId, fact: &InstanceFact) {
        let name = || self.names.borrow().text(process).to_owned();
        match fact {
            InstanceFact::Died(death) if death.asked == Asked::No && !death.fine => {
                let message = format!("ended: {}", death.autopsy.exit);
                self.tell("process.crash", "system", &name(), "failure", &message);
            }
            InstanceFact::Restarting { operation, .. } | InstanceFact::RestartBegan(operation) => {
                let message = "an instance of it is started again";
                self.tell("process.restart", actor(&operation.cause), &name(), "success", message);
            }
            InstanceFact::Added { .. }
            | InstanceFact::Changes(_)
            | InstanceFact::Changed(..)
            | InstanceFact::Ordered { .. }
            | InstanceFact::Started { .. }
            | InstanceFact::SpawnFailed { .. }
            | InstanceFact::Died(_)
            | InstanceFact::Daemonised { .. }
            | InstanceFact::LeftAlone(_)
            | InstanceFact::Ended(_)
            | InstanceFact::OverLimit { .. }
            | InstanceFact::Autopsied(_)
            | InstanceFact::Signalled { .. }
            | InstanceFact::ToldToReload
            | InstanceFact::ReloadTurnOver
            | InstanceFact::StopTakenOver
            | InstanceFact::Unfolded(_)
            | InstanceFact::BackoffBegan { .. }
            | InstanceFact::Rested { .. }
            | InstanceFact::RelayFailed(_)
            | InstanceFact::Removed => {}
        }
    }
}

/// Who has asked for it.
fn actor(cause: &Cause) -> &'static str {
    match cause {
        Cause::Request => "admin",
        Cause::Signal { .. } => "signal",
        _ => "system",
    }
}

impl Listener for AuditListener {
    fn hear(&self, told: &Told) {
        match &told.fact {
            Fact::System(fact) => self.system(fact),
            Fact::Process(process, fact) => self.process(*process, fact),
            Fact::Instance(instance, fact) => self.instance(instance.process, fact),
            Fact::Hook(..) | Fact::Health(..) | Fact::Schedule(..) => {}
        }
    }
}
