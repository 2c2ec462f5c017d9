//! What a thousand processes cost, in things that can be counted: nothing grows faster than their number.

use crate::support::{Rig, paused};
use phpeek_actors::testkit::{SpecBuilder, system};
use phpeek_core::fleet::Outcome;

/// Launches, signals, status changes, log records and spans of a boot and a shutdown.
fn counts(processes: Vec<SpecBuilder>) -> [usize; 5] {
    paused(async {
        let mut rig = Rig::booted(system(processes), |_| {});
        rig.all_up().await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        [
            rig.launcher.launches().len(),
            rig.launcher.signals().len(),
            rig.board.instances().len(),
            rig.log.records().len(),
            rig.spans.spans().len(),
        ]
    })
}

fn flat(n: usize) -> Vec<SpecBuilder> {
    (0..n).map(|i| SpecBuilder::new(&format!("p{i}"))).collect()
}

#[test]
fn a_thousand_processes_cost_a_thousand_times_one() {
    let n = 1000;
    let [launches, signals, changes, records, spans] = counts(flat(n));
    assert_eq!((launches, signals), (n, n));
    // starting, running, stopping (twice: the leader, then its group), stopped
    assert!(changes <= 5 * n, "{changes}");
    // started, stopping, ended, stopped; and three of the system
    assert!(records <= 4 * n + 3, "{records}");
    // start_process, spawn, stop_process; and the two roots
    assert_eq!(spans, 3 * n + 2);
}

#[test]
fn a_thousand_instances_cost_no_more() {
    let n = 1000;
    let [launches, signals, changes, records, spans] = counts(vec![SpecBuilder::new("a").scale(1000)]);
    assert_eq!((launches, signals), (n, n));
    assert!(changes <= 5 * n && records <= 2 * n + 5, "{changes} {records}");
    assert_eq!(spans, n + 4);
}
