//! Wishes for a reload, and the way that they go. Reads nothing.

use phpeek_api::Reloaded;
use phpeek_core::operation::Cause;
use tokio::sync::{mpsc, oneshot};

/// Who wants a reload.
#[derive(Debug)]
pub(super) enum Ask {
    /// Somebody who has said so, and waits for what comes of it or does not.
    By(Cause, Option<oneshot::Sender<Reloaded>>),
    /// A file has changed: when the configuration has not, nothing is said.
    Changed,
}

/// Takes wishes for a reload. Clones are one.
#[derive(Debug, Clone)]
pub(super) struct Reloads(pub(super) mpsc::UnboundedSender<Ask>);

impl Reloads {
    /// Returns at once. What it leads to is told in the log.
    pub(super) fn ask(&self, ask: Ask) {
        self.0.send(ask).ok(); // nobody reloads any more when the program is about to end
    }
}
