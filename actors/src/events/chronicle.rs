//! The newest events, and whoever follows. Owns their numbers and how many are kept; never waits for a reader.
//!
//! Laws, kept by `chronicle/laws.rs`: **E1** the numbers grow by one, and begin above all of a supervisor before. **E2** who goes
//! on after the last that he saw is given each event once, in order. **E3** what he is not given is counted where it was lost.
//! **E4** no more are kept, and no more wait, than may. **E5** who comes from another supervisor is told so, and nobody else.

use crate::feed::{Feed, Feeder, feed};
use crate::ports::Value;
use phpeek_core::name::ProcessName;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// So many are kept.
const KEPT: usize = 512;
/// What an event takes of the bound of a reader, about.
const SIZE: usize = 256;
/// So many events wait for one who follows.
const WAITING: usize = 4096 * SIZE;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// By which a reader goes on after it; every start begins with a higher one than any before it had.
    pub id: u64,
    /// When it happened.
    pub at: SystemTime,
    /// What: `system.up`, `process.scaled`, `instance.state`.
    pub kind: &'static str,
    /// To which process.
    pub process: Option<ProcessName>,
    /// To the instance of this number.
    pub number: Option<u32>,
    /// What more there is to say.
    pub fields: Vec<(&'static str, Value)>,
}

/// Where a reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsFrom {
    /// With so many of those that are kept.
    Newest(usize),
    /// After the one of this number.
    After(u64),
}

/// What a reader is given.
#[derive(Debug)]
pub struct EventsFollowing {
    /// What was kept, oldest first.
    pub kept: Vec<Arc<Event>>,
    /// So many after the one that was named are not kept any more.
    pub lost: u64,
    /// Whether the one that was named is of another supervisor: what that one has said after it, nobody knows here.
    pub gap: bool,
    /// What comes.
    pub comes: Feed<Arc<Event>>,
}

/// Whoever keeps events. Any thread may ask.
pub trait EventSource: Send + Sync {
    /// What is kept, and what comes after that.
    fn follow(&self, from: EventsFrom) -> EventsFollowing;
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Chronicle(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    /// The number of the first that there ever was, and of the next.
    began: u64,
    next: u64,
    events: VecDeque<Arc<Event>>,
    followers: Vec<Feeder<Arc<Event>>>,
}

impl Chronicle {
    /// With none. Of two supervisors the later one has the higher numbers: there are never as many events as microseconds.
    pub(super) fn new(now: SystemTime) -> Self {
        let micros = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let next = u64::try_from(micros).unwrap_or_default();
        Self(Mutex::new(Kept { began: next, next, events: VecDeque::new(), followers: Vec::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // whole between any two operations
    }

    /// The event of the next number.
    pub(super) fn add(&self, event: impl FnOnce(u64) -> Event) {
        let mut kept = self.lock();
        let event = Arc::new(event(kept.next));
        kept.next += 1;
        if kept.events.len() >= KEPT {
            kept.events.pop_front();
        }
        kept.followers.retain(|follower| follower.put(Arc::clone(&event), SIZE, 1).is_ok());
        kept.events.push_back(event);
    }
}

impl EventSource for Chronicle {
    fn follow(&self, from: EventsFrom) -> EventsFollowing {
        let (feeder, comes) = feed(WAITING);
        let mut held = self.lock();
        held.followers.retain(|follower| !follower.is_gone());
        held.followers.push(feeder);
        let first = held.next - held.events.len() as u64;
        let (begin, lost, gap) = match from {
            EventsFrom::Newest(most) => (held.next.saturating_sub(most as u64), 0, false),
            EventsFrom::After(id) if held.began <= id && id < held.next => {
                (id + 1, first.saturating_sub(id + 1), false)
            }
            // Of another supervisor: all that is here came after it.
            EventsFrom::After(_) => (held.began, first - held.began, true),
        };
        let kept = held.events.iter().filter(|event| event.id >= begin).cloned().collect();
        EventsFollowing { kept, lost, gap, comes }
    }
}

#[cfg(test)]
mod laws;

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use crate::feed::Given;

    fn with(count: usize) -> (Chronicle, u64) {
        let now = UNIX_EPOCH + std::time::Duration::from_secs(1);
        let chronicle = Chronicle::new(now);
        let began = chronicle.lock().next;
        for _ in 0..count {
            add(&chronicle);
        }
        (chronicle, began)
    }

    fn add(chronicle: &Chronicle) {
        let at = UNIX_EPOCH;
        chronicle.add(|id| Event {
            id,
            at,
            kind: "system.up",
            process: None,
            number: None,
            fields: Vec::new(),
        });
    }

    #[test]
    fn who_goes_on_is_given_the_rest_once_or_told_how_much_is_gone() {
        let (chronicle, began) = with(1500);
        let ids = |from| {
            let EventsFollowing { kept, lost, gap, .. } = chronicle.follow(from);
            (kept.first().map(|event| event.id - began), kept.len(), lost, gap)
        };
        assert_eq!(ids(EventsFrom::Newest(0)), (None, 0, 0, false));
        assert_eq!(ids(EventsFrom::Newest(10)), (Some(1490), 10, 0, false));
        assert_eq!(ids(EventsFrom::After(began + 1400)), (Some(1401), 99, 0, false));
        assert_eq!(ids(EventsFrom::After(began + 99)), (Some(988), 512, 888, false));
        for other in [0, began - 1, began + 1500, u64::MAX] {
            assert_eq!(ids(EventsFrom::After(other)), (Some(988), 512, 988, true), "of another supervisor");
        }
        let mut following = chronicle.follow(EventsFrom::After(began + 1499));
        add(&chronicle);
        let Some(Given::Item(event)) = following.comes.try_next() else { panic!("it comes") };
        assert_eq!((following.kept.len(), event.id - began), (0, 1500));
    }

    #[test]
    fn who_does_not_read_is_forgotten_when_it_goes_and_loses_what_is_counted() {
        let (chronicle, _) = with(0);
        let mut slow = chronicle.follow(EventsFrom::Newest(0));
        drop(chronicle.follow(EventsFrom::Newest(0)));
        for _ in 0..5000 {
            add(&chronicle);
        }
        assert_eq!(chronicle.lock().followers.len(), 1);
        assert_eq!(slow.comes.try_next(), Some(Given::Lost(5000 - 4096)));
    }
}
