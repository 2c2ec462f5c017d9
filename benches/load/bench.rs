//! What a run works with, and how it waits: each wait is bounded.

use crate::events::Events;
use crate::options::Load;
use crate::progress;
use crate::report::Run;
use crate::supervisor::Supervisor;
use std::time::{Duration, Instant};

/// How often the event file is read while something is awaited. Times are taken by the workers, so this is no part
/// of them; it only costs the machine a little CPU.
pub(crate) const POLL: Duration = Duration::from_millis(2);
/// CLOCK_MONOTONIC in nanoseconds: the clock of the workers' records.
pub(crate) fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// What a run works with.
pub(crate) struct Bench<'a> {
    /// What is run.
    pub(crate) load: &'a Load,
    /// Its supervisor.
    pub(crate) supervisor: Supervisor,
    /// What its workers have recorded.
    pub(crate) events: Events,
    /// The result so far.
    pub(crate) run: Run,
}

impl Bench<'_> {
    /// Reads new records until `done`, at most as long as `--wait` allows.
    pub(crate) fn wait_until(&mut self, what: &str, done: impl Fn(&Events) -> bool) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            self.events.poll().map_err(|e| format!("cannot read the event file: {e}"))?;
            if done(&self.events) {
                return Ok(());
            }
            self.supervisor.must_run()?;
            if begin.elapsed() > self.load.wait {
                let up = self.events.first_starts.len();
                let patience = self.load.wait.as_secs_f64();
                return Err(format!("{what}: not within {patience} s ({up} workers have started at all)"));
            }
            progress::tick(&format!("{what}: {} starts", self.events.total_starts()));
            std::thread::sleep(POLL);
        }
    }
}
