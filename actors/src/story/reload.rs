//! The span of a reload: its plan, and how it went. What it starts, stops and restarts has spans of its own below it.

use super::Story;
use super::attributes::set_sender;
use crate::clock::Moment;
use crate::phrases::reload_end;
use crate::trace::{OpenSpan, names};
use phpeek_core::fleet::ReloadEnd;
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::plan::Plan;

impl Story {
    pub(super) fn reload_began(&mut self, at: Moment, operation: &Operation, plan: &Plan) {
        let mut span = self.open_reload(at, operation);
        span.set(names::RELOAD_PLAN, plan.sentence());
        span.set(names::RELOAD_UNTOUCHED, i64::try_from(plan.untouched).unwrap_or(i64::MAX));
        self.operations.set(operation.id, span.context());
        self.system.reload = Some((operation.id, span));
    }

    fn open_reload(&self, at: Moment, operation: &Operation) -> OpenSpan {
        let mut span = self.tracing.open(names::SPAN_RELOAD, &self.operations.of(operation.id), at);
        if let Some(boot) = &self.system.boot_context {
            span.link(names::LINK_START, boot);
        }
        if let Cause::Signal { signal, .. } = &operation.cause {
            span.set(names::SIGNAL, signal.to_string());
        }
        set_sender(&mut span, operation.cause.sender());
        span
    }

    /// One that could not even begin.
    pub(super) fn reload_refused(&mut self, at: Moment, operation: &Operation, why: &str) {
        self.open_reload(at, operation).fail(at, names::ERROR_REFUSED, why);
        self.operations.0.remove(&operation.id);
    }

    /// One that a shutdown came before ends with everything: what it has begun is still part of it.
    pub(super) fn reload_ended(&mut self, at: Moment, end: &ReloadEnd) {
        if *end == ReloadEnd::Interrupted {
            return;
        }
        let Some((operation, span)) = self.system.reload.take() else { return };
        self.operations.0.remove(&operation);
        match end {
            ReloadEnd::Complete | ReloadEnd::Interrupted => span.ok(at),
            ReloadEnd::RolledBack(_) | ReloadEnd::Broken(..) => {
                span.fail(at, names::ERROR_RELOAD_FAILED, &reload_end(end));
            }
        }
    }
}
