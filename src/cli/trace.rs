//! What can be asked of `trace`. Values only; read by clap, and the source of man page and completions.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Options of `trace`.
#[derive(Debug, Args)]
pub struct TraceArguments {
    /// Where traces are read from.
    #[command(flatten)]
    pub from: TraceFrom,
    /// How they are shown.
    #[command(flatten)]
    pub look: TraceLook,
    /// Show each trace when its root has ended, and until then each span as a line.
    #[arg(short, long, conflicts_with_all = ["svg", "html"])]
    pub follow: bool,
    /// What to show; `last` when it is left out.
    #[command(subcommand)]
    pub command: Option<TraceCommand>,
}

/// Where traces are read from.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub struct TraceFrom {
    /// A file of OTLP JSON lines; `-` is standard input.
    #[arg(long, global = true, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The spool directory of a supervisor.
    #[arg(long, global = true, value_name = "DIR")]
    pub spool: Option<PathBuf>,
    /// The control socket of a running supervisor; the usual place when nothing is named.
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// The configuration file that was named: it may say where the socket is.
    #[arg(skip)]
    pub config: Option<PathBuf>,
}

/// How traces are shown.
#[derive(Debug, Clone, Default, Args)]
pub struct TraceLook {
    /// OTLP JSON, one request a line; of an analysis one JSON object.
    #[arg(long, global = true, conflicts_with_all = ["svg", "html"])]
    pub json: bool,
    /// A picture: one SVG file on standard output.
    #[arg(long, global = true, conflicts_with = "html")]
    pub svg: bool,
    /// A page with zoom and search: one HTML file on standard output.
    #[arg(long, global = true)]
    pub html: bool,
    /// Draw with ASCII characters alone.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// How wide to draw, in columns; the terminal's width when left out.
    #[arg(long, global = true, value_parser = clap::value_parser!(u16).range(60..=400))]
    pub width: Option<u16>,
    /// No colours; there are none either with NO_COLOR set or outside of a terminal.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Each event on a line of its own, with time and attributes.
    #[arg(long, global = true)]
    pub events: bool,
    /// All attributes of each span.
    #[arg(long, global = true)]
    pub attributes: bool,
}

/// What to show.
#[derive(Debug, Subcommand)]
pub enum TraceCommand {
    /// Draw the newest trace.
    Last(LastArguments),
    /// List traces, one line each, the newest first.
    List(ListArguments),
    /// Draw one trace.
    Show {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// Say where the time of a start went.
    #[command(subcommand)]
    Analyze(AnalyzeCommand),
    /// Look into a spool directory (--spool DIR, or the configured one), and take spans out of it.
    Spool(SpoolArguments),
}

/// Options of `trace spool`.
#[derive(Debug, Args)]
pub struct SpoolArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: SpoolCommand,
}

/// What to do with a spool directory.
#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// List its segments: bytes, spans, how many wait for the receiver.
    List,
    /// Check every record; the exit code is 1 when something is damaged.
    Verify,
    /// Write the spans that wait as OTLP JSON lines to standard output; they stay where they are.
    Export {
        /// Those that were delivered and are still there too.
        #[arg(long)]
        all: bool,
    },
    /// Remove all segments. Refused while a supervisor uses the directory.
    Drop {
        /// Do it; without this it only says what would go.
        #[arg(long)]
        yes: bool,
    },
}

/// Options of `trace last`.
#[derive(Debug, Default, Args)]
pub struct LastArguments {
    /// The newest start.
    #[arg(long, group = "kind")]
    pub start: bool,
    /// The newest restart.
    #[arg(long, group = "kind")]
    pub restart: bool,
    /// The newest shutdown.
    #[arg(long, group = "kind")]
    pub shutdown: bool,
}

/// Options of `trace list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Most traces to list.
    #[arg(short = 'n', long, default_value_t = 20, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Those alone in which something failed.
    #[arg(long)]
    pub errors: bool,
}

/// What to say of a start.
#[derive(Debug, Subcommand)]
pub enum AnalyzeCommand {
    /// List processes by the time that they took themselves, without what they waited for.
    Blame {
        /// The trace; the newest start when it is left out.
        id: Option<String>,
    },
    /// Show the chain of processes that decided when the start was over.
    CriticalChain {
        /// The trace; the newest start when it is left out.
        id: Option<String>,
    },
    /// Compare what each process took in two starts.
    Compare(CompareArguments),
}

/// Options of `trace analyze compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The start before: a trace's id, or a file of OTLP JSON lines whose newest start counts.
    pub before: String,
    /// The start after.
    pub after: String,
    /// Exit with 1 when the start, or a process, takes over so much longer than before, such as 20%.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub fail_over: Option<f64>,
    /// Differences of fewer milliseconds fail nothing: they are noise.
    #[arg(long, value_name = "MS", default_value_t = 10, requires = "fail_over")]
    pub ignore_under: u32,
}

/// A number from 0 with a percent sign or without.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    let sound = number.ok().filter(|n| n.is_finite() && *n >= 0.0);
    sound.ok_or_else(|| "a percentage from 0 is wanted, such as 20%".to_owned())
}
