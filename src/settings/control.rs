//! Where commands reach the supervisor.

use std::path::PathBuf;

/// Where the control socket lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ControlSocket {
    /// In the runtime directory, under a name of its own; without one when that cannot be.
    #[default]
    Default,
    /// There is none.
    Off,
    /// Here, or nothing starts.
    At(PathBuf),
}
