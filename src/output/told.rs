//! A line that was kept or an event, for people: as a record looks in the log, with nothing in it that a terminal would obey.
//! Owns the look alone.

use super::escape;
use super::ink::{self, FAINT, NAME, inked};
use super::pipeline;
use super::record::number;
use phpeek_core::level::Level;
use phpeek_settings::log::LogFormat;

/// Tells one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Teller {
    format: LogFormat,
}

impl Teller {
    /// With colours, where the terminal may be given some.
    #[must_use]
    pub fn new(colour: bool) -> Self {
        Self { format: if colour { LogFormat::Colour } else { LogFormat::Text } }
    }

    /// When and how much it matters, whose it is, what it says, and more fields, each value as JSON.
    #[must_use]
    pub fn tell(
        &self,
        (time, level): (&str, &str),
        who: &str,
        message: &str,
        fields: &[(&str, String)],
    ) -> Vec<u8> {
        let (format, mut out) = (self.format, Vec::with_capacity(128));
        inked(format, &mut out, FAINT, |out| escape::plain(out, time.as_bytes()));
        let known = Level::WORDS.iter().find(|(word, _)| *word == level);
        if let Some((word, level)) = known {
            inked(format, &mut out, ink::of(*level), |out| {
                number(out, format_args!(" {}", word.to_ascii_uppercase()));
            });
        }
        out.push(b' ');
        if !who.is_empty() {
            inked(format, &mut out, NAME, |out| {
                out.push(b'[');
                escape::plain(out, who.as_bytes());
                out.push(b']');
            });
            out.push(b' ');
        }
        escape::plain(&mut out, message.as_bytes());
        for (name, value) in fields {
            out.push(b' ');
            inked(format, &mut out, FAINT, |out| {
                escape::value(out, name.as_bytes());
                out.push(b'=');
            });
            escape::value(&mut out, pipeline::text(value).as_bytes());
        }
        out.push(b'\n');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_looks_as_in_the_log_and_a_terminal_obeys_nothing_in_it() {
        let fields = [("k", "\"a b\"".to_owned()), ("n", "1".to_owned())];
        let tell = |colour: bool| {
            let told = Teller::new(colour).tell(("T", "warn"), "w-0 stderr", "a\x1b[2Jb\nc", &fields);
            String::from_utf8_lossy(&told).into_owned()
        };
        let plain = tell(false);
        assert!(plain.starts_with("T WARN [w-0 stderr] a"), "{plain}");
        assert!(plain.ends_with(" k=\"a b\" n=1\n") && plain.matches('\n').count() == 1, "{plain}");
        assert!(!plain.contains('\x1b'), "{plain}");
        assert!(tell(true).contains("\x1b[33m WARN\x1b[0m") && !tell(true).contains("\x1b[2Jb"));
        let event = Teller::new(false).tell(("T", ""), "", "system.up", &[]);
        assert_eq!(String::from_utf8_lossy(&event), "T system.up\n");
    }
}
