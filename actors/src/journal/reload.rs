//! The records of a reload: its plan, and how it went; and of a process that reloads itself.

use super::fields::{Fields, count, sender_fields};
use super::{About, Journal};
use crate::clock::Moment;
use crate::phrases::{reload_end, self_reload_fault};
use crate::ports::Level;
use phpeek_core::ends::SelfReloadEnd;
use phpeek_core::fleet::ReloadEnd;
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Operation;
use phpeek_core::plan::Plan;
use phpeek_core::spec::Reload;

impl Journal {
    pub(super) fn reload_began(&self, at: Moment, operation: &Operation, plan: &Plan) {
        let mut fields: Fields = vec![("untouched", count(plan.untouched).into())];
        fields.extend(sender_fields(operation.cause.sender()));
        self.say(at, Level::Info, format!("reload: {}", plan.sentence()), fields);
    }

    pub(super) fn reload_failed(&self, at: Moment, name: &ProcessName) {
        let message = format!("reload failed: {:?} could not be brought up; going back", name.as_str());
        self.say(at, Level::Error, message, Vec::new());
    }

    pub(super) fn reload_ended(&self, at: Moment, end: &ReloadEnd) {
        let level = match end {
            ReloadEnd::Complete => Level::Info,
            ReloadEnd::Interrupted => Level::Warn,
            ReloadEnd::RolledBack(_) | ReloadEnd::Broken(..) => Level::Error,
        };
        self.say(at, level, format!("reload is over: {}", reload_end(end)), Vec::new());
    }

    pub(super) fn reload_replaced(&self, at: Moment) {
        let message = "a reload that waited is left out: a later one follows";
        self.say(at, Level::Info, message, Vec::new());
    }

    pub(super) fn told_to_reload(&self, at: Moment, about: About, by: Reload) {
        match by {
            Reload::Signal(signal) => {
                self.record(at, Level::Info, about, "told to reload itself", || {
                    vec![("signal", signal.to_string().into())]
                });
            }
            Reload::Command => self.record(at, Level::Info, about, "reloads itself", Vec::new),
        }
    }

    pub(super) fn reloaded_itself(&self, at: Moment, about: About, end: &SelfReloadEnd) {
        let say = |level, message: &'static str| self.record(at, level, about, message, Vec::new);
        match end {
            SelfReloadEnd::Complete => say(Level::Info, "has reloaded itself"),
            SelfReloadEnd::FailedAt { number, fault } => {
                let why = self_reload_fault(*fault);
                let message = format!("could not reload itself: {why} (instance {number})");
                self.record(at, Level::Error, about, message, Vec::new);
            }
            SelfReloadEnd::Interrupted => {
                say(Level::Warn, "reloads itself no further: something else came first");
            }
        }
    }
}
