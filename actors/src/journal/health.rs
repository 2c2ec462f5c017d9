//! The records of health: what changes is told; a probe that fails and changes nothing is of use in a search alone.

use super::fields::{Fields, int, millis};
use super::{About, Journal};
use crate::clock::Moment;
use crate::ports::Level;
use phpeek_core::facts::{HealthFact, Probed};
use phpeek_core::health::facts::Health;
use phpeek_core::health::news::Saying;
use phpeek_core::ids::InstanceId;

impl Journal {
    pub(super) fn health(&self, at: Moment, instance: InstanceId, fact: &HealthFact) {
        let about = About::Instance(instance);
        match fact {
            HealthFact::Probed(probed) => self.probed(at, about, probed),
            HealthFact::Ready { run, attempts } => {
                self.record(at, Level::Info, about, "ready", || {
                    vec![("run", int(*run).into()), ("probes", int(*attempts).into())]
                });
            }
            HealthFact::Unready { run } => {
                self.record(at, Level::Warn, about, "not ready any more", || vec![("run", int(*run).into())]);
            }
            HealthFact::NeverReady { run } => {
                let message = "its run was over before it was ready";
                self.record(at, Level::Warn, about, message, || vec![("run", int(*run).into())]);
            }
            HealthFact::Said { run, saying } => self.said(at, about, *run, saying),
            HealthFact::Asked { .. } | HealthFact::Forgotten { .. } | HealthFact::Waits { .. } => {}
        }
    }

    /// What a program says for people.
    fn said(&self, at: Moment, about: About, run: u64, saying: &Saying) {
        let (level, message) = match saying {
            Saying::Status(status) => (Level::Debug, format!("its status: {status}")),
            Saying::Reloading => (Level::Info, "it takes over its configuration".to_owned()),
            Saying::MainPid(pid) => (Level::Info, format!("it says that its main process is {pid}")),
            Saying::EndsLater(time) => {
                (Level::Info, format!("it says that its end takes {time:?} more, and has that time"))
            }
            Saying::Errno(number) => (Level::Warn, format!("it says that it has failed by error {number}")),
            Saying::Dropped { count, why } => {
                let were =
                    if *count == 1 { "message to its socket was" } else { "messages to its socket were" };
                (Level::Warn, format!("{count} {were} dropped, the last since {why}"))
            }
        };
        self.record(at, level, about, message, || vec![("run", int(run).into())]);
    }

    fn probed(&self, at: Moment, about: About, probed: &Probed) {
        let Probed { answer, role, in_a_row, .. } = probed;
        let (level, message) = match (probed.change, answer.fault) {
            (Some(Health::Failing), _) if probed.serial == 0 => {
                (Level::Warn, format!("unhealthy: {}", answer.got))
            }
            (Some(Health::Failing), _) => {
                let message = format!("unhealthy: {in_a_row} health checks in a row failed: {}", answer.got);
                (Level::Warn, message)
            }
            // Of a check that gates, it is said that the instance is ready.
            (Some(_), _) if role.gates() => return,
            (Some(_), _) => (Level::Info, "its health check passes".to_owned()),
            (None, Some(_)) => (Level::Debug, format!("health check failed: {}", answer.got)),
            (None, None) => return,
        };
        self.record(at, level, about, message, || {
            let mut fields: Fields = vec![("check", role.as_str().into()), ("type", probed.kind.into())];
            fields.push(("run", int(probed.run).into()));
            fields.push(("took_ms", millis(at.saturating_sub(probed.began)).into()));
            fields.extend(answer.fault.map(|fault| ("error.type", fault.as_str().into())));
            fields
        });
    }
}
