//! What a step of a machine gives back, in one order: facts that have happened, and effects to be performed. Decides nothing.

use crate::facts::{Fact, Told};
use std::time::Duration;

/// What a step of a machine gives back, in order: facts that have happened, and effects that are to be performed.
#[derive(Debug, Clone, PartialEq)]
pub enum Output<Effect> {
    /// This has happened.
    Tell(Told),
    /// Do this.
    Do(Effect),
}

/// Outputs of most steps.
const USUAL: usize = 32;

/// The outputs of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Outbox<Effect>(Vec<Output<Effect>>);

impl<Effect> Default for Outbox<Effect> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<Effect> Outbox<Effect> {
    /// Nothing so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This has happened.
    pub fn tell(&mut self, at: Duration, fact: Fact) {
        self.0.push(Output::Tell(Told { at, fact }));
    }

    /// This is to be done.
    pub fn act(&mut self, effect: Effect) {
        self.0.push(Output::Do(effect));
    }

    /// Gives back the room of an exceptional step (the boot of a thousand processes); that of most steps is kept.
    pub fn rest(&mut self) {
        self.0.shrink_to(USUAL);
    }

    /// Everything so far, in order; the box is empty then and keeps its room.
    pub fn drain(&mut self) -> impl Iterator<Item = Output<Effect>> + '_ {
        self.0.drain(..)
    }

    /// The effects alone, in order.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.0.iter().filter_map(|output| match output {
            Output::Do(effect) => Some(effect),
            Output::Tell(_) => None,
        })
    }

    /// The facts alone, in order.
    pub fn facts(&self) -> impl Iterator<Item = &Told> {
        self.0.iter().filter_map(|output| match output {
            Output::Tell(told) => Some(told),
            Output::Do(_) => None,
        })
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
