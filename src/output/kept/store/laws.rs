//! The laws N1 to N6 of the lines that are kept, over any writes of three instances and any reader who comes, reads and goes on;
//! and planted bugs, each of which a law must notice.
use super::super::ring::LINES;
use super::tests::{NOW, of, open};
use super::{Store, SystemTime};
use crate::kept::{Keeper, Kept};
use phpeek_actors::feed::{Feed, Given};
use phpeek_actors::lines::{Block, Following, From, LineSource};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// An instance writes so many lines of so many bytes, each for itself.
    Write(usize, usize, usize),
    Begin(usize),
    /// Goes on after the last that was seen.
    GoOn,
    /// Goes on after the last of another supervisor, before or after this one.
    Strange(bool),
    /// Reads so many blocks of what comes.
    Read(usize),
    /// Another supervisor takes its place; the reader goes on.
    Restart,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    BeginsWhereAllBegin,
    KeptTwice,
    OneForgotten,
    Backwards,
    NewestForgotten,
    OlderInstead,
    LossNotCounted,
    LossMadeUp,
    LossOfTheFeedNotTold,
    GapNotTold,
    GapAlways,
    ComesTooLate,
    RingWithoutBound,
}

const BUGS: [Bug; 13] = [
    Bug::BeginsWhereAllBegin,
    Bug::KeptTwice,
    Bug::OneForgotten,
    Bug::Backwards,
    Bug::NewestForgotten,
    Bug::OlderInstead,
    Bug::LossNotCounted,
    Bug::LossMadeUp,
    Bug::LossOfTheFeedNotTold,
    Bug::GapNotTold,
    Bug::GapAlways,
    Bug::ComesTooLate,
    Bug::RingWithoutBound,
];

struct World {
    bug: Bug,
    store: Arc<Store>,
    keeper: Keeper,
    outlets: Vec<Kept>,
    starts: u64,
    /// The numbers of the first line that was written, and of the next.
    began: u64,
    end: u64,
    /// The number of the next line that the reader is to be given.
    next: Option<u64>,
    comes: Option<Feed<Arc<Block>>>,
    broken: Option<String>,
}

fn start(bug: Bug, starts: u64) -> (Arc<Store>, Keeper, Vec<Kept>) {
    let starts = if bug == Bug::BeginsWhereAllBegin { 0 } else { starts };
    let now: SystemTime = NOW + Duration::from_secs(1000 + starts);
    let store = Arc::new(Store::new(now));
    let keeper = Keeper::new(Arc::clone(&store));
    let outlets = (0..3).map(|serial| open(&keeper, "a", serial, 1)).collect();
    (store, keeper, outlets)
}

fn numbers(blocks: &[Arc<Block>]) -> Vec<u64> {
    blocks.iter().flat_map(|block| block.lines()).map(|line| line.number).collect()
}

impl World {
    fn new(bug: Bug) -> Self {
        let (store, keeper, outlets) = start(bug, 0);
        let (began, next, comes, broken) = (store.next(), None, None, None);
        Self { bug, store, keeper, outlets, starts: 0, began, end: began, next, comes, broken }
    }

    fn must(&mut self, law: &str, is_so: bool, what: impl FnOnce() -> String) {
        if !is_so && self.broken.is_none() {
            self.broken = Some(format!("{law}: {}", what()));
        }
    }

    fn write(&mut self, instance: usize, lines: usize, bytes: usize) {
        let text = vec![b'x'; bytes];
        for _ in 0..lines {
            self.keeper.lines(&self.outlets[instance], NOW, &text, 1);
        }
        self.end += lines as u64;
        let (next, end) = (self.store.next(), self.end);
        self.must("N1", next == end, || format!("{next} is the next, and {end} are written"));
        self.is_bounded();
    }

    fn is_bounded(&mut self) {
        let share = self.store.share();
        let rings: Vec<_> = self.store.rings().values().cloned().collect();
        for ring in rings {
            let kept: Vec<Arc<Block>> = ring.lock().newest_first().cloned().collect();
            let lines: u64 = kept.iter().map(|block| u64::from(block.count)).sum();
            let lines = if self.bug == Bug::RingWithoutBound { lines + LINES } else { lines };
            let bytes: usize = kept.iter().map(|block| block.bytes()).sum();
            let oldest = kept.last().map_or(0, |block| u64::from(block.count));
            let within = lines - oldest < LINES && (bytes <= share || kept.len() == 1);
            self.must("N4", kept.is_empty() || within, || format!("{lines} lines, {bytes} of {share} bytes"));
        }
    }

    /// All that is kept, in order.
    fn kept(&self) -> Vec<u64> {
        let rings: Vec<_> = self.store.rings().values().cloned().collect();
        let mut blocks: Vec<_> =
            rings.iter().flat_map(|ring| ring.lock().newest_first().cloned().collect::<Vec<_>>()).collect();
        blocks.sort_by_key(|block| block.first);
        numbers(&blocks)
    }

    fn follow(&mut self, from: From) {
        let mut following = self.store.follow(of("a"), from);
        self.corrupt(&mut following);
        let Following { kept, lost, gap, comes, next } = following;
        let strange = matches!(from, From::After(number) if number < self.began || number >= self.end);
        self.must("N5", gap == strange, || format!("{from:?} is of another supervisor: {gap}"));
        let given = numbers(&kept);
        self.must("N2", given.is_sorted_by(|a, b| a < b), || "given twice, or out of order".to_owned());
        match from {
            From::Newest(most) => self.is_newest(&given, most),
            From::After(number) => {
                let first = if strange { self.began } else { number + 1 };
                self.is_the_rest(given.into_iter().filter(|n| *n >= first).collect(), first, lost);
            }
        }
        let end = self.end;
        self.must("N2", next == end, || format!("{next} comes next, and {end} does"));
        self.next = Some(end);
        self.comes = Some(comes);
    }

    fn is_newest(&mut self, given: &[u64], most: usize) {
        let all = self.kept();
        let is_end = all.ends_with(given);
        self.must("N6", is_end, || "these are not the newest".to_owned());
        let enough = given.len() >= most.min(all.len());
        self.must("N6", enough, || format!("{} where {most} were asked for", given.len()));
    }

    /// One of several rings may count more as lost than were of interest, and none less.
    fn is_the_rest(&mut self, given: Vec<u64>, first: u64, lost: u64) {
        let missing = (self.end - first).saturating_sub(given.len() as u64);
        let gone = self.end - self.began - self.kept().len() as u64;
        let counted = (missing..=gone).contains(&lost);
        self.must("N3", counted, || format!("{lost} are lost, {missing} are missing, {gone} are gone"));
        let kept = self.kept().into_iter().filter(|n| *n >= first);
        let whole = kept.eq(given);
        self.must("N2", whole, || format!("not all that is kept from {first} on"));
    }

    fn corrupt(&self, following: &mut Following) {
        let kept = &mut following.kept;
        match self.bug {
            Bug::KeptTwice => kept.extend(kept.last().cloned()),
            Bug::OneForgotten if kept.len() > 2 => drop(kept.remove(1)),
            Bug::Backwards => kept.reverse(),
            Bug::NewestForgotten => drop(kept.pop()),
            Bug::OlderInstead if !kept.is_empty() => drop(kept.remove(0)),
            Bug::LossNotCounted => following.lost = 0,
            Bug::LossMadeUp => following.lost += 1,
            Bug::GapNotTold => following.gap = false,
            Bug::GapAlways => following.gap = true,
            Bug::ComesTooLate => following.next += 1,
            _ => {}
        }
    }

    fn read(&mut self, most: usize) {
        for _ in 0..most {
            let given = self.comes.as_mut().map(Feed::try_next);
            let next = self.next.unwrap_or_default();
            match given {
                Some(Some(Given::Item(block))) => {
                    self.must("N2", block.first == next, || format!("{} where {next} is next", block.first));
                    self.next = Some(block.end());
                }
                Some(Some(Given::Lost(_))) if self.bug == Bug::LossOfTheFeedNotTold => {}
                Some(Some(Given::Lost(count))) => self.next = Some(next + count),
                Some(None) => {
                    let end = self.end;
                    return self.must("N3", next == end, || format!("{next} of {end}, and no more comes"));
                }
                None => return,
            }
        }
    }

    fn restart(&mut self) {
        self.starts += 1;
        (self.store, self.keeper, self.outlets) = start(self.bug, self.starts);
        let (began, end) = (self.store.next(), self.end);
        self.must("N1", began > end, || format!("it begins at {began}, and the one before was at {end}"));
        (self.began, self.end, self.comes) = (began, began, None);
        if let Some(next) = self.next {
            self.follow(From::After(next.saturating_sub(1)));
        }
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Write(instance, lines, bytes) => self.write(instance, lines, bytes),
            Step::Begin(most) => self.follow(From::Newest(most)),
            Step::GoOn => {
                if let Some(next) = self.next {
                    self.follow(From::After(next.saturating_sub(1)));
                }
            }
            Step::Strange(before) => {
                self.follow(From::After(if before { self.began - 1 } else { self.end }));
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
        4 => (0..3_usize, 1..30_usize, 1..50_usize).prop_map(|(i, lines, bytes)| Step::Write(i, lines, bytes)),
        1 => (0..3_usize, 500..1500_usize, 1..10_usize).prop_map(|(i, lines, bytes)| Step::Write(i, lines, bytes)),
        2 => (0..3_usize, 20..200_usize, 4000..60_000_usize).prop_map(|(i, lines, bytes)| Step::Write(i, lines, bytes)),
        2 => (0..1500_usize).prop_map(Step::Begin),
        3 => Just(Step::GoOn),
        1 => any::<bool>().prop_map(Step::Strange),
        4 => (1..3000_usize).prop_map(Step::Read),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn n1_to_n6_each_line_is_given_once_or_counted(steps in steps()) {
        prop_assert_eq!(play(&steps, Bug::None), None);
    }
}

#[test]
fn every_bug_planted_in_the_kept_lines_is_noticed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"the laws of lines will notice...");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let plays: Vec<_> =
        (0..120).filter_map(|_| Some(steps().new_tree(&mut runner).ok()?.current())).collect();
    let missed: Vec<_> =
        BUGS.into_iter().filter(|bug| plays.iter().all(|steps| play(steps, *bug).is_none())).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}
