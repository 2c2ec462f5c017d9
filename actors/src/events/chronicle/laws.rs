//! The laws E1 to E5 of the event feed, over any adds and readers who come, read and go on; and planted bugs, each of which a law
//! must notice.
use super::{Chronicle, Event, EventSource, EventsFollowing, EventsFrom, KEPT, SIZE, WAITING};
use crate::feed::{Feed, Given};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

#[derive(Debug, Clone, Copy)]
enum Step {
    Add(usize),
    /// Begins to read, with so many of what is kept.
    Begin(usize),
    /// Goes on after the last that was seen.
    GoOn,
    /// Goes on after the last of another supervisor, before or after this one.
    Strange(bool),
    /// Reads so much of what comes.
    Read(usize),
    /// Another supervisor takes its place; the reader goes on.
    Restart,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    NumberTwice,
    NumberLeftOut,
    BeginsWhereAllBegin,
    KeptTwice,
    OneForgotten,
    Backwards,
    LossNotCounted,
    LossCountedTwice,
    LossOfTheFeedNotTold,
    GapNotTold,
    GapAlways,
    MoreIsKept,
    MoreWaits,
    FewerThanAskedFor,
}

const BUGS: [Bug; 14] = [
    Bug::NumberTwice,
    Bug::NumberLeftOut,
    Bug::BeginsWhereAllBegin,
    Bug::KeptTwice,
    Bug::OneForgotten,
    Bug::Backwards,
    Bug::LossNotCounted,
    Bug::LossCountedTwice,
    Bug::LossOfTheFeedNotTold,
    Bug::GapNotTold,
    Bug::GapAlways,
    Bug::MoreIsKept,
    Bug::MoreWaits,
    Bug::FewerThanAskedFor,
];

/// What the reader knows: the number of the next event that he is to be given.
struct World {
    bug: Bug,
    chronicle: Chronicle,
    starts: u64,
    /// The numbers that were given to events: the first, and the next.
    began: u64,
    end: u64,
    next: Option<u64>,
    comes: Option<Feed<Arc<Event>>>,
    broken: Option<String>,
}

fn start(bug: Bug, starts: u64) -> Chronicle {
    let starts = if bug == Bug::BeginsWhereAllBegin { 0 } else { starts };
    Chronicle::new(UNIX_EPOCH + Duration::from_secs(1000 + starts))
}

impl World {
    fn new(bug: Bug) -> Self {
        let chronicle = start(bug, 0);
        let began = chronicle.lock().next;
        let (next, comes, broken) = (None, None, None);
        Self { bug, chronicle, starts: 0, began, end: began, next, comes, broken }
    }

    fn must(&mut self, law: &str, is_so: bool, what: impl FnOnce(&Self) -> String) {
        if !is_so && self.broken.is_none() {
            self.broken = Some(format!("{law}: {}", what(self)));
        }
    }

    fn add(&mut self) {
        let mut given = 0;
        let bug = self.bug;
        self.chronicle.add(|id| {
            given = id;
            let id = match bug {
                Bug::NumberTwice => id.saturating_sub(id % 2),
                Bug::NumberLeftOut => id + 1,
                _ => id,
            };
            let (at, kind) = (UNIX_EPOCH, "system.up");
            Event { id, at, kind, process: None, number: None, fields: Vec::new() }
        });
        let end = self.end;
        self.must("E1", given == end, |_| format!("{given} follows {end}"));
        self.end += 1;
        let kept = self.chronicle.lock().events.len() + usize::from(bug == Bug::MoreIsKept);
        self.must("E4", kept <= KEPT, |_| format!("{kept} are kept"));
    }

    fn follow(&mut self, from: EventsFrom) {
        let mut following = self.chronicle.follow(from);
        self.corrupt(&mut following);
        let EventsFollowing { kept, lost, gap, comes } = following;
        let strange = matches!(from, EventsFrom::After(id) if id < self.began || id >= self.end);
        self.must("E5", gap == strange, |_| format!("{from:?} is of another supervisor: {gap}"));
        let expected = match from {
            EventsFrom::Newest(most) => {
                let there = self.end - self.began;
                let most = (most.min(KEPT) as u64).min(there);
                self.must("E2", kept.len() as u64 == most, |_| format!("{} of {most}", kept.len()));
                self.end - most
            }
            EventsFrom::After(_) if strange => self.began,
            EventsFrom::After(id) => id + 1,
        };
        self.next = Some(expected + lost);
        kept.iter().for_each(|event| self.given(event.id));
        let (next, end) = (self.next, self.end);
        self.must("E3", next == Some(end), |_| format!("up to {next:?} of {end}, {lost} lost"));
        self.comes = Some(comes);
    }

    fn corrupt(&self, following: &mut EventsFollowing) {
        let kept = &mut following.kept;
        match self.bug {
            Bug::KeptTwice => kept.extend(kept.last().cloned()),
            Bug::OneForgotten => drop(kept.pop()),
            Bug::Backwards => kept.reverse(),
            Bug::LossNotCounted => following.lost = 0,
            Bug::LossCountedTwice => following.lost *= 2,
            Bug::GapNotTold => following.gap = false,
            Bug::GapAlways => following.gap = true,
            Bug::FewerThanAskedFor if kept.len() > 1 => drop(kept.remove(0)),
            _ => {}
        }
    }

    fn given(&mut self, id: u64) {
        let next = self.next;
        self.must("E2", next == Some(id), |_| format!("{id} is given where {next:?} is next"));
        self.next = Some(id + 1);
    }

    fn read(&mut self, most: usize) {
        let mut waited = 0;
        for _ in 0..most {
            match self.comes.as_mut().and_then(Feed::try_next) {
                Some(Given::Item(event)) => {
                    waited += 1;
                    self.given(event.id);
                }
                Some(Given::Lost(_)) if self.bug == Bug::LossOfTheFeedNotTold => {}
                Some(Given::Lost(count)) => self.next = self.next.map(|next| next + count),
                None if self.comes.is_some() => {
                    let (next, end) = (self.next, self.end);
                    self.must("E3", next == Some(end), |_| format!("{next:?} of {end} and no more"));
                    break;
                }
                None => break,
            }
        }
        let waited = waited + if self.bug == Bug::MoreWaits { WAITING / SIZE } else { 0 };
        self.must("E4", waited <= WAITING / SIZE, |_| format!("{waited} have waited"));
    }

    fn restart(&mut self) {
        self.starts += 1;
        self.chronicle = start(self.bug, self.starts);
        let (began, end) = (self.chronicle.lock().next, self.end);
        self.must("E1", began > end, |_| format!("it begins at {began}, and the one before was at {end}"));
        (self.began, self.end, self.comes) = (began, began, None);
        if let Some(next) = self.next {
            self.follow(EventsFrom::After(next.saturating_sub(1)));
        }
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Add(count) => (0..count).for_each(|_| self.add()),
            Step::Begin(most) => self.follow(EventsFrom::Newest(most)),
            Step::GoOn => {
                if let Some(next) = self.next {
                    self.follow(EventsFrom::After(next.saturating_sub(1)));
                }
            }
            Step::Strange(before) => {
                let number = if before { self.began - 1 } else { self.end };
                self.follow(EventsFrom::After(number));
            }
            Step::Read(most) => self.read(most),
            Step::Restart => self.restart(),
        }
    }
}

/// The first law that is broken.
fn play(steps: &[Step], bug: Bug) -> Option<String> {
    let mut world = World::new(bug);
    for step in steps {
        world.play(*step);
        if world.broken.is_some() {
            break;
        }
    }
    world.broken
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..40_usize).prop_map(Step::Add),
        1 => (400..5000_usize).prop_map(Step::Add),
        2 => (0..700_usize).prop_map(Step::Begin),
        3 => Just(Step::GoOn),
        1 => any::<bool>().prop_map(Step::Strange),
        4 => (1..9000_usize).prop_map(Step::Read),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn e1_to_e5_each_event_is_given_once_or_counted(steps in steps()) {
        prop_assert_eq!(play(&steps, Bug::None), None);
    }
}

#[test]
fn every_bug_planted_in_the_event_feed_is_noticed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"the laws of events will notice..");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let plays: Vec<_> = (0..60).filter_map(|_| Some(steps().new_tree(&mut runner).ok()?.current())).collect();
    let missed: Vec<_> =
        BUGS.into_iter().filter(|bug| plays.iter().all(|steps| play(steps, *bug).is_none())).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}
