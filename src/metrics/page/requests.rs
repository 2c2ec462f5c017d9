//! The series of what the API has answered.

use super::out::Out;
use crate::requests::{Key, Requests};
use std::fmt;

fn of(&(method, route, status): &Key) -> [(&'static str, String); 3] {
    [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())]
}

pub(super) fn write(out: &mut Out<'_>, requests: &Requests) -> fmt::Result {
    let all = requests.all();
    out.counter(
        "api_requests",
        "Requests that the API has answered",
        all.iter().map(|(key, h)| (of(key), h.count())),
    )?;
    out.histogram(
        "api_request_duration_seconds",
        "How long the API took to begin its answer",
        all.iter().map(|(key, histogram)| (of(key), histogram)),
    )
}
