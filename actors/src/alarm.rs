//! The one timer of an actor of supervision: armed for the earliest deadline of its machine. Nothing wakes up while there
//! is none, and a timer that is right already is left alone.

use crate::clock::{Clock, Moment};
use actix::{Actor, AsyncContext, Context, SpawnHandle};

/// Armed for a moment, or not.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<(Moment, SpawnHandle)>);

impl Alarm {
    /// Armed for `next` alone from now on. When it rings, `ring` is called, which forgets that it was armed.
    pub(crate) fn set<A>(
        &mut self,
        next: Option<Moment>,
        clock: &Clock,
        ctx: &mut Context<A>,
        ring: fn(&mut A, &mut Context<A>),
    ) where
        A: Actor<Context = Context<A>>,
    {
        if self.0.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        if let Some((_, handle)) = self.0.take() {
            ctx.cancel_future(handle);
        }
        if let Some(at) = next {
            let wait = at.saturating_sub(clock.now());
            self.0 = Some((at, ctx.run_later(wait, ring)));
        }
    }

    /// It has rung.
    pub(crate) fn forget(&mut self) {
        self.0 = None;
    }
}
