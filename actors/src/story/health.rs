//! The spans of health: `process.wait_ready` in the start or restart that waits for an instance, and
//! `health_check.execute` for probes that fail or change what is known, or for all.

use super::Teller;
use super::attributes::int;
use super::open::ProcessStory;
use super::probes::ProbeSpans;
use crate::clock::Moment;
use crate::trace::{OpenSpan, Tracing, names};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::{HealthFact, Probed};
use phpeek_core::health::facts::Health;

impl ProcessStory {
    pub(super) fn tell_of_health(
        &mut self,
        teller: &Teller<'_>,
        i: u32,
        probes: ProbeSpans,
        fact: &HealthFact,
    ) {
        let at = teller.at;
        match fact {
            HealthFact::Asked { .. } if probes == ProbeSpans::Changes => {}
            HealthFact::Asked { serial, .. } => {
                let span = self.open_probe(teller.tracing, i, at);
                self.of(i, |instance| instance.health().asked.push((*serial, span)));
            }
            HealthFact::Probed(probed) => self.probed(teller, i, probed),
            HealthFact::Forgotten { serial } => {
                if let Some(span) = self.take_asked(i, *serial) {
                    span.fail(at, names::ERROR_INTERRUPTED, "the run is over");
                }
            }
            HealthFact::Waits { kind, .. } => self.waits(teller, i, kind),
            HealthFact::Ready { attempts, .. } => self.ready(i, at, *attempts),
            HealthFact::NeverReady { .. } => self.never_ready(i, at),
            HealthFact::Unready { .. } | HealthFact::Said { .. } => {}
        }
    }

    fn open_probe(&self, tracing: &Tracing, i: u32, at: Moment) -> OpenSpan {
        let mut span = tracing.open(names::SPAN_HEALTH_CHECK, &SpanContext::NONE, at);
        self.name_instance(&mut span, i);
        if let Some(instance) = self.instances.get(i) {
            span.link(names::LINK_RUN, &instance.origin);
        }
        span
    }

    fn take_asked(&mut self, i: u32, serial: u64) -> Option<OpenSpan> {
        let asked = &mut self.instances.get_mut(i)?.health.as_mut()?.asked;
        let place = asked.iter().position(|(own, _)| *own == serial)?;
        Some(asked.swap_remove(place).1)
    }

    fn probed(&mut self, teller: &Teller<'_>, i: u32, probed: &Probed) {
        let at = teller.at;
        let notable = probed.answer.fault.is_some() || probed.change.is_some();
        let span = match self.take_asked(i, probed.serial) {
            Some(span) => Some(span),
            None => notable.then(|| self.open_probe(teller.tracing, i, probed.began)),
        };
        let Some(mut span) = span else { return };
        let context = span.context();
        describe(&mut span, probed);
        match probed.answer.fault {
            None => span.ok(at),
            Some(fault) => span.fail(at, fault.as_str(), &probed.answer.got),
        }
        self.of(i, |instance| {
            let health = instance.health();
            if let (Some(wait), Some(fault)) = (&mut health.wait, probed.answer.fault) {
                wait.event(names::EVENT_PROBE_FAILED, at, || {
                    vec![
                        KeyValue::new(names::HEALTH_CHECK_TYPE, probed.kind),
                        KeyValue::new(names::ERROR_TYPE, fault.as_str()),
                        KeyValue::new(names::ERROR, probed.answer.got.to_string()),
                    ]
                });
            }
            if probed.change == Some(Health::Failing) && probed.role.restarts() {
                health.fell = Some(context);
            }
        });
    }

    /// A run is up and not ready: the wait belongs to whatever started it.
    fn waits(&mut self, teller: &Teller<'_>, i: u32, kind: &'static str) {
        let Some(instance) = self.instances.get(i) else { return };
        let restart = instance.spans.as_ref().and_then(|spans| spans.ending.as_ref());
        let parent = restart.or(self.start.as_ref().map(|start| &start.span));
        let Some(parent) = parent.map(OpenSpan::context) else { return }; // that of a folded restart is as folded
        let mut span = teller.tracing.open(names::SPAN_WAIT_READY, &parent, teller.at);
        self.name_instance(&mut span, i);
        span.set(names::HEALTH_CHECK_TYPE, kind);
        self.of(i, |instance| instance.health().wait = Some(span));
    }

    fn ready(&mut self, i: u32, at: Moment, attempts: u64) {
        self.of(i, |instance| {
            if let Some(mut span) = instance.health.as_mut().and_then(|health| health.wait.take()) {
                span.set(names::HEALTH_CHECK_ATTEMPTS, int(attempts));
                span.ok(at);
            }
            if let Some(spans) = &mut instance.spans {
                spans.end_restart(at);
            }
            instance.tidy();
        });
    }

    /// Nobody waits for an instance to be ready any longer.
    pub(super) fn end_wait(&mut self, i: u32, at: Moment, why: &str) {
        self.of(i, |instance| {
            if let Some(span) = instance.health.as_mut().and_then(|health| health.wait.take()) {
                span.fail(at, names::ERROR_NOT_READY, why);
            }
        });
    }

    fn never_ready(&mut self, i: u32, at: Moment) {
        self.of(i, |instance| {
            let wait = instance.health.as_mut().and_then(|health| health.wait.take());
            let restart = instance.spans.as_mut().and_then(|spans| spans.ending.take());
            for span in wait.into_iter().chain(restart) {
                span.fail(at, names::ERROR_NOT_READY, "its run was over before it was ready");
            }
            instance.tidy();
        });
    }
}

fn describe(span: &mut OpenSpan, probed: &Probed) {
    if !span.is_recording() {
        return;
    }
    span.set(names::HEALTH_CHECK_TYPE, probed.kind);
    span.set(names::HEALTH_CHECK_ROLE, probed.role.as_str());
    span.set(names::HEALTH_CHECK_ATTEMPTS, int(probed.attempt));
    span.set(names::HEALTH_CHECK_IN_A_ROW, i64::from(probed.in_a_row));
    span.set(names::HEALTH_CHECK_RESULT, probed.answer.got.to_string());
    span.set(names::PROCESS_INCARNATION, int(probed.run));
    if let Some(change) = probed.change {
        span.set(names::HEALTH_CHECK_STATE, change.as_str());
    }
}
