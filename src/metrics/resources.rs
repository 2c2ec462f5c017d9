//! What instances use, read each interval on a thread of its own: supervision says which there are and goes on. Owns what
//! is kept of it; what is gone is kept no longer than until the next look.

use super::histogram::{Histogram, RESOURCES};
use super::ring::{Ring, Sample};
use phpeek_core::ids::TaskId;
use phpeek_core::name::ProcessName;
use phpeek_os::usage::{Scales, machine_memory};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

/// One instance that there is.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its process.
    pub process: ProcessName,
    /// `NAME-number`.
    pub instance: String,
    /// Its run and the leader of it, while it runs.
    pub leader: Option<(TaskId, i32)>,
}

/// By process and instance.
type Rings = BTreeMap<(ProcessName, String), Ring>;

#[derive(Debug)]
struct Kept {
    rings: Rings,
    seconds: Histogram,
}

/// See the top of the file.
#[derive(Debug, Clone)]
pub struct Resources {
    kept: Arc<Mutex<Kept>>,
    rounds: SyncSender<Vec<Subject>>,
}

impl Resources {
    /// Starts the thread, which runs `first` before anything else, keeps so many samples of each instance, and says after
    /// each round that there are new ones.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        scales: Scales,
        most: usize,
        first: fn(),
        told: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let kept = Kept { rings: Rings::new(), seconds: Histogram::new(RESOURCES) };
        let kept = Arc::new(Mutex::new(kept));
        let (rounds, wanted) = sync_channel::<Vec<Subject>>(1);
        let own = kept.clone();
        std::thread::Builder::new().name("resources".to_owned()).spawn(move || {
            first();
            let machine = machine_memory().unwrap_or(0);
            while let Ok(subjects) = wanted.recv() {
                look(&own, &scales, &subjects, (machine, most));
                told();
            }
        })?;
        Ok(Self { kept, rounds })
    }

    /// These are there now: look at them. While a look is under way that took longer than the interval, one more waits
    /// and others are left out. False when nobody looks any more.
    #[must_use]
    pub fn look(&self, subjects: Vec<Subject>) -> bool {
        !matches!(self.rounds.try_send(subjects), Err(TrySendError::Disconnected(_)))
    }

    /// The newest samples of an instance since then, oldest first; `None` when nothing is known of it.
    #[must_use]
    pub fn since(
        &self,
        process: &str,
        instance: &str,
        since: SystemTime,
        limit: usize,
    ) -> Option<Vec<Sample>> {
        let kept = locked(&self.kept);
        let mut all = kept.rings.iter();
        let found = all.find(|((own, id), _)| own.as_str() == process && id == instance);
        found.map(|(_, ring)| ring.since(since, limit))
    }

    /// The newest sample of each instance that runs, by its id.
    #[must_use]
    pub fn now(&self) -> HashMap<String, Sample> {
        let kept = locked(&self.kept);
        kept.rings.iter().filter_map(|((_, instance), ring)| Some((instance.clone(), ring.live?))).collect()
    }

    /// The newest of every instance: process, instance, what it uses while it runs, readings that failed.
    pub(crate) fn newest(&self) -> (Vec<Newest>, Histogram) {
        let kept = locked(&self.kept);
        let one = |((process, instance), ring): (&(ProcessName, String), &Ring)| Newest {
            process: process.clone(),
            instance: instance.clone(),
            live: ring.live,
            errors: ring.errors,
        };
        (kept.rings.iter().map(one).collect(), kept.seconds.clone())
    }
}

/// The newest of one instance.
#[derive(Debug, Clone)]
pub(crate) struct Newest {
    pub(crate) process: ProcessName,
    pub(crate) instance: String,
    pub(crate) live: Option<Sample>,
    pub(crate) errors: u64,
}

fn locked(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lock is held for each instance alone, and never while something is read.
fn look(kept: &Mutex<Kept>, scales: &Scales, subjects: &[Subject], (machine, most): (u64, usize)) {
    let began = Instant::now();
    for Subject { process, instance, leader } in subjects {
        let read = leader.map(|(task, pid)| scales.weigh(task, pid));
        let at = SystemTime::now();
        let mut kept = locked(kept);
        let ring = kept.rings.entry((process.clone(), instance.clone())).or_default();
        match read {
            Some(Some(usage)) => ring.add(at, usage, machine, most),
            Some(None) => {
                ring.live = None;
                ring.errors += 1; // it has ended since it was named
            }
            None => ring.live = None,
        }
    }
    let mut kept = locked(kept);
    kept.seconds.observe(began.elapsed().as_secs_f64());
    let there = |process: &ProcessName, instance: &str| {
        subjects.iter().any(|subject| subject.process == *process && subject.instance == instance)
    };
    if kept.rings.len() > subjects.len() {
        kept.rings.retain(|(process, instance), _| there(process, instance));
    }
}
