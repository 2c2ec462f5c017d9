//! What the health of an instance asks for, performed. Decides nothing, never waits.

use crate::ports::{ProbeAnswer, ProbeOrder};
use crate::world::World;
use actix::Recipient;
pub(crate) use phpeek_core::health::words::Effect;
use phpeek_core::ids::TaskId;
use phpeek_core::signal::Signal;

/// Performs an effect; `hearer` is told the answers.
pub(crate) fn perform(world: &World, effect: Effect, hearer: impl FnOnce() -> Recipient<ProbeAnswer>) {
    match effect {
        Effect::Ask { probe, question, timeout } => {
            let context = world.listeners.context_of_probe(probe);
            world.prober.ask(ProbeOrder { probe, question, timeout, context, hearer: hearer() });
        }
        Effect::Forget(probe) => world.prober.forget(probe),
        Effect::Launch(launch) => world.launch(launch),
        Effect::Kill(probe) => {
            world.launcher.signal_group(TaskId::Probe(probe), Signal::KILL);
        }
        Effect::Cancel(probe) => world.launcher.cancel(TaskId::Probe(probe)),
        Effect::Leave(probe) => {
            world.launcher.leave(TaskId::Probe(probe));
        }
        Effect::AskWords(_) => {} // whoever hears the answers asks
    }
}
