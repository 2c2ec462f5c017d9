//! How the last run of a program has ended, for a supervisor that stands behind a single one: its code is ours, also when
//! the end was asked for. Listens, and decides nothing.

use phpeek_actors::listeners::Listener;
use phpeek_core::facts::{Fact, InstanceFact, Told};
use phpeek_core::outcome::Exit;
use std::cell::Cell;

/// See the top of the file.
#[derive(Debug, Default)]
pub(super) struct LastExit(Cell<Option<Exit>>);

impl LastExit {
    /// `None` while no program has ended.
    pub(super) fn get(&self) -> Option<Exit> {
        self.0.get()
    }
}

impl Listener for LastExit {
    fn hear(&self, told: &Told) {
        if let Fact::Instance(_, InstanceFact::Died(death)) = &told.fact {
            self.0.set(Some(death.autopsy.exit));
        }
    }
}
