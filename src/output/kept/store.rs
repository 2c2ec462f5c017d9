//! All rings, and whoever follows. Owns how many bytes each ring may have of what all may have, and that who follows is given
//! each line once: of what is kept, or of what comes. Never waits for who follows.
//!
//! Laws, kept by `store/laws.rs`: **N1** numbers grow by one, and begin above all of a supervisor before. **N2** who goes on after the
//! last that he saw is given each line once, in order. **N3** what he is not given is counted: of what comes where it was lost.
//! **N4** no ring holds more than it may. **N5** who comes from another supervisor is told so, and nobody else. **N6** who asks for the
//! newest is given those, and as many as he asked for if they are kept.

use super::ring::Ring;
use phpeek_actors::feed::{Feeder, feed};
use phpeek_actors::lines::{Block, Following, From, LineSource, Origin, Wanted};
use phpeek_core::ids::InstanceId;
use phpeek_core::name::ProcessName;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of all lines that are kept.
const ALL: usize = 32 << 20;
/// Bytes of those of one stream.
const ONE: usize = 256 << 10;
/// Bytes that wait for one who follows.
const WAITING: usize = 4 << 20;

/// Whose lines a ring has: of an instance, of the hooks of the system, or of a file of a process.
type Key = (Option<InstanceId>, &'static str, Option<(ProcessName, Arc<str>)>);

/// See the top of the file.
#[derive(Debug)]
pub(in super::super) struct Store {
    rings: Mutex<HashMap<Key, Arc<Ring>>>,
    /// Bytes that each ring may have.
    share: AtomicUsize,
    /// The number of the first line that there ever was.
    began: u64,
    /// The number of the next line: all before it are in their rings.
    next: AtomicU64,
    followers: Mutex<Vec<Follower>>,
    /// How many they are: cheap to ask for each block.
    following: AtomicUsize,
}

#[derive(Debug)]
struct Follower {
    wanted: Wanted,
    feeder: Feeder<Arc<Block>>,
}

impl Store {
    /// With nothing in it. A supervisor that began later gives higher numbers, whatever the one before has given: who goes
    /// on from a number must not meet it again. No process writes a line each microsecond for long.
    pub(in super::super) fn new(now: SystemTime) -> Self {
        let micros = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let began = u64::try_from(micros).unwrap_or_default();
        Self {
            rings: Mutex::default(),
            share: AtomicUsize::new(ONE),
            began,
            next: AtomicU64::new(began),
            followers: Mutex::default(),
            following: AtomicUsize::new(0),
        }
    }

    fn rings(&self) -> MutexGuard<'_, HashMap<Key, Arc<Ring>>> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner) // whole between any two operations
    }

    fn followers(&self) -> MutexGuard<'_, Vec<Follower>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner) // as above
    }

    /// The ring of an instance, or of the system, which is made with its first line.
    pub(super) fn ring(&self, of: Option<InstanceId>, origin: &Arc<Origin>) -> Arc<Ring> {
        let mut rings = self.rings();
        let before = rings.len();
        let file = origin.process.clone().zip(origin.file.clone());
        let ring =
            rings.entry((of, origin.stream, file)).or_insert_with(|| Arc::new(Ring::new(Arc::clone(origin))));
        let ring = Arc::clone(ring);
        if rings.len() > before {
            let share = (ALL / rings.len()).min(ONE);
            if self.share.swap(share, Relaxed) > share {
                rings.values().for_each(|ring| drop(ring.lock().trim(share)));
            }
        }
        ring
    }

    /// An instance is no more, and nobody can ask for it.
    pub(in super::super) fn forget(&self, instance: InstanceId) {
        let mut rings = self.rings();
        rings.retain(|(of, _, _), _| *of != Some(instance));
        self.share.store((ALL / rings.len().max(1)).min(ONE), Relaxed);
    }

    /// Bytes that each ring may have now.
    pub(super) fn share(&self) -> usize {
        self.share.load(Relaxed)
    }

    /// The number of the next line.
    pub(super) fn next(&self) -> u64 {
        self.next.load(SeqCst)
    }

    /// A block is in its ring: who follows is given it. The order of the two looks and of the two in [`Self::follow`] sees
    /// to it that a block is in what is kept, or comes, or both, and never in neither.
    pub(super) fn publish(&self, block: &Arc<Block>) {
        self.next.store(block.end(), SeqCst);
        if self.following.load(SeqCst) == 0 {
            return;
        }
        let mut followers = self.followers();
        followers.retain(|Follower { wanted, feeder }| {
            let put = || feeder.put(Arc::clone(block), block.bytes(), u64::from(block.count)).is_ok();
            !wanted.is(block) || put()
        });
        self.following.store(followers.len(), SeqCst);
    }

    /// Whether anybody follows.
    pub(super) fn is_followed(&self) -> bool {
        self.following.load(Relaxed) > 0
    }

    fn rings_of(&self, wanted: &Wanted) -> Vec<Arc<Ring>> {
        self.rings().values().filter(|ring| wanted.is_of(&ring.origin)).cloned().collect()
    }

    /// The newest blocks before a number, with at least so many lines, in order.
    fn newest_before(&self, wanted: &Wanted, most: usize, end: u64) -> Vec<Arc<Block>> {
        let mut found = Vec::new();
        for ring in self.rings_of(wanted) {
            let held = ring.lock();
            let mut room = most;
            for block in held.newest_first().filter(|block| block.end() <= end && wanted.is(block)) {
                if room == 0 {
                    break;
                }
                room = room.saturating_sub(block.count as usize);
                found.push(Arc::clone(block));
            }
        }
        found.sort_unstable_by_key(|block| block.first);
        let mut count: usize = found.iter().map(|block| block.count as usize).sum();
        let spare = found.iter().take_while(|block| {
            let goes = count - block.count as usize >= most;
            count -= if goes { block.count as usize } else { 0 };
            goes
        });
        let spare = spare.count();
        found.split_off(spare)
    }

    /// The blocks with lines after one number and before another, in order, and how many are gone, at most.
    fn after(&self, wanted: &Wanted, number: u64, end: u64) -> (Vec<Arc<Block>>, u64) {
        let (mut found, mut gone) = (Vec::new(), 0);
        for ring in self.rings_of(wanted) {
            let held = ring.lock();
            gone += held.gone_after(number);
            let later = held.newest_first().take_while(|block| block.end() > number.saturating_add(1));
            found.extend(later.filter(|block| block.end() <= end && wanted.is(block)).cloned());
        }
        found.sort_unstable_by_key(|block| block.first);
        (found, gone)
    }
}

impl LineSource for Store {
    fn newest(&self, wanted: &Wanted, most: usize) -> Vec<Arc<Block>> {
        self.newest_before(wanted, most, u64::MAX)
    }

    fn follow(&self, wanted: Wanted, from: From) -> Following {
        let (feeder, comes) = feed(WAITING);
        {
            let mut followers = self.followers();
            followers.retain(|follower| !follower.feeder.is_gone());
            followers.push(Follower { wanted: wanted.clone(), feeder });
            self.following.store(followers.len(), SeqCst);
        }
        let next = self.next();
        let gap = matches!(from, From::After(number) if number < self.began || number >= next);
        let (kept, lost) = match from {
            From::Newest(most) => (self.newest_before(&wanted, most, next), 0),
            // After one of another supervisor came all that is here.
            From::After(_) if gap => self.after(&wanted, self.began.saturating_sub(1), next),
            From::After(number) => self.after(&wanted, number, next),
        };
        Following { kept, lost, gap, comes, next }
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
