//! Lets what a run or a hook writes be read once its start was told, and its lines go once its instance is no more. A listener, which
//! hears after the log has; keeps nothing.

use phpeek_actors::listeners::Listener;
use phpeek_core::facts::Told;
use phpeek_core::presence::Presence;
use phpeek_output::Output;

/// See the top of the file.
pub(super) struct Captured(pub(super) Output);

impl Listener for Captured {
    fn hear(&self, told: &Told) {
        if let Some(Presence::InstanceWent(instance)) = told.fact.presence() {
            self.0.forget(instance);
        } else if let Some(task) = told.fact.started() {
            self.0.begun(task);
        }
    }
}
