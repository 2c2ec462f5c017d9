//! The hooks of the system: before and after everything is started, before and after everything is stopped. What runs
//! when the system is to stop is stopped first; what comes before the stop is part of the shutdown's time, and when
//! that is over nothing more begins.

use super::{BootFailureCause, Effect, Fleet, Out, Phase};
use crate::hook::Stage;
use crate::hook::pass::{self, Pass, Verdict};
use crate::ids::HookTask;
use crate::lifecycle::{Now, Urgency};
use crate::program::TaskEvent;
use std::time::Duration;

/// Nothing here has a delay that is chosen.
fn moment(at: Duration) -> Now {
    Now { at, ..Now::default() }
}

impl Fleet {
    /// Begins with the hooks of a stage. False when there are none.
    pub(super) fn run_hooks(&mut self, stage: Stage, now: Duration, out: &mut Out) -> bool {
        let Some(around) = self.hooks.as_mut().filter(|around| !around.lists.of(stage).is_empty()) else {
            return false;
        };
        let mut pass = Pass::new(None, stage, around.lists.of(stage).clone(), around.given);
        pass.begin(moment(now), out);
        around.pass = Some(pass);
        true
    }

    /// Whether hooks are under way.
    pub(super) fn in_hooks(&self) -> bool {
        self.hooks.as_ref().is_some_and(|around| around.pass.is_some())
    }

    pub(super) fn hook_deadline(&self) -> Option<Duration> {
        self.hooks.as_ref()?.pass.as_ref()?.deadline()
    }

    pub(super) fn observe_hook(&mut self, task: HookTask, event: TaskEvent, now: Duration, out: &mut Out) {
        self.with_pass(now, out, |pass, out| pass.observe(moment(now), task, event, out));
    }

    pub(super) fn tick_hook(&mut self, now: Duration, out: &mut Out) {
        self.with_pass(now, out, |pass, out| pass.tick(moment(now), out));
    }

    /// Ends what runs. What was waiting for it follows when it is over, which may be at once.
    pub(super) fn stop_hooks(&mut self, urgency: Urgency, now: Duration, out: &mut Out) {
        self.with_pass(now, out, |pass, out| pass.stop(moment(now), urgency, out));
    }

    /// Nobody will see the end of what runs.
    pub(super) fn abandon_hooks(&mut self, now: Duration, out: &mut Out) {
        if let Some(mut pass) = self.hooks.as_mut().and_then(|around| around.pass.take()) {
            pass.abandon(now, out);
        }
    }

    /// There is no time for the hooks of this stage.
    pub(super) fn skip_hooks(&self, stage: Stage, now: Duration, out: &mut Out) {
        let hooks = self.hooks.as_ref().map_or(0, |around| around.lists.of(stage).len());
        pass::skip::<Effect>(None, stage, hooks, now, out);
    }

    fn with_pass(&mut self, now: Duration, out: &mut Out, act: impl FnOnce(&mut Pass, &mut Out)) {
        let Some(around) = self.hooks.as_mut() else { return };
        let Some(pass) = around.pass.as_mut() else { return };
        act(pass, out);
        let (stage, given) = (pass.stage(), pass.given());
        let Some(verdict) = pass.verdict().cloned() else { return };
        (around.pass, around.given) = (None, given);
        self.after_hooks(stage, verdict, now, out);
    }

    fn after_hooks(&mut self, stage: Stage, verdict: Verdict, now: Duration, out: &mut Out) {
        match (stage, self.phase, verdict) {
            (Stage::PreStart, Phase::Booting, Verdict::Failed(failure)) => {
                self.fail_boot(None, BootFailureCause::Hook(failure), Vec::new(), now, out);
            }
            (Stage::PreStart, Phase::Booting, _) => self.launch_all(now, out),
            (Stage::PostStart, Phase::Booting, _) => self.booted(now, out),
            (Stage::PreStart | Stage::PostStart, Phase::Stopping, _) => self.go_down(now, out),
            (Stage::PreStop, Phase::Stopping, _) => self.stop_processes(now, out),
            (Stage::PostStop, Phase::Stopping, _) => self.finish(now, out),
            // The system does not reload itself.
            (Stage::Reload, ..) | (_, Phase::New | Phase::Booting | Phase::Running | Phase::Done, _) => {}
        }
    }
}
