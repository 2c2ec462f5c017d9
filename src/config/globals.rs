//! The keys of `global` about the supervisor itself: its log and its sockets.

use super::block::Block;
use super::keys::GLOBAL;
use super::report::{Finding, Findings};
use super::tree::Node;
use phpeek_core::history::Limits;
use phpeek_core::level::Level;
use phpeek_core::survivors;
use phpeek_settings::control::ControlSocket;
use phpeek_settings::log::{LogFormat, LogSettings, OnFull};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest path of a socket in bytes (unix(7): 108 with the end mark).
const LONGEST_SOCKET: usize = 107;

/// A buffer holds a few records at least.
const SMALLEST_BUFFER: u64 = 64 << 10;

/// Reads `log_format`, `log_level`, `log_on_full`, `log_patience` and `log_buffer`. Nothing is missing: the table has a
/// default for each.
pub(crate) fn log(global: &Node) -> Option<LogSettings> {
    let block = Block::new(Some(global), GLOBAL);
    Some(LogSettings {
        format: block.word("log_format", &LogFormat::WORDS)?,
        level: block.word("log_level", &Level::WORDS)?,
        on_full: block.word("log_on_full", &OnFull::WORDS)?,
        patience: block.time("log_patience")?,
        buffer: usize::try_from(block.size("log_buffer")?.max(SMALLEST_BUFFER)).unwrap_or(usize::MAX),
    })
}

/// Reads `survivors`.
pub(crate) fn survivors(global: &Node) -> Option<survivors::Policy> {
    Block::new(Some(global), GLOBAL).word("survivors", &survivors::Policy::WORDS)
}

/// Reads `audit_enabled`.
pub(crate) fn audit(global: &Node) -> Option<bool> {
    Block::new(Some(global), GLOBAL).truth("audit_enabled")
}

/// Reads `schedule_history_size`, `oneshot_history_max_entries` and `oneshot_history_max_age`.
pub(crate) fn history(global: &Node) -> Option<Limits> {
    let block = Block::new(Some(global), GLOBAL);
    let count = |key| usize::try_from(block.int(key)?).ok();
    Some(Limits {
        jobs: count("schedule_history_size")?,
        oneshots: count("oneshot_history_max_entries")?,
        age: Some(block.time("oneshot_history_max_age")?)
            .filter(|age| !age.is_zero())
            .unwrap_or(Duration::MAX),
    })
}

/// Reads `control_socket`.
pub(crate) fn control_socket(global: &Node, findings: &mut Findings) -> ControlSocket {
    match global.get("control_socket").and_then(Node::text) {
        // What is no text was said by the check of types.
        None | Some("") => ControlSocket::Default,
        Some("none" | "off") => ControlSocket::Off,
        Some(_) => {
            socket(global, "control_socket", findings).map_or_else(ControlSocket::default, ControlSocket::At)
        }
    }
}

/// The path of a socket; `None` when nobody names one, or it cannot be.
pub(crate) fn socket(global: &Node, key: &str, findings: &mut Findings) -> Option<PathBuf> {
    let node = global.get(key)?;
    let path = Path::new(node.text().filter(|text| !text.is_empty())?);
    let (message, advice) = match path {
        p if !p.is_absolute() => (
            format!("the path of {key} is not absolute"),
            "write it from the root, as /run/app.sock: commands are given in other directories too",
        ),
        p if p.as_os_str().as_bytes().len() > LONGEST_SOCKET => (
            format!("the path of {key} is longer than {LONGEST_SOCKET} bytes, which no socket can be"),
            "write a shorter one",
        ),
        p => return Some(p.to_owned()),
    };
    findings.push(Finding::error(format!("global.{key}"), node.place.clone(), message).advice(advice));
    None
}
