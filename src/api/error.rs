//! Why there is no control socket. Words only.

use std::io;
use std::path::PathBuf;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another supervisor has it.
    #[error("the control socket {path} belongs to a supervisor that runs{}: stop it first, or set control_socket to another path", of_pid(*.pid))]
    InUse {
        /// The socket.
        path: PathBuf,
        /// Who has it, if the kernel tells.
        pid: Option<i32>,
    },
    /// Something else lies there.
    #[error(
        "cannot make the control socket {0}: something that is no socket lies there; remove it, or set control_socket to another path"
    )]
    Occupied(PathBuf),
    /// The folder is not safe.
    #[error("cannot make a control socket in {path}: {why}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The folder is locked.
    #[error("cannot make a control socket in {0}: another process keeps the folder locked")]
    Locked(PathBuf),
    /// The folder cannot be made or used.
    #[error("cannot use the folder {path} for a control socket")]
    Within {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The system refuses.
    #[error("cannot make the control socket {path}")]
    Make {
        /// The socket.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

fn of_pid(pid: Option<i32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}
