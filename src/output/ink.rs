//! Colours of records for people. Owns which level has which; writes none unless the format has colours.

use phpeek_actors::ports::Level;
use phpeek_settings::log::LogFormat;

const PLAIN: &str = "\x1b[0m";
/// What is looked at last.
pub(super) const FAINT: &str = "\x1b[2m";
/// Who speaks.
pub(super) const NAME: &str = "\x1b[36m";

/// Writes something in an ink, where there are inks.
pub(super) fn inked(format: LogFormat, out: &mut Vec<u8>, ink: &str, what: impl FnOnce(&mut Vec<u8>)) {
    if format == LogFormat::Colour {
        out.extend_from_slice(ink.as_bytes());
        what(out);
        out.extend_from_slice(PLAIN.as_bytes());
    } else {
        what(out);
    }
}

/// The ink of a level.
pub(super) fn of(level: Level) -> &'static str {
    match level {
        Level::Debug => FAINT,
        Level::Info => "\x1b[32m",
        Level::Warn => "\x1b[33m",
        Level::Error => "\x1b[31m",
    }
}
