//! The laws of what goes: instances that are no more (Q10), and ends that are the end of everything (Q8).

use super::{Answer, Book};
use phpeek_core::fleet::{Ending, RestartOutcome};
use phpeek_core::ids::InstanceId;
use phpeek_core::lifecycle::Failure;
use phpeek_core::spec::Exhausted;

impl Book {
    pub(super) fn removed(&mut self, id: InstanceId) {
        let lives = self.live.iter().any(|run| run.instance == id);
        let untold = self.deaths.keys().any(|run| run.instance == id);
        if lives || untold || !self.instances.remove(&id) || self.instances.len() < self.wanted {
            self.broken("Q10", format!("{id:?} was taken out, and {:?} are left", self.instances));
        }
        self.up.remove(&id);
        self.rolling.remove(&id);
        self.relays.remove(&id);
        self.gone.insert(id);
    }

    pub(super) fn scaled(&mut self, outcome: RestartOutcome) {
        self.answer(Answer::Due, "Q10", |b| &mut b.scale, "Scaled");
        self.scales = self.scales.saturating_sub(1);
        if self.scales > 0 {
            self.scale = Answer::Due;
        }
        let (there, wanted) = (self.instances.len(), self.wanted);
        if there != wanted || outcome == RestartOutcome::Failed && !self.spawn_failed {
            self.broken("Q10", format!("scaled ({outcome:?}) to {there} of {wanted}"));
        }
    }

    /// Whether a budget was spent on runs that never began shows in nothing else.
    pub(super) fn fatal_is_told(&mut self) {
        let mut told = std::mem::take(&mut self.fatal_told);
        for ending in std::mem::take(&mut self.fatal) {
            match told.iter().position(|other| *other == ending) {
                Some(place) => drop(told.remove(place)),
                None => self.broken("Q8", format!("{ending:?} was not reported as the end of everything")),
            }
        }
        let spent = |e: &Ending| matches!(e, Ending::Failed(Failure::Spawn(_)));
        if let Some(ending) = told.iter().find(|e| !spent(e) || self.exhausted != Some(Exhausted::Exit)) {
            self.broken("Q8", format!("{ending:?} is the end of nothing else"));
        }
    }

    pub(super) fn is_the_ending(&mut self, ending: Ending) {
        let expected = self.failed.map_or(Ending::Completed, Ending::Failed);
        if ending != expected {
            self.broken("Q4", format!("{ending:?} where {expected:?} counts"));
        }
    }
}
