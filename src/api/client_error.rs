//! Why a supervisor that was asked gave no answer, in the words that its user reads.

use std::io;
use std::path::PathBuf;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no supervisor listens {place}: is it running?")]
    NotRunning {
        /// Where was looked.
        place: String,
    },
    /// The configuration says that there is no socket.
    #[error(
        "control_socket is off in {0}: this supervisor cannot be asked; `status --pid-file` needs no socket"
    )]
    SwitchedOff(PathBuf),
    /// The configuration that was named cannot be used.
    #[error("{0} has errors, so where its control socket lies is not known: see `phpeek-pm check-config`")]
    Configuration(PathBuf),
    /// The configuration that was named cannot be read, for this reason.
    #[error("{0}; where the control socket lies is not known")]
    Unread(String),
    /// More than one would do.
    #[error("several supervisors run here; choose one with --socket:{0}")]
    Several(String),
    /// The file's mode keeps us out.
    #[error(
        "{0}: permission denied; only root and the user that the supervisor runs as may use its control socket"
    )]
    Denied(PathBuf),
    /// It is another user's.
    #[error(
        "no supervisor of ours: {path} belongs to the user {uid}, and only that one and root may ask there"
    )]
    Theirs {
        /// The socket, or the folder that hides it.
        path: PathBuf,
        /// Whose.
        uid: u32,
    },
    /// Somebody else listens there.
    #[error("what listens at {path} is no supervisor of ours: {why}")]
    NotOurs {
        /// The socket.
        path: PathBuf,
        /// What gives it away.
        why: String,
    },
    /// It is one, and says what we do not understand.
    #[error("the answer of the supervisor at {path} is not understood: {why}; is it of another version?")]
    Strange {
        /// The socket.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The supervisor refuses.
    #[error("{message}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Its words.
        message: String,
    },
    /// The connection ended before the answer did.
    #[error("the supervisor ended the connection in the middle of the answer")]
    Closed,
    /// It takes too long.
    #[error("the supervisor at {0} did not answer in time: it is stopped or hangs, or too many ask")]
    Silent(PathBuf),
    /// It does nothing until somebody has it go on.
    #[error(
        "the supervisor at {path} (pid {pid}) did not answer in time: it is stopped; `kill -CONT {pid}` lets it go on"
    )]
    Stopped {
        /// The socket, or the pid file.
        path: PathBuf,
        /// Who it is.
        pid: u32,
    },
    /// The system refuses something.
    #[error("cannot ask the supervisor at {path}")]
    System {
        /// The socket.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl ClientError {
    /// Whether the supervisor has said that there is nothing of that.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether the supervisor has said that it is not ours to ask.
    #[must_use]
    pub fn is_anothers(&self) -> bool {
        matches!(self, Self::Refused { status: 403, .. })
    }
}
