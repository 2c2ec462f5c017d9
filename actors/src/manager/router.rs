//! Finds the actor of a process, by its id. Filled by the manager as it creates actors; the launcher delivers what
//! happens to runs through it. Lives on the supervision thread, never waits.

use crate::envelope::Envelope;
use crate::ports::{RunNews, TaskReport};
use crate::process::{ClockSet, Finish, Order, ProcessActor, Reconfigure};
use actix::prelude::Request as Sending;
use actix::{Addr, Recipient};
use phpeek_core::ids::{Owner, ProcessId};
use phpeek_core::list_map::ListMap;
use std::cell::RefCell;
use std::rc::Rc;

/// The addresses of all actors of processes. Clones are one.
#[derive(Clone, Default)]
pub struct Router(Rc<RefCell<Routes>>);

#[derive(Default)]
struct Routes {
    processes: ListMap<ProcessId, Addr<ProcessActor>>,
    /// Who hears of tasks of the system, and of those whose owner is lost or was never there.
    manager: Option<Recipient<TaskReport>>,
}

impl Router {
    pub(super) fn rest_to(&self, manager: Recipient<TaskReport>) {
        self.0.borrow_mut().manager = Some(manager);
    }

    pub(super) fn add(&self, process: ProcessId, actor: Addr<ProcessActor>) {
        self.0.borrow_mut().processes.insert(process, actor);
    }

    pub(super) fn order(&self, process: ProcessId, order: Envelope<Order>) {
        if let Some(actor) = self.0.borrow().processes.get(process) {
            actor.do_send(order);
        }
    }

    pub(super) fn reconfigure(&self, process: ProcessId, to: Envelope<Reconfigure>) {
        if let Some(actor) = self.0.borrow().processes.get(process) {
            actor.do_send(to);
        }
    }

    /// What is reported of it from now on is for the manager. It hears of all that was sent before.
    pub(super) fn remove(&self, process: ProcessId) {
        self.0.borrow_mut().processes.remove(process);
    }

    /// Tells everybody that the clock on the wall was set.
    pub fn clock_set(&self) {
        for actor in self.0.borrow().processes.values() {
            actor.do_send(ClockSet);
        }
    }

    pub(super) fn finish(
        &self,
        process: ProcessId,
        finish: Envelope<Finish>,
    ) -> Option<Sending<ProcessActor, Envelope<Finish>>> {
        self.0.borrow().processes.get(process).map(|actor| actor.send(finish))
    }

    /// Hands news to the actor of their process. `do_send` is right here: whoever brings them bounds how many there are.
    pub fn bring(&self, news: RunNews) {
        if let Some(address) = self.0.borrow().processes.get(news.run.instance.process) {
            address.do_send(news);
        }
    }

    /// Hands a report to its actor. `do_send` is right here: a handful of reports for each task, and none may be lost.
    pub fn deliver(&self, report: TaskReport) {
        let routes = self.0.borrow();
        let owner = match report.task.owner() {
            Owner::Process(process) => routes.processes.get(process).filter(|address| address.connected()),
            Owner::System => None,
        };
        match (owner, &routes.manager) {
            (Some(address), _) => address.do_send(report),
            (None, Some(manager)) => manager.do_send(report),
            (None, None) => {} // before the boot, when nothing was ordered
        }
    }
}
