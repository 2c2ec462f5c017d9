//! The records of hooks: each names its hook, and one that ended says how long it took.

use super::fields::{Fields, count, millis};
use super::known::KnownHook;
use super::{About, Journal};
use crate::clock::Moment;
use crate::phrases::HOOK_STOPPED;
use crate::ports::Level;
use phpeek_core::facts::{HookEnd, HookFact, HookOutcome};
use phpeek_core::hook::{OnError, Stage};
use phpeek_core::ids::InstanceId;
use phpeek_core::lifecycle::SignalStep;
use phpeek_core::member::list;
use phpeek_core::outcome::Exit;

impl Journal {
    pub(super) fn hook(&self, at: Moment, of: Option<InstanceId>, fact: &HookFact) {
        if let HookFact::Began { hook, stage } = fact {
            let known = KnownHook { hook: hook.clone(), stage: *stage, began: at };
            self.known.borrow_mut().hooks.insert(of, known);
            return;
        }
        let about = of.map_or(About::System, About::Instance);
        if let HookFact::Skipped { stage, hooks } = fact {
            let are = if *hooks == 1 { "hook is" } else { "hooks are" };
            let message = format!("{hooks} {} {are} skipped: there is no time", stage.as_str());
            return self.record(at, Level::Warn, about, message, Vec::new);
        }
        let Some(known) = self.known.borrow().hooks.get(&of).cloned() else { return };
        let with = |more: Fields| [known.fields(), more].concat();
        match fact {
            HookFact::Started { attempt, pid, .. } => {
                self.record(at, Level::Info, about, "hook started", || {
                    let pid = i64::from(pid.unwrap_or(0));
                    with(vec![("pid", pid.into()), ("attempt", i64::from(*attempt).into())])
                });
            }
            HookFact::TriedInVain { attempt, why, delay, .. } => {
                let message = format!("hook failed and is tried again: {why}");
                self.record(at, Level::Warn, about, message, || {
                    with(vec![("attempt", i64::from(*attempt).into()), ("delay_ms", millis(*delay).into())])
                });
            }
            HookFact::Signalled { signal, step: SignalStep::Escalation, .. } => {
                let message = "hook did not stop in time, or there is no time: sending a stronger signal";
                self.record(at, Level::Warn, about, message, || {
                    with(vec![("signal", signal.to_string().into())])
                });
            }
            HookFact::Daemonised(members) => {
                let message = "hook has left daemons";
                self.record(at, Level::Info, about, message, || with(vec![("left", list(members).into())]));
            }
            HookFact::LeftAlone(members) => {
                let message = "hook cannot be ended, and is left alone";
                self.record(at, Level::Error, about, message, || with(vec![("left", list(members).into())]));
            }
            HookFact::Ended(end) => {
                self.known.borrow_mut().hooks.remove(&of);
                self.hook_ended(at, about, &known, end);
            }
            HookFact::Signalled { .. }
            | HookFact::Began { .. }
            | HookFact::Ordered { .. }
            | HookFact::Skipped { .. } => {}
        }
    }

    fn hook_ended(&self, at: Moment, about: About, known: &KnownHook, end: &HookEnd) {
        let counts =
            matches!(known.stage, Stage::PreStart | Stage::Reload) && known.hook.on_error == OnError::Stop;
        let (level, message) = match &end.outcome {
            HookOutcome::Succeeded => (Level::Info, "hook succeeded".to_owned()),
            HookOutcome::Failed(_, why) => {
                let level = if counts { Level::Error } else { Level::Warn };
                (level, format!("hook failed: {why}"))
            }
            HookOutcome::Interrupted => (Level::Warn, format!("hook: {HOOK_STOPPED}")),
        };
        self.record(at, level, about, message, || {
            let mut fields = known.fields();
            fields.push(("attempts", i64::from(end.attempts).into()));
            fields.push(("duration_ms", millis(at.saturating_sub(known.began)).into()));
            match end.exit {
                Some(Exit::Code(code)) => fields.push(("exit_code", i64::from(code).into())),
                Some(Exit::Signal { signal, .. }) => fields.push(("signal", signal.to_string().into())),
                None => {}
            }
            if end.skipped > 0 {
                fields.push(("hooks_skipped", count(end.skipped).into()));
            }
            fields
        });
    }
}
