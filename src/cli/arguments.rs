//! What can be asked on the command line. Values only; read by clap, and the source of man page and completions.

use super::trace::TraceArguments;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;
use std::time::Duration;

/// A process supervisor for containers and servers in which every lifecycle operation is a span.
#[derive(Debug, Parser)]
#[command(
    name = "phpeek-pm",
    version,
    about,
    args_conflicts_with_subcommands = false,
    disable_help_subcommand = false
)]
pub struct Arguments {
    /// Configuration file; without it the documented places are searched.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do; `serve` when it is left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `serve`, for when no command is given.
    #[command(flatten)]
    pub serve: ServeArguments,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything and supervise it until it ends or is told to stop (the default).
    Serve(ServeArguments),
    /// Run an embedded example for a few seconds and draw its traces.
    Demo(DemoArguments),
    /// Check the configuration and report everything that is wrong with it.
    CheckConfig(CheckArguments),
    /// Show what a running supervisor is doing; the exit code is 0 when all is up.
    ///
    /// It is 1 when not all is up, 3 when no supervisor runs, 4 when it cannot be asked.
    Status(StatusArguments),
    /// Show what became of the spans of a running supervisor.
    ///
    /// The exit code is 0 when all is well or tracing is off, 1 when spans were lost since the supervisor began (failed or
    /// dropped) or the receiver does not take them, 3 when no supervisor runs, 4 when it cannot be asked.
    Telemetry(TelemetryArguments),
    /// Draw, list and analyze traces in the terminal, as a picture or as a page.
    Trace(TraceArguments),
    /// Show the version.
    Version {
        /// The number alone.
        #[arg(short, long)]
        short: bool,
    },
    /// Write a completion script to standard output.
    Completions {
        /// For which shell.
        shell: Shell,
    },
    /// Write the man page to standard output.
    Man,
}

/// Options of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeArguments {
    /// Write the supervisor's pid here, and its status to FILE.status beside it.
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
}

impl ServeArguments {
    /// These; what they leave out is taken from those in front of the command.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self { pid_file: self.pid_file.or(before.pid_file) }
    }
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// How long the example runs, in seconds.
    #[arg(long, default_value_t = 4, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(2..=60))]
    pub seconds: u64,
    /// Draw with ASCII characters alone.
    #[arg(long)]
    pub ascii: bool,
    /// How wide to draw, in columns; the terminal's width when left out.
    #[arg(long, value_parser = clap::value_parser!(u16).range(60..=400))]
    pub width: Option<u16>,
}

/// Options of `check-config`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Look at this machine too: programs, interpreters, users, directories, certificates.
    #[arg(long)]
    pub host: bool,
    /// Let warnings fail the check.
    #[arg(long)]
    pub strict: bool,
    /// One JSON object instead of a report for people.
    #[arg(long)]
    pub json: bool,
    /// Errors and the verdict alone.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH", conflicts_with = "pid_file")]
    pub socket: Option<PathBuf>,
    /// Ask no socket: read the file that was given to `serve --pid-file`.
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// Wait up to this many seconds until all is up.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub wait: Option<Duration>,
    /// Print the snapshot as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `telemetry`.
#[derive(Debug, Args)]
pub struct TelemetryArguments {
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Send what is pending first, and wait up to 10 seconds for it.
    #[arg(long)]
    pub flush: bool,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A number of seconds, with a fraction or without.
fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "a number of seconds is wanted".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "a number of seconds from 0 is wanted".to_owned())
}
