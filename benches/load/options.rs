//! The command line of the harness. Holds what a person asked for and refuses what cannot be run; starts nothing.

use crate::shape::Shape;
use clap::{Args, Parser, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Load harness of phpeek-pm. It starts the real release binary over many small workers, hurts it, and measures it
/// from outside: through records that the workers write, through /proc, and through an OTLP receiver of its own.
///
/// The program under test is PHPEEK_PM_BIN, else target/release/phpeek-pm, which is built first.
/// A run: start N workers; stay idle for a while; churn (kills, signals, crash loops, output); SIGTERM.
/// Times come from CLOCK_MONOTONIC: the start counts from the exec of the supervisor to a worker's first record, a
/// restart from the kill to the first record of the successor, the stop from SIGTERM to the end of the supervisor.
#[derive(Debug, Clone, Parser)]
#[command(name = "load", bin_name = "cargo bench --bench load --", version = None, verbatim_doc_comment)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) load: Load,

    /// Runs a matrix of processes, tracing and receivers instead of one setting, with ratios to tracing off.
    #[arg(long, value_enum)]
    pub(crate) suite: Option<Suite>,

    /// Repeats everything, interleaved, and reports medians.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,

    /// Writes all figures of all runs.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Draws start curves, restart percentiles, stop times and memory.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    /// Runs nothing: compares two JSON files, B to A. Exit code 1 when a main figure of B is worse by more than the
    /// threshold, or is missing.
    #[arg(long, num_args = 2, value_names = ["A.json", "B.json"])]
    pub(crate) compare: Option<Vec<PathBuf>>,

    /// With --compare: how much worse a main figure may be, as a ratio.
    #[arg(long, value_name = "RATIO", default_value_t = 1.15, value_parser = ratio)]
    pub(crate) threshold: f64,

    /// Exit code 1 also when spans that a healthy receiver should have got are missing, or a worker is left behind.
    #[arg(long)]
    pub(crate) strict: bool,

    /// `cargo bench` passes it to every bench target.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

/// One setting: what is run, and what is done to it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Load {
    /// How many long-running workers.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) processes: u32,

    /// How the workers depend on each other.
    #[arg(long, value_enum, default_value_t = Shape::Flat)]
    pub(crate) shape: Shape,

    /// Kills random workers with SIGKILL, this many a second, for --duration.
    #[arg(long, value_name = "PER_S", default_value_t = 0.0, value_parser = rate)]
    pub(crate) kill_rate: f64,

    /// Sends SIGUSR1 (rolling restart) again and again for --duration; the next when the one before is through.
    #[arg(long)]
    pub(crate) signal_restarts: bool,

    /// Adds N workers that exit with 1 at once, again and again.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) crash_loop: u32,

    /// Makes N of the workers print lines, which the supervisor captures.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) chatty: u32,

    /// Lines a second of each chatty worker.
    #[arg(long, value_name = "PER_S", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) chatty_rate: u32,

    /// Bytes of a line, with its end.
    #[arg(long, value_name = "BYTES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(40..=16_000))]
    pub(crate) line_bytes: u32,

    /// How long the churn lasts, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) duration: Duration,

    /// How long to look at the idle supervisor, in seconds; 0 leaves it out.
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    pub(crate) idle: Duration,

    /// Tracing of the supervisor.
    #[arg(long, value_enum, default_value_t = Tracing::On)]
    pub(crate) tracing: Tracing,

    /// What the receiver of the spans is like.
    #[arg(long, value_enum, default_value_t = Receiver::Healthy)]
    pub(crate) receiver: Receiver,

    /// How long the slow receiver takes for each request, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) slow_by: Duration,

    /// The longest wait for the workers to be up, to be back, or to be gone, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) wait: Duration,

    /// Seed of the random choice of workers.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// A line of the `global:` section, such as `log_level: debug`; wins over the harness's own. May be repeated.
    #[arg(long, value_name = "KEY: VALUE", value_parser = global_line)]
    pub(crate) global: Vec<(String, String)>,
}

/// Tracing of the supervisor under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tracing {
    /// `tracing_enabled: false`.
    Off,
    /// Every trace.
    On,
    /// One trace in a hundred.
    #[value(name = "1%")]
    OnePercent,
}

/// What the receiver of the spans is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Receiver {
    /// Takes everything at once.
    Healthy,
    /// Takes everything, after --slow-by.
    Slow,
    /// Answers UNAVAILABLE.
    Refusing,
    /// Accepts connections and resets them.
    Resetting,
    /// Accepts connections and never answers.
    Silent,
    /// A closed port.
    Absent,
}

impl Receiver {
    /// Whether every span is expected to arrive.
    pub(crate) fn takes_spans(self) -> bool {
        matches!(self, Self::Healthy | Self::Slow)
    }
}

/// A matrix of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// 1 and 100 workers; all of tracing; all receivers at 100. About two minutes.
    Quick,
    /// 1 to 5000 workers, all shapes, all kinds of churn, all receivers at 1000.
    Full,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.0..=3600.0).contains(&number) {
        Ok(Duration::from_secs_f64(number))
    } else {
        Err("must be 0 to 3600 seconds".to_owned())
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=10_000.0).contains(&number) => Ok(number),
        _ => Err("must be 0 to 10000".to_owned()),
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (1.0..=100.0).contains(&number) => Ok(number),
        _ => Err("must be 1 to 100, such as 1.15".to_owned()),
    }
}

fn global_line(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once(':').ok_or("must be `key: value`")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

impl Load {
    /// What cannot be run, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.chatty > self.processes {
            return Err(format!(
                "--chatty {} is more than the {} workers there are",
                self.chatty, self.processes
            ));
        }
        if self.churns() && self.duration.is_zero() {
            return Err("churn needs a --duration above 0".to_owned());
        }
        if self.wait.is_zero() {
            return Err("--wait must be above 0".to_owned());
        }
        Ok(())
    }

    /// Whether anything is done to the workers after their start.
    pub(crate) fn churns(&self) -> bool {
        self.kill_rate > 0.0 || self.signal_restarts || self.crash_loop > 0 || self.chatty > 0
    }

    /// Whether deaths may be followed by a wait. Crash loops need one, or they are a storm without end; kills have
    /// none, so that what is measured is the supervisor and not its configuration.
    pub(crate) fn has_backoff(&self) -> bool {
        self.crash_loop > 0 || self.global.iter().any(|(key, _)| key.starts_with("restart_backoff"))
    }

    /// The setting in one line: the key by which two result files are matched.
    pub(crate) fn label(&self) -> String {
        let name = |value: Option<clap::builder::PossibleValue>| {
            value.map(|v| v.get_name().to_owned()).unwrap_or_default()
        };
        let mut label = format!("n={} {}", self.processes, name(self.shape.to_possible_value()));
        label.push_str(&format!(" tracing={}", name(self.tracing.to_possible_value())));
        if self.tracing != Tracing::Off {
            label.push_str(&format!(" receiver={}", name(self.receiver.to_possible_value())));
        }
        if self.kill_rate > 0.0 {
            label.push_str(&format!(" kills={}/s", self.kill_rate));
        }
        if self.signal_restarts {
            label.push_str(" usr1");
        }
        if self.crash_loop > 0 {
            label.push_str(&format!(" crash={}", self.crash_loop));
        }
        if self.chatty > 0 {
            label.push_str(&format!(" chatty={}x{}/s", self.chatty, self.chatty_rate));
        }
        label
    }
}
