//! The end of a process that is the end of everything: what the system ends with is how that one ended.

use super::{Ending, Fleet, Out, Outcome, Phase};
use crate::ids::ProcessId;
use crate::operation::Cause;
use std::time::Duration;

impl Fleet {
    /// A shutdown that is under way has a reason of its own, and its outcome with it.
    pub(super) fn fatal(&mut self, p: ProcessId, ending: Ending, now: Duration, out: &mut Out) {
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            return;
        }
        self.outcome = match ending {
            Ending::Completed => Outcome::Stopped,
            Ending::Failed(failure) => Outcome::Failed(failure),
        };
        let operation = self.begin(Cause::Fatal(p));
        self.begin_shutdown(operation, now, out);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::{Effect, Event};
    use super::*;
    use crate::facts::{Fact, Outbox, SystemFact};
    use crate::lifecycle::Failure;
    use crate::outcome::Exit;
    use crate::spec::{Hooks, SystemSpec};
    use std::collections::BTreeMap;

    /// A fleet that boots, what a fatal end makes of it, and why.
    fn ends(before: &[Event], ending: Ending) -> (Option<Outcome>, Option<Cause>) {
        let second = Duration::from_secs(1);
        let spec = SystemSpec {
            processes: Vec::new(),
            dependency_timeout: second,
            shutdown_timeout: second,
            signals: BTreeMap::new(),
            hooks: Hooks::default(),
        };
        let mut fleet = Fleet::new(&spec).expect("no cycle");
        let (mut outcome, mut cause) = (None, None);
        for event in before.iter().cloned().chain([Event::Fatal(ProcessId(3), ending)]) {
            let mut out = Outbox::new();
            fleet.step(Duration::ZERO, event, &mut out);
            for effect in out.effects() {
                if let Effect::Done(how) = effect {
                    outcome = Some(how.clone());
                }
            }
            for told in out.facts() {
                if let Fact::System(SystemFact::ShutdownBegan { operation, .. }) = &told.fact {
                    cause = Some(operation.cause.clone());
                }
            }
        }
        (outcome, cause)
    }

    #[test]
    fn everything_ends_as_the_one_that_counts_and_a_shutdown_before_it_keeps_its_reason() {
        let failed = Ending::Failed(Failure::Exit(Exit::Code(7)));
        let cause = Some(Cause::Fatal(ProcessId(3)));
        assert_eq!(ends(&[], failed), (Some(Outcome::Failed(Failure::Exit(Exit::Code(7)))), cause.clone()));
        assert_eq!(ends(&[], Ending::Completed), (Some(Outcome::Stopped), cause));
        let mut operations = crate::operation::Operations::of_system();
        let asked = Event::Shutdown(operations.begin(Cause::Request));
        assert_eq!(ends(&[asked], failed), (Some(Outcome::Stopped), Some(Cause::Request)));
    }
}
