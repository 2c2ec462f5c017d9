//! The `demo` command: runs an embedded configuration for a few seconds, keeps its spans in memory, and draws them.
//! Needs nothing but /bin/sh. Called by the command line.

use crate::app::{self, Ending, Options};
use crate::cli::DemoArguments;
use crate::cli::check::{self, Detail};
use crate::config::{Loaded, Source, Strictness};
use crate::exit;
use crate::os::signals::Signals;
use crate::trace::text::Charset;
use crate::trace::{self, Events, Facts, Names, Style, Trace};
use bytes::Bytes;
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
    let Loaded { configuration, report } = crate::app::load(&Source::Text(text), &BTreeMap::new());
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
    let style = Style {
        width: arguments.width.map(usize::from).unwrap_or_else(trace::terminal_width),
        charset: if arguments.ascii { Charset::Ascii } else { Charset::Unicode },
        colour: std::io::stdout().is_terminal(),
        events: Events::Hidden,
        facts: Facts::Hidden,
    };
    let request = joined(spans);
    for trace in Trace::all(&request) {
        say(&trace::draw(&trace, &Names::default(), &style));
    }
    say(&format!(
        "{} spans. Send your own to a backend: tracing_enabled, tracing_exporter: otlp-grpc, tracing_endpoint.\n",
        trace::spans(&request).count()
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

/// All that was exported, in one.
fn joined(requests: Vec<Bytes>) -> ExportTraceServiceRequest {
    // What was encoded here can be decoded here; if not, there is nothing to draw.
    let decoded = requests.into_iter().filter_map(|bytes| ExportTraceServiceRequest::decode(bytes).ok());
    ExportTraceServiceRequest { resource_spans: decoded.flat_map(|request| request.resource_spans).collect() }
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
