//! The records of a reload: its plan, and how it went; and of a process that reloads itself.

use super::fields::{Fields, count, sender_fields};
use super::{About, Journal};
use crate::clock::Moment;
use crate::phrases::{reload_end, self_reload_fault};
use crate::ports::Level;
use phpeek_core::ends::SelfReloadEnd;
use phpeek_core::facts::{ProcessFact, SystemFact};
use phpeek_core::fleet::ReloadEnd;
use phpeek_core::spec::Reload;

impl Journal {
    pub(super) fn reload(&self, at: Moment, fact: &SystemFact) {
        match fact {
            SystemFact::ReloadBegan { operation, plan } => {
                let mut fields: Fields = vec![("untouched", count(plan.untouched).into())];
                fields.extend(sender_fields(operation.cause.sender()));
                self.say(at, Level::Info, format!("reload: {}", plan.sentence()), fields);
            }
            SystemFact::ReloadFailed(name) => {
                let message =
                    format!("reload failed: {:?} could not be brought up; going back", name.as_str());
                self.say(at, Level::Error, message, Vec::new());
            }
            SystemFact::ReloadEnded(_, end) => {
                let level = match end {
                    ReloadEnd::Complete => Level::Info,
                    ReloadEnd::Interrupted => Level::Warn,
                    ReloadEnd::RolledBack(_) | ReloadEnd::Broken(..) => Level::Error,
                };
                self.say(at, level, format!("reload is over: {}", reload_end(end)), Vec::new());
            }
            SystemFact::ReloadReplaced(_) => {
                self.say(
                    at,
                    Level::Info,
                    "a reload that waited is left out: a later one follows",
                    Vec::new(),
                );
            }
            _ => {}
        }
    }

    pub(super) fn reloads_itself(&self, at: Moment, about: About, fact: &ProcessFact) {
        let say = |level, message: &'static str| self.record(at, level, about, message, Vec::new);
        match fact {
            ProcessFact::ReloadBegan { by: Reload::Signal(signal), .. } => {
                let signal = signal.to_string();
                self.record(at, Level::Info, about, "told to reload itself", || {
                    vec![("signal", signal.into())]
                });
            }
            ProcessFact::ReloadEnded(SelfReloadEnd::Complete) => say(Level::Info, "has reloaded itself"),
            ProcessFact::ReloadEnded(SelfReloadEnd::FailedAt { number, fault }) => {
                let why = self_reload_fault(*fault);
                let message = format!("could not reload itself: {why} (instance {number})");
                self.record(at, Level::Error, about, message, Vec::new);
            }
            ProcessFact::ReloadEnded(SelfReloadEnd::Interrupted) => {
                say(Level::Warn, "reloads itself no further: something else came first");
            }
            _ => say(Level::Info, "reloads itself"),
        }
    }
}
