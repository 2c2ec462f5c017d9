//! Lets what a run or a hook writes be read once its start was told, and its lines go once its instance is no more. A listener, which
//! hears after the log has; keeps nothing.

use phpeek_actors::listeners::Listener;
use phpeek_core::facts::{Fact, HookFact, InstanceFact, Told};
use phpeek_core::ids::TaskId;
use phpeek_output::Output;

/// See the top of the file.
pub(super) struct Captured(pub(super) Output);

impl Listener for Captured {
    fn hear(&self, told: &Told) {
        match &told.fact {
            Fact::Instance(instance, InstanceFact::Started { run, .. }) => {
                self.0.begun(TaskId::Run(instance.run(*run)));
            }
            Fact::Hook(_, HookFact::Started { task, .. }) => self.0.begun(TaskId::Hook(*task)),
            Fact::Instance(instance, InstanceFact::Removed) => self.0.forget(*instance),
            _ => {}
        }
    }
}
