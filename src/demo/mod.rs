//! The `demo` command: runs an embedded configuration for a few seconds, keeps its spans in memory, and draws them.
//! Needs nothing but /bin/sh. Called by the command line.

mod critical;
mod tree;
mod waterfall;

pub use tree::{DrawnSpan, Tree};
pub use waterfall::{Style, draw};

use crate::app::{self, Ending, Options};
use crate::cli::DemoArguments;
use crate::cli::check::{self, Detail};
use crate::config::{self, Loaded, Source, Strictness};
use crate::exit;
use crate::os::signals::Signals;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

/// The configuration of the demo: a slow starter, a oneshot, a scaled worker and one crash.
pub const CONFIG: &str = include_str!("demo.yaml");

/// Runs the demo and gives the exit code. Ends the process like `serve` does when a signal comes first.
#[must_use]
pub fn run(arguments: &DemoArguments, signals: Signals) -> u8 {
    let folder = Folder::make();
    let text = CONFIG.replace("@FOLDER@", &folder.0.display().to_string());
    // The environment of whoever tries the demo must not change it.
    let Loaded { configuration, report } = config::load(&Source::Text(text), &BTreeMap::new());
    let Some(configuration) = configuration else {
        return complain(&check::human(&report, Detail::Full, Strictness::Usual));
    };
    say(&format!(
        "Running {} processes for {} s: a oneshot that takes its time, a worker with three instances, one crash.\n",
        configuration.spec.processes.len(),
        arguments.seconds
    ));
    let options = Options {
        end_after: Some(Duration::from_secs(arguments.seconds)),
        keep_spans: true,
        ..Options::default()
    };
    let Ending { code, spans } = match app::run(configuration, options, signals) {
        Ok(ending) => ending,
        Err(error) => return complain(&format!("phpeek-pm: {}\n", app::chain(&error))),
    };
    let width = arguments.width.map(usize::from).unwrap_or_else(terminal_width);
    let style = Style { width, ascii: arguments.ascii, colour: std::io::stdout().is_terminal() };
    let spans: Vec<_> = spans
        .into_iter()
        .filter_map(|request| ExportTraceServiceRequest::decode(request).ok())
        .flat_map(|request| request.resource_spans)
        .flat_map(|block| block.scope_spans)
        .flat_map(|group| group.spans)
        .collect();
    for tree in Tree::of(&spans) {
        say(&draw(&tree, &style));
    }
    say(&format!(
        "{} spans. Send your own to a backend: tracing_enabled, tracing_exporter: otlp-grpc, tracing_endpoint.\n",
        spans.len()
    ));
    code
}

fn complain(report: &str) -> u8 {
    drop(std::io::stderr().write_all(report.as_bytes()));
    exit::INTERNAL
}

fn say(text: &str) {
    // Nobody may be reading any more; the demo ends the same way.
    drop(std::io::stdout().write_all(text.as_bytes()));
}

fn terminal_width() -> usize {
    let from_terminal =
        rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    from_terminal.filter(|w| *w > 0).or_else(from_environment).unwrap_or(100).clamp(60, 400)
}

/// A folder for the marker of the crash; removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Self {
        let path = std::env::temp_dir().join(format!("phpeek-pm-demo-{}", std::process::id()));
        // Without it the worker crashes each time instead of once: still a demo.
        drop(std::fs::create_dir(&path));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
