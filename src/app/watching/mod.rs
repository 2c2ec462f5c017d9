//! `watch` of processes: a change of a file restarts the process that watches it, and with `cascade` those that depend on it.
//! A listener that knows who watches what; the files are looked at by a thread of its own, which begins with the first
//! process that watches any. Decides nothing about restarts.

mod rules;
mod saying;
mod thread;

use phpeek_actors::clock::Clock;
use phpeek_actors::envelope::Envelope;
use phpeek_actors::listeners::Listener;
use phpeek_actors::manager::{ManagerActor, Request};
use phpeek_actors::ports::{Level, LogSink};
use phpeek_core::facts::Told;
use phpeek_core::ids::ProcessId;
use phpeek_core::list_map::ListMap;
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Cause;
use phpeek_core::presence::Presence;
use phpeek_core::spec::ProcessSpec;
use phpeek_core::watching::dependents;
use saying::say;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use thread::{Fired, Order};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Specs = Rc<RefCell<ListMap<ProcessId, Arc<ProcessSpec>>>>;

/// See the top of the file.
pub(super) struct Watching {
    orders: RefCell<Option<UnboundedSender<Order>>>,
    manager: OnceCell<actix::Addr<ManagerActor>>,
    /// All processes, as they are configured now.
    specs: Specs,
    log: Arc<dyn LogSink>,
    clock: Clock,
    /// First thing in the thread: it must block all signals there.
    first: fn(),
}

impl Watching {
    pub(super) fn new(log: Arc<dyn LogSink>, clock: Clock, first: fn()) -> Self {
        let (orders, manager, specs) = Default::default();
        Self { orders, manager, specs, log, clock, first }
    }

    /// Whom restarts are asked of; told before anything is configured.
    pub(super) fn ask(&self, manager: actix::Addr<ManagerActor>) {
        self.manager.set(manager).ok(); // there is one
    }

    fn configured(&self, process: ProcessId, spec: &Arc<ProcessSpec>) {
        self.specs.borrow_mut().insert(process, spec.clone());
        let mut orders = self.orders.borrow_mut();
        if orders.is_none() && spec.watch.is_some() {
            *orders = self.begin();
        }
        if let Some(orders) = &*orders {
            orders.send(Order::Watch(process, spec.name.clone(), spec.watch.clone())).ok(); // it says what it lacks
        }
    }

    fn begin(&self) -> Option<UnboundedSender<Order>> {
        let manager = self.manager.get()?.clone();
        let (orders, taken) = unbounded_channel();
        let (tell, fired) = unbounded_channel();
        match thread::begin(taken, tell, (self.log.clone(), self.clock), self.first) {
            Ok(()) => {
                actix::spawn(restart(fired, manager, self.specs.clone(), self.clock));
                Some(orders)
            }
            Err(error) => {
                let message = format!("watch: no thread is to be had, and no change is seen: {error}");
                say(&*self.log, self.clock, Level::Warn, None, message);
                None
            }
        }
    }
}

impl Listener for Watching {
    fn hear(&self, told: &Told) {
        let Some(presence) = told.fact.presence() else { return };
        match presence {
            Presence::ProcessCame(process, spec) | Presence::ProcessChanged(process, spec) => {
                self.configured(process, spec);
            }
            Presence::ProcessWent(process) => {
                self.specs.borrow_mut().remove(process);
                if let Some(orders) = &*self.orders.borrow() {
                    orders.send(Order::Forget(process)).ok(); // as above
                }
            }
            Presence::InstanceCame(..) | Presence::InstanceWent(_) => {}
        }
    }
}

/// Asks for the restarts that changes call for, for as long as the program runs.
async fn restart(
    mut fired: UnboundedReceiver<Fired>,
    manager: actix::Addr<ManagerActor>,
    specs: Specs,
    clock: Clock,
) {
    while let Some(Fired { process, path, cascade }) = fired.recv().await {
        let others = if cascade { after(&specs, &process) } else { Vec::new() };
        for name in std::iter::once(process).chain(others) {
            manager.do_send(Envelope::root(clock.now(), Request::Restart(name, Cause::Watch(path.clone()))));
        }
    }
}

fn after(specs: &Specs, process: &ProcessName) -> Vec<ProcessName> {
    let all: Vec<Arc<ProcessSpec>> = specs.borrow().values().cloned().collect();
    dependents(&all, process)
}
