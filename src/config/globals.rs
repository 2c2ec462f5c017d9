//! The keys of `global` about the supervisor itself: its log and its control socket. Called by `load`.

use super::block::Block;
use super::keys::GLOBAL;
use super::report::{Finding, Findings};
use super::tree::Node;
use phpeek_core::level::Level;
use phpeek_settings::control::ControlSocket;
use phpeek_settings::log::{LogFormat, LogSettings};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest path of a socket in bytes (unix(7): 108 with the end mark).
const LONGEST_SOCKET: usize = 107;

/// Reads `log_format` and `log_level`.
pub(crate) fn log(global: &Node) -> LogSettings {
    let block = Block::new(Some(global), GLOBAL);
    let format = block.word("log_format", &[("json", LogFormat::Json), ("text", LogFormat::Text)]);
    let levels =
        [("debug", Level::Debug), ("info", Level::Info), ("warn", Level::Warn), ("error", Level::Error)];
    LogSettings {
        format: format.unwrap_or(LogFormat::Json),
        level: block.word("log_level", &levels).unwrap_or(Level::Info),
    }
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
