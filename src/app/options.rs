//! How a run of the supervisor differs from the usual. Values only.

use super::autotune::Tuned;
use super::reload::ReloadOptions;
use phpeek_api::Listener;
use phpeek_settings::control::ControlSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a run of the supervisor differs from the usual.
#[derive(Debug, Default)]
pub struct Options {
    /// Ask for the end after this time (the demo).
    pub end_after: Option<Duration>,
    /// Keep all spans in memory and give them back, whatever the configuration says (the demo).
    pub keep_spans: bool,
    /// Write pid and status there.
    pub pid_file: Option<PathBuf>,
    /// What the configuration was warned of: said in the log, once there is one.
    pub warnings: Vec<String>,
    /// How commands reach it; none (the demo) when they do not.
    pub control: Option<ControlOptions>,
    /// Where a reload reads; none when there is nothing to read again.
    pub reload: Option<ReloadOptions>,
    /// How PHP-FPM is set up, if it is.
    pub tuned: Option<Tuned>,
    /// Stand behind a single program: it has our standard streams and our terminal, records go to standard error, and
    /// its code is ours however it was ended.
    pub in_front: InFront,
}

impl Options {
    /// The configuration file, for those who ask.
    pub(super) fn config(&self) -> Option<&Path> {
        self.control.as_ref().and_then(|control| control.config.as_deref())
    }

    /// The socket, if it lies in a folder that all supervisors use.
    pub(super) fn beside(&self, listener: Option<&Listener>) -> Option<PathBuf> {
        let by_rule = self.control.as_ref().is_some_and(|c| c.socket == ControlSocket::Default);
        listener.filter(|_| by_rule).map(|listener| listener.path().to_owned())
    }
}

/// Who has the standard streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InFront {
    /// The supervisor.
    #[default]
    Supervisor,
    /// The program.
    Program,
}

/// How commands reach the supervisor.
#[derive(Debug, Clone)]
pub struct ControlOptions {
    /// Where the control socket lies.
    pub socket: ControlSocket,
    /// The configuration file, for those who ask.
    pub config: Option<PathBuf>,
}
