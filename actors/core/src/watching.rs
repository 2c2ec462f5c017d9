//! Files whose change restarts a process: which they are, when a burst of changes is over, and who is restarted with it. Looks at
//! no file.
//!
//! # The laws
//! * **V1** nothing is due unless something has changed since it was due last.
//! * **V2** a burst is due once: when nothing has changed for the pause, or when it has lasted [`MOST`] pauses.
//! * **V3** every change is followed by a moment at which it is due, within [`MOST`] pauses.

use crate::name::ProcessName;
use crate::spec::ProcessSpec;
use std::sync::Arc;
use std::time::Duration;

/// A burst that does not end is due after so many pauses: what is written without a break holds nothing up for ever.
pub const MOST: u32 = 20;

/// What is watched for a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchSpec {
    /// Files, folders with all below them, and globs.
    pub paths: Vec<String>,
    /// Those that do not count; one without a slash is a name, wherever it is.
    pub ignore: Vec<String>,
    /// How long nothing must have changed.
    pub pause: Duration,
    /// Whether those that depend on it are restarted after it.
    pub cascade: bool,
}

/// The changes of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debounce {
    pause: Duration,
    burst: Option<Burst>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Burst {
    first: Duration,
    last: Duration,
    /// What has changed first.
    path: Arc<str>,
}

impl Debounce {
    /// Of which nothing has changed.
    #[must_use]
    pub fn new(pause: Duration) -> Self {
        Self { pause, burst: None }
    }

    /// This has changed.
    pub fn changed(&mut self, at: Duration, path: &Arc<str>) {
        match &mut self.burst {
            Some(burst) => burst.last = at,
            None => self.burst = Some(Burst { first: at, last: at, path: path.clone() }),
        }
    }

    /// When a tick is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let Burst { first, last, .. } = self.burst.as_ref()?;
        let most = first.saturating_add(self.pause.saturating_mul(MOST));
        Some(last.saturating_add(self.pause).min(most))
    }

    /// Time has passed: what has changed first, when the burst is over. Before the deadline it is not.
    pub fn tick(&mut self, at: Duration) -> Option<Arc<str>> {
        self.deadline().filter(|due| *due <= at)?;
        self.burst.take().map(|burst| burst.path)
    }
}

/// Who needs this process, directly or by others, each after all that it needs of them itself. A graph without a cycle.
#[must_use]
pub fn dependents(processes: &[Arc<ProcessSpec>], of: &ProcessName) -> Vec<ProcessName> {
    let mut found: Vec<ProcessName> = vec![of.clone()];
    let mut rest: Vec<&Arc<ProcessSpec>> = processes.iter().filter(|spec| spec.name != *of).collect();
    // All that shall be restarted, whatever the order.
    let before = |spec: &ProcessSpec, found: &[ProcessName]| {
        spec.depends_on.iter().any(|on| found.contains(&on.process))
    };
    let mut all = found.clone();
    while let Some(next) = rest.iter().position(|spec| before(spec, &all)) {
        all.push(rest.remove(next).name.clone());
    }
    // Each when those of them that it needs have had their turn.
    let mut left: Vec<&Arc<ProcessSpec>> = processes.iter().filter(|spec| all.contains(&spec.name)).collect();
    left.retain(|spec| spec.name != *of);
    let ready = |spec: &ProcessSpec, found: &[ProcessName]| {
        spec.depends_on.iter().all(|on| !all.contains(&on.process) || found.contains(&on.process))
    };
    while let Some(next) = left.iter().position(|spec| ready(spec, &found)) {
        found.push(left.remove(next).name.clone());
    }
    found.split_off(1)
}
