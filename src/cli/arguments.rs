//! What can be asked on the command line: the commands, each with the arguments that its own file has. Values only; the
//! source of man page and completions.

use super::check_config::CheckArguments;
use super::completions::CompletionsArguments;
use super::control::{
    ListArguments, OneArguments, ReloadArguments, RestartArguments, ScaleArguments, SignalArguments,
};
use super::demo::DemoArguments;
use super::effective::ConfigArguments;
use super::events::EventsArguments;
use super::example::ExampleArguments;
use super::examples;
use super::explain::ExplainArguments;
use super::history::HistoryArguments;
use super::import::ImportArguments;
use super::init::InitArguments;
use super::logs::LogsArguments;
use super::man::ManArguments;
use super::plan::PlanArguments;
use super::run::RunArguments;
use super::scaffold::ScaffoldArguments;
use super::schedule::ScheduleArguments;
use super::schema::SchemaArguments;
use super::serve::ServeArguments;
use super::status::StatusArguments;
use super::telemetry::TelemetryArguments;
use super::top::TopArguments;
use super::trace::TraceArguments;
use super::version::VersionArguments;
use clap::{CommandFactory, Parser, Subcommand};
use std::path::PathBuf;

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
    /// Supervise one program without a file: its streams, terminal and exit code are its own.
    ///
    /// Signals are handed on to it, SIGTERM stops it and all that it has left, orphans are reaped. Traced when OTEL_EXPORTER_OTLP_ENDPOINT or
    /// OTEL_TRACES_EXPORTER is set, or PHPEEK_PM_GLOBAL_TRACING_ENABLED=true. Ends with the program's exit code, 128 + the signal that ended
    /// it, 127 when it is not there, 126 when it may not be run.
    Run(RunArguments),
    /// Run an embedded example for a few seconds and draw its traces.
    Demo(DemoArguments),
    /// Check the configuration and report everything that is wrong with it.
    ///
    /// The exit code is 0 when it is sound, 78 when it is not, 1 when --strict fails for a warning.
    CheckConfig(CheckArguments),
    /// Show every value of the configuration that would act, and where it comes from; secrets are hidden.
    ///
    /// A file and line, an override, a variable of OpenTelemetry, or the default. The exit code is 78 when the configuration has errors.
    Config(ConfigArguments),
    /// Tell in which order processes start and what each waits for; of one process, why it is as it is.
    ///
    /// From the configuration; of one process from the supervisor that runs. The exit code is 1 when there is no such process, 4 when the
    /// supervisor gives no answer, 78 when the configuration has errors.
    Explain(ExplainArguments),
    /// Write a first configuration, made from what lies in the working directory.
    Init(InitArguments),
    /// Write what another supervisor reads as a configuration of this one.
    ///
    /// To standard output, with a comment for each thing that means something else here; what has no counterpart is told on standard error.
    /// The exit code is 1 when there was nothing to import, 66 when it cannot be read.
    Import(ImportArguments),
    /// Write the configuration of a kind of application, and what an image of it needs.
    ///
    /// Presets: laravel, production, symfony, php, wordpress, magento, drupal, nodejs, nextjs, nuxt, generic, minimal. What is there already is
    /// overwritten only when somebody says so, and nothing is written before all is answered. The exit code is 1 when the preset is unknown, a file
    /// is there and stays or cannot be written, or nobody answers any more.
    Scaffold(ScaffoldArguments),
    /// Write one of the example configurations; without a name, list them.
    Example(ExampleArguments),
    /// Write the JSON schema of the configuration to standard output, for editors.
    Schema(SchemaArguments),
    /// Show what a running supervisor is doing; the exit code is 0 when all is up.
    ///
    /// It is 1 when not all is up, 3 when no supervisor runs, 4 when it cannot be asked.
    Status(StatusArguments),
    /// List the processes of a running supervisor; the exit code is 1 when one has failed or waits for its next run.
    List(ListArguments),
    /// Start a process of a running supervisor, and wait until it is up.
    ///
    /// The exit code is 0 when it is so, 1 when it was refused or has failed, 3 when no supervisor runs, 4 when it cannot be
    /// asked; the same for `stop`, `restart`, `scale` and `signal`.
    Start(OneArguments),
    /// Stop a process of a running supervisor until somebody starts it again, and wait until it has stopped.
    Stop(OneArguments),
    /// Restart processes of a running supervisor, as many instances at once as may be away, and wait until all are up.
    ///
    /// With --rolling in one restart that ends where something does not come up, as SIGUSR1 does for everything.
    Restart(RestartArguments),
    /// Change how many instances of a process there are, and wait until it is so.
    Scale(ScaleArguments),
    /// Send a signal to a process of a running supervisor.
    Signal(SignalArguments),
    /// Have a running supervisor read its configuration again and do what has changed, as SIGHUP does; a faulty file changes nothing.
    #[command(visible_alias = "reload-config")]
    Reload(ReloadArguments),
    /// Show what a reload would do if the configuration were that of a file.
    Plan(PlanArguments),
    /// List the schedules of a running supervisor, and pause, resume or trigger one.
    Schedule(ScheduleArguments),
    /// Show what jobs and oneshots of a running supervisor have done, the newest first.
    History(HistoryArguments),
    /// Show the lines of processes that a running supervisor keeps, and with --follow those that come.
    ///
    /// The exit code is 0 at the end, 1 when there is no such process, 3 when no supervisor runs, 4 when it cannot be asked;
    /// the same for `events`.
    Logs(LogsArguments),
    /// Show what has happened to a running supervisor and its processes, and with --follow what happens.
    Events(EventsArguments),
    /// Show what the instances of a running supervisor use, the most first: live on a terminal, once elsewhere.
    ///
    /// It reads /proc and needs no setting; what runs in a namespace that it does not see has no figures. The exit code is 0 at
    /// the end, 3 when no supervisor runs, 4 when it cannot be asked.
    Top(TopArguments),
    /// Show what became of the spans of a running supervisor.
    ///
    /// The exit code is 0 when all is well or tracing is off, 1 when spans were lost since the supervisor began (failed or
    /// dropped) or the receiver does not take them, 3 when no supervisor runs, 4 when it cannot be asked.
    Telemetry(TelemetryArguments),
    /// Draw, list and analyze traces in the terminal, as a picture or as a page.
    ///
    /// The exit code is 0 when there is something to show, 1 when there is nothing, or a comparison has found what --fail-over forbids, 3 when
    /// no supervisor runs, 4 when it cannot be asked, 66 when the file or the spool cannot be read. Of a trace that goes on it says so.
    Trace(TraceArguments),
    /// Show the version.
    Version(VersionArguments),
    /// Write a completion script to standard output.
    Completions(CompletionsArguments),
    /// Write the man page of the program, or of one command, to standard output.
    Man(ManArguments),
}

/// The whole command line as clap knows it, with examples, for help, man pages, completions and their tests.
#[must_use]
pub fn command() -> clap::Command {
    let line =
        FILELESS.iter().fold(Arguments::command(), |line, name| line.mut_subcommand(name, without_file));
    examples::below(line)
}

/// Commands that read no configuration.
const FILELESS: [&str; 10] =
    ["run", "demo", "init", "import", "scaffold", "example", "schema", "version", "completions", "man"];

/// An option of its own in the place of the one that all have, which has no effect there: it is not shown.
fn without_file(command: clap::Command) -> clap::Command {
    command.arg(clap::Arg::new("config").short('c').long("config").value_name("FILE").hide(true))
}
