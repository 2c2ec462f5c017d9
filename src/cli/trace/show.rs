//! One trace, shown in the way that was asked for.

use super::look::TraceLook;
use crate::cli::fault::Fault;
use crate::cli::say::say;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_viewer::source::Source;
use phpeek_viewer::{Names, Style, Trace, html, select, svg, waterfall};
use std::fs;

/// Shows one trace in the way that was asked for.
pub(super) fn show(
    source: &mut dyn Source,
    request: &ExportTraceServiceRequest,
    trace: &Trace,
    look: &TraceLook,
    style: &Style,
) -> Result<(), Fault> {
    if look.json {
        say(otlp(request, &trace.id));
        return Ok(());
    }
    let names = Names::with_linked(std::slice::from_ref(trace), source)?;
    let text = match look {
        TraceLook { svg: true, .. } => svg::draw(trace, &names),
        TraceLook { html: true, .. } => html::draw(trace, &names),
        _ => waterfall::draw(trace, &names, style),
    };
    match &look.output {
        None => say(&text),
        Some(path) => {
            fs::write(path, text).map_err(|source| Fault::Make { path: path.clone(), source })?;
        }
    }
    Ok(())
}

/// One trace of a request as a line of OTLP JSON.
pub(super) fn otlp(request: &ExportTraceServiceRequest, trace: &str) -> String {
    let one = select::merged(select::keep(request, |id| const_hex::encode(id) == trace));
    serde_json::to_string(&one).unwrap_or_default() + "\n"
}
