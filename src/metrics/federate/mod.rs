//! Other exporters of this machine whose series stand on our page, too. Owns when each is asked, and what is kept of its
//! answer; never holds a reader up for longer than the time that one may take, and asks all of them at once. Who asks
//! over the network is a port.

mod text;

use crate::format::Format;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use text::Text;
use tokio::time::{Instant, timeout};

/// A page that is on its way; an error in words for people.
pub type Fetched = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// Asks for pages.
pub trait Fetch: Send + Sync {
    /// Gets the page that lies there, whole or not at all.
    fn fetch(&self, url: &str) -> Fetched;
}

/// An exporter.
#[derive(Debug, Clone)]
pub struct Target {
    /// What it is called.
    pub name: String,
    /// Where its page lies.
    pub url: String,
    /// How long it may take.
    pub timeout: Duration,
    /// For how long its answer serves.
    pub ttl: Duration,
}

/// All of them. Clones are one.
#[derive(Clone)]
pub struct Federation {
    sources: Arc<[Arc<Source>]>,
    fetch: Arc<dyn Fetch>,
    log: Arc<dyn LogSink>,
    clock: Clock,
}

struct Source {
    target: Target,
    /// One request at a time.
    asking: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// When it was asked last, and what came; nothing when it is down.
    newest: Option<(Instant, Option<Arc<Text>>)>,
    seconds: f64,
    errors: u64,
    left_out: u64,
}

/// What a scrape shows of one.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) name: String,
    pub(crate) up: bool,
    pub(crate) seconds: f64,
    pub(crate) errors: u64,
    pub(crate) left_out: u64,
}

/// What all of them have said for one page.
#[derive(Default)]
pub(crate) struct Gathered {
    found: Vec<(Arc<Source>, Option<Arc<Text>>)>,
}

impl Federation {
    /// Of these, asked in this way.
    #[must_use]
    pub fn new(targets: Vec<Target>, fetch: Arc<dyn Fetch>, log: Arc<dyn LogSink>, clock: Clock) -> Self {
        let source =
            |target| Arc::new(Source { target, asking: Default::default(), known: Mutex::default() });
        Self { sources: targets.into_iter().map(source).collect(), fetch, log, clock }
    }

    /// What they say now, each within its time, and all within `limit` where the reader has one.
    pub(crate) async fn gather(&self, limit: Option<Duration>) -> Gathered {
        let asked: Vec<_> = self
            .sources
            .iter()
            .map(|source| {
                // In a task of its own: a reader who goes away ends no request, and makes nobody down.
                let (federation, of) = (self.clone(), source.clone());
                (source, tokio::spawn(async move { federation.newest(&of).await }))
            })
            .collect();
        let begun = Instant::now();
        let mut found = Vec::with_capacity(asked.len());
        for (source, asked) in asked {
            let most = limit.map_or(source.target.timeout, |limit| limit.min(source.target.timeout));
            let text = timeout(most.saturating_sub(begun.elapsed()), asked).await;
            found.push((source.clone(), text.ok().and_then(Result::ok).flatten()));
        }
        Gathered { found }
    }

    async fn newest(&self, source: &Source) -> Option<Arc<Text>> {
        let _one = source.asking.lock().await;
        if let Some((at, text)) = &source.known().newest
            && at.elapsed() < source.target.ttl
        {
            return text.clone();
        }
        let begun = Instant::now();
        let Target { url, timeout: limit, .. } = &source.target;
        let page = timeout(*limit, self.fetch.fetch(url)).await;
        let page = page.unwrap_or_else(|_| Err(format!("no answer within {limit:?}")));
        let text = page.and_then(|page| Text::read(&page));
        let seconds = begun.elapsed().as_secs_f64();
        self.judge(source, text.as_ref().err().map(String::as_str));
        let text = text.ok().map(Arc::new);
        let mut known = source.known();
        (known.newest, known.seconds) = (Some((Instant::now(), text.clone())), seconds);
        text
    }

    /// Counts what went wrong, and tells of a change.
    fn judge(&self, source: &Source, wrong: Option<&str>) {
        let mut known = source.known();
        known.errors += u64::from(wrong.is_some());
        let before = known.newest.as_ref().map(|(_, text)| text.is_some());
        drop(known);
        let Target { name, url, .. } = &source.target;
        let (level, message) = match (before, wrong) {
            (None | Some(true), Some(why)) => {
                (Level::Warn, format!("metrics of {name} are missing on our page: {url}: {why}"))
            }
            (Some(false), None) => (Level::Info, format!("metrics of {name} are on our page again")),
            _ => return,
        };
        if self.log.enabled(level) {
            let (at, message) = (self.clock.now(), message.into());
            let fields = Vec::new();
            self.log.log(LogRecord { at, level, message, process: None, instance: None, fields });
        }
    }
}

impl Source {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    /// How each of them does.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        let standing = |(source, text): &(Arc<Source>, Option<Arc<Text>>)| {
            let known = source.known();
            Standing {
                name: source.target.name.clone(),
                up: text.is_some(),
                seconds: known.seconds,
                errors: known.errors,
                left_out: known.left_out,
            }
        };
        self.found.iter().map(standing).collect()
    }

    /// Writes a page of ours that others may have the series of, and what they said, behind our page.
    pub(crate) fn append(&self, page: &mut String, ourselves: &str, format: Format) {
        // What was made here can be read here.
        let ourselves = Text::read(ourselves).unwrap_or_default();
        let present = || self.found.iter().filter_map(|(source, text)| Some((source, text.as_deref()?)));
        let others = present().map(|(source, text)| (source.target.name.as_str(), text));
        let sources: Vec<_> = std::iter::once(("supervisor", &ourselves)).chain(others).collect();
        let left_out = text::append(page, &sources, format);
        for ((source, _), left_out) in present().zip(left_out.into_iter().skip(1)) {
            source.known().left_out = left_out;
        }
    }
}

#[cfg(test)]
mod tests;
