//! Which trace is meant: the newest of a kind, or the one whose id begins so.

use super::wanted::TraceWanted;
use crate::cli::fault::Fault;
use crate::cli::say::complain;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_viewer::source::Source;
use phpeek_viewer::{Style, Trace, list};
use std::time::{Duration, Instant};

/// How many traces are looked through for those that failed.
const LOOKED_THROUGH: usize = 10_000;

/// How many traces are looked through for the newest of a kind: the next number when there is none among so many. A
/// source that holds a million spans is asked for as few as will do.
const STEPS: [usize; 3] = [50, 1000, LOOKED_THROUGH];

/// How often is looked again for what is on its way.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What a trace is about, by the name of a root.
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
        trace.roots().any(|root| names.contains(&root.name.as_str()))
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

/// The newest trace of a kind, and the request that it is from.
pub(super) fn newest(
    source: &mut dyn Source,
    kind: Kind,
    wanted: &TraceWanted,
) -> Result<(ExportTraceServiceRequest, Trace), Fault> {
    let begin = Instant::now();
    loop {
        for limit in STEPS {
            let request = source.recent(limit)?;
            let mut traces = Trace::all(&request);
            if let Some(found) = traces.iter().rposition(|t| kind.matches(t) && wanted.takes(t)) {
                return Ok((request, traces.swap_remove(found)));
            }
            if traces.len() < limit {
                break;
            }
        }
        // Who asks right behind the start means a trace that is not here yet.
        if source.on_the_way().is_none_or(|bound| begin.elapsed() >= bound) {
            return Err(wanted.nothing(kind.words()));
        }
        std::thread::park_timeout(LOOK_AGAIN);
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
    let request = source.recent(limit.max(looked_through))?;
    let mut traces = Trace::all(&request);
    traces.reverse();
    traces.retain(|t| wanted.takes(t));
    traces.truncate(limit);
    if traces.is_empty() { Err(wanted.nothing(Kind::Any.words())) } else { Ok((request, traces)) }
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
    let request = source.find(&prefix)?;
    let mut traces = Trace::all(&request);
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
