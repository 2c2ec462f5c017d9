//! What becomes of news on their way to the store: everything passes, or the end of each trace decides what is kept.
//! Turns spans into the numbers that [`Tail`] knows, and marks what was kept for itself alone.

use super::store::{Begun, News};
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceState};
use opentelemetry_sdk::trace::SpanData;
use phpeek_core::tail::{CallersDecision, Ended, Head, Tail, TailRules, Verdict, Weight};

/// The key of `tracestate` for sampling (specification `trace/tracestate-handling`), and its sub-key for the threshold.
const SAMPLING_KEY: &str = "ot";
const THRESHOLD: &str = "th:";
/// The threshold of what is always kept: one such span counts for one.
const ALWAYS: &str = "th:0";

/// What decides which news go on to the store.
pub trait Sieve {
    /// Moves what passes from `news` to `out`; gives how many spans were left out.
    fn pass(&mut self, news: &mut Vec<News>, out: &mut Vec<News>) -> u64;

    /// Decides about all that waits, because the program ends; gives how many spans were left out.
    fn decide_all(&mut self, out: &mut Vec<News>) -> u64;

    /// Spans that wait for the end of their trace.
    fn undecided(&self) -> u64;
}

/// What passes.
#[derive(Debug, Default)]
pub struct Sift(Option<Deciding>);

#[derive(Debug)]
struct Deciding {
    tail: Tail<SpanData>,
    caller: CallersDecision,
}

impl Sift {
    /// Everything passes.
    #[must_use]
    pub fn everything() -> Self {
        Self(None)
    }

    /// The end of each trace decides.
    #[must_use]
    pub fn by_trace(rules: TailRules, caller: CallersDecision) -> Self {
        Self(Some(Deciding { tail: Tail::new(rules), caller }))
    }
}

impl Sieve for Sift {
    fn pass(&mut self, news: &mut Vec<News>, out: &mut Vec<News>) -> u64 {
        let Some(deciding) = &mut self.0 else {
            out.append(news);
            return 0;
        };
        let mut verdicts = Vec::new();
        for one in news.drain(..) {
            deciding.take(one, &mut verdicts, out);
        }
        settle(verdicts, out)
    }

    fn decide_all(&mut self, out: &mut Vec<News>) -> u64 {
        let mut verdicts = Vec::new();
        if let Some(deciding) = &mut self.0 {
            deciding.tail.decide_all(&mut verdicts);
        }
        settle(verdicts, out)
    }

    fn undecided(&self) -> u64 {
        self.0.as_ref().map_or(0, |deciding| u64::try_from(deciding.tail.waiting()).unwrap_or(u64::MAX))
    }
}

impl Deciding {
    fn take(&mut self, news: News, verdicts: &mut Vec<Verdict<SpanData>>, out: &mut Vec<News>) {
        match news {
            News::Begun(begun) => {
                let head = self.head(begun.remote, begun.context.is_sampled());
                let head = self.tail.begun(trace(&begun.context), head);
                match head {
                    // Whatever becomes of it, it is not told.
                    Head::CalledUnsampled => {}
                    Head::CalledSampled => out.push(News::Begun(begun)),
                    // Cut by a kill it is an error, and kept as one.
                    Head::Chosen | Head::LeftOut => {
                        let context = standing_for_itself(&begun.context);
                        out.push(News::Begun(Begun { context, ..begun }));
                    }
                }
            }
            News::Ended(span) => {
                // It waits here for the end of its trace: that it has ended must not be lost to a kill.
                out.push(News::Gone(span.span_context.span_id()));
                let head = self.head(span.parent_span_is_remote, span.span_context.is_sampled());
                let ended = Ended {
                    trace: trace(&span.span_context),
                    failed: matches!(span.status, Status::Error { .. }),
                    local_root: span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote,
                    duration: span.end_time.duration_since(span.start_time).unwrap_or_default(),
                    head,
                    span,
                };
                self.tail.ended(ended, verdicts);
            }
            other @ (News::About(..) | News::Gone(_) | News::Item(_)) => out.push(other),
        }
    }

    fn head(&self, remote: bool, sampled: bool) -> Head {
        match (remote && self.caller == CallersDecision::Stands, sampled) {
            (true, true) => Head::CalledSampled,
            (true, false) => Head::CalledUnsampled,
            (false, true) => Head::Chosen,
            (false, false) => Head::LeftOut,
        }
    }
}

fn trace(context: &SpanContext) -> u128 {
    u128::from_be_bytes(context.trace_id().to_bytes())
}

fn settle(verdicts: Vec<Verdict<SpanData>>, out: &mut Vec<News>) -> u64 {
    let mut left_out = 0;
    for verdict in verdicts {
        match verdict {
            Verdict::Keep(span, Weight::ByRate) => out.push(News::Ended(span)),
            Verdict::Keep(mut span, Weight::One) => {
                span.span_context = standing_for_itself(&span.span_context);
                out.push(News::Ended(span));
            }
            Verdict::LeaveOut(_) => left_out += 1,
        }
    }
    left_out
}

/// The context with a threshold that says so, whatever the rate had written there.
fn standing_for_itself(context: &SpanContext) -> SpanContext {
    let state = context.trace_state();
    let others = state.get(SAMPLING_KEY).unwrap_or_default().split(';');
    let mut value = ALWAYS.to_owned();
    for other in others.filter(|part| !part.is_empty() && !part.starts_with(THRESHOLD)) {
        value.push(';');
        value.push_str(other);
    }
    // A state that cannot take the entry is full of other vendors' entries: theirs stay.
    let state: TraceState = state.insert(SAMPLING_KEY, value).unwrap_or_else(|_| state.clone());
    SpanContext::new(context.trace_id(), context.span_id(), context.trace_flags(), context.is_remote(), state)
}

/// What a begun span is, for [`News::Begun`].
pub(crate) fn begun(
    context: &SpanContext,
    parent: &SpanContext,
    name: &'static str,
    start: std::time::SystemTime,
) -> Begun {
    let (parent, remote) = match parent.is_valid() {
        true => (parent.span_id(), parent.is_remote()),
        false => (SpanId::INVALID, false),
    };
    Begun { context: context.clone(), parent, remote, name, start }
}
