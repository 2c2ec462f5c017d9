//! The series of other exporters that stand on our page.

use super::out::{Out, truth};
use crate::federate::Standing;
use std::fmt;

pub(super) fn write(out: &mut Out<'_>, all: &[Standing]) -> fmt::Result {
    let name = |one: &Standing| [("name", one.name.clone())];
    out.gauge(
        "federate_up",
        "Whether the series of another exporter are on this page",
        all.iter().map(|one| (name(one), truth(one.up))),
    )?;
    out.gauge(
        "federate_duration_seconds",
        "How long another exporter took last",
        all.iter().map(|one| (name(one), one.seconds)),
    )?;
    out.counter(
        "federate_errors",
        "Requests to another exporter that brought no page",
        all.iter().map(|one| (name(one), one.errors)),
    )?;
    out.gauge(
        "federate_left_out",
        "Families of another exporter that could not be on the page before this one: it has them as something else",
        all.iter().map(|one| (name(one), one.left_out as f64)),
    )
}
