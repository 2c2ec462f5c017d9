//! What the store promises to who asks and to who follows.
#![allow(clippy::expect_used, reason = "a test may fail")]
use super::*;
use crate::kept::{Keeper, Kept};
use phpeek_actors::feed::Given;
use phpeek_core::ids::{ProcessId, TaskId};
use phpeek_core::level::Level;
use phpeek_core::name::ProcessName;
use phpeek_os::capture::{Capture, Stream};
use proptest::prelude::*;

pub(super) const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn id(serial: u32) -> InstanceId {
    InstanceId { process: ProcessId(0), serial }
}

/// Where the lines of a process's instance go, for its run.
pub(super) fn open(keeper: &Keeper, name: &str, serial: u32, run: u64) -> Kept {
    let (read_end, _) = rustix::pipe::pipe().expect("a pipe");
    let process = ProcessName::new(name).expect("a name");
    let task = TaskId::Run(id(serial).run(run));
    keeper.open(&Capture {
        process,
        hook: None,
        file: None,
        task,
        number: Some(serial),
        stream: Stream::Stdout,
        read_end,
    })
}

pub(super) fn store() -> (Arc<Store>, Keeper) {
    let store = Arc::new(Store::new(NOW));
    let keeper = Keeper::new(Arc::clone(&store));
    (store, keeper)
}

fn texts(blocks: &[Arc<Block>]) -> Vec<String> {
    let lines = blocks.iter().flat_map(|block| block.lines());
    lines.map(|line| String::from_utf8_lossy(line.text).into_owned()).collect()
}

pub(super) fn of(name: &str) -> Wanted {
    Wanted { process: ProcessName::new(name).ok(), ..Wanted::default() }
}

#[test]
fn lines_survive_the_run_and_stand_in_the_order_in_which_they_came() {
    let (store, mut keeper) = store();
    let (first, other, second) =
        (open(&keeper, "a", 0, 1), open(&keeper, "b", 7, 1), open(&keeper, "a", 0, 2));
    keeper.lines(&first, NOW, b"one\ntwo", 2);
    keeper.line(&other, NOW, Level::Warn, b"between");
    keeper.flush(&other, NOW);
    keeper.lines(&second, NOW, b"three", 1);
    assert_eq!(texts(&store.newest(&Wanted::default(), 10)), ["one", "two", "between", "three"]);
    assert_eq!(texts(&store.newest(&of("a"), 10)), ["one", "two", "three"]);
    assert_eq!(texts(&store.newest(&Wanted::default(), 2)), ["between", "three"]);
    let warned = Wanted { level: Some(Level::Warn), ..Wanted::default() };
    assert_eq!(texts(&store.newest(&warned, 10)), ["between"]);
    let runs: Vec<_> = store.newest(&of("a"), 10).iter().map(|block| block.origin.run).collect();
    assert_eq!(runs, [Some(1), Some(2)]);
    store.forget(id(0));
    assert_eq!(texts(&store.newest(&Wanted::default(), 10)), ["between"]);
}

#[test]
fn many_rings_share_what_one_may_have() {
    let (store, mut keeper) = store();
    let text = vec![b'x'; 1 << 10];
    for serial in 0..300 {
        let kept = open(&keeper, "a", serial, 1);
        for _ in 0..300 {
            keeper.lines(&kept, NOW, &text, 1);
        }
    }
    let all = store.newest(&Wanted::default(), usize::MAX);
    let bytes: usize = all.iter().map(|block| block.bytes()).sum();
    assert!((ALL / 2..=ALL).contains(&bytes), "{bytes}");
}

#[test]
fn who_does_not_read_loses_what_is_counted_and_holds_nobody_up() {
    let (store, mut keeper) = store();
    let kept = open(&keeper, "a", 0, 1);
    let mut following = store.follow(of("a"), From::Newest(0));
    let elsewhere = store.follow(of("b"), From::Newest(0));
    let text = vec![b'x'; 10 << 10];
    for _ in 0..1000 {
        keeper.lines(&kept, NOW, &text, 1);
    }
    let Some(Given::Lost(lost)) = following.comes.try_next() else { panic!("more than may wait was put in") };
    let mut came = 0;
    while let Some(Given::Item(_)) = following.comes.try_next() {
        came += 1;
    }
    assert_eq!(lost + came, 1000);
    drop((following, elsewhere));
    keeper.lines(&kept, NOW, b"one more", 1);
    assert!(store.followers().len() <= 1);
}

#[test]
fn raw_output_is_kept_by_lines_and_a_large_read_of_it_by_its_end() {
    let (store, mut keeper) = store();
    let mut kept = open(&keeper, "a", 0, 1);
    for read in ["one\ntw", "o\nthr", "ee"] {
        keeper.raw(&mut kept, NOW, read.as_bytes());
    }
    keeper.raw_end(&mut kept, NOW);
    assert_eq!(texts(&store.newest(&of("a"), 10)), ["one", "two", "three"]);
    keeper.raw(&mut kept, NOW, &b"0123456789\n".repeat(6000));
    let all = texts(&store.newest(&of("a"), 10_000));
    assert!(all.len() > 1000 && all.len() < 1600, "{}", all.len());
    assert!(all.iter().skip(3).all(|line| line == "0123456789"), "no part of a line stands alone");
}

/// What happens to a store that is read while it is written.
#[derive(Debug, Clone)]
enum Step {
    Write(u32, u64),
    Follow,
    Resume,
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_u32, 1..5_u64).prop_map(|(instance, lines)| Step::Write(instance, lines)),
        1 => Just(Step::Follow),
        1 => Just(Step::Resume),
        2 => Just(Step::Read),
    ]
}

proptest! {
    /// Law: who follows, and goes on after the last line that it saw, is given each line once, in order.
    #[test]
    fn who_follows_and_goes_on_sees_each_line_once(steps in prop::collection::vec(step(), 1..80)) {
        let (store, mut keeper) = store();
        let kept: Vec<_> = (0..3).map(|serial| open(&keeper, "a", serial, 1)).collect();
        let mut following: Option<Following> = None;
        let mut seen: Vec<u64> = Vec::new();
        let mut written = 0;
        for step in steps.into_iter().chain([Step::Resume, Step::Read]) {
            match step {
                Step::Write(instance, lines) => {
                    let text = vec![b'\n'; usize::try_from(lines).expect("few") - 1];
                    keeper.lines(&kept[instance as usize], NOW, &text, lines);
                    written += lines;
                }
                Step::Follow if seen.is_empty() && following.is_none() => {
                    following = Some(store.follow(of("a"), From::Newest(usize::MAX)));
                }
                Step::Resume if following.is_some() => {
                    let from = seen.last().map_or(From::Newest(usize::MAX), |last| From::After(*last));
                    following = Some(store.follow(of("a"), from));
                }
                Step::Read => if let Some(following) = &mut following {
                    let mut blocks = std::mem::take(&mut following.kept);
                    while let Some(given) = following.comes.try_next() {
                        let Given::Item(block) = given else { panic!("nothing is lost") };
                        blocks.extend((block.first >= following.next).then_some(block));
                    }
                    let last = seen.last().copied();
                    let numbers = blocks.iter().flat_map(|block| block.lines()).map(|line| line.number);
                    seen.extend(numbers.filter(|number| last.is_none_or(|last| *number > last)));
                },
                Step::Follow | Step::Resume => {}
            }
        }
        if following.is_some() {
            prop_assert_eq!(seen, (0..written).collect::<Vec<_>>());
        }
    }
}
