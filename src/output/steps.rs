//! Tells that the wall clock was set: times of records before and after do not compare. Where the kernel cannot say so, a
//! step is told with the next record. Runs on the output arbiter.

use phpeek_actors::clock::{Clock, Step};
use phpeek_actors::ports::{Level, LogRecord};
use phpeek_os::clock_watch::ClockWatch;

/// The record of a step that nobody was told of, if there was one.
pub(super) fn untold(clock: &Clock) -> Option<LogRecord> {
    let step = clock.take_step()?;
    let (message, by) = match step {
        Step::Forward(by) => ("the wall clock was set to a later time", by),
        Step::Back(by) => ("the wall clock was set to an earlier time", by),
    };
    Some(LogRecord {
        at: clock.now(),
        level: Level::Warn,
        message: message.into(),
        process: None,
        instance: None,
        fields: vec![("by_ms", i64::try_from(by.as_millis()).unwrap_or(i64::MAX).into())],
    })
}

/// Waits for steps for ever, and has each told at once.
pub(super) async fn watch(tell: impl Fn()) {
    let Ok(watch) = ClockWatch::begin() else { return };
    while watch.set().await.is_ok() {
        tell();
    }
}
