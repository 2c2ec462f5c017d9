//! What a killed supervisor of the same configuration has left: dealt with before anything is started, as the policy
//! says. What it was is told by the record of what ran; where that cannot be believed nothing is signalled, and nothing
//! that may run already is started.

use super::ledger::{Before, Ledger};
use super::running::{BeginError, Running, UnknownSurvivors, say};
use phpeek_actors::ports::Level;
use phpeek_api::place;
use phpeek_core::order::start_order;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{ProcessSpec, SystemSpec};
use phpeek_os::survivors::{Record, Survivor, marked};
use phpeek_settings::survivors::Survivors;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often survivors are looked at: the kernel tells of the end of children only, and they are no children.
const STEP: Duration = Duration::from_millis(10);
/// So many are named in one message.
const NAMED: usize = 100;
/// What SIGKILL may take.
const KILLED: Duration = Duration::from_secs(2);

/// Deals with what was left, before anything is started; also with its socket, `beside` ours.
///
/// # Errors
/// [`UnknownSurvivors`] when something may have been left, and the record of it cannot be believed.
pub(super) async fn deal(
    ledger: &Ledger,
    policy: Survivors,
    spec: &SystemSpec,
    (running, beside): (&Running, Option<&Path>),
) -> Result<(), BeginError> {
    if let (Before::Of(_), Some(socket)) = (ledger.before(), beside) {
        place::sweep_beside(socket);
    }
    match ledger.before() {
        _ if policy == Survivors::Ignore => {}
        Before::Nothing => {}
        Before::Of(record) => known(record, policy, spec, running).await,
        Before::Refused(why) => unknown(ledger.path(), why, policy, running)?,
    }
    Ok(())
}

/// No word of a record that others may have written is acted upon: it could name whom they want to see dead. To start
/// all the same could run everything twice, so what carries a mark decides.
fn unknown(record: &Path, why: &str, policy: Survivors, running: &Running) -> Result<(), UnknownSurvivors> {
    let left = list(&marked());
    let refused = || format!("the record {} is not used ({why})", record.display());
    match policy {
        _ if left.is_empty() => {
            let rest = "nothing that carries the mark of a supervisor that is gone is there";
            say(running, Level::Warn, format!("{}; {rest}", refused()));
        }
        Survivors::Stop | Survivors::Kill => {
            return Err(UnknownSurvivors { record: record.to_owned(), why: why.to_owned(), left });
        }
        Survivors::Report | Survivors::Ignore => {
            let rest = "these carry the mark of a supervisor that is gone, maybe of this configuration";
            say(running, Level::Error, format!("{}; {rest}: {left}", refused()));
        }
    }
    Ok(())
}

async fn known(before: &Record, policy: Survivors, spec: &SystemSpec, running: &Running) {
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
    let mut all: Vec<_> = survivors.iter().map(|s| format!("{} (pid {})", s.name(), s.pid())).collect();
    if all.len() > NAMED {
        let more = all.split_off(NAMED).len();
        all.push(format!("{more} more"));
    }
    all.join(", ")
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
