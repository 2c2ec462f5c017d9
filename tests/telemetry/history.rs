//! What was delivered stays readable as far as the disk is allowed to hold it, and never at the cost of what waits.

use super::spool::{Made, at, deliver, id, keep, open_with, segments, sized, spans};
use phpeek_pm::telemetry::spool::reader::{SpoolReader, Which};
use phpeek_settings::tracing::Limits;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

const MB: u64 = 1 << 20;
const HOUR: Duration = Duration::from_secs(3600);

fn made(folder: &Path, history: Limits) -> Made {
    open_with(at(folder), "a", Limits { bytes: 8 * MB, age: 24 * HOUR }, history)
}

/// The ids that the directory still has.
fn readable(folder: &Path) -> Vec<u64> {
    let reader = SpoolReader::open(folder).expect("a spool");
    let requests = reader.requests(Which::All).expect("readable");
    requests.flat_map(|request| spans(&request).iter().map(id).collect::<Vec<_>>()).collect()
}

/// Keeps and delivers spans of 100 KB.
fn live(made: &mut Made, ids: std::ops::Range<u64>) {
    for id in ids {
        keep(made, [sized(id, 100 << 10)]);
        assert_eq!(deliver(made), [id]);
    }
}

#[test]
fn what_was_delivered_stays_within_its_own_bound_also_for_the_next_supervisor() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = Limits { bytes: 3 * MB, age: 24 * HOUR };
    let mut first = made(folder.path(), history);
    live(&mut first, 1..101);
    let kept = readable(folder.path());
    assert!((20..=45).contains(&kept.len()), "3 MB, and what is being written: {}", kept.len());
    assert_eq!(kept.last(), Some(&100), "the newest");
    assert_eq!((first.report().spans, first.report().bytes), (0, 0), "nothing waits");
    assert!(first.report().history_bytes > 2 * MB);
    drop(first);
    let mut second = made(folder.path(), history);
    keep(&mut second, [sized(200, 0)]);
    assert_eq!(deliver(&mut second), [200], "nothing is sent again");
    let there = readable(folder.path());
    assert!(there.len() >= 20 && there.contains(&100), "what the first has delivered is there: {there:?}");
    drop(second);
    let mut third = made(folder.path(), Limits::NOTHING);
    keep(&mut third, [sized(300, 0)]);
    assert_eq!(deliver(&mut third), [300]);
    assert_eq!(readable(folder.path()), [300], "the segment that is being written");
}

#[test]
fn what_is_too_old_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = Limits { bytes: 64 * MB, age: 2 * HOUR };
    live(&mut made(folder.path(), history), 1..4);
    let old = SystemTime::now() - 3 * HOUR;
    for segment in segments(folder.path()) {
        File::options().append(true).open(segment).and_then(|file| file.set_modified(old)).expect("its time");
    }
    assert_eq!(readable(folder.path()), [1, 2, 3]);
    live(&mut made(folder.path(), history), 4..6);
    assert_eq!(readable(folder.path()), [4, 5]);
}

#[test]
fn what_waits_has_all_of_its_room_whatever_stays_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut made = made(folder.path(), Limits { bytes: 32 * MB, age: 24 * HOUR });
    live(&mut made, 1..121);
    // 7 of 8 MB, while 12 MB of history are there.
    keep(&mut made, (1000..1070).map(|id| sized(id, 100 << 10)));
    assert_eq!((made.report().spans, readable(folder.path()).len()), (70, 190), "nothing has to go");
    let taken: Vec<u64> = std::iter::repeat_with(|| deliver(&mut made)).take(1).flatten().collect();
    assert_eq!(taken, (1000..1070).collect::<Vec<_>>());
}
