//! Wishes for another configuration, and the way that they go. Reads nothing.

use super::reading::Unread;
use phpeek_actors::trace::SpanContext;
use phpeek_api::change::PlanReport;
use phpeek_api::order::{Answer, Begun};
use phpeek_config::{Edit, Loaded};
use phpeek_core::operation::Cause;
use std::path::PathBuf;
use tokio::sync::{mpsc, oneshot};

/// Who wants it.
#[derive(Debug)]
pub(super) struct By {
    pub(super) cause: Cause,
    /// The span of the wish.
    pub(super) under: SpanContext,
    /// Told what comes of it, when somebody waits for that.
    pub(super) told: Option<oneshot::Sender<Begun>>,
}

impl By {
    /// Something that is under no span and waits for nothing.
    pub(super) fn itself(cause: Cause) -> Self {
        Self { cause, under: SpanContext::NONE, told: None }
    }

    /// Nothing was begun, for this reason.
    pub(super) fn refuse(self, answer: Answer) {
        let (tell, end) = oneshot::channel();
        drop(tell.send(answer)); // an error below: it has gone away
        if let Some(told) = self.told {
            drop(told.send(Begun { operation: 0, end }));
        }
    }
}

/// What is wanted.
#[derive(Debug)]
pub(super) enum Ask {
    /// What the files say. Nobody: one of them has changed; when the configuration has not, nothing is said.
    Reload(Option<By>),
    /// What this file says, which is read from now on.
    From(PathBuf, By),
    /// One process more, or less, or another.
    Edit(Edit, By),
    /// That the file says what runs.
    Save(By),
    /// To know what a reload of this file would do.
    Plan(PathBuf, PlanReply),
    /// The same, once the file was read.
    Planned(Result<Box<Loaded>, Unread>, PlanReply),
}

/// Told what a reload would do; an error in words for people.
pub(super) type PlanReply = oneshot::Sender<Result<PlanReport, String>>;

/// Takes wishes. Clones are one.
#[derive(Debug, Clone)]
pub(super) struct Reloads(pub(super) mpsc::UnboundedSender<Ask>);

impl Reloads {
    /// Returns at once. What it leads to is told in the log.
    pub(super) fn ask(&self, ask: Ask) {
        self.0.send(ask).ok(); // nobody reloads any more when the program is about to end
    }
}
