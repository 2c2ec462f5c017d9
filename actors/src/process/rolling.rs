//! The restart of a process by command: one instance after the other, the next when the one before is up again.
//! Called by the command handler and when runs start or end.

use super::{ProcessActor, ReportKind};
use crate::clock::Moment;
use crate::trace::names;
use opentelemetry::trace::SpanContext;
use phpeek_core::fleet::RestartOutcome;
use phpeek_core::lifecycle::{Event, State};

/// A rolling restart of this process.
pub(super) struct Rolling {
    pub(super) current: usize,
    /// The first run of the current instance that counts as new.
    target: u64,
    parent: SpanContext,
    reason: &'static str,
}

impl ProcessActor {
    pub(super) fn begin_rolling(&mut self, parent: SpanContext, at: Moment, reason: &'static str) {
        if self.stop.is_some() {
            return; // a shutdown came first; the manager has given the restart up
        }
        self.failed_code = None;
        self.rolling = Some(Box::new(Rolling { current: 0, target: 0, parent, reason }));
        self.restart_current(at);
        self.settle(at);
    }

    fn restart_current(&mut self, at: Moment) {
        let Some(current) = self.rolling.as_ref().map(|r| r.current) else { return };
        if current < self.instances.len() {
            self.end_loop(current); // its last restart is told before this one begins
        }
        let Some(rolling) = &mut self.rolling else { return };
        let i = rolling.current;
        let Some(instance) = self.instances.get_mut(i) else {
            self.rolling = None;
            self.report(at, ReportKind::Restarted(RestartOutcome::Up));
            return;
        };
        rolling.target = match instance.machine.state() {
            State::Starting { run, .. } => run,
            _ => instance.machine.run() + 1,
        };
        let mut span = self.world.tracing.open(names::SPAN_RESTART_PROCESS, &rolling.parent, at);
        span.link(names::LINK_PREVIOUS_RUN, &instance.origin);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(
                names::PROCESS_INSTANCE_ID,
                self.spec.name.instance_id(u32::try_from(i).unwrap_or(u32::MAX)),
            );
            span.set(names::RESTART_REASON, rolling.reason);
        }
        instance.end_own_stop(at, "a restart was asked for");
        let spans = instance.spans();
        spans.interrupt_restart(at, "another restart was asked for");
        spans.restart = Some(span);
        self.take_over_spawn(i, at);
        self.step(i, at, Event::Restart);
        self.take_over_end(i, at);
    }

    /// The run to come was asked for by something else: the rest of its spawn belongs to this restart, so that none
    /// of its time is dark.
    fn take_over_spawn(&mut self, i: usize, at: Moment) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        if let State::Starting { run, .. } = instance.machine.state()
            && let Some(span) = instance.spans().spawn.take()
        {
            span.end(at);
            let span = self.open_spawn(i, at, run);
            self.instances[i].spans().spawn = Some(span);
        }
    }

    /// The leader had ended before, so nothing was sent: the wait for its group belongs to this restart.
    fn take_over_end(&mut self, i: usize, at: Moment) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        if matches!(instance.machine.state(), State::Stopping { .. }) && instance.spans().stop.is_none() {
            let span = self.open_own_stop(i, at);
            self.instances[i].spans().stop = Some(span);
        }
    }

    /// A run has started: maybe it is the one that the rolling restart waits for.
    pub(super) fn roll_on(&mut self, i: usize, at: Moment, run: u64) {
        if let Some(rolling) = self.rolling.as_mut().filter(|r| r.current == i && run >= r.target) {
            rolling.current += 1;
            self.restart_current(at);
        }
    }
}
