//! The spool while its disk comes and goes: what memory held meanwhile, what is told of open spans, what a last flush
//! gives up. The disk that fails is a directory that is moved away while the next segment is due.

use super::spool::{Made, at, begun, deliver, ended, id, in_folder, keep, open, segments, sized, spans};
use phpeek_actors::telemetry::SpanStore;
use phpeek_pm::telemetry::spool::{LOCK, SpoolError, SpoolState, lock};
use phpeek_settings::tracing::Limits;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Room for segments of 128 KiB.
const SMALL: Limits = Limits { bytes: 1 << 20, age: Duration::from_secs(3600) };
/// Too large for the rest of a segment.
const LARGE: usize = 131_000;

/// A spool whose directory can be moved.
struct Moved {
    _root: tempfile::TempDir,
    here: PathBuf,
    away: PathBuf,
}

impl Moved {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let (here, away) = (root.path().join("spool"), root.path().join("away"));
        Self { _root: root, here, away }
    }

    fn go(&self) {
        fs::rename(&self.here, &self.away).expect("moved");
    }

    fn come_back(&self) {
        fs::rename(&self.away, &self.here).expect("moved");
    }

    fn open(&self) -> Made {
        open(at(&self.here), "x", SMALL)
    }
}

/// What the next supervisor delivers: ids, and which of them as cut by a kill.
fn after_a_kill(made: Made, folder: &Path) -> (BTreeSet<u64>, Vec<u64>) {
    drop(made);
    let mut next = in_folder(folder, "next");
    keep(&mut next, []);
    let (mut all, mut cut) = (Vec::new(), Vec::new());
    while let Some(batch) = next.spool.batch(512) {
        for span in spans(&batch.request) {
            cut.extend(format!("{:?}", span.attributes).contains("supervisor_killed").then(|| id(&span)));
            all.push(id(&span));
        }
        next.spool.settle();
    }
    let unique: BTreeSet<u64> = all.iter().copied().collect();
    assert_eq!(unique.len(), all.len(), "each once: {all:?}");
    (unique, cut)
}

#[tokio::test(start_paused = true)]
async fn what_memory_held_goes_to_the_disk_that_works_again() {
    let moved = Moved::new();
    let mut made = moved.open();
    keep(&mut made, [begun(1), begun(2)]);
    moved.go();
    keep(&mut made, [sized(1, LARGE)]);
    keep(&mut made, [begun(5), begun(6), ended(3), ended(6)]);
    assert_eq!(
        (made.report().state, made.spool.is_durable(), made.said.warnings()),
        (SpoolState::Degraded, false, 1)
    );
    moved.come_back();
    keep(&mut made, []);
    assert!(!made.said.text().contains("again"), "nothing was tried");
    tokio::time::advance(Duration::from_secs(6)).await;
    keep(&mut made, [ended(4)]);
    assert!(made.spool.is_durable());
    assert!(made.said.text().contains("the spool directory can be written again"));
    assert_eq!(made.spool.waiting(), 4);
    let (all, cut) = after_a_kill(made, &moved.here);
    assert_eq!((all, cut.into_iter().collect()), ((1..=6).collect(), BTreeSet::from([2, 5])));
}

#[tokio::test(start_paused = true)]
async fn a_span_that_was_delivered_from_memory_is_not_told_as_cut() {
    let moved = Moved::new();
    let mut made = moved.open();
    keep(&mut made, [begun(1), begun(2)]);
    moved.go();
    keep(&mut made, [sized(1, LARGE)]);
    assert_eq!(deliver(&mut made), [1]);
    moved.come_back();
    tokio::time::advance(Duration::from_secs(6)).await;
    keep(&mut made, [begun(3)]);
    let (all, cut) = after_a_kill(made, &moved.here);
    assert_eq!((all, cut.len()), (BTreeSet::from([2, 3]), 2));
}

#[tokio::test(start_paused = true)]
async fn a_last_flush_gives_up_what_is_in_memory_alone() {
    for back in [false, true] {
        let moved = Moved::new();
        let mut made = moved.open();
        keep(&mut made, (1..=5).map(ended));
        moved.go();
        keep(&mut made, [sized(6, LARGE), ended(7)]);
        assert!(made.spool.batch(512).is_some(), "in flight when the program ends");
        if back {
            moved.come_back();
        }
        // No time to wait until the disk is tried again.
        assert_eq!(made.spool.lose_what_does_not_last(), if back { 0 } else { 2 });
        assert_eq!(made.spool.waiting(), if back { 7 } else { 5 });
        if !back {
            moved.come_back();
        }
        let (all, cut) = after_a_kill(made, &moved.here);
        assert_eq!((all, cut), ((1..=if back { 7 } else { 5 }).collect(), vec![]));
    }
}

/// Whatever byte a write was cut at, a parent stands in front of its children.
#[test]
fn no_prefix_of_a_segment_has_a_span_without_its_parent() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = in_folder(folder.path(), "first");
    keep(&mut first, [begun(1), begun(2), ended(3), ended(4)]);
    drop(first);
    let segment = segments(folder.path()).pop().expect("a segment");
    let whole = fs::read(&segment).expect("it can be read");
    let (mut seen, mut boundary, mut torn_ones) = (BTreeSet::new(), false, 0);
    for length in 0..=whole.len() {
        let copy = tempfile::tempdir().expect("a folder");
        fs::write(copy.path().join(segment.file_name().expect("a name")), &whole[..length]).expect("written");
        let mut next = in_folder(copy.path(), "next");
        keep(&mut next, []);
        let found: BTreeSet<u64> = deliver(&mut next).into_iter().collect();
        let children = found.contains(&3) || found.contains(&4);
        assert!(!children || found.is_superset(&BTreeSet::from([1, 2])), "{length} bytes: {found:?}");
        let torn = next.said.text().contains("ends in the middle of a record");
        torn_ones += usize::from(torn);
        boundary = !torn;
        seen.insert(found);
    }
    assert!(boundary && torn_ones > whole.len() / 2, "{torn_ones} of {}", whole.len());
    assert!(seen.contains(&BTreeSet::from([1, 2, 3, 4])));
}

#[test]
fn a_directory_in_which_others_could_put_things_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("spool");
    let mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("ours");
    drop(lock(&folder).expect("it is made"));
    assert_eq!(fs::metadata(&folder).expect("there").permissions().mode() & 0o777, 0o700);
    let why = || match lock(&folder) {
        Err(SpoolError::Unusable { source, .. }) => source.to_string(),
        other => panic!("{other:?}"),
    };
    for open in [0o770, 0o702, 0o1777] {
        mode(open);
        let why = why();
        assert!(
            why.contains("others may write to it") && why.contains("tracing_spool_dir"),
            "{open:o}: {why}"
        );
    }
    mode(0o755);
    drop(lock(&folder).expect("to read it does no harm"));
    fs::remove_file(folder.join(LOCK)).expect("ours");
    symlink(root.path().join("elsewhere"), folder.join(LOCK)).expect("a link");
    assert!(why().contains("symbolic link"));
    assert!(!root.path().join("elsewhere").exists());
    fs::remove_file(folder.join(LOCK)).expect("ours");
    if rustix::process::geteuid().is_root() {
        chown(&folder, Some(4711), None).expect("root may");
        assert!(why().contains("it belongs to another user"));
    }
}
