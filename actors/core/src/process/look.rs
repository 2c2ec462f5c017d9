//! What others may know of a process without a word to it. Changes nothing.

use super::{Instance, Process};
use crate::ids::{InstanceId, TaskId};
use crate::lifecycle::Machine;
use crate::spec::ProcessSpec;
use std::sync::Arc;

impl Process {
    /// The tasks that are not over; for whoever must look after them when this machine is lost.
    #[must_use]
    pub fn live_tasks(&self) -> Vec<TaskId> {
        let live = self.instances.iter().filter(|i| !i.machine.at_rest());
        let runs = live.map(|i| TaskId::Run(i.id.run(i.machine.run())));
        let hook = |i: &Instance| i.hooking.as_ref()?.pass.as_ref()?.task().map(TaskId::Hook);
        let probes = self.instances.iter().filter_map(|i| i.health.as_ref()).flat_map(|m| m.tasks());
        runs.chain(self.instances.iter().filter_map(hook)).chain(probes.map(TaskId::Probe)).collect()
    }

    /// How many deaths wait for their last words.
    #[must_use]
    pub fn untold(&self) -> usize {
        self.unheard.len()
    }

    /// Its configuration.
    #[must_use]
    pub fn spec(&self) -> &Arc<ProcessSpec> {
        &self.spec
    }

    /// The machines of its instances, in their order.
    pub fn machines(&self) -> impl Iterator<Item = (InstanceId, &Machine)> {
        self.instances.iter().map(|i| (i.id, &i.machine))
    }
}
