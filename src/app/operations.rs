//! What operations come to, for those who asked for them: a listener to the facts that end one. Owns a bounded memory of
//! those that are over; asks for nothing and holds nothing up.

use phpeek_actors::listeners::Listener;
use phpeek_core::ends::{OperationEnd, Refusal};
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_core::fleet::ReloadEnd;
use phpeek_core::operation::OperationId;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use tokio::sync::oneshot;

/// Operations that are over and kept in mind.
const KEPT: usize = 1024;

/// How an operation has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It was begun.
    Over(OperationEnd),
    /// It was not.
    Refused(Refusal),
}

/// See the top of the file.
#[derive(Default)]
pub(super) struct Operations(RefCell<Book>);

#[derive(Default)]
struct Book {
    waiting: HashMap<OperationId, Vec<oneshot::Sender<End>>>,
    over: VecDeque<(OperationId, End)>,
}

impl Operations {
    /// The end of an operation, which may have been told already.
    pub(super) fn end_of(&self, operation: OperationId) -> oneshot::Receiver<End> {
        let (tell, told) = oneshot::channel();
        let mut book = self.0.borrow_mut();
        match book.over.iter().rev().find(|(id, _)| *id == operation) {
            Some((_, end)) => drop(tell.send(end.clone())), // whoever asks has both ends
            None => book.waiting.entry(operation).or_default().push(tell),
        }
        told
    }

    /// The same for one that somebody has asked for before; `None` when nobody has, or it was long ago.
    pub(super) fn known(&self, operation: OperationId) -> Option<oneshot::Receiver<End>> {
        let known = {
            let book = self.0.borrow();
            book.waiting.contains_key(&operation) || book.over.iter().any(|(id, _)| *id == operation)
        };
        known.then(|| self.end_of(operation))
    }

    fn over(&self, operation: OperationId, end: End) {
        let mut book = self.0.borrow_mut();
        for waiting in book.waiting.remove(&operation).into_iter().flatten() {
            drop(waiting.send(end.clone())); // an error: it has gone away
        }
        if book.over.len() == KEPT {
            book.over.pop_front();
        }
        book.over.push_back((operation, end));
    }
}

impl Listener for Operations {
    fn hear(&self, told: &Told) {
        let Fact::System(fact) = &told.fact else { return };
        match fact {
            SystemFact::Answered(operation, end) => self.over(*operation, End::Over(*end)),
            SystemFact::ReloadEnded(operation, end) => self.over(*operation, End::Over(of_reload(end))),
            SystemFact::ReloadReplaced(operation) => {
                self.over(*operation, End::Over(OperationEnd::Interrupted));
            }
            SystemFact::ReloadRefused(operation, _) => {
                self.over(operation.id, End::Over(OperationEnd::Failed));
            }
            SystemFact::Refused(operation, why) => self.over(operation.id, End::Refused(why.clone())),
            SystemFact::BootBegan { .. }
            | SystemFact::BootSucceeded { .. }
            | SystemFact::BootFailed(_)
            | SystemFact::RestartBegan { .. }
            | SystemFact::RestartEnded { .. }
            | SystemFact::RestartJoined { .. }
            | SystemFact::ReloadBegan { .. }
            | SystemFact::ReloadFailed(_)
            | SystemFact::ShutdownBegan { .. }
            | SystemFact::ShutdownHurried(_)
            | SystemFact::Relayed(..)
            | SystemFact::Over(_) => {}
        }
    }
}

fn of_reload(end: &ReloadEnd) -> OperationEnd {
    match end {
        ReloadEnd::Complete => OperationEnd::Done,
        ReloadEnd::RolledBack(_) | ReloadEnd::Broken(..) => OperationEnd::Failed,
        ReloadEnd::Interrupted => OperationEnd::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn id(serial: u64) -> OperationId {
        OperationId { of: None, serial }
    }

    fn answered(operations: &Operations, serial: u64) {
        let fact = Fact::System(SystemFact::Answered(id(serial), OperationEnd::Done));
        operations.hear(&Told { at: Duration::ZERO, fact });
    }

    #[test]
    fn an_end_is_told_before_and_after_it_is_asked_for_and_memory_is_bounded() {
        let operations = Operations::default();
        let (mut first, mut second) = (operations.end_of(id(1)), operations.end_of(id(1)));
        assert!(first.try_recv().is_err(), "it is not over");
        assert!(operations.known(id(1)).is_some() && operations.known(id(2)).is_none());
        answered(&operations, 1);
        let done = Ok(End::Over(OperationEnd::Done));
        assert_eq!((first.try_recv(), second.try_recv()), (done.clone(), done.clone()));
        assert_eq!(operations.end_of(id(1)).try_recv(), done, "told already");
        for serial in 2..=KEPT as u64 + 1 {
            answered(&operations, serial);
        }
        assert!(operations.known(id(1)).is_none() && operations.known(id(2)).is_some());
        assert!(operations.0.borrow().waiting.is_empty());
    }
}
