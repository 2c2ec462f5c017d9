//! What happens, for whoever wants to hear of it while it happens: facts as events, in words that scripts can rely on, the
//! newest of them kept. A listener; decides nothing and never waits for who reads.

mod chronicle;
mod words;

pub use chronicle::{Event, EventSource, EventsFollowing, EventsFrom};

use crate::clock::Clock;
use crate::listeners::Listener;
use crate::phrases::Names;
use chronicle::Chronicle;
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_core::ids::InstanceId;
use phpeek_core::list_map::ListMap;
use phpeek_core::presence::Presence;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use words::Said;

/// Makes events of facts.
pub struct EventFeed {
    chronicle: Arc<Chronicle>,
    clock: Clock,
    names: RefCell<Names>,
    numbers: RefCell<ListMap<InstanceId, u32>>,
    /// Whether the boot has begun: what was there before it did not come.
    began: Cell<bool>,
}

impl EventFeed {
    /// With nothing told yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let chronicle = Arc::new(Chronicle::new(clock.wall(clock.now())));
        Self {
            chronicle,
            clock,
            names: RefCell::default(),
            numbers: RefCell::default(),
            began: Cell::new(false),
        }
    }

    /// For who wants to hear of it.
    #[must_use]
    pub fn source(&self) -> Arc<dyn EventSource> {
        Arc::clone(&self.chronicle) as Arc<dyn EventSource>
    }

    fn learn(&self, fact: &Fact) {
        if let Fact::System(SystemFact::BootBegan { .. }) = fact {
            self.began.set(true);
        }
        let Some(presence) = fact.presence() else { return };
        match presence {
            Presence::ProcessCame(process, spec) => {
                self.names.borrow_mut().add(process, spec.name.clone());
            }
            Presence::InstanceCame(instance, number) => {
                self.numbers.borrow_mut().insert(instance, number);
            }
            // The name stays, and who goes is told of by name first.
            Presence::ProcessChanged(..) | Presence::ProcessWent(_) | Presence::InstanceWent(_) => {}
        }
    }

    fn unlearn(&self, fact: &Fact) {
        let Some(presence) = fact.presence() else { return };
        match presence {
            Presence::ProcessWent(process) => self.names.borrow_mut().remove(process),
            Presence::InstanceWent(instance) => {
                self.numbers.borrow_mut().remove(instance);
            }
            Presence::ProcessCame(..) | Presence::ProcessChanged(..) | Presence::InstanceCame(..) => {}
        }
    }
}

impl Listener for EventFeed {
    fn hear(&self, told: &Told) {
        self.learn(&told.fact);
        let said = words::of(&told.fact, &self.names.borrow()).filter(|_| self.began.get());
        if let Some(Said { kind, fields }) = said {
            let instance = match &told.fact {
                Fact::Instance(instance, _) | Fact::Health(instance, _) | Fact::Hook(Some(instance), _) => {
                    Some(*instance)
                }
                Fact::System(_) | Fact::Process(..) | Fact::Hook(None, _) | Fact::Schedule(..) => None,
            };
            let process = told.fact.process().and_then(|process| self.names.borrow().get(process).cloned());
            let number = instance.and_then(|instance| self.numbers.borrow().get(instance).copied());
            let at = self.clock.wall(told.at);
            self.chronicle.add(|id| Event { id, at, kind, process, number, fields });
        }
        self.unlearn(&told.fact);
    }
}
