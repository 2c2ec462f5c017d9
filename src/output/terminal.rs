//! Whether what is written goes to a person, and whether in colour. Owns that one decision for records and drawings;
//! writes nothing.

use phpeek_settings::log::LogFormat;
use std::os::fd::AsFd;

/// Whether this is a terminal that may be given colours: NO_COLOR (<https://no-color.org>) and a terminal that is `dumb`
/// hold everywhere.
#[must_use]
pub fn has_colour(out: &impl AsFd) -> bool {
    let set = |name: &str| std::env::var_os(name).unwrap_or_default();
    rustix::termios::isatty(out) && set("NO_COLOR").is_empty() && set("TERM") != "dumb"
}

/// The format that is meant for this output.
pub(super) fn format(wanted: LogFormat, out: &impl AsFd) -> LogFormat {
    match wanted {
        LogFormat::Auto if !rustix::termios::isatty(out) => LogFormat::Json,
        LogFormat::Auto | LogFormat::Text if has_colour(out) => LogFormat::Colour,
        LogFormat::Auto | LogFormat::Text => LogFormat::Text,
        LogFormat::Json | LogFormat::Colour => wanted,
    }
}
