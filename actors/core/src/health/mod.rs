//! Health: what is asked of each instance while it runs, how often, and what the answers mean. Values only; what an
//! instance is like is decided in [`monitor`], and the time of a probe that is a program in `exec`.

mod exec;
pub mod facts;
pub mod monitor;
mod watch;
pub mod words;

use crate::program::Program;
use std::sync::Arc;
use std::time::Duration;

/// What a check is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Until it has passed, the others wait and the instance is not ready; it is restarted when it fails.
    Startup,
    /// Others wait for it; it never restarts anything.
    Readiness,
    /// It is restarted when it fails; nobody waits for it.
    Liveness,
    /// Readiness and liveness by one probe.
    Both,
}

impl Role {
    /// As `health_check.role` and the log say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Readiness => "readiness",
            Self::Liveness => "liveness",
            Self::Both => "both",
        }
    }

    /// Whether an instance is not ready before it has passed.
    #[must_use]
    pub fn gates(self) -> bool {
        !matches!(self, Self::Liveness)
    }

    /// Whether its failure restarts the instance.
    #[must_use]
    pub fn restarts(self) -> bool {
        !matches!(self, Self::Readiness)
    }
}

/// How an instance is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Whether somebody takes connections at `host:port`.
    Tcp(Arc<str>),
    /// What a server answers.
    Http(Arc<HttpQuestion>),
    /// How a program ends.
    Exec(Arc<Program>),
}

impl Question {
    /// As `health_check.type` says it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Http(_) => "http",
            Self::Exec(_) => "exec",
        }
    }
}

/// A request of HTTP, and what is a good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpQuestion {
    /// Where, with its scheme: `http` or `https`.
    pub url: String,
    /// More headers of the request.
    pub headers: Vec<(String, String)>,
    /// Good statuses, from and to, both included.
    pub statuses: Vec<(u16, u16)>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSpec {
    /// What it is for.
    pub role: Role,
    /// How it asks.
    pub question: Question,
    /// From the start of a run, or from the pass of its startup check, to the first probe.
    pub initial_delay: Duration,
    /// Between the beginnings of probes, at most; a tenth less at least.
    pub period: Duration,
    /// How long a probe may take.
    pub timeout: Duration,
    /// Failures in a row that make it failing; at least 1.
    pub failure_threshold: u32,
    /// Successes in a row that make it passing; at least 1.
    pub success_threshold: u32,
}

/// The checks of each instance of a process; not empty, at most one for startup.
pub type Checks = Arc<[CheckSpec]>;

/// Whether an instance with these checks is ready by them alone.
#[must_use]
pub fn gates(checks: &[CheckSpec]) -> bool {
    checks.iter().any(|check| check.role.gates())
}
