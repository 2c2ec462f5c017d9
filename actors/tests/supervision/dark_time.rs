//! No dark time: children explain at least 99 % of every operation, for one process and for a thousand.

use crate::support::{Rig, ms, paused};
use phpeek_actors::testkit::{Behaviour, Obeys, SpecBuilder, duration, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;

/// Boots, kills, restarts and stops a system, and holds every operation to the rule.
fn no_dark_time(processes: Vec<SpecBuilder>, instances: usize) {
    paused(async {
        let mut rig = Rig::booted(system(processes), |l| {
            for process in 0..1000 {
                l.script(process, |id| Behaviour {
                    spawn_after: ms(3 + u64::from(id.process().0 * 7 + id.instance.serial * 13) % 40),
                    obeys: Obeys::After(ms(2 + u64::from(id.instance.serial * 5) % 30)),
                    ..Behaviour::default()
                });
            }
        });
        rig.all_up().await;
        for id in rig.launcher.alive().into_iter().step_by(3) {
            rig.launcher.end(id, Exit::Signal { signal: Signal::KILL, core: false });
        }
        rig.spans_named(names::SPAN_RESTART_PROCESS, instances.div_ceil(3)).await;
        rig.restart_all();
        rig.spans_named(names::SPAN_RESTART, 1).await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let operations = [
            names::SPAN_START,
            names::SPAN_START_PROCESS,
            names::SPAN_RESTART,
            names::SPAN_RESTART_PROCESS,
            names::SPAN_SHUTDOWN,
        ];
        for name in operations {
            let spans = rig.spans.named(name);
            assert!(!spans.is_empty(), "{name}");
            // A look at each of thousands would be a look at all spans for each: every hundredth tells as much.
            for span in spans.iter().step_by(spans.len().div_ceil(20)) {
                assert!(!duration(span).is_zero(), "{span:#?}");
                assert!(rig.spans.coverage(span) >= 0.99, "{} of {span:#?}", rig.spans.coverage(span));
            }
        }
    });
}

#[test]
fn one_process() {
    no_dark_time(vec![SpecBuilder::new("a")], 1);
}

#[test]
fn a_chain_with_instances() {
    let chain = (0..12).map(|i| {
        let spec = SpecBuilder::new(&format!("p{i}")).scale(3);
        if i == 0 { spec } else { spec.after(i - 1) }
    });
    no_dark_time(chain.collect(), 36);
}

#[test]
fn a_thousand_processes() {
    no_dark_time((0..1000).map(|i| SpecBuilder::new(&format!("p{i}"))).collect(), 1000);
}

#[test]
fn a_thousand_instances() {
    no_dark_time(vec![SpecBuilder::new("a").scale(1000)], 1000);
}
