//! How an autopsy and the sender of a signal are shown as attributes. Owns which fact has which name, for spans and
//! for events alike; the journal says the same in its own words.

use crate::phrases::{out_of_memory, signal_sender};
use crate::trace::{OpenSpan, names};
use opentelemetry::KeyValue;
use phpeek_core::autopsy::{Autopsy, Usage};
use phpeek_core::limit::Breach;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::SignalSender;
use std::time::Duration;

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Numbers of attributes are signed.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A bound of memory that was passed.
pub(super) fn set_breach(span: &mut OpenSpan, breach: &Breach) {
    span.set(names::MEMORY_LIMIT, breach.limit.as_str());
    span.set(names::MEMORY_LIMIT_BYTES, int(breach.bound));
    span.set(names::MEMORY_USED_BYTES, int(breach.used));
}

/// Everything that is known of its end.
pub(super) fn set_autopsy(span: &mut OpenSpan, autopsy: &Autopsy, uptime: Duration) {
    if span.is_recording() {
        for attribute in autopsy_attributes(autopsy, uptime) {
            span.set_attribute(attribute);
        }
    }
}

/// As attributes of a span or an event.
pub(super) fn autopsy_attributes(autopsy: &Autopsy, uptime: Duration) -> Vec<KeyValue> {
    let mut all = exit_attributes(autopsy.exit);
    all.push(KeyValue::new(names::AUTOPSY_UPTIME_MS, millis(uptime)));
    all.extend(signal_sender(autopsy).map(|sender| KeyValue::new(names::AUTOPSY_SIGNAL_SENDER, sender)));
    if let Some(oom) = out_of_memory(autopsy.oom) {
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

/// How it ended, and no more.
pub(super) fn set_exit(span: &mut OpenSpan, exit: Exit) {
    if span.is_recording() {
        exit_attributes(exit).into_iter().for_each(|attribute| span.set_attribute(attribute));
    }
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

/// Who sent a signal to the supervisor, on the span of what it asked for.
pub(super) fn set_sender(span: &mut OpenSpan, sender: Option<&SignalSender>) {
    let Some(sender) = sender.filter(|_| span.is_recording()) else { return };
    span.set(names::SIGNAL_SENDER_UID, i64::from(sender.uid));
    if let Some(pid) = sender.pid {
        span.set(names::SIGNAL_SENDER_PID, i64::from(pid));
    }
    if let Some(command) = &sender.command {
        span.set(names::SIGNAL_SENDER_COMMAND, command.clone());
    }
}
