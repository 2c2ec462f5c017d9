//! Finds the actor of a process, by its id. Filled by the manager as it creates actors; the launcher delivers what
//! happens to runs through it. Lives on the supervision thread, never waits.

use crate::envelope::Envelope;
use crate::ports::TaskReport;
use crate::process::{Finish, Order, ProcessActor};
use actix::prelude::Request as Sending;
use actix::{Addr, Recipient};
use phpeek_core::ids::ProcessId;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The addresses of all actors of processes. Clones are one.
#[derive(Clone, Default)]
pub struct Router(Rc<RefCell<Routes>>);

#[derive(Default)]
struct Routes {
    processes: BTreeMap<ProcessId, Addr<ProcessActor>>,
    /// Who hears of tasks of the system, and of those whose actor is lost: the manager.
    orphans: Option<Recipient<TaskReport>>,
}

impl Router {
    pub(super) fn orphans_to(&self, manager: Recipient<TaskReport>) {
        self.0.borrow_mut().orphans = Some(manager);
    }

    pub(super) fn add(&self, process: ProcessId, actor: Addr<ProcessActor>) {
        self.0.borrow_mut().processes.insert(process, actor);
    }

    pub(super) fn order(&self, process: ProcessId, order: Envelope<Order>) {
        if let Some(actor) = self.0.borrow().processes.get(&process) {
            actor.do_send(order);
        }
    }

    pub(super) fn finish(
        &self,
        process: ProcessId,
        finish: Envelope<Finish>,
    ) -> Option<Sending<ProcessActor, Envelope<Finish>>> {
        self.0.borrow().processes.get(&process).map(|actor| actor.send(finish))
    }

    /// Hands a report to its actor. `do_send` is right here: a handful of reports for each task, and none may be lost.
    pub fn deliver(&self, report: TaskReport) {
        let routes = self.0.borrow();
        let owner = report.task.owner();
        match (owner.and_then(|process| routes.processes.get(&process)), &routes.orphans) {
            (Some(address), _) if address.connected() => address.do_send(report),
            (Some(_), Some(manager)) => manager.do_send(report),
            (None, Some(manager)) if owner.is_none() => manager.do_send(report), // of the system
            (Some(_), None) | (None, _) => {} // of no process that was ever started
        }
    }
}
