//! The keys of `global` about the supervisor itself: its log and its control socket. Called by `load`.

use super::report::{Finding, Findings};
use super::tree::Node;
use phpeek_actors::ports::Level;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The longest path of a socket in bytes (unix(7): 108 with the end mark).
const LONGEST_SOCKET: usize = 107;

/// How a log record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The supervisor's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// How a record is written.
    pub format: LogFormat,
    /// The least level that is written.
    pub level: Level,
}

/// Reads `log_format` and `log_level`.
pub(crate) fn log(global: &Node) -> LogSettings {
    let format = match global.get("log_format").and_then(Node::text) {
        Some("text") => LogFormat::Text,
        _ => LogFormat::Json,
    };
    let level = match global.get("log_level").and_then(Node::text) {
        Some("debug") => Level::Debug,
        Some("warn") => Level::Warn,
        Some("error") => Level::Error,
        _ => Level::Info,
    };
    LogSettings { format, level }
}

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

/// Reads `control_socket`.
pub(crate) fn control_socket(global: &Node, findings: &mut Findings) -> ControlSocket {
    let Some(node) = global.get("control_socket") else { return ControlSocket::Default };
    match node.text() {
        // What is no text was said by the check of types.
        None | Some("") => ControlSocket::Default,
        Some("none" | "off") => ControlSocket::Off,
        Some(path) => {
            let (message, advice) = match Path::new(path) {
                p if !p.is_absolute() => (
                    "the path of control_socket is not absolute",
                    "write it from the root, as /run/app.sock: commands are given in other directories too",
                ),
                p if p.as_os_str().as_bytes().len() > LONGEST_SOCKET => (
                    "the path of control_socket is longer than 107 bytes, which no socket can be",
                    "write a shorter one",
                ),
                p => return ControlSocket::At(p.to_owned()),
            };
            let fault = Finding::error("global.control_socket", node.place.clone(), message);
            findings.push(fault.advice(advice));
            ControlSocket::Default
        }
    }
}
