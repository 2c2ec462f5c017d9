//! What a thousand processes cost, in things that can be counted: nothing grows faster than their number.

use crate::support::{Rig, ms, paused};
use phpeek_actors::testkit::{Behaviour, Grandchildren, SpecBuilder, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::ids::RunId;
use phpeek_core::outcome::Exit;
use std::time::Duration;

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
fn what_rests_wakes_nobody() {
    paused(async {
        let mut rig =
            Rig::booted(system(vec![SpecBuilder::new("a").scale(3), SpecBuilder::new("b").after(0)]), |l| {
                let once = |id: RunId| Behaviour {
                    grandchildren: Grandchildren::UntilSignal,
                    ..Behaviour::ends(ms(id.run * 40), Exit::Code(1))
                };
                l.script(0, move |id| if id.run == 1 { once(id) } else { Behaviour::default() });
            });
        rig.all_up().await;
        rig.restart_all();
        rig.spans_named(names::SPAN_RESTART, 1).await;
        rig.pass(ms(60_000)).await;
        let parks = || tokio::runtime::Handle::current().metrics().worker_park_count(0);
        let before = parks();
        rig.pass(Duration::from_secs(600)).await;
        let woken = parks() - before;
        // This test's own timer costs a wake-up for each level of the timer wheel that it passes: six at most.
        assert!(woken <= 7, "woken {woken} times in ten quiet minutes");
        rig.terminate();
        rig.finished().await;
    });
}

#[test]
fn a_thousand_instances_cost_no_more() {
    let n = 1000;
    let [launches, signals, changes, records, spans] = counts(vec![SpecBuilder::new("a").scale(1000)]);
    assert_eq!((launches, signals), (n, n));
    assert!(changes <= 5 * n && records <= 2 * n + 5, "{changes} {records}");
    assert_eq!(spans, n + 4);
}
