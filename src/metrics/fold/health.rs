//! What checks are answered: by process and kind of check how often and how fast, by instance what was said last. One
//! bad answer of any instance makes a kind of check bad for its process.

use super::When;
use crate::histogram::{HEALTH, Histogram};
use crate::tally::{Mark, Tally};
use phpeek_core::facts::Probed;
use phpeek_core::health::Role;

/// What the checks of one instance were answered last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answers(Vec<Answered>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answered {
    role: Role,
    kind: &'static str,
    /// Bad answers in a row up to now.
    bad: u32,
}

impl Answers {
    fn note(&mut self, probed: &Probed) {
        let bad = if probed.answer.fault.is_some() { probed.in_a_row } else { 0 };
        let answered = Answered { role: probed.role, kind: probed.kind, bad };
        match self.0.iter_mut().find(|own| (own.role, own.kind) == (answered.role, answered.kind)) {
            Some(own) => *own = answered,
            None => self.0.push(answered),
        }
    }

    /// Its run is over: that it was well is not true any more; that it was not stays so until it is asked again.
    pub(crate) fn forget_good(&mut self) {
        self.0.retain(|answered| answered.bad > 0);
    }

    /// Whether the checks of this kind were answered well; `None` when none was.
    pub(crate) fn well(&self, kind: &str) -> Option<bool> {
        let mut own = self.0.iter().filter(|answered| answered.kind == kind).peekable();
        own.peek()?;
        Some(own.all(|answered| answered.bad == 0))
    }

    /// The most bad answers in a row.
    pub(crate) fn worst(&self) -> Option<u32> {
        self.0.iter().map(|answered| answered.bad).max()
    }
}

/// How the checks of a process are answered, by their kinds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health(Vec<Kind>);

/// One kind of check.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) good: Tally,
    pub(crate) bad: Tally,
    pub(crate) seconds: Histogram,
}

impl Health {
    /// A check was answered.
    pub(crate) fn hear(&mut self, when: &When, probed: &Probed, answers: &mut Answers, mark: Option<Mark>) {
        answers.note(probed);
        let seconds = when.since(probed.began);
        if !self.0.iter().any(|kind| kind.name == probed.kind) {
            let (good, bad) = (Tally::default(), Tally::default());
            self.0.push(Kind { name: probed.kind, good, bad, seconds: Histogram::new(HEALTH) });
        }
        let Some(kind) = self.0.iter_mut().find(|kind| kind.name == probed.kind) else { return };
        let tally = if probed.answer.fault.is_some() { &mut kind.bad } else { &mut kind.good };
        tally.add(1, mark);
        kind.seconds.observe(seconds);
    }

    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.0
    }
}
