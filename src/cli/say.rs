//! How a command speaks: answers on standard output, complaints on standard error. Nobody may be listening to either; the
//! exit code says it all the same.

use crate::exit;
use std::io::{self, Write};

/// Writes an answer. Nobody may be reading any more: the exit code is the answer then.
pub(crate) fn say(text: impl AsRef<[u8]>) {
    drop(write(text));
}

/// Writes a part of an answer that goes on.
pub(crate) fn write(text: impl AsRef<[u8]>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_ref())?;
    out.flush()
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
