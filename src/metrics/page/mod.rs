//! A snapshot as text: the format of OpenMetrics, with the newest trace of what was counted, or that of Prometheus 0.0.4,
//! which knows none. The library writes it; the names, labels and helps are here. Also as values, for who sends them.

mod federated;
mod measure;
mod out;
mod process;
mod requests;
mod resources;
mod shown;
mod system;
mod values;

pub use measure::measure;

use super::federate::Standing;
use super::format::Format;
use super::requests::Requests;
use super::resources::Resources;
use super::snapshot::Snapshot;
use out::Out;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

/// What the names of our series begin with, without the line below it.
pub type Prefix = &'static str;

/// All of it in this format.
///
/// # Errors
/// None that could be named: what is written to is memory.
pub(crate) fn write(
    prefix: Prefix,
    snapshot: Snapshot,
    (resources, requests, federated): (Option<&Resources>, &Requests, Vec<Standing>),
    format: Format,
) -> Result<String, fmt::Error> {
    let all =
        Arc::new(Page { snapshot, resources: resources.cloned(), requests: requests.clone(), federated });
    let mut own = Registry::with_prefix(prefix);
    own.register_collector(Box::new(Own(all.clone())));
    let mut plain = Registry::default();
    plain.register_collector(Box::new(Plain(all.clone())));
    let mut page = String::with_capacity(4096 + 1024 * all.snapshot.processes.len());
    match format {
        Format::OpenMetrics => {
            text::encode_registry(&mut page, &own)?;
            text::encode(&mut page, &plain)?;
        }
        Format::Prometheus => {
            prometheus_text::encode(&mut page, &own)?;
            prometheus_text::encode(&mut page, &plain)?;
        }
    }
    Ok(page)
}

#[derive(Debug)]
struct Page {
    snapshot: Snapshot,
    resources: Option<Resources>,
    requests: Requests,
    federated: Vec<Standing>,
}

/// The series that have our prefix.
#[derive(Debug)]
struct Own(Arc<Page>);

impl Collector for Own {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out::Page(encoder);
        let Page { snapshot, resources, requests, federated } = &*self.0;
        process::write(&mut out, snapshot)?;
        system::write(&mut out, snapshot)?;
        requests::write(&mut out, requests)?;
        federated::write(&mut out, federated)?;
        resources.as_ref().map_or(Ok(()), |resources| resources::write(&mut out, resources))
    }
}

/// Those that have none.
#[derive(Debug)]
struct Plain(Arc<Page>);

impl Collector for Plain {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        system::plain(&mut Out::Page(encoder), &self.0.snapshot)
    }
}
