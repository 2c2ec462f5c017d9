//! The spans of a process that reloads itself: `process_manager.restart_process` in place of the restart that it is, and
//! in it `process.wait_ready` for each instance that was told, until it is ready again.

use super::Teller;
use super::open::{InstanceStory, ProcessStory};
use crate::clock::Moment;
use crate::phrases::{restart_reason, self_reload_error, self_reload_fault};
use crate::trace::names;
use phpeek_core::ends::SelfReloadEnd;
use phpeek_core::operation::Operation;
use phpeek_core::spec::Reload;

impl ProcessStory {
    pub(super) fn reload_began(&mut self, teller: &Teller<'_>, operation: &Operation, by: Reload) {
        let parent = teller.operations.of(operation.id);
        let mut span = teller.tracing.open(names::SPAN_RESTART_PROCESS, &parent, teller.at);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::RESTART_REASON, restart_reason(&operation.cause));
            match by {
                Reload::Signal(signal) => span.set(names::RELOAD_SIGNAL, signal.to_string()),
                Reload::Command => {
                    let hook = self.spec.hooks.as_ref().and_then(|hooks| hooks.reload.first());
                    let program = hook.map(|hook| hook.program.command.program().to_owned());
                    span.set(names::RELOAD_COMMAND, program.unwrap_or_default());
                }
            }
        }
        self.reload = Some(Box::new(span));
    }

    /// An instance was told, and is waited for; one that was not ready before is waited for already.
    pub(super) fn told_to_reload(&mut self, teller: &Teller<'_>, i: u32) {
        let waits = |instance: &mut InstanceStory| instance.health().wait.is_some();
        if self.of(i, waits) == Some(true) {
            return;
        }
        let Some(parent) = self.reload.as_ref().map(|span| span.context()) else { return };
        let mut span = teller.tracing.open(names::SPAN_WAIT_READY, &parent, teller.at);
        self.name_instance(&mut span, i);
        let checks = self.spec.health.as_ref();
        if let Some(check) = checks.and_then(|checks| checks.iter().find(|check| check.role.gates())) {
            span.set(names::HEALTH_CHECK_TYPE, check.question.as_str());
        }
        self.of(i, |instance| instance.health().wait = Some(span));
    }

    /// An instance has reloaded, or its turn is over for another reason.
    pub(super) fn reloaded(&mut self, i: u32, at: Moment) {
        self.of(i, |instance| {
            if let Some(span) = instance.health.as_mut().and_then(|health| health.wait.take()) {
                span.ok(at);
            }
            instance.tidy();
        });
    }

    pub(super) fn reload_ended(&mut self, at: Moment, end: SelfReloadEnd) {
        let Some(mut span) = self.reload.take() else { return };
        let (error, why) = match end {
            SelfReloadEnd::Complete => return span.ok(at),
            SelfReloadEnd::FailedAt { number, fault } => {
                if span.is_recording() {
                    span.set(names::PROCESS_INSTANCE_ID, self.spec.name.instance_id(number));
                }
                (self_reload_error(fault), self_reload_fault(fault))
            }
            SelfReloadEnd::Interrupted => (names::ERROR_INTERRUPTED, "something else came first"),
        };
        for i in self.instances.keys().collect::<Vec<u32>>() {
            self.end_wait(i, at, why);
        }
        span.fail(at, error, why);
    }
}
