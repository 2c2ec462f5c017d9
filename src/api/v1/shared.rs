//! What the routes of the API share: the state at one moment, kept until something has changed, and the way to
//! supervision.

use super::super::desk::{Desk, Inquiry};
use super::super::live::Places;
use super::super::refusal::Refusal;
use super::super::traces::TraceSource;
use super::super::view::{Changes, View};
use super::used::{History, Loads};
use bytes::Bytes;
use phpeek_actors::events::EventSource;
use phpeek_actors::lines::LineSource;
use phpeek_core::name::ProcessName;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::mpsc;

/// The state at one moment, and what was made of it once for all who ask.
pub(super) struct Seen {
    pub(super) view: View,
    pub(super) list: OnceLock<Result<Bytes, String>>,
}

impl Seen {
    pub(super) fn new(view: View) -> Arc<Self> {
        Arc::new(Self { view, list: OnceLock::new() })
    }
}

/// What the routes share.
pub(super) struct Shared {
    pub(super) supervision: mpsc::Sender<Inquiry>,
    pub(super) desk: Desk<Arc<Seen>>,
    pub(super) changes: Changes,
    pub(super) last: Mutex<Option<Arc<Seen>>>,
    pub(super) lines: Arc<dyn LineSource>,
    pub(super) history: Option<Arc<dyn History>>,
    pub(super) events: Arc<dyn EventSource>,
    pub(super) traces: Option<Arc<dyn TraceSource>>,
    pub(super) places: Places,
}

impl Shared {
    /// What instances use, where anybody looks.
    pub(super) fn loads(&self) -> Loads {
        self.history.as_ref().map(|history| history.now()).unwrap_or_default()
    }

    /// The process must be there, when one is named.
    pub(super) async fn has(&self, process: Option<&ProcessName>) -> Result<(), Refusal> {
        let Some(process) = process else { return Ok(()) };
        let seen = self.seen().await?;
        let found = seen.view.of_each().any(|(spec, _)| spec.name == *process);
        if found { Ok(()) } else { Err(missing(process.as_str())) }
    }

    /// The state now. Supervision is asked only when something has changed since it was asked last.
    pub(super) async fn seen(&self) -> Result<Arc<Seen>, Refusal> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.changes.count();
        if let Some(seen) = last().as_ref().filter(|seen| seen.view.changes == now) {
            return Ok(seen.clone());
        }
        let seen = self.desk.ask().await?;
        *last() = Some(seen.clone());
        Ok(seen)
    }
}

/// There is no process of this name.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::not_found(format!("process {name:?} not found"))
}
