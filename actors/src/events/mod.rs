//! What happens, for whoever wants to hear of it while it happens: facts as events, in words that scripts can rely on, the
//! newest of them kept. A listener; decides nothing and never waits for who reads.

mod chronicle;
mod words;

pub use chronicle::{Event, EventSource, EventsFollowing, EventsFrom};

use crate::clock::Clock;
use crate::listeners::Listener;
use crate::phrases::Names;
use chronicle::Chronicle;
use phpeek_core::facts::{Fact, InstanceFact, ProcessFact, SystemFact, Told};
use phpeek_core::ids::InstanceId;
use phpeek_core::list_map::ListMap;
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
        match fact {
            Fact::System(SystemFact::BootBegan { .. }) => self.began.set(true),
            Fact::Process(process, ProcessFact::Added(spec)) => {
                self.names.borrow_mut().add(*process, spec.name.clone());
            }
            Fact::Instance(instance, InstanceFact::Added { number }) => {
                self.numbers.borrow_mut().insert(*instance, *number);
            }
            _ => {}
        }
    }

    fn unlearn(&self, fact: &Fact) {
        match fact {
            Fact::Process(process, ProcessFact::Removed) => self.names.borrow_mut().remove(*process),
            Fact::Instance(instance, InstanceFact::Removed) => {
                self.numbers.borrow_mut().remove(*instance);
            }
            _ => {}
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
                _ => None,
            };
            let process = told.fact.process().and_then(|process| self.names.borrow().get(process).cloned());
            let number = instance.and_then(|instance| self.numbers.borrow().get(instance).copied());
            let at = self.clock.wall(told.at);
            self.chronicle.add(|id| Event { id, at, kind, process, number, fields });
        }
        self.unlearn(&told.fact);
    }
}
