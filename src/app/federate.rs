//! Other exporters on our page of metrics: asked by the room of probes.

use phpeek_metrics::{Federation, Fetch, Fetched, Target};
use phpeek_settings::web::Federated;

use super::running::Running;
use std::sync::Arc;

/// The text format that is understood.
const ACCEPT: &str = "text/plain;version=0.0.4";

struct Pages;

impl Fetch for Pages {
    fn fetch(&self, url: &str) -> Fetched {
        let url = url.to_owned();
        Box::pin(async move { phpeek_probe::page(&url, ACCEPT).await })
    }
}

/// Those that are configured; none when there are none.
pub(super) fn federation(configured: &[Federated], running: &Running) -> Option<Federation> {
    let target = |one: &Federated| Target {
        name: one.name.clone(),
        url: one.url.clone(),
        timeout: one.timeout,
        ttl: one.cache_ttl,
    };
    let targets: Vec<_> = configured.iter().map(target).collect();
    (!targets.is_empty())
        .then(|| Federation::new(targets, Arc::new(Pages), running.log.clone(), running.clock))
}
