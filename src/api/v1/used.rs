//! What instances have used, as whoever keeps it hands it out. Values only.

use serde::Serialize;
use std::collections::HashMap;
use std::iter::Sum;
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

/// What an instance that runs uses, or all of a process together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Load {
    /// Percent of one processor.
    pub cpu_percent: f64,
    /// Bytes that are resident.
    pub memory_rss_bytes: u64,
    /// Percent of the machine's memory.
    pub memory_percent: f64,
}

impl Sum for Load {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            cpu_percent: sum.cpu_percent + one.cpu_percent,
            memory_rss_bytes: sum.memory_rss_bytes + one.memory_rss_bytes,
            memory_percent: sum.memory_percent + one.memory_percent,
        })
    }
}

/// What the instances that run use, by the id of each (`NAME-number`).
pub type Loads = HashMap<String, Load>;

/// Where samples are kept. Any thread may ask.
pub trait History: Send + Sync {
    /// The newest of each instance that runs.
    fn now(&self) -> Loads;

    /// The newest of an instance since then, oldest first; `None` when nothing is known of it.
    fn since(&self, process: &str, instance: &str, since: SystemTime, limit: usize) -> Option<Vec<Used>>;
}
