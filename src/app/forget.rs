//! Lets the lines of an instance go once it is no more. A listener; keeps nothing.

use phpeek_actors::listeners::Listener;
use phpeek_core::facts::{Fact, InstanceFact, Told};
use phpeek_output::Output;

/// See the top of the file.
pub(super) struct Forget(pub(super) Output);

impl Listener for Forget {
    fn hear(&self, told: &Told) {
        if let Fact::Instance(instance, InstanceFact::Removed) = &told.fact {
            self.0.forget(*instance);
        }
    }
}
