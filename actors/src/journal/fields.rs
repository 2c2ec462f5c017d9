//! How an autopsy and the sender of a signal are shown as fields of a record. Owns which fact has which name there;
//! the story says the same as attributes.

use crate::phrases::{out_of_memory, signal_sender};
use crate::ports::Value;
use phpeek_core::autopsy::Autopsy;
use phpeek_core::operation::Cause;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::SignalSender;
use std::time::Duration;

/// More of a record, in the order in which it is shown.
pub(super) type Fields = Vec<(&'static str, Value)>;

/// The file whose change has asked for it, if one has.
pub(super) fn path_of(cause: &Cause) -> Option<(&'static str, Value)> {
    match cause {
        Cause::Watch(path) => Some(("path", path.to_string().into())),
        _ => None,
    }
}

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Everything that is known of an end.
pub(super) fn autopsy_fields(autopsy: &Autopsy, uptime: Duration) -> Fields {
    let mut fields: Fields = vec![("uptime_ms", millis(uptime).into())];
    match autopsy.exit {
        Exit::Code(code) => fields.push(("exit_code", i64::from(code).into())),
        Exit::Signal { signal, core } => {
            fields.push(("signal", signal.to_string().into()));
            fields.push(("core_dumped", core.into()));
        }
    }
    fields.extend(signal_sender(autopsy).map(|sender| ("signal_sender", sender.into())));
    if let Some(oom) = out_of_memory(autopsy.oom) {
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

/// Who sent a signal to the supervisor.
#[must_use]
pub fn sender_fields(sender: Option<&SignalSender>) -> Fields {
    let Some(sender) = sender else { return Vec::new() };
    let mut fields: Fields = vec![("sender_uid", i64::from(sender.uid).into())];
    fields.extend(sender.pid.map(|pid| ("sender_pid", i64::from(pid).into())));
    fields.extend(sender.command.clone().map(|command| ("sender_command", command.into())));
    fields
}
