//! Which trace is meant: the newest of a kind, or the one whose id begins so.

use super::wanted::TraceWanted;
use crate::cli::fault::Fault;
use crate::cli::say::complain;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_viewer::source::Source;
use phpeek_viewer::{Style, Trace, list, text};
use std::time::{Duration, Instant};

/// How many traces are looked through for those that failed.
const LOOKED_THROUGH: usize = 10_000;

/// How many traces are looked through for the newest of a kind: the next number when there is none among so many. A
/// source that holds a million spans is asked for as few as will do.
const STEPS: [usize; 3] = [50, 1000, LOOKED_THROUGH];

/// How long is waited for the end of what goes on: a oneshot that is asked for right behind the start has most often ended, and is told
/// once nobody is left of it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Digits of an id that people see.
const SHOWN: usize = 12;

/// How often is looked again for what is on its way.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What was done in a trace, by the name of a span: whoever asked for it stands above it (a request, a reload, the trace of
/// another program).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Start,
    Restart,
    Shutdown,
}

impl Kind {
    fn matches(self, trace: &Trace) -> bool {
        use phpeek_core::names;
        let names: &[&str] = match self {
            Self::Any => return true,
            Self::Start => &[names::SPAN_START],
            Self::Restart => &[names::SPAN_RESTART, names::SPAN_RESTART_PROCESS],
            Self::Shutdown => &[names::SPAN_SHUTDOWN],
        };
        trace.spans.iter().any(|span| names.contains(&span.name.as_str()))
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Any => "trace",
            Self::Start => "trace of a start",
            Self::Restart => "trace of a restart",
            Self::Shutdown => "trace of a shutdown",
        }
    }
}

/// What is found, once no trace of it has ended spans that are on their way; of one that goes on it waits a while, and then says so.
fn whole<T>(
    source: &mut dyn Source,
    mut look: impl FnMut(&mut dyn Source) -> Result<T, Fault>,
    traces: impl Fn(&T) -> &[Trace],
    patience: Duration,
) -> Result<T, Fault> {
    let begin = Instant::now();
    loop {
        // Asked before the look: what has ended by then the look finds.
        let unfinished = source.unfinished();
        let found = look(source)?;
        let coming = match traces(&found) {
            [] => !unfinished.is_nothing(),
            traces => traces.iter().any(|trace| unfinished.is_on_the_way(&trace.id)),
        };
        let open = traces(&found).iter().filter(|trace| unfinished.open(&trace.id) > 0);
        let bound = match (coming, open.clone().next()) {
            (true, _) => source.on_the_way(),
            (false, Some(_)) => Some(patience),
            (false, None) => None,
        };
        if bound.is_some_and(|bound| begin.elapsed() < bound) {
            std::thread::park_timeout(LOOK_AGAIN);
            continue;
        }
        for trace in open {
            let id = trace.id.get(..SHOWN).unwrap_or(&trace.id);
            let spans = unfinished.open(&trace.id);
            let (have, are) = if spans == 1 { ("has", "is") } else { ("have", "are") };
            let spans = text::count(spans, "span");
            source.note(format!("trace {id} goes on: {spans} of it {have} not ended, and {are} not shown"));
        }
        return Ok(found);
    }
}

fn the_one(found: &Option<(ExportTraceServiceRequest, Trace)>) -> &[Trace] {
    found.as_ref().map_or(&[], |(_, trace)| std::slice::from_ref(trace))
}

/// The newest trace of a kind, and the request that it is from.
pub(super) fn newest(
    source: &mut dyn Source,
    kind: Kind,
    wanted: &TraceWanted,
) -> Result<(ExportTraceServiceRequest, Trace), Fault> {
    let look = |source: &mut dyn Source| {
        for limit in STEPS {
            let request = source.recent(limit)?;
            let mut traces = Trace::all(&request);
            if let Some(found) = traces.iter().rposition(|t| kind.matches(t) && wanted.takes(t)) {
                return Ok(Some((request, traces.swap_remove(found))));
            }
            if traces.len() < limit {
                break;
            }
        }
        Ok(None)
    };
    // Who asks right behind the start means a trace that is not here yet.
    match whole(source, look, the_one, PATIENCE)? {
        Some(found) => Ok(found),
        None => Err(wanted.nothing(kind.words(), source.unfinished().open.len())),
    }
}

/// The newest traces, at most so many, the newest first, and the request that they are from.
pub(super) fn several(
    source: &mut dyn Source,
    limit: usize,
    wanted: &TraceWanted,
) -> Result<(ExportTraceServiceRequest, Vec<Trace>), Fault> {
    // What was heard of last need not have begun last: the first must be the one that `newest` finds.
    let looked_through = if wanted.chooses() { LOOKED_THROUGH } else { STEPS[0] };
    let look = |source: &mut dyn Source| {
        let request = source.recent(limit.max(looked_through))?;
        let mut traces = Trace::all(&request);
        traces.reverse();
        traces.retain(|t| wanted.takes(t));
        traces.truncate(limit);
        Ok((request, traces))
    };
    let (request, traces) = whole(source, look, |(_, traces)| traces, Duration::ZERO)?;
    if traces.is_empty() {
        Err(wanted.nothing(Kind::Any.words(), source.unfinished().open.len()))
    } else {
        Ok((request, traces))
    }
}

/// The one trace whose id begins like this, and the request that it is from.
pub(super) fn one(
    source: &mut dyn Source,
    id: &str,
    wanted: &TraceWanted,
    style: &Style,
) -> Result<(ExportTraceServiceRequest, Trace), Fault> {
    if wanted.chooses() {
        let message = "an id names its trace: --process, --since and --errors choose among those of `last`, `list`, \
                       `analyze` and --follow";
        return Err(Fault::Usage(message.to_owned()));
    }
    let prefix = id.to_ascii_lowercase();
    if prefix.is_empty() || prefix.len() > 32 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        let message = format!("{id:?} is no beginning of a trace's id: up to 32 hexadecimal digits");
        return Err(Fault::Usage(message));
    }
    let look = |source: &mut dyn Source| {
        let request = source.find(&prefix)?;
        let traces = Trace::all(&request);
        Ok((request, traces))
    };
    let (request, mut traces) = whole(source, look, |(_, traces)| traces, PATIENCE)?;
    match (traces.pop(), traces.len()) {
        (None, _) => Err(Fault::Nothing(format!("there is no trace whose id begins with {prefix}"))),
        (Some(trace), 0) => Ok((request, trace)),
        (Some(trace), _) => {
            let all: Vec<&Trace> = std::iter::once(&trace).chain(traces.iter().rev()).collect();
            let listed = list::draw(&all, style);
            let message =
                format!("{} traces have ids that begin with {prefix}; name more of it\n{listed}", all.len());
            Err(Fault::Usage(message.trim_end().to_owned()))
        }
    }
}

/// Tells what the source left out.
pub(super) fn remark(source: &mut dyn Source) {
    source.remarks().iter().for_each(|text| complain(text));
}
