//! What the query of a request to the API asks for, as values. A parameter that says nothing sensible is an error.

pub(super) use super::super::query::Query;
use super::super::refusal::Refusal;
use super::table::{Kind, Param};
use jiff::{SignedDuration, Timestamp};
use phpeek_actors::lines::Wanted;
use phpeek_core::level::Level;
use phpeek_core::name::ProcessName;
use std::time::{Duration, SystemTime};

/// Entries when nobody says how many, and the most.
const LIMIT: (usize, usize) = (100, 10_000);

/// `limit`, for the document.
const LIMITED_TO: Param = ("limit", Kind::From(1), "how many, at most 10000; default: 100");
/// Of a list that is only bounded.
pub(super) const LIMITED: &[Param] = &[LIMITED_TO];
/// Of lines that are kept.
pub(super) const NEWEST: &[Param] = &[LIMITED_TO, LINES[0], LINES[1], LINES[2], LINES[3], LINES[4]];
/// Of lines that come.
pub(super) const COMING: &[Param] = &[TAIL, AFTER, FOLLOW, LINES[0], LINES[1], LINES[2], LINES[3], LINES[4]];
/// `after`, for the document.
pub(super) const AFTER: Param = ("after", Kind::Text, "go on after this id, as with Last-Event-ID");
/// `follow`, for the document.
pub(super) const FOLLOW: Param = ("follow", Kind::Word(&["true", "false"]), "false: end after what is kept");
/// `tail`, for the document.
pub(super) const TAIL: Param = ("tail", Kind::From(0), "with how many that are kept to begin, at most 10000");
const LINES: [Param; 5] = [
    ("process", Kind::Text, "of this one alone"),
    ("instance", Kind::Text, "as web-0"),
    ("stream", Kind::Word(&["stdout", "stderr", "file"]), "of this one alone"),
    ("level", Kind::Word(&["debug", "info", "warn", "error", "all"]), "of this level at least"),
    ("since", Kind::Text, "a time of RFC 3339, or how long ago, as 5m"),
];

/// What the API reads of a query.
impl Query {
    /// How many are wanted: `limit`.
    pub(super) fn limit(&self) -> Result<usize, Refusal> {
        match self.number("limit") {
            None => Ok(LIMIT.0),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(number.min(LIMIT.1)),
                _ => Err(Refusal::bad(format!("limit wants a whole number from 1 to {}", LIMIT.1))),
            },
        }
    }

    /// The same where PHPeek PM refuses what is beyond the most; elsewhere it gives the most.
    pub(super) fn limit_in_bounds(&self) -> Result<usize, Refusal> {
        let beyond = |text: &str| text.parse::<usize>().is_ok_and(|number| number > LIMIT.1);
        match self.number("limit").is_some_and(beyond) {
            true => Err(Refusal::bad(format!("limit wants a whole number from 1 to {}", LIMIT.1))),
            false => self.limit(),
        }
    }

    /// With how many of what is kept a stream begins: `tail`.
    pub(super) fn tail(&self) -> Result<usize, Refusal> {
        let Some(text) = self.number("tail") else { return Ok(0) };
        let number = text.parse::<usize>().map(|number| number.min(LIMIT.1));
        number.map_err(|_| Refusal::bad(format!("tail wants a whole number from 0 to {}", LIMIT.1)))
    }

    /// Which lines are wanted: `process`, `instance`, `stream`, `level` and `since`.
    pub(super) fn wanted(&self, now: SystemTime) -> Result<Wanted, Refusal> {
        let process = self.get("process").map(name).transpose()?;
        let instance = self.get("instance").map(|id| instance(id, process.as_ref())).transpose()?;
        let (of, number) = instance.unzip();
        Ok(Wanted {
            process: process.or(of),
            number,
            stream: self.get("stream").map(stream).transpose()?,
            level: self.get("level").map(level).transpose()?.flatten(),
            since: self.get("since").map(|text| since(text, now)).transpose()?,
        })
    }
}

/// The name of a process; one that none can have is not there.
pub(super) fn name(text: &str) -> Result<ProcessName, Refusal> {
    ProcessName::new(text).map_err(|_| super::shared::missing(text))
}

/// `NAME-2`, or the number alone where the process is known.
fn instance(id: &str, process: Option<&ProcessName>) -> Result<(ProcessName, u32), Refusal> {
    let wrong = || Refusal::bad(format!("instance wants NAME-NUMBER, as web-0, and not {id:?}"));
    let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
    match (id.rsplit_once('-'), process) {
        (None, Some(process)) => Ok((process.clone(), number(id)?)),
        (Some((of, serial)), process) if process.is_none_or(|process| process.as_str() == of) => {
            Ok((name(of)?, number(serial)?))
        }
        _ => Err(wrong()),
    }
}

fn stream(text: &str) -> Result<String, Refusal> {
    match text {
        "stdout" | "stderr" | "file" => Ok(text.to_owned()),
        _ => Err(Refusal::bad(format!("stream wants stdout, stderr or file, and not {text:?}"))),
    }
}

fn level(text: &str) -> Result<Option<Level>, Refusal> {
    let known = Level::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    match known {
        Some((_, level)) => Ok(Some(*level)),
        None if text == "all" => Ok(None),
        None => Err(Refusal::bad(format!("level wants debug, info, warn, error or all, and not {text:?}"))),
    }
}

/// A time, or how long ago it was: RFC 3339, `90`, `90s`, `5m`, `1h30m`.
fn since(text: &str, now: SystemTime) -> Result<SystemTime, Refusal> {
    let seconds = || text.parse().ok().map(Duration::from_secs);
    let span = || text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    let ago = seconds().or_else(span).and_then(|span| now.checked_sub(span));
    let time = ago.or_else(|| SystemTime::try_from(text.parse::<Timestamp>().ok()?).ok());
    let message = "since wants a time of RFC 3339, or how long ago it was, as 90s or 5m";
    time.ok_or_else(|| Refusal::bad(format!("{message}, and not {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(query: &str) -> Option<Wanted> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        Query::of(Some(query)).and_then(|query| query.wanted(now)).ok()
    }

    #[test]
    fn what_is_asked_for_is_understood() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        for (query, since) in [
            ("since=10", at(990)),
            ("since=1m30s", at(910)),
            ("since=5m", at(700)),
            ("since=1970-01-01T00%3A05%3A00Z", at(300)),
            ("since=1970-01-01T01:05:00%2b01:00", at(300)),
            ("since=", None),
        ] {
            assert_eq!(wanted(query).map(|wanted| wanted.since), Some(since), "{query}");
        }
        for (query, number) in
            [("instance=a-b-2", 2), ("process=a-b&instance=1", 1), ("process=a&instance=a-3", 3)]
        {
            assert_eq!(wanted(query).and_then(|wanted| wanted.number), Some(number), "{query}");
        }
        assert_eq!(wanted("level=WARN").and_then(|wanted| wanted.level), Some(Level::Warn));
        assert_eq!(wanted("level=all&x=y"), Some(Wanted::default()));
    }

    #[test]
    fn what_says_nothing_sensible_is_refused() {
        for query in [
            "since=yesterday",
            "since=-5m",
            "level=loud",
            "stream=stdin",
            "instance=web",
            "instance=web-x",
            "process=a&instance=b-0",
            "process=%ff",
            "process=a/b",
        ] {
            assert_eq!(wanted(query), None, "{query}");
        }
        for limit in ["", "0", "-1", "abc", "1.5", "99999999999999999999"] {
            assert!(Query::of(Some(&format!("limit={limit}"))).is_ok_and(|q| q.limit().is_err()), "{limit}");
        }
        let limits = ["", "limit=7", "limit=20000"].map(|q| Query::of(Some(q)).and_then(|q| q.limit()).ok());
        assert_eq!(limits, [Some(100), Some(7), Some(10_000)]);
    }
}
