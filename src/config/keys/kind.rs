//! What a key is, and the kinds of values. Owns what a value of each kind may be and the words that say so; knows no
//! table of keys and no tree.

use crate::{schedule, value};
use phpeek_core::privilege::Capabilities;
use phpeek_core::signal::Signal;
use std::net::IpAddr;

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has effect.
    Works,
    /// Its feature is announced: checked, and named in one warning.
    Later,
    /// It never has effect, and that is no loss.
    Idle,
}

/// What it takes to apply a change of a key while the supervisor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reload {
    /// Nothing: it is applied as it is.
    Live,
    /// The processes that it is about are restarted.
    Restart,
    /// Only a new start of the supervisor takes it over.
    Supervisor,
}

impl Reload {
    /// For people and for the schema.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Restart => "restart",
            Self::Supervisor => "supervisor",
        }
    }
}

/// One key of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// As it is written.
    pub(crate) name: &'static str,
    /// What its value must be.
    pub(crate) kind: Kind,
    /// As it would be written; empty when it has none that can be written.
    pub(crate) default: &'static str,
    /// What becomes of it.
    pub(crate) standing: Standing,
    /// What a change takes.
    pub(crate) reload: Reload,
    /// What it means, in one line.
    pub(crate) about: &'static str,
    /// What `config/full.yaml` shows where that is not the default; after `#` as a comment, because it cannot stand beside
    /// the others.
    pub(crate) example: &'static str,
}

impl Key {
    /// Whether it is announced.
    pub(crate) fn later(&self) -> bool {
        self.standing == Standing::Later
    }
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A truth.
    Bool,
    /// A whole number within bounds.
    Int(i64, i64),
    /// A number within bounds.
    Float(f64, f64),
    /// A text; an empty one is none.
    Text,
    /// A text that restricts something: who a process runs as, who is trusted, where is listened. Written empty it is
    /// not set; a variable that turns out to be empty is an error.
    Guard,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A span of time, its bounds in seconds: a Go duration or a whole number of seconds.
    Time(f64, f64),
    /// A span of time, or a negative one that switches off.
    TimeOrOff,
    /// A signal, by name or number.
    Signal,
    /// A cron expression of five fields, or six with seconds first; an empty one is none.
    Cron,
    /// A time zone; an empty one is none.
    Zone,
    /// Statuses of HTTP: one, a range, several between commas or in a list.
    Statuses,
    /// A size as `10MB`.
    Size,
    /// A number from 1, or a share as `25%`.
    Share,
    /// A resource limit: a number or `unlimited`, or two with a colon between.
    Limit,
    /// A file mode creation mask, octal.
    Umask,
    /// A capability as `CAP_NET_BIND_SERVICE`.
    Capability,
    /// An address, or a network as `10.0.0.0/8`.
    Network,
    /// A regular expression.
    Regex,
    /// A text that is never shown, or `{file: PATH}` where it is.
    Secret,
    /// Values of one kind.
    List(&'static Kind),
    /// One path, or a list of them.
    Files,
    /// A program and its arguments.
    Command,
    /// These keys.
    Map(&'static [Key]),
    /// Free keys, values of one kind.
    MapOf(&'static Kind),
    /// One path or a list of them, or a mapping of these keys.
    FilesOr(&'static [Key]),
    /// Names, or names with conditions.
    Depends,
}

/// What may be waited for.
pub(crate) const CONDITIONS: &[&str] =
    &["started", "ready", "healthy", "completed", "completed_successfully"];

/// Why a scalar is none of its kind, and what to write.
pub(crate) type Refusal = (String, String);

/// The words of a table that says what each means, for [`Kind::OneOf`]: so what is checked is what is read.
#[expect(clippy::indexing_slicing, reason = "it runs when the program is compiled, where iterators cannot")]
pub(crate) const fn words<T: Copy, const N: usize>(meanings: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = meanings[at].0;
        at += 1;
    }
    words
}

impl Kind {
    /// Whether nothing at all is an error: what has a type, and a default that may allow more.
    pub(crate) fn refuses_nothing(&self) -> bool {
        use Kind::{Bool, Float, Int, Limit, OneOf, Share, Signal, Size, Statuses, Time, TimeOrOff, Umask};
        let typed = matches!(self, Bool | Int(..) | Float(..) | OneOf(_) | Time(..) | TimeOrOff | Signal);
        typed || matches!(self, Size | Share | Limit | Umask | Statuses)
    }

    /// Whether a variable that turns out to be empty is an error: everything but free text.
    pub(crate) fn refuses_emptied(&self) -> bool {
        !matches!(self, Kind::Text | Kind::Secret)
    }

    /// Whether it is written as a list or a mapping, which an override spells as JSON.
    pub(crate) fn structured(&self) -> bool {
        use Kind::{Command, Depends, Files, FilesOr, List, Map, MapOf};
        matches!(self, List(_) | Files | FilesOr(_) | Command | Map(_) | MapOf(_) | Depends)
    }

    /// The table of the mappings that it holds, itself, in a list or by free names.
    pub(crate) fn table(&self) -> Option<&'static [Key]> {
        match self {
            Kind::Map(keys) | Kind::List(Kind::Map(keys)) | Kind::MapOf(Kind::Map(keys)) => Some(keys),
            _ => None,
        }
    }

    /// Whether an override may write its items between commas: a list whose items hold none.
    pub(crate) fn between_commas(&self) -> bool {
        use Kind::{Capability, Command, Depends, Files, FilesOr, Guard, Int, List, Network, Text};
        let of_words = matches!(self, List(Text | Guard | Int(..) | Capability | Network));
        of_words || matches!(self, Command | Depends | Files | FilesOr(_))
    }

    /// What a value of this kind looks like.
    pub(crate) fn wanted(&self) -> String {
        match self {
            Kind::Bool => "write true or false".to_owned(),
            Kind::Int(min, max) => format!("write a whole number from {min} to {max}"),
            Kind::Float(min, max) => format!("write a number from {min} to {max}"),
            Kind::OneOf(words) => format!("write one of {}", words.join(", ")),
            Kind::Time(min, max) => {
                format!("write seconds or a duration as 30s, 1m30s, 300ms; {min} to {max} seconds")
            }
            Kind::TimeOrOff => {
                "write seconds or a duration as 60s; a negative one switches it off".to_owned()
            }
            Kind::Signal => "write a signal as SIGTERM, TERM, 15 or SIGRTMIN+3".to_owned(),
            Kind::Cron => {
                "write minute, hour, day of month, month and day of week, seconds before them or not"
                    .to_owned()
            }
            Kind::Zone => "write UTC, Local or a name as Europe/Copenhagen".to_owned(),
            Kind::Statuses => {
                "write a status as 200, a range as 200-399 or 2xx, or a list of them".to_owned()
            }
            Kind::Size => "write a size as 512KB, 10MB or 1GB".to_owned(),
            Kind::Share => "write a number from 1, or a share as 25%".to_owned(),
            Kind::Limit => {
                "write a number, unlimited, or both limits as \"1024:4096\" (soft:hard)".to_owned()
            }
            Kind::Umask => "write it octal, as \"0027\"".to_owned(),
            Kind::Capability => "write a capability as CAP_NET_BIND_SERVICE".to_owned(),
            Kind::Network => "write an address, or a network as 10.0.0.0/8".to_owned(),
            Kind::List(_) | Kind::Command => "write it as [\"first\", \"second\"]".to_owned(),
            Kind::Map(_) | Kind::MapOf(_) => "write its keys below it, indented".to_owned(),
            Kind::Depends => "write [\"name\"], or name: {condition: started} below it".to_owned(),
            Kind::Files | Kind::FilesOr(_) => "write a path, or a list of paths".to_owned(),
            Kind::Regex => "mend the expression (RE2 syntax)".to_owned(),
            Kind::Secret => "write a value, ${VARIABLE} or {file: PATH}".to_owned(),
            Kind::Text | Kind::Guard => "write a text".to_owned(),
        }
    }

    /// Judges a scalar.
    pub(crate) fn scalar(&self, text: &str) -> Result<(), Refusal> {
        let no = |what: &str| Err((format!("{text:?} {what}"), self.wanted()));
        match self {
            Kind::Bool if value::truth(text).is_none() => no("is neither true nor false"),
            Kind::Int(min, max) => match value::int(text) {
                None => no("is no whole number"),
                Some(n) if n < *min || n > *max => no("is out of bounds"),
                Some(_) => Ok(()),
            },
            Kind::Float(min, max) => match value::float(text) {
                None => no("is no number"),
                Some(n) if n < *min || n > *max => no("is out of bounds"),
                Some(_) => Ok(()),
            },
            Kind::OneOf(words) if !words.contains(&text) => no("is not known here"),
            Kind::Time(min, max) => match value::duration(text) {
                None => no("is no duration"),
                Some(value::Span::Positive(d)) if (*min..=*max).contains(&d.as_secs_f64()) => Ok(()),
                Some(_) => no("is out of bounds"),
            },
            Kind::TimeOrOff if value::duration(text).is_none() => no("is no duration"),
            Kind::Signal => Signal::parse(text).map(|_| ()).map_err(|e| (e.to_string(), self.wanted())),
            // As they are shipped: `schedule: ""` is none.
            Kind::Cron | Kind::Zone if text.trim().is_empty() => Ok(()),
            Kind::Cron => schedule::cron(text).map_err(|e| (e, self.wanted())),
            Kind::Zone => schedule::zone(text).map_err(|e| (e, self.wanted())),
            Kind::Statuses if value::statuses(text).is_none() => no("holds what is no status"),
            Kind::Size if value::size(text).is_none() => no("is no size"),
            Kind::Share if !share(text) => no("is neither a number from 1 nor a share"),
            Kind::Limit if value::limit(text).is_none() => no("is no limit"),
            Kind::Umask if value::umask(text).is_none() => no("is no mask from 0000 to 0777"),
            Kind::Capability if Capabilities::number(text).is_none() => no("is no capability"),
            Kind::Network if !network(text) => no("is neither an address nor a network"),
            Kind::Guard if !text.is_empty() && text.trim().is_empty() => no("is white space alone"),
            Kind::Text | Kind::Guard | Kind::Files | Kind::FilesOr(_) if text.contains('\0') => {
                no("holds a NUL character")
            }
            Kind::Secret if text.contains('\0') => {
                Err(("the value holds a NUL character".to_owned(), self.wanted()))
            }
            Kind::Regex => regex_syntax::parse(text).map(|_| ()).map_err(|e| {
                let message = format!("{text:?} is no regular expression: {}", last_line(&e.to_string()));
                (message, self.wanted())
            }),
            _ => Ok(()),
        }
    }
}

/// The last line of an error: the ones before draw the place, which a report cannot keep aligned.
fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}

fn share(text: &str) -> bool {
    match text.trim().strip_suffix('%') {
        Some(percent) => value::int(percent).is_some_and(|n| (1..=100).contains(&n)),
        None => value::int(text).is_some_and(|n| (1..=1000).contains(&n)),
    }
}

fn network(text: &str) -> bool {
    let (address, bits) = match text.trim().split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text.trim(), None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let digits = |bits: &str| bits.bytes().all(|b| b.is_ascii_digit());
    bits.is_none_or(|bits| digits(bits) && bits.parse::<u8>().is_ok_and(|n| n <= most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_takes_its_values_and_refuses_others() {
        for (kind, yes, no) in [
            (Kind::Share, &["1", "25%", "100%", "1000"][..], &["", "0", "0%", "101%", "-1", "x", "1001"][..]),
            (
                Kind::Limit,
                &["0", "1024", "1024:4096", "unlimited", "64MB", "1:unlimited"],
                &["", "-1", "2:1", "unlimited:1", "x", "1:2:3"],
            ),
            (Kind::Umask, &["0027", "22", "0o022", "0", "777"], &["", "8", "1000", "-1", "+7", "u=rwx"]),
            (
                Kind::Capability,
                &["CAP_NET_BIND_SERVICE", "net_raw", "CAP_BPF"],
                &["", "CAP_", "CAP_EVERYTHING", "NET"],
            ),
            (
                Kind::Network,
                &["127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8", "0.0.0.0/0"],
                &["", "10.0.0.0/33", "::/129", "localhost", "10.0.0/8", "10.0.0.0/", "1.2.3.4/+8"],
            ),
            (
                Kind::Statuses,
                &["200", "200-299", "2xx", "200, 204,3XX", "100-599"],
                &["", "99", "600", "299-200", "2x", "xx", "200,", "+200", "200-"],
            ),
            (Kind::Size, &["10MB", "1", "1.5 gb"], &["", "0", "MB", "-1", "10 apples"]),
            (Kind::Guard, &["", "www-data", "a b"], &[" ", "\t \n", "a\0"]),
        ] {
            for text in yes {
                assert_eq!(kind.scalar(text), Ok(()), "{kind:?} {text}");
            }
            for text in no {
                assert!(kind.scalar(text).is_err(), "{kind:?} {text}");
            }
        }
    }
}
