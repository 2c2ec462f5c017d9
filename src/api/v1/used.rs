//! What instances have used, as whoever keeps it hands it out. Values only.

use serde::Serialize;
use std::time::SystemTime;

/// What an instance used at a moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Used {
    /// When, as RFC 3339 says it.
    pub timestamp: String,
    /// Percent of one processor.
    pub cpu_percent: f64,
    /// Bytes that are resident.
    pub memory_rss_bytes: u64,
    /// Bytes of addresses.
    pub memory_vms_bytes: u64,
    /// Percent of the machine's memory.
    pub memory_percent: f64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub file_descriptors: u64,
}

/// Where samples are kept. Any thread may ask.
pub trait History: Send + Sync {
    /// The newest of an instance since then, oldest first; `None` when nothing is known of it.
    fn since(&self, process: &str, instance: &str, since: SystemTime, limit: usize) -> Option<Vec<Used>>;
}
