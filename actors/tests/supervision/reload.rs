//! A reload: what has changed is touched and nothing else, in one trace; what cannot be started is undone.

use crate::support::{Rig, not_found, paused, text};
use opentelemetry::trace::Status;
use phpeek_actors::manager::Request;
use phpeek_actors::testkit::{Behaviour, SpecBuilder, error_type, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::{Outcome, Wanted};
use phpeek_core::operation::Cause;
use phpeek_core::signal::Signal;
use std::collections::BTreeSet;
use std::sync::Arc;

fn reload(rig: &Rig, processes: Vec<SpecBuilder>) {
    let wanted = Arc::new(Wanted::of(&system(processes), BTreeSet::new()));
    rig.ask(Request::Reload(wanted, Cause::signal(Signal::HUP)));
}

fn launched(rig: &Rig) -> Vec<u32> {
    rig.launcher.launches().iter().map(|(_, task)| task.process().0).collect()
}

#[test]
fn what_has_changed_is_touched_and_nothing_else_in_one_trace() {
    paused(async {
        let before = vec![SpecBuilder::new("change"), SpecBuilder::new("drop"), SpecBuilder::new("same")];
        let mut rig = Rig::booted(system(before), |_| {});
        rig.all_up().await;
        let after =
            vec![SpecBuilder::new("change").scale(2), SpecBuilder::new("new"), SpecBuilder::new("same")];
        reload(&rig, after);
        rig.spans_named(names::SPAN_RELOAD, 1).await;
        assert_eq!(
            launched(&rig).split_off(3),
            [0, 3],
            "one more of the one that has changed, and the new one"
        );
        let root = rig.one(names::SPAN_RELOAD);
        assert_eq!(root.status, Status::Ok);
        assert_eq!(text(&root, names::RELOAD_PLAN), "stop drop; rescale change (scale); start new");
        let mut steps: Vec<String> = rig.spans.children(&root).iter().map(|s| s.name.to_string()).collect();
        steps.sort();
        let expected = [names::SPAN_SCALE_PROCESS, names::SPAN_START_PROCESS, names::SPAN_STOP_PROCESS];
        assert_eq!(steps, expected);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn what_cannot_be_started_is_undone() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("drop"), SpecBuilder::new("same")]), |l| {
            l.script(2, |_| Behaviour::fails(not_found("new")));
        });
        rig.all_up().await;
        reload(&rig, vec![SpecBuilder::new("new"), SpecBuilder::new("same")]);
        rig.spans_named(names::SPAN_RELOAD, 1).await;
        let root = rig.one(names::SPAN_RELOAD);
        assert_eq!(error_type(&root).as_deref(), Some(names::ERROR_RELOAD_FAILED));
        assert_eq!(launched(&rig), [0, 1, 2, 3], "the new one has failed, and the old one is there again");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn one_that_is_refused_has_a_span_with_the_reason() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("same")]), |_| {});
        rig.all_up().await;
        rig.ask(Request::ReloadRefused("line 1: no".into(), Cause::signal(Signal::HUP)));
        rig.spans_named(names::SPAN_RELOAD, 1).await;
        let root = rig.one(names::SPAN_RELOAD);
        assert_eq!(error_type(&root).as_deref(), Some(names::ERROR_REFUSED));
        assert_eq!(root.status, Status::error("line 1: no"));
        assert_eq!(text(&root, names::SIGNAL), "SIGHUP");
        assert_eq!(launched(&rig), [0], "nothing was touched");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn a_shutdown_comes_before_a_reload_that_is_under_way() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("drop"), SpecBuilder::new("same")]), |_| {});
        rig.all_up().await;
        reload(&rig, vec![SpecBuilder::new("same"), SpecBuilder::new("more")]);
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let root = rig.one(names::SPAN_RELOAD);
        assert_eq!(error_type(&root).as_deref(), Some(names::ERROR_INTERRUPTED));
    });
}
