//! What a killed supervisor of the same configuration has left: found and dealt with before anything is started. Owns the
//! record of what runs, in the runtime directory, which the next supervisor reads; and the lock beside it, so that no two
//! supervisors of one user run the same configuration. The record is written a moment after something has changed, by a
//! thread of its own that ends with it: a start never waits for it.

use super::running::{AlreadyRuns, Running, say};
use phpeek_actors::ports::Level;
use phpeek_api::place;
use phpeek_core::order::start_order;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{ProcessSpec, SystemSpec};
use phpeek_os::lock_file::{LockError, LockFile};
use phpeek_os::reaper::Children;
use phpeek_os::signals::block_all_in_this_thread;
use phpeek_os::state_file;
use phpeek_os::survivors::{Record, Survivor};
use phpeek_settings::survivors::Survivors;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

/// Nobody else reads what runs here.
const MODE: u32 = 0o600;
/// So much is gathered before it is written. What began since then is known by its mark alone.
const GATHERED: Duration = Duration::from_millis(500);
/// How often survivors are looked at: the kernel tells of the end of children only, and they are no children.
const STEP: Duration = Duration::from_millis(10);
/// What SIGKILL may take.
const KILLED: Duration = Duration::from_secs(2);

/// The record of what runs, and the lock beside it.
pub(super) struct Ledger {
    path: PathBuf,
    lock: LockFile,
    before: Option<Record>,
}

impl Ledger {
    /// In the first runtime directory that can be used; `None` when there is none.
    ///
    /// # Errors
    /// [`AlreadyRuns`] when somebody has this configuration already.
    pub(super) fn open(config: &Path) -> Result<Option<Self>, AlreadyRuns> {
        let config = config.canonicalize().unwrap_or_else(|_| config.to_owned());
        let own = rustix::process::geteuid().as_raw();
        for folder in place::folders(own, &|name| std::env::var_os(name)) {
            if place::prepare(&folder).is_err() {
                continue;
            }
            let name = name_of(&config);
            let runs = |pid| AlreadyRuns { config: config.clone(), pid };
            let lock = match LockFile::take(&folder.join(format!("{name}.lock")), MODE) {
                Ok(lock) => lock,
                Err(LockError::InUse { pid, .. }) => return Err(runs(pid)),
                Err(LockError::Write { .. }) => continue,
            };
            let path = folder.join(format!("{name}.state"));
            // One that cannot be read, or that others may have written, says nothing.
            let before = state_file::read(&path).ok().flatten().and_then(|text| Record::parse(&text));
            if let Some(pid) = before.as_ref().and_then(Record::living_supervisor) {
                return Err(runs(pid));
            }
            return Ok(Some(Self { path, lock, before }));
        }
        Ok(None)
    }

    /// Writes down what runs, for as long as the supervisor does.
    pub(super) async fn keep(self: Rc<Self>, children: Rc<Children>, names: Vec<String>) {
        let mut record = Record::own(names);
        loop {
            record = self.write(record, &children).await;
            children.changes().notified().await;
            sleep(GATHERED).await;
        }
    }

    /// On a thread of its own, which looks up what is new and waits for the disk. Where there is no thread to be had the
    /// next change tries again.
    async fn write(&self, record: Record, children: &Children) -> Record {
        let leaders = children.leaders();
        let (path, spare) = (self.path.clone(), record.clone());
        let (send, receive) = oneshot::channel();
        let begun = std::thread::Builder::new().name("state".to_owned()).spawn(move || {
            if block_all_in_this_thread().is_err() {
                return; // a handler must not run here: the next change tries again
            }
            let mut record = record;
            record.note(&leaders);
            // A record that cannot be written is one that nobody will find.
            drop(state_file::replace(&path, record.to_text().as_bytes(), MODE));
            drop(send.send(record));
        });
        match begun {
            Ok(_) => receive.await.unwrap_or(spare),
            Err(_) => spare,
        }
    }

    /// Everything has stopped: nobody need look for anything.
    pub(super) fn close(&self) {
        drop(std::fs::remove_file(&self.path));
        drop(std::fs::remove_file(self.lock.path()));
    }
}

/// A name for a configuration that is the same for each supervisor of it: FNV-1a of its path, which nobody has to
/// invert or to guess.
fn name_of(config: &Path) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in config.as_os_str().as_encoded_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// Deals with what was left, before anything is started.
pub(super) async fn deal(ledger: &Ledger, policy: Survivors, spec: &SystemSpec, running: &Running) {
    let Some(before) = ledger.before.as_ref().filter(|_| policy != Survivors::Ignore) else { return };
    let mut left = before.survivors();
    if left.is_empty() {
        return;
    }
    for (name, survivors) in &left {
        let message = format!("process {name:?}: a supervisor that was killed has left {}", list(survivors));
        say(running, Level::Warn, message);
    }
    let until = Instant::now() + spec.shutdown_timeout;
    match policy {
        Survivors::Stop => {
            for level in stop_order(spec, &left) {
                let group: Vec<_> = level.into_iter().filter_map(|name| left.remove_entry(&name)).collect();
                stop(&group, spec, until).await;
                tell(&group, running);
            }
        }
        Survivors::Kill => {
            let all: Vec<_> = left.into_iter().collect();
            kill(&all).await;
            tell(&all, running);
        }
        Survivors::Report | Survivors::Ignore => {}
    }
}

fn list(survivors: &[Survivor]) -> String {
    survivors.iter().map(|s| format!("{} (pid {})", s.name(), s.pid())).collect::<Vec<_>>().join(", ")
}

/// Who is stopped together, the last of the start order first; what is not configured any more comes before all.
fn stop_order(spec: &SystemSpec, left: &BTreeMap<String, Vec<Survivor>>) -> Vec<Vec<String>> {
    let place_of = |name: &str| spec.processes.iter().position(|p| p.name.as_str() == name);
    let needs = |p: &ProcessSpec| p.depends_on.iter().filter_map(|d| place_of(d.process.as_str())).collect();
    let edges: Vec<Vec<usize>> = spec.processes.iter().map(|p| needs(p)).collect();
    let order = start_order(&edges).unwrap_or_default();
    let mut depth = vec![0_usize; edges.len()];
    for place in order {
        let below = edges.get(place).into_iter().flatten().filter_map(|on| depth.get(*on)).max();
        let own = below.map_or(0, |below| below + 1);
        if let Some(slot) = depth.get_mut(place) {
            *slot = own;
        }
    }
    let depth_of =
        |name: &String| place_of(name).and_then(|place| depth.get(place)).map_or(usize::MAX, |depth| *depth);
    let mut levels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for name in left.keys() {
        levels.entry(depth_of(name)).or_default().push(name.clone());
    }
    levels.into_values().rev().collect()
}

type Left = (String, Vec<Survivor>);

fn living(group: &[Left]) -> impl Iterator<Item = &Survivor> {
    group.iter().flat_map(|(_, all)| all).filter(|survivor| survivor.lives())
}

/// The request, the time of each, then the kill. Who has a parent among them is asked when that is gone: a parent ends
/// what is below it in its own way.
async fn stop(group: &[Left], spec: &SystemSpec, until: Instant) {
    let specs: BTreeMap<&str, &ProcessSpec> =
        spec.processes.iter().map(|p| (p.name.as_str(), &**p)).collect();
    let mut grace = Duration::from_secs(10); // of one that is not configured any more
    for (name, _) in group {
        grace = specs.get(name.as_str()).map_or(grace, |spec| grace.max(spec.stop.grace));
    }
    let until = until.min(Instant::now() + grace);
    let mut asked: BTreeSet<i32> = BTreeSet::new();
    while living(group).next().is_some() && Instant::now() < until {
        let there: BTreeSet<i32> = living(group).map(Survivor::pid).collect();
        for (name, survivors) in group {
            let signal = specs.get(name.as_str()).map_or(Signal::TERM, |spec| spec.stop.signal);
            let topmost = |s: &&Survivor| s.parent().is_some_and(|parent| !there.contains(&parent));
            for survivor in survivors.iter().filter(topmost) {
                if asked.insert(survivor.pid()) {
                    survivor.signal(signal);
                }
            }
        }
        sleep(STEP).await;
    }
    kill(group).await;
}

async fn kill(group: &[Left]) {
    for survivor in living(group) {
        survivor.signal(Signal::KILL);
    }
    wait(group, Instant::now() + KILLED).await;
}

async fn wait(group: &[Left], until: Instant) {
    while living(group).next().is_some() && Instant::now() < until {
        sleep(STEP).await;
    }
}

fn tell(group: &[Left], running: &Running) {
    for (name, survivors) in group {
        let there: Vec<Survivor> = survivors.iter().filter(|s| s.lives()).cloned().collect();
        if there.is_empty() {
            say(running, Level::Info, format!("process {name:?}: what was left has ended"));
        } else {
            let message = format!("process {name:?}: what was left cannot be ended: {}", list(&there));
            say(running, Level::Error, message);
        }
    }
}
