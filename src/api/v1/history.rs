//! What an instance has used, sample by sample. Owns the shape of the answer and what may be asked for; keeps nothing.

use super::super::refusal::{Refusal, json_of};
use super::query::Query;
use super::shape;
use super::shared::{Shared, missing};
use super::table::{Kind, Route};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use phpeek_settings::web::Role;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Samples when nobody says how many, and the most.
const LIMIT: (usize, usize) = (100, 10_000);
/// How far back when nobody says it.
const BACK: Duration = Duration::from_secs(3600);

/// The routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/metrics/history", Role::Metrics, history)
            .tells("What an instance has used, oldest first.", "Samples")
            .with(&[
                ("process", Kind::Needed, "its name"),
                ("instance", Kind::Needed, "as web-0"),
                ("since", Kind::Text, "a time of RFC 3339, or seconds since 1970; default: an hour ago"),
                ("limit", Kind::Whole(1, 10_000), "how many; default: 100"),
            ])
            .refuses(&[404]),
    ]
}

async fn history(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = Query::of(query.as_deref())?;
    let needed = |name: &str| query.get(name).ok_or_else(|| Refusal::bad(format!("{name} is required")));
    let (process, instance) = (needed("process")?, needed("instance")?);
    let limit = limit(query.get("limit"))?;
    let since = since(query.get("since"), SystemTime::now())?;
    let Some(history) = &shared.history else {
        let message = "nobody looks at what instances use: set global.resource_metrics_enabled";
        return Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, message.to_owned()));
    };
    let from = SystemTime::try_from(since).map_err(|_| Refusal::bad("since is no time of this machine"))?;
    let data = match history.since(process, instance, from, limit) {
        Some(data) => data,
        None => {
            // It may be there and not be looked at yet.
            let seen = shared.seen().await?;
            let (shown, _) = shape::known(&seen.view, process).ok_or_else(|| missing(process))?;
            if !shown.has(instance) {
                return Err(Refusal::not_found(format!("instance {instance:?} not found")));
            }
            Vec::new()
        }
    };
    json_of(&json!({
        "process": process, "instance": instance, "since": since.to_string(), "limit": limit,
        "samples": data.len(), "data": data,
    }))
}

fn limit(text: Option<&str>) -> Result<usize, Refusal> {
    let Some(text) = text else { return Ok(LIMIT.0) };
    let number = text.parse().ok().filter(|number| (1..=LIMIT.1).contains(number));
    number.ok_or_else(|| Refusal::bad(format!("limit wants a whole number from 1 to {}", LIMIT.1)))
}

/// RFC 3339, or seconds since 1970, as PHPeek PM documents it.
fn since(text: Option<&str>, now: SystemTime) -> Result<Timestamp, Refusal> {
    let Some(text) = text else {
        let back = now.checked_sub(BACK).unwrap_or(now);
        return Ok(Timestamp::try_from(back).unwrap_or(Timestamp::UNIX_EPOCH));
    };
    let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let time = seconds.or_else(|| text.parse().ok());
    time.ok_or_else(|| {
        Refusal::bad(format!("since wants a time of RFC 3339, or seconds since 1970, and not {text:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_for_is_refused() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000);
        let at = |text| since(text, now).ok().map(Timestamp::as_second);
        assert_eq!(at(None), Some(6400));
        assert_eq!((at(Some("77")), at(Some("1970-01-01T00:01:00Z"))), (Some(77), Some(60)));
        assert_eq!((at(Some("yesterday")), at(Some(""))), (None, None));
        let most = |text| limit(text).ok();
        assert_eq!((most(None), most(Some("1")), most(Some("10000"))), (Some(100), Some(1), Some(10_000)));
        for bad in ["0", "10001", "-1", "x"] {
            assert_eq!(most(Some(bad)), None, "{bad}");
        }
    }
}
