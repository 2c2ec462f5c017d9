//! What goes by the clock on the wall hears when it is set. Without the watch a tick is found late, or waited for anew.

use super::running::{Running, warn};
use phpeek_actors::manager::Router;
use phpeek_os::clock_watch::ClockWatch;

/// Watches for as long as the program runs; sleeps until the clock is set.
pub(super) fn watch(running: &Running, router: Router) {
    let warn = warn(running);
    let failed = "cannot watch whether the clock is set; schedules look at it when they are due";
    match ClockWatch::begin() {
        Err(error) => warn(format!("{failed}: {error}")),
        Ok(watch) => drop(actix::spawn(async move {
            loop {
                match watch.set().await {
                    Ok(()) => router.clock_set(),
                    Err(error) => return warn(format!("{failed}: {error}")),
                }
            }
        })),
    }
}
