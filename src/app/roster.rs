//! Which processes there are, by id and name, for the record of what runs. A listener; keeps nothing else.

use phpeek_actors::listeners::Listener;
use phpeek_core::facts::Told;
use phpeek_core::fleet::Fleet;
use phpeek_core::ids::ProcessId;
use phpeek_core::presence::Presence;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The names of all processes that there are.
pub(super) struct Roster(RefCell<BTreeMap<ProcessId, String>>);

impl Roster {
    /// With the processes that the fleet has from its beginning.
    pub(super) fn of(fleet: &Fleet) -> Self {
        let names = fleet.processes().map(|(id, spec)| (id, spec.name.as_str().to_owned()));
        Self(RefCell::new(names.collect()))
    }

    /// All of them, now.
    pub(super) fn names(&self) -> BTreeMap<ProcessId, String> {
        self.0.borrow().clone()
    }
}

impl Listener for Roster {
    fn hear(&self, told: &Told) {
        let Some(presence) = told.fact.presence() else { return };
        match presence {
            Presence::ProcessCame(process, spec) => {
                // Those of the beginning are told of again.
                self.0.borrow_mut().entry(process).or_insert_with(|| spec.name.as_str().to_owned());
            }
            Presence::ProcessWent(process) => drop(self.0.borrow_mut().remove(&process)),
            Presence::ProcessChanged(..) | Presence::InstanceCame(..) | Presence::InstanceWent(_) => {}
        }
    }
}
