//! What the harness says while it runs: one line on stderr, updated in place on a terminal, else a line for each
//! step. Never on stdout, which is for the tables.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

static LINE_IS_OPEN: Mutex<bool> = Mutex::new(false);

/// A step that passes. On a terminal the next one overwrites it.
pub(crate) fn step(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let terminal = stderr.is_terminal();
    let result = if terminal { write!(stderr, "\r\x1b[K{text}") } else { writeln!(stderr, "{text}") };
    stderr.flush().and(result).ok();
    if let Ok(mut open) = LINE_IS_OPEN.lock() {
        *open = terminal;
    }
}

/// A step that only a terminal gets: there are too many of them for a log.
pub(crate) fn tick(text: &str) {
    if std::io::stderr().is_terminal() {
        step(text);
    }
}

/// A line that stays.
pub(crate) fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let open = LINE_IS_OPEN.lock().map(|mut open| std::mem::take(&mut *open)).unwrap_or(false);
    let clear = if open { "\r\x1b[K" } else { "" };
    writeln!(stderr, "{clear}{text}").ok();
}
