//! Everything at one moment: what was counted here, and what other rooms have counted. Values; whoever reads shares them
//! with the supervision thread until it changes something.

use super::fold::hooks::Hooks;
use super::fold::process::Process;
use super::fold::system::System;
use phpeek_actors::clock::Moment;
use phpeek_actors::telemetry::{Health, SpoolReport, TelemetryStats};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// See the top of the file.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(crate) at: Moment,
    pub(crate) wall: SystemTime,
    pub(crate) system: System,
    pub(crate) processes: Vec<Arc<Process>>,
    pub(crate) hooks: Arc<Hooks>,
    pub(crate) spans: Option<Spans>,
    /// Panics of parts that went on.
    pub(crate) panics: BTreeMap<&'static str, u64>,
}

impl Snapshot {
    /// With how often each part has panicked that has.
    #[must_use]
    pub fn with_panics(self, panics: BTreeMap<&'static str, u64>) -> Self {
        Self { panics, ..self }
    }
}

/// What became of spans, where tracing is on.
#[derive(Debug, Clone)]
pub struct Spans {
    /// The account of every span.
    pub stats: TelemetryStats,
    /// The receiver.
    pub health: Health,
    /// Where spans wait.
    pub spool: SpoolReport,
}
