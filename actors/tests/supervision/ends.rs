//! What ends mean, by the specification: which are no failure, which call for a new run, which are the end of
//! everything; and whom the signals of a stop are for.

use crate::support::{Rig, ms, paused, run, text};
use opentelemetry::trace::Status;
use phpeek_actors::testkit::{Behaviour, SpecBuilder, system};
use phpeek_actors::trace::names;
use phpeek_core::fleet::Outcome;
use phpeek_core::lifecycle::Failure;
use phpeek_core::outcome::Exit;
use phpeek_core::spec::{Ends, Exhausted, RestartPolicy};

fn failing(code: u8) -> impl Fn(phpeek_core::ids::RunId) -> Behaviour {
    move |_| Behaviour::ends(ms(10), Exit::Code(code))
}

#[test]
fn the_end_of_an_essential_process_is_the_end_of_everything_with_its_code() {
    paused(async {
        let main = SpecBuilder::new("main").policy(RestartPolicy::Never).essential();
        let spec = system(vec![main, SpecBuilder::new("other")]);
        let mut rig = Rig::booted(spec, |launcher| launcher.script(0, failing(7)));
        let end = rig.finished().await;
        assert_eq!(end.outcome, Outcome::Failed(Failure::Exit(Exit::Code(7))));
        assert_eq!(rig.launcher.signals().len(), 1, "the other was asked to end");
        let shutdown = rig.one(names::SPAN_SHUTDOWN);
        assert_eq!(text(&shutdown, names::SHUTDOWN_REASON), "an essential process has ended");
    });
}

#[test]
fn a_spent_budget_may_be_the_end_of_everything() {
    paused(async {
        let ends = Ends { exhausted: Exhausted::Exit, ..Ends::USUAL };
        let spec = system(vec![SpecBuilder::new("c").attempts(2).ends(ends), SpecBuilder::new("other")]);
        let mut rig = Rig::booted(spec, |launcher| launcher.script(0, failing(23)));
        assert_eq!(rig.finished().await.outcome, Outcome::Failed(Failure::GaveUp(Exit::Code(23))));
        let runs = rig.launcher.launches().into_iter().filter(|(_, run)| run.process().0 == 0).count();
        assert_eq!(runs, 3, "the first and two more");
    });
}

#[test]
fn a_spent_budget_may_mean_a_slow_retry_for_ever() {
    paused(async {
        let ends = Ends { exhausted: Exhausted::SlowRetry, ..Ends::USUAL };
        let spec = system(vec![SpecBuilder::new("c").attempts(1).ends(ends)]);
        let rig = Rig::booted(spec, |launcher| launcher.script(0, failing(1)));
        rig.until("six runs", |rig| rig.launcher.launches().len() == 6).await;
        let times: Vec<_> = rig.launcher.launches().into_iter().map(|(at, _)| at).collect();
        for pair in times.windows(2).skip(1) {
            let wait = pair[1] - pair[0];
            assert!(
                (ms(750)..=ms(1100)).contains(&wait),
                "the longest wait of its backoff, and not {wait:?}"
            );
        }
    });
}

#[test]
fn a_code_that_is_no_failure_is_none_for_restarts_spans_and_the_end() {
    paused(async {
        let ends = Ends { success: [0, 3].into_iter().collect(), ..Ends::USUAL };
        let good = SpecBuilder::new("good").policy(RestartPolicy::OnFailure).ends(ends);
        let mut rig = Rig::booted(system(vec![good]), |launcher| launcher.script(0, failing(3)));
        assert_eq!(rig.finished().await.outcome, Outcome::AllCompleted);
        assert_eq!(rig.launcher.launches().len(), 1);
        assert!(rig.spans.spans().iter().all(|span| !matches!(span.status, Status::Error { .. })));
    });
}

#[test]
fn a_recycled_run_is_followed_at_once_and_spends_nothing() {
    paused(async {
        let ends = Ends { recycle: [12].into_iter().collect(), ..Ends::USUAL };
        let spec = SpecBuilder::new("c").policy(RestartPolicy::OnFailure).attempts(1).ends(ends);
        let rig = Rig::booted(system(vec![spec]), |launcher| {
            launcher.script(0, |id| match id.run {
                ..4 => Behaviour::ends(ms(400), Exit::Code(12)),
                4..7 => Behaviour::ends(ms(10), Exit::Code(12)),
                _ => Behaviour::default(),
            });
        });
        rig.until("seven runs", |rig| rig.launcher.launches().len() == 7).await;
        let times: Vec<_> = rig.launcher.launches().into_iter().map(|(at, _)| at).collect();
        let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps[..3].iter().all(|gap| *gap < ms(410)), "at once: {gaps:?}");
        assert!(gaps[3..].iter().all(|gap| *gap >= ms(100)), "at most ten a second: {gaps:?}");
        rig.until("it stays", |rig| rig.launcher.leader_of(0, 0) == Some(run(0, 0, 7))).await;
        let restart = rig.spans_named(names::SPAN_RESTART_PROCESS, 6).await.remove(0);
        assert_eq!(text(&restart, names::RESTART_REASON), "normal_exit");
    });
}
