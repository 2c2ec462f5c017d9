//! How a command speaks: answers on standard output, complaints on standard error. Nobody may be listening to either; the
//! exit code says it all the same.

use crate::exit;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether an answer was not taken for another reason than that nobody reads it.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes an answer. Nobody may be reading any more: the exit code is the answer then.
pub(crate) fn say(text: impl AsRef<[u8]>) {
    drop(write(text));
}

/// Writes a part of an answer that goes on. What is lost though somebody wants it, as on a full disk, is told once.
pub(crate) fn write(text: impl AsRef<[u8]>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_ref()).and_then(|()| out.flush());
    if let Err(error) = &written
        && error.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        complain(&format!("the answer cannot be written to standard output: {error}"));
    }
    written
}

/// The code of a command: one whose answer is lost has not succeeded.
pub(crate) fn code_of(answer: u8) -> u8 {
    if answer == exit::OK && LOST.load(Ordering::Relaxed) { exit::CANNOT_CREATE } else { answer }
}

/// Writes something that was asked for to be kept, such as a script: here it counts whether it was taken.
pub(crate) fn hand_over(text: impl AsRef<[u8]>) -> u8 {
    if write(text).is_ok() { exit::OK } else { exit::FAILURE }
}

/// One line of a complaint.
pub(crate) fn complain(text: &str) {
    drop(writeln!(io::stderr(), "phpeek-pm: {text}"));
}

/// A report of several lines.
pub(crate) fn report_faults(report: &str) {
    drop(io::stderr().write_all(report.as_bytes()));
}
