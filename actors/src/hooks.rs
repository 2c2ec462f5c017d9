//! What a pass through hooks asks for, performed: the same for those of the system and those of an instance. Decides
//! nothing, never waits.

use crate::clock::Moment;
use crate::world::World;
use phpeek_core::facts::{Fact, Told};
use phpeek_core::hook::pass::{left_alone, signalled};
use phpeek_core::hook::words::Effect;
use phpeek_core::ids::TaskId;

/// Performs an effect, and tells what came of it.
pub(crate) fn perform(world: &World, at: Moment, effect: Effect) {
    let tell = |fact: Fact| world.listeners.tell(&Told { at, fact });
    match effect {
        Effect::Launch(launch) => world.launch(launch),
        Effect::Signal { task, signal, step } => {
            let delivered = world.launcher.signal_group(TaskId::Hook(task), signal);
            tell(signalled(task, signal, step, delivered));
        }
        Effect::Cancel(task) => world.launcher.cancel(TaskId::Hook(task)),
        Effect::Leave(task) => {
            let members = world.launcher.leave(TaskId::Hook(task));
            tell(left_alone(task, members));
        }
    }
}
