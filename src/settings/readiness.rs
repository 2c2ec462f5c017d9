//! When the supervisor says that all is ready, and where. Values only.

use phpeek_core::name::ProcessName;
use phpeek_core::readiness::Mode;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Who is told that all is ready, and what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadinessSettings {
    /// A file that exists exactly while all is ready.
    pub file: Option<ReadyFile>,
    /// What makes an instance ready.
    pub mode: Mode,
    /// Those that count; none: every long-running process that starts with the system.
    pub processes: Vec<ProcessName>,
    /// Where `/readyz` and its kin are answered.
    pub http: Option<SocketAddr>,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyFile {
    /// Where.
    pub path: PathBuf,
    /// What it holds; `None`: a line `ready`, and when that was.
    pub content: Option<String>,
}
