//! How a stream begins, the same for each: with what is wanted, how much of what is kept, and after which event. Reads the
//! request; opens nothing.

use super::super::live;
use super::super::refusal::Refusal;
use super::query::Query;
use super::shared::Shared;
use axum::extract::FromRequestParts;
use http::request::Parts;
use phpeek_actors::lines::Wanted;
use std::sync::Arc;
use std::time::SystemTime;

/// What a reader asks for.
pub(super) struct Opening {
    pub(super) shared: Arc<Shared>,
    /// Of which process, and the like; the process is there.
    pub(super) wanted: Wanted,
    pub(super) from: Begins,
    /// Whether nothing is to come after what is kept.
    pub(super) ends: bool,
}

/// With what a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// So many of what is kept.
    Newest(usize),
    /// What comes after this one.
    After(u64),
}

impl FromRequestParts<Arc<Shared>> for Opening {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        let query = Query::of(parts.uri.query())?;
        let wanted = query.wanted(SystemTime::now())?;
        shared.has(wanted.process.as_ref()).await?;
        let tail = query.tail()?;
        let after = live::last_seen(&parts.headers, query.get("after"))?;
        let from = after.map_or(Begins::Newest(tail), Begins::After);
        let ends = query.get("follow") == Some("false");
        Ok(Self { shared: shared.clone(), wanted, from, ends })
    }
}
