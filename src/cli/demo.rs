//! The `demo` command: runs an embedded configuration for a few seconds, keeps its spans in memory, and draws them.
//! Needs nothing but /bin/sh.

use super::check::{self, Detail};
use super::say::{complain, report_faults, say};
use super::trace::terminal_width;
use super::whole::whole;
use crate::app::{self, Ending, Options};
use crate::exit;
use bytes::Bytes;
use clap::Args;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_config::{Loaded, Source, Strictness};
use phpeek_core::causes::chain;
use phpeek_os::signals::Signals;
use phpeek_output::terminal;
use phpeek_viewer::text::Charset;
use phpeek_viewer::{Events, Facts, Names, Style, Titles, Trace, select, waterfall};
use prost::Message as _;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// How long the example runs, in seconds.
    #[arg(long, default_value_t = 4, value_name = "SECONDS", value_parser = whole::<u64, _>(2..=60))]
    pub seconds: u64,
    /// Draw with ASCII characters alone.
    #[arg(long)]
    pub ascii: bool,
    /// How wide to draw, in columns; the terminal's width when left out.
    #[arg(long, value_parser = whole::<u16, _>(60..=400))]
    pub width: Option<u16>,
}

/// The configuration of the demo: a slow starter, a oneshot, a scaled worker and one crash.
pub const CONFIG: &str = include_str!("demo.yaml");

/// Runs the demo and gives the exit code. Ends the process like `serve` does when a signal comes first.
#[must_use]
pub(super) fn run(arguments: &DemoArguments, signals: Signals) -> u8 {
    let folder = Folder::make();
    let text = CONFIG.replace("@FOLDER@", &folder.0.display().to_string());
    // The environment of whoever tries the demo must not change it.
    let Loaded { configuration, report } = app::load(&Source::Text(text), &BTreeMap::new());
    let Some(configuration) = configuration else {
        report_faults(&check::human(&report, Detail::Full, Strictness::Usual));
        return exit::INTERNAL;
    };
    say(format!(
        "Running {} processes for {} s: a oneshot that takes its time, a worker with three instances, one crash.\n",
        configuration.spec.processes.len(),
        arguments.seconds
    ));
    let options = Options {
        end_after: Some(Duration::from_secs(arguments.seconds)),
        keep_spans: true,
        ..Options::default()
    };
    let ended = app::prepare().and_then(|prepared| app::run(configuration, options, signals, prepared));
    let Ending { code, spans } = match ended {
        Ok(ending) => ending,
        Err(error) => {
            complain(&chain(&error));
            return exit::INTERNAL;
        }
    };
    let style = Style {
        width: arguments.width.map(usize::from).unwrap_or_else(terminal_width),
        charset: if arguments.ascii { Charset::Ascii } else { Charset::Unicode },
        colour: terminal::has_colour(&std::io::stdout()),
        events: Events::Hidden,
        facts: Facts::Hidden,
        titles: Titles::Full,
    };
    let request = joined(spans);
    for trace in Trace::all(&request) {
        say(waterfall::draw(&trace, &Names::default(), &style));
    }
    say(format!(
        "{} spans. Send your own to a backend: tracing_enabled, tracing_exporter: otlp-grpc, tracing_endpoint.\n",
        select::spans(&request).count()
    ));
    code
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
