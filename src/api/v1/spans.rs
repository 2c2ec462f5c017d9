//! Spans that have ended, as server-sent events, each in the JSON of OTLP. Keeps none: who reads slowly gets what is still
//! kept, and a count of what is not.

use super::super::live::{More, Source, Written};
use super::super::refusal::Refusal;
use super::super::traces::TraceSource;
use super::opening::{Begins, Opening};
use super::query;
use super::table::Route;
use axum::response::Response;
use http::StatusCode;
use phpeek_settings::web::Role;
use std::sync::Arc;
use tokio::sync::watch;

/// Spans that are taken at a time.
const AT_ONCE: usize = 256;

/// The routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/traces/stream", Role::Read, stream)
            .streams("Spans that have ended, as they end, in the JSON of OTLP.")
            .with(&[query::TAIL, query::AFTER, query::FOLLOW]),
    ]
}

async fn stream(opening: Opening) -> Result<Response, Refusal> {
    let Opening { shared, from, ends, .. } = opening;
    let Some(source) = shared.traces.clone() else {
        let off = "no spans are kept: tracing is off; set global.tracing_enabled: true";
        return Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, off.to_owned()));
    };
    shared.places.stream(|| Spans::new(source, from, ends))
}

/// Spans on their way to one reader.
struct Spans {
    source: Arc<dyn TraceSource>,
    count: watch::Receiver<u64>,
    next: u64,
    /// The id of number 0.
    began: u64,
    /// Whether the reader comes from another supervisor.
    gap: bool,
    /// Whether what is not kept any more was wanted.
    strict: bool,
    ends: bool,
}

impl Spans {
    fn new(source: Arc<dyn TraceSource>, from: Begins, ends: bool) -> Self {
        let mut count = source.subscribe();
        let (now, began) = (*count.borrow_and_update(), source.began());
        let (next, strict, gap) = match from {
            Begins::Newest(most) => (now.saturating_sub(most as u64), false, false),
            Begins::After(id) => match id.checked_sub(began).filter(|number| *number < now) {
                Some(number) => (number + 1, true, false),
                // Of another supervisor: all that is here came after it, and nobody knows what came there.
                None => (0, false, true),
            },
        };
        Self { source, count, next, began, gap, strict, ends }
    }
}

impl Source for Spans {
    fn write(&mut self, out: &mut Written) -> More {
        if std::mem::take(&mut self.gap) {
            out.gap();
        }
        while !out.is_full() {
            let spans = self.source.spans(self.next, AT_ONCE);
            let Some((first, _)) = spans.first() else {
                return if self.ends { More::Never } else { More::MayCome };
            };
            let lost = first.saturating_sub(self.next);
            if lost > 0 && self.strict {
                out.lost(lost, false);
            }
            self.strict = true;
            for (number, span) in spans {
                out.event("span", self.began.saturating_add(number), &span);
                self.next = number + 1;
            }
        }
        More::MayCome
    }

    async fn wait(&mut self) -> More {
        // Some may have come between the last look and this one: the count tells.
        match self.count.wait_for(|count| *count > self.next).await {
            Ok(_) => More::MayCome,
            Err(_) => More::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::super::live::GAP;
    use super::super::super::traces::Unfinished;
    use super::*;
    use serde_json::{Value, json};

    /// Keeps the spans of these numbers.
    struct Ring(std::ops::Range<u64>, watch::Sender<u64>);

    const BEGAN: u64 = 1_000_000;

    impl TraceSource for Ring {
        fn began(&self) -> u64 {
            BEGAN
        }
        fn traces(&self, _limit: usize) -> Vec<u8> {
            Vec::new()
        }
        fn trace(&self, _prefix: &str) -> Vec<u8> {
            Vec::new()
        }
        fn since(&self, _from: u64) -> (Vec<u8>, u64) {
            (Vec::new(), self.0.end)
        }
        fn spans(&self, from: u64, most: usize) -> Vec<(u64, Value)> {
            let kept = self.0.clone().filter(|number| *number >= from);
            kept.take(most).map(|number| (number, json!({ "n": number }))).collect()
        }
        fn unfinished(&self) -> Unfinished {
            Unfinished::default()
        }
        fn subscribe(&self) -> watch::Receiver<u64> {
            self.1.subscribe()
        }
    }

    fn told(kept: std::ops::Range<u64>, from: Begins) -> (String, More) {
        let source = Arc::new(Ring(kept.clone(), watch::Sender::new(kept.end)));
        let mut out = Written::default();
        let more = Spans::new(source, from, true).write(&mut out);
        (out.text().to_owned(), more)
    }

    #[test]
    fn a_reader_goes_on_where_it_was_and_hears_of_what_is_not_kept_any_more() {
        let all = |numbers: std::ops::Range<u64>| -> String {
            numbers.map(|n| format!("id: {}\nevent: span\ndata: {{\"n\":{n}}}\n\n", BEGAN + n)).collect()
        };
        assert_eq!(told(0..600, Begins::Newest(3)), (all(597..600), More::Never));
        assert_eq!(told(0..600, Begins::Newest(0)), (String::new(), More::Never));
        assert_eq!(told(0..600, Begins::Newest(10_000)).0, all(0..600), "more than one piece of the source");
        assert_eq!(told(5..8, Begins::Newest(10)).0, all(5..8), "nobody has asked for those before");
        assert_eq!(told(5..8, Begins::After(BEGAN + 6)).0, all(7..8));
        assert_eq!(told(5..8, Begins::After(BEGAN + 7)).0, "", "nothing is new");
        let lost = "event: lost\ndata: {\"lost\":3}\n\n".to_owned();
        assert_eq!(told(5..8, Begins::After(BEGAN + 1)).0, lost + &all(5..8));
        let gap = format!("event: gap\ndata: {{\"gap\":\"{GAP}\"}}\n\n");
        for other in [1, 700, BEGAN - 1, BEGAN + 2] {
            let all = gap.clone() + &all(0..2);
            assert_eq!(told(0..2, Begins::After(other)).0, all, "{other} was of another supervisor");
        }
    }
}
