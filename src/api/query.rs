//! The query of a request, decoded. A parameter that says nothing sensible is an error.

use super::refusal::Refusal;
use percent_encoding::percent_decode_str;
use std::time::Duration;

/// The parameters of a request, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Of the part behind the `?`.
    pub(super) fn of(query: Option<&str>) -> Result<Self, Refusal> {
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(|text| text.into_owned()).map_err(|_| Refusal::bad("the query is no text"))
        };
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(key)?, decoded(value)?))
        });
        pairs.collect::<Result<_, Refusal>>().map(Self)
    }

    /// All of them, as they were given.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The text of a number; `None` when it is not there. An empty one is none that can be read.
    pub(super) fn number(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter; `None` when it is not there, or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.number(name).filter(|value| !value.is_empty())
    }

    /// How long is to be waited, in seconds, and no longer than the longest.
    pub(super) fn wait(&self, longest: Duration) -> Result<Duration, Refusal> {
        let Some(text) = self.number("wait") else { return Ok(Duration::ZERO) };
        let wrong = || Refusal::bad(format!("wait wants a number of seconds from 0, and not {text:?}"));
        let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        let seconds = seconds.ok_or_else(wrong)?.min(longest.as_secs_f64());
        Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
    }

    /// The same, of this process whatever it says of one.
    pub(super) fn of_process(mut self, process: &str) -> Self {
        self.0.retain(|(key, _)| key != "process");
        self.0.push(("process".to_owned(), process.to_owned()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_bounded_and_nonsense_is_refused() {
        let wait = |query| Query::of(Some(query)).and_then(|query| query.wait(Duration::from_secs(9))).ok();
        let seconds = |query| wait(query).map(|wait| wait.as_secs_f64());
        assert_eq!(["", "wait=1.5", "a=b&wait=70"].map(seconds), [Some(0.0), Some(1.5), Some(9.0)]);
        assert_eq!(["wait=", "wait=-1", "wait=x", "wait=inf", "wait=NaN"].map(seconds), [None; 5]);
    }
}
