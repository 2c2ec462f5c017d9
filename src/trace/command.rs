//! The `trace` command: asks a source, chooses traces, and has them drawn. Only reads. Its words for people are made here.

use super::links::Names;
use super::model::Trace;
use super::source::{self, Source, SourceError};
use super::style::{Events, Facts, Style};
use super::text::Charset;
use super::{analyze, follow, html, list, select, svg, waterfall};
use crate::cli::{LastArguments, ListArguments, TraceArguments, TraceCommand, TraceLook};
use crate::exit;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

/// How many traces are looked through for those that failed.
const LOOKED_THROUGH: usize = 10_000;

/// How many traces are looked through for the newest of a kind: the next number when there is none among so many. A
/// source that holds a million spans is asked for as few as will do.
const STEPS: [usize; 3] = [50, 1000, LOOKED_THROUGH];

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum TraceError {
    /// The source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is nothing to show.
    #[error("{0}")]
    Nothing(String),
    /// The command line asks for something that is not there.
    #[error("{0}")]
    Usage(String),
}

impl TraceError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Source(error) => error.exit_code(),
            Self::Nothing(_) => exit::FAILURE,
            Self::Usage(_) => exit::USAGE,
        }
    }
}

/// Runs the command and gives the exit code.
#[must_use]
pub fn command(mut arguments: TraceArguments, config: Option<PathBuf>) -> u8 {
    arguments.from.config.clone_from(&config);
    if let Some(TraceCommand::Spool(what)) = &arguments.command {
        return super::spool_command::command(what, arguments.from.spool.clone(), config);
    }
    run(&arguments).unwrap_or_else(|error| {
        complain(&crate::app::chain(&error));
        error.exit_code()
    })
}

fn run(arguments: &TraceArguments) -> Result<u8, TraceError> {
    let style = style(&arguments.look);
    if let Some(TraceCommand::Analyze(what)) = &arguments.command {
        return analyze::run(what, &arguments.from, &arguments.look, &style);
    }
    let mut source = source::open(&arguments.from)?;
    let source = source.as_mut();
    match &arguments.command {
        None if arguments.follow => return follow::run(source, &arguments.look, &style),
        Some(_) if arguments.follow => {
            let message = "--follow shows what comes; it goes with no command: `phpeek-pm trace --follow`";
            return Err(TraceError::Usage(message.to_owned()));
        }
        Some(TraceCommand::List(wanted)) => list(source, wanted, &arguments.look, &style)?,
        Some(TraceCommand::Show { id }) => {
            let (request, trace) = one(source, id, &style)?;
            show(source, &request, &trace, &arguments.look, &style)?;
        }
        Some(TraceCommand::Last(kind)) => last(source, kind, &arguments.look, &style)?,
        Some(TraceCommand::Analyze(_) | TraceCommand::Spool(_)) | None => {
            last(source, &LastArguments::default(), &arguments.look, &style)?;
        }
    }
    remark(source);
    Ok(exit::OK)
}

fn last(
    source: &mut dyn Source,
    kind: &LastArguments,
    look: &TraceLook,
    style: &Style,
) -> Result<(), TraceError> {
    let kind = match kind {
        LastArguments { start: true, .. } => Kind::Start,
        LastArguments { restart: true, .. } => Kind::Restart,
        LastArguments { shutdown: true, .. } => Kind::Shutdown,
        LastArguments { .. } => Kind::Any,
    };
    let (request, trace) = newest(source, kind)?;
    show(source, &request, &trace, look, style)
}

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
        use phpeek_actors::trace::names;
        let names: &[&str] = match self {
            Self::Any => return true,
            Self::Start => &[names::SPAN_START],
            Self::Restart => &[names::SPAN_RESTART, names::SPAN_RESTART_PROCESS],
            Self::Shutdown => &[names::SPAN_SHUTDOWN],
        };
        trace.roots().any(|root| names.contains(&root.name.as_str()))
    }

    fn words(self) -> &'static str {
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
) -> Result<(ExportTraceServiceRequest, Trace), TraceError> {
    let steps: &[usize] = if kind == Kind::Any { &[1] } else { &STEPS };
    for limit in steps {
        let request = source.recent(*limit)?;
        let mut traces = Trace::all(&request);
        if let Some(found) = traces.iter().rposition(|t| kind.matches(t)) {
            return Ok((request, traces.swap_remove(found)));
        }
        if traces.len() < *limit {
            break;
        }
    }
    Err(TraceError::Nothing(format!("there is no {} here", kind.words())))
}

/// The one trace whose id begins like this, and the request that it is from.
pub(super) fn one(
    source: &mut dyn Source,
    id: &str,
    style: &Style,
) -> Result<(ExportTraceServiceRequest, Trace), TraceError> {
    let prefix = id.to_ascii_lowercase();
    if prefix.is_empty() || prefix.len() > 32 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        let message = format!("{id:?} is no beginning of a trace's id: up to 32 hexadecimal digits");
        return Err(TraceError::Usage(message));
    }
    let request = source.find(&prefix)?;
    let mut traces = Trace::all(&request);
    match (traces.pop(), traces.len()) {
        (None, _) => Err(TraceError::Nothing(format!("there is no trace whose id begins with {prefix}"))),
        (Some(trace), 0) => Ok((request, trace)),
        (Some(trace), _) => {
            let all: Vec<&Trace> = std::iter::once(&trace).chain(traces.iter().rev()).collect();
            let listed = list::draw(&all, style);
            let message =
                format!("{} traces have ids that begin with {prefix}; name more of it\n{listed}", all.len());
            Err(TraceError::Usage(message.trim_end().to_owned()))
        }
    }
}

fn list(
    source: &mut dyn Source,
    wanted: &ListArguments,
    look: &TraceLook,
    style: &Style,
) -> Result<(), TraceError> {
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    if look.svg || look.html {
        let message = "a list is no picture: `phpeek-pm trace show ID --svg` draws one of its traces";
        return Err(TraceError::Usage(message.to_owned()));
    }
    let request = source.recent(if wanted.errors { limit.max(LOOKED_THROUGH) } else { limit })?;
    let traces = Trace::all(&request);
    let chosen: Vec<&Trace> =
        traces.iter().rev().filter(|t| !wanted.errors || t.failed() > 0).take(limit).collect();
    if chosen.is_empty() {
        let what = if wanted.errors { "trace with an error" } else { Kind::Any.words() };
        return Err(TraceError::Nothing(format!("there is no {what} here")));
    }
    if look.json {
        chosen.iter().for_each(|t| say(&otlp(&request, &t.id)));
    } else {
        say(&list::draw(&chosen, style));
    }
    Ok(())
}

/// Shows one trace in the way that was asked for.
fn show(
    source: &mut dyn Source,
    request: &ExportTraceServiceRequest,
    trace: &Trace,
    look: &TraceLook,
    style: &Style,
) -> Result<(), TraceError> {
    if look.json {
        say(&otlp(request, &trace.id));
        return Ok(());
    }
    let names = Names::with_linked(std::slice::from_ref(trace), source)?;
    let text = match look {
        TraceLook { svg: true, .. } => svg::draw(trace, &names),
        TraceLook { html: true, .. } => html::draw(trace, &names),
        _ => waterfall::draw(trace, &names, style),
    };
    say(&text);
    Ok(())
}

/// One trace of a request as a line of OTLP JSON.
pub(super) fn otlp(request: &ExportTraceServiceRequest, trace: &str) -> String {
    let one = select::merged(select::keep(request, |id| super::model::hex(id) == trace));
    serde_json::to_string(&one).unwrap_or_default() + "\n"
}

/// How to draw, by the command line and the terminal.
fn style(look: &TraceLook) -> Style {
    // https://no-color.org: any value but an empty one.
    let no_colour = look.no_color || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    Style {
        width: look.width.map(usize::from).unwrap_or_else(terminal_width),
        charset: if look.ascii { Charset::Ascii } else { Charset::Unicode },
        colour: !no_colour && io::stdout().is_terminal(),
        events: if look.events { Events::Listed } else { Events::Named },
        facts: if look.attributes { Facts::All } else { Facts::Usual },
    }
}

/// The columns of the terminal on standard output, else what COLUMNS says, else 100.
#[must_use]
pub fn terminal_width() -> usize {
    let from_terminal = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = from_terminal.filter(|w| *w > 0).or_else(from_environment).unwrap_or(100);
    width.clamp(waterfall::NARROWEST, 400)
}

/// Writes an answer. Nobody may be reading any more: the exit code is the answer then.
pub(super) fn say(text: &str) {
    drop(write(text));
}

/// Writes a part of an answer that goes on.
pub(super) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn complain(text: &str) {
    drop(writeln!(io::stderr(), "phpeek-pm: {text}"));
}

/// Tells what the source left out.
pub(super) fn remark(source: &mut dyn Source) {
    source.remarks().iter().for_each(|text| complain(text));
}
