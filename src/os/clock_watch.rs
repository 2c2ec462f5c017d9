//! Tells that the clock on the wall was set, or that the machine has slept (TFD_TIMER_CANCEL_ON_SET, timerfd_create(2)).
//! Costs one descriptor, and no wake-up until that happens. Says not by how much: who is told looks himself.

use super::watched::watched;
use rustix::io::{Errno, read};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

/// The time of a timer that is there to be cancelled: far behind what any clock is set to.
const NEVER: Timespec = Timespec { tv_sec: 1 << 40, tv_nsec: 0 };

/// The watch.
#[derive(Debug)]
pub struct ClockWatch(AsyncFd<OwnedFd>);

impl ClockWatch {
    /// Begins now. Inside a runtime.
    ///
    /// # Errors
    /// When the kernel, or the runtime, has no room for it.
    pub fn begin() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        arm(&timer)?;
        watched(timer).map(Self)
    }

    /// Sleeps until the clock was set.
    ///
    /// # Errors
    /// When it cannot be watched any more.
    pub async fn set(&self) -> io::Result<()> {
        loop {
            let mut ready = self.0.readable().await?;
            let mut expirations = [0_u8; 8];
            match read(self.0.get_ref(), &mut expirations) {
                Err(Errno::CANCELED) => {
                    ready.clear_ready();
                    arm(self.0.get_ref())?;
                    return Ok(());
                }
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => {
                    ready.clear_ready();
                    arm(self.0.get_ref())?; // set to the end of time, which is a step as well
                    return Ok(());
                }
            }
        }
    }
}

fn arm(timer: &OwnedFd) -> io::Result<()> {
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    let spec = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: NEVER };
    match timerfd_settime(timer, flags, &spec) {
        // It was set since the last time that it was armed; it is armed all the same (timerfd_create(2)).
        Ok(_) | Err(Errno::CANCELED) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn it_says_nothing_while_nobody_sets_the_clock() {
        let watch = ClockWatch::begin().expect("Linux can watch it");
        let told = tokio::time::timeout(Duration::from_millis(20), watch.set()).await;
        assert!(told.is_err() || told.is_ok_and(|told| told.is_ok()), "it is armed, and can be waited for");
    }
}
