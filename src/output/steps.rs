//! Tells that the wall clock was set: times of records before and after do not compare. Owns the kernel's word about
//! it, a timer that never ends and is cancelled by a step (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET), so nothing
//! wakes until then. Where there is no such timer, a step is told with the next record. Runs on the output arbiter.

use super::watch;
use phpeek_actors::clock::{Clock, Step};
use phpeek_actors::ports::{Level, LogRecord};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::OwnedFd;

/// As late as any clock goes: the year 2262.
const NEVER: i64 = i64::MAX / 1_000_000_000;

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
    let Ok(timer) = timer() else { return };
    let Ok(timer) = watch::watch(timer) else { return };
    while let Ok(mut ready) = timer.readable().await {
        ready.clear_ready();
        // The read takes the cancellation (ECANCELED); a step between it and the setting shows there again.
        rustix::io::read(timer.get_ref(), &mut [0; 8]).ok();
        tell();
        match set(timer.get_ref()) {
            Err(error) if error.raw_os_error() != Some(Errno::CANCELED.raw_os_error()) => return,
            Ok(()) | Err(_) => {}
        }
    }
}

fn timer() -> io::Result<OwnedFd> {
    let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
    set(&timer)?;
    Ok(timer)
}

fn set(timer: &OwnedFd) -> io::Result<()> {
    let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
    let value = Timespec { tv_sec: NEVER, tv_nsec: 0 };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(timer, flags, &Itimerspec { it_interval: zero, it_value: value })?;
    Ok(())
}
