//! Records of what is watched, and of what cannot be. Decides nothing.

use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_core::name::ProcessName;

pub(super) fn say(
    log: &dyn LogSink,
    clock: Clock,
    level: Level,
    process: Option<&ProcessName>,
    message: String,
) {
    if log.enabled(level) {
        let (message, process) = (message.into(), process.cloned());
        log.log(LogRecord { at: clock.now(), level, message, process, instance: None, fields: Vec::new() });
    }
}
