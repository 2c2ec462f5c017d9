//! How an autopsy is shown: as attributes of a span, of an event, and as fields of a log record. Owns which fact has
//! which name where, so that the three say the same. Called when a death is told.

use crate::ports::Value;
use crate::trace::{OpenSpan, names};
use opentelemetry::KeyValue;
use phpeek_core::autopsy::{Autopsy, Oom, Sender, Usage};
use phpeek_core::outcome::Exit;
use std::time::Duration;

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Everything that is known of its end.
pub(super) fn set_autopsy(span: &mut OpenSpan, autopsy: &Autopsy, uptime: Duration) {
    if span.is_recording() {
        for attribute in attributes(autopsy, uptime) {
            span.set_attribute(attribute);
        }
    }
}

/// As attributes of a span or an event.
pub(super) fn attributes(autopsy: &Autopsy, uptime: Duration) -> Vec<KeyValue> {
    let mut all = exit_attributes(autopsy.exit);
    all.push(KeyValue::new(names::AUTOPSY_UPTIME_MS, millis(uptime)));
    all.extend(sender(autopsy).map(|sender| KeyValue::new(names::AUTOPSY_SIGNAL_SENDER, sender)));
    if let Some(oom) = oom(autopsy.oom) {
        all.push(KeyValue::new(names::AUTOPSY_OOM, oom));
        all.push(KeyValue::new(names::AUTOPSY_OOM_KILLS, int(autopsy.oom.kills())));
    }
    if let Some(Usage { max_rss, user, system, major_faults, minor_faults }) = autopsy.usage {
        all.extend([
            KeyValue::new(names::AUTOPSY_MAX_RSS, int(max_rss)),
            KeyValue::new(names::AUTOPSY_CPU_USER_US, micros(user)),
            KeyValue::new(names::AUTOPSY_CPU_SYSTEM_US, micros(system)),
            KeyValue::new(names::AUTOPSY_FAULTS_MAJOR, int(major_faults)),
            KeyValue::new(names::AUTOPSY_FAULTS_MINOR, int(minor_faults)),
        ]);
    }
    all
}

fn exit_attributes(exit: Exit) -> Vec<KeyValue> {
    match exit {
        Exit::Code(code) => vec![KeyValue::new(names::PROCESS_EXIT_CODE, i64::from(code))],
        Exit::Signal { signal, core } => vec![
            KeyValue::new(names::PROCESS_EXIT_SIGNAL, signal.to_string()),
            KeyValue::new(names::PROCESS_EXIT_CORE, core),
        ],
    }
}

/// As fields of a log record.
pub(super) fn fields(autopsy: &Autopsy, uptime: Duration) -> Vec<(&'static str, Value)> {
    let mut fields = vec![("uptime_ms", millis(uptime).into())];
    match autopsy.exit {
        Exit::Code(code) => fields.push(("exit_code", i64::from(code).into())),
        Exit::Signal { signal, core } => {
            fields.push(("signal", signal.to_string().into()));
            fields.push(("core_dumped", core.into()));
        }
    }
    fields.extend(sender(autopsy).map(|sender| ("signal_sender", sender.into())));
    if let Some(oom) = oom(autopsy.oom) {
        fields.push(("oom", oom.into()));
        fields.push(("oom_kills", int(autopsy.oom.kills()).into()));
    }
    if let Some(usage) = autopsy.usage {
        fields.push(("max_rss_bytes", int(usage.max_rss).into()));
        fields.push(("cpu_user_us", micros(usage.user).into()));
        fields.push(("cpu_system_us", micros(usage.system).into()));
        fields.push(("major_faults", int(usage.major_faults).into()));
        fields.push(("minor_faults", int(usage.minor_faults).into()));
    }
    fields
}

fn sender(autopsy: &Autopsy) -> Option<&'static str> {
    match autopsy.sender {
        Sender::Nobody => None,
        Sender::Supervisor => Some("supervisor"),
        Sender::Other => Some("other"),
    }
}

fn oom(oom: Oom) -> Option<&'static str> {
    match oom {
        Oom::None => None,
        Oom::Likely { .. } => Some("likely"),
        Oom::Possible { .. } => Some("possible"),
    }
}
