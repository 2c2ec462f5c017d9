//! `metrics_federate`: other exporters of this machine. Nobody else's page is fetched: a name that resolves to another
//! machine, or a redirect, would make us a way into a network.

use super::block::Block;
use super::keys::FEDERATE;
use super::report::{Finding, Findings};
use super::tree::Node;
use phpeek_settings::web::{Federated, on_loopback};
use std::time::Duration;

/// Nobody who reads our page waits for longer.
const LONGEST: Duration = Duration::from_mins(1);

/// What is wrong with an entry: the key, why, and what to do.
type Wrong = (&'static str, String, &'static str);

/// Reads the list; what cannot be used is an error.
pub(crate) fn federated(global: &Node, findings: &mut Findings) -> Vec<Federated> {
    let list = global.get("metrics_federate").map(Node::items).unwrap_or_default();
    let mut all: Vec<Federated> = Vec::new();
    for (at, item) in list.iter().enumerate() {
        match one(item, &all) {
            Ok(one) => all.push(one),
            Err((key, message, advice)) => {
                let place = item.get(key).unwrap_or(item).place.clone();
                let path = format!("global.metrics_federate[{at}].{key}");
                findings.push(Finding::error(path, place, message).advice(advice));
            }
        }
    }
    all
}

fn one(item: &Node, others: &[Federated]) -> Result<Federated, Wrong> {
    let block = Block::new(Some(item), FEDERATE);
    let missing = |key: &'static str| move || (key, format!("{key} is missing"), "write one");
    let name = block.text("name").ok_or_else(missing("name"))?;
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte)) {
        let message = format!("{name:?} is no name that a label can have");
        return Err(("name", message, "write one of letters, digits, _ - . and :"));
    }
    if others.iter().any(|other| other.name == name) {
        return Err(("name", format!("{name} is there twice"), "give each exporter a name of its own"));
    }
    let url = block.text("url").ok_or_else(missing("url"))?;
    if !on_loopback(&url) {
        let message = format!("{url:?} is no page of this machine");
        let advice = "write http:// or https:// with localhost or a loopback address, as http://127.0.0.1:9114/metrics";
        return Err(("url", message, advice));
    }
    let timeout = block.time("timeout").filter(|time| !time.is_zero()).unwrap_or(Duration::from_secs(2));
    let cache_ttl = block.time("cache_ttl").unwrap_or_default();
    Ok(Federated { name, url, timeout: timeout.min(LONGEST), cache_ttl })
}
