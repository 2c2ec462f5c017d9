//! A listener that lets spans go out as they come once a shutdown has begun, whatever has begun it: a signal, a request,
//! or the end of all processes. So the last flush finds little. Never waits.

use phpeek_actors::listeners::Listener;
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_telemetry::TelemetryHandle;
use std::rc::Rc;

/// Tells telemetry that the end is near.
pub(super) struct Hasten(pub(super) Rc<TelemetryHandle>);

impl Listener for Hasten {
    fn hear(&self, told: &Told) {
        if matches!(told.fact, Fact::System(SystemFact::ShutdownBegan { .. })) {
            self.0.hasten();
        }
    }
}
