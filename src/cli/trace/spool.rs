//! The `trace spool` commands: what waits in a spool directory, whether it is sound, and ways to take it out by hand.
//! Only `drop` changes anything, and never under a living supervisor.

use crate::app::load;
use crate::cli::fault::Fault;
use crate::cli::say::write;
use crate::cli::source::source;
use crate::cli::table::{self, left, right};
use crate::exit;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_config::ProcessEnv;
use phpeek_telemetry::spool;
use phpeek_telemetry::spool::reader::{Damage, SegmentReport, SpoolReader, Which};
use phpeek_viewer::text;
use prost::Message as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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

/// Runs the command and gives the exit code.
pub(super) fn run(
    arguments: &SpoolArguments,
    named: Option<PathBuf>,
    config: Option<PathBuf>,
) -> Result<u8, Fault> {
    let folder = match named {
        Some(folder) => folder,
        None => configured(config)?.ok_or(Fault::NoSpool)?,
    };
    match &arguments.command {
        SpoolCommand::List => list(&opened(&folder)?.segments()?),
        SpoolCommand::Verify => verify(&opened(&folder)?.segments()?),
        SpoolCommand::Export { all } => {
            let which = if *all { Which::All } else { Which::Waiting };
            return export(&opened(&folder)?, which);
        }
        SpoolCommand::Drop { yes } => return discard(&folder, *yes),
    }
    .map(Ok)
    .unwrap_or_else(|error| Err(Fault::Write(error)))
}

/// A reader of a directory that is a spool: it has segments, or the lock of one that has none.
pub(super) fn opened(folder: &Path) -> Result<SpoolReader, Fault> {
    let reader = SpoolReader::open(folder)?;
    if reader.segments()?.is_empty() && !folder.join(spool::LOCK).exists() {
        return Err(Fault::NoSpoolAt { path: folder.to_owned() });
    }
    Ok(reader)
}

/// The directory that the configuration names.
fn configured(config: Option<PathBuf>) -> Result<Option<PathBuf>, Fault> {
    let named = config.is_some();
    let loaded = load(&source(config), &ProcessEnv);
    match loaded.configuration {
        Some(configuration) => Ok(configuration.tracing.and_then(|tracing| tracing.spool.directory)),
        None if named => Err(match loaded.report.unread() {
            Some(why) => Fault::Unread(why.to_owned()),
            None => Fault::Configuration,
        }),
        None => Ok(None),
    }
}

fn list(segments: &[SegmentReport]) -> io::Result<u8> {
    let waiting: u64 = segments.iter().map(|s| s.waiting).sum();
    let spans: u64 = segments.iter().map(|s| s.spans).sum();
    let row = |segment: &SegmentReport| {
        let made = Timestamp::try_from(segment.created).unwrap_or(Timestamp::UNIX_EPOCH);
        let damage = segment.damage.as_ref().map(|d| format!("  {}", words(d))).unwrap_or_default();
        [
            segment.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            segment.bytes.to_string(),
            segment.spans.to_string(),
            segment.waiting.to_string(),
            format!("{made:.3}{damage}"),
        ]
    };
    let rows: Vec<_> = segments.iter().map(row).collect();
    let number = |title| right(title).at_least(10);
    let columns =
        [left("SEGMENT").at_least(24), number("BYTES"), number("SPANS"), number("WAITING"), left("MADE")];
    write(table::draw(columns, &rows))?;
    let (count, spans) = (text::count(segments.len(), "segment"), text::count(number_of(spans), "span"));
    write(format!("{count}, {spans}, of which {waiting} wait for the receiver\n"))?;
    Ok(exit::OK)
}

fn number_of(spans: u64) -> usize {
    usize::try_from(spans).unwrap_or(usize::MAX)
}

fn words(damage: &Damage) -> String {
    match damage {
        Damage::NotASegment => "is no segment".to_owned(),
        Damage::At(byte) => format!("damaged at byte {byte}"),
        Damage::Unreadable(why) => format!("cannot be read: {why}"),
    }
}

fn verify(segments: &[SegmentReport]) -> io::Result<u8> {
    let mut out = io::stdout().lock();
    let mut code = exit::OK;
    for segment in segments {
        if let Some(damage) = &segment.damage {
            code = exit::FAILURE;
            writeln!(
                out,
                "{}: {}, {} span{} before it",
                segment.path.display(),
                words(damage),
                segment.spans,
                if segment.spans == 1 { "" } else { "s" }
            )?;
        }
    }
    let spans: u64 = segments.iter().map(|s| s.spans).sum();
    let verdict = if code == exit::OK { "all sound" } else { "not all sound" };
    let spans = text::count(number_of(spans), "whole span");
    writeln!(out, "{verdict}: {}, {spans}", text::count(segments.len(), "segment"))?;
    Ok(code)
}

/// OTLP JSON, one request a line: what the exporter `file` writes and the Collector reads.
fn export(reader: &SpoolReader, which: Which) -> Result<u8, Fault> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for bytes in reader.requests(which)? {
        // What was written as OTLP is OTLP; a request that cannot be decoded has no spans to give.
        let Ok(request) = ExportTraceServiceRequest::decode(bytes.as_slice()) else { continue };
        let line = serde_json::to_writer(&mut out, &request).map_err(io::Error::from);
        line.and_then(|()| out.write_all(b"\n")).map_err(Fault::Write)?;
    }
    out.flush().map_err(Fault::Write)?;
    Ok(exit::OK)
}

fn discard(folder: &Path, yes: bool) -> Result<u8, Fault> {
    let reader = opened(folder)?;
    let _lock = if yes { Some(spool::lock(folder)?) } else { None };
    let segments = reader.segments()?;
    let waiting: u64 = segments.iter().map(|s| s.waiting).sum();
    let (count, waiting) = (text::count(segments.len(), "segment"), text::count(number_of(waiting), "span"));
    let say = |text: String| writeln!(io::stdout(), "{text}").map_err(Fault::Write);
    if !yes {
        say(format!("{count} with {waiting} that wait would go: add --yes"))?;
        return Ok(exit::FAILURE);
    }
    for segment in &segments {
        let path = segment.path.clone();
        fs::remove_file(&path).map_err(|source| Fault::Remove { path, source })?;
    }
    say(format!("gone: {count}, with {waiting} that waited"))?;
    Ok(exit::OK)
}
