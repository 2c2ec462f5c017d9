//! The `trace spool` commands: what waits in a spool directory, whether it is sound, and ways to take it out by hand.
//! Only `drop` changes anything, and never under a living supervisor. Called by the command line.

use crate::app::chain;
use crate::cli::{SpoolArguments, SpoolCommand};
use crate::config;
use crate::exit;
use crate::telemetry::spool::reader::{Damage, ReadError, SegmentReport, SpoolReader, Which};
use crate::telemetry::spool::{self, SpoolError};
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("no spool is configured: name a directory with --spool DIR, or set tracing_spool_dir")]
    NoDirectory,
    #[error(
        "the configuration has errors: see `phpeek-pm check-config`, or name the directory with --spool DIR"
    )]
    Configuration,
    #[error("cannot remove {}", path.display())]
    Remove {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write the spans")]
    Write(#[source] io::Error),
}

impl CommandError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Read(_) => exit::NO_INPUT,
            Self::Spool(_) | Self::Remove { .. } => exit::CANNOT_CREATE,
            Self::NoDirectory => exit::USAGE,
            Self::Configuration => exit::CONFIG,
            Self::Write(_) => exit::FAILURE,
        }
    }
}

/// Runs the command and gives the exit code.
#[must_use]
pub(super) fn command(arguments: &SpoolArguments, named: Option<PathBuf>, config: Option<PathBuf>) -> u8 {
    run(arguments, named, config).unwrap_or_else(|error| {
        // Standard error may be closed; the exit code says it all the same.
        drop(writeln!(io::stderr(), "phpeek-pm: {}", chain(&error)));
        error.exit_code()
    })
}

fn run(
    arguments: &SpoolArguments,
    named: Option<PathBuf>,
    config: Option<PathBuf>,
) -> Result<u8, CommandError> {
    let folder = match named {
        Some(folder) => folder,
        None => configured(config)?.ok_or(CommandError::NoDirectory)?,
    };
    match &arguments.command {
        SpoolCommand::List => list(&SpoolReader::open(&folder)?.segments()?),
        SpoolCommand::Verify => verify(&SpoolReader::open(&folder)?.segments()?),
        SpoolCommand::Export { all } => {
            let which = if *all { Which::All } else { Which::Waiting };
            return export(&SpoolReader::open(&folder)?, which);
        }
        SpoolCommand::Drop { yes } => return discard(&folder, *yes),
    }
    .map(Ok)
    .unwrap_or_else(|error| Err(CommandError::Write(error)))
}

/// The directory that the configuration names.
fn configured(config: Option<PathBuf>) -> Result<Option<PathBuf>, CommandError> {
    let named = config.is_some();
    let loaded = crate::app::load(&crate::cli::source(config), &config::ProcessEnv);
    match loaded.configuration {
        Some(configuration) => Ok(configuration.tracing.and_then(|tracing| tracing.spool.directory)),
        None if named => Err(CommandError::Configuration),
        None => Ok(None),
    }
}

fn list(segments: &[SegmentReport]) -> io::Result<u8> {
    let mut out = io::stdout().lock();
    let waiting: u64 = segments.iter().map(|s| s.waiting).sum();
    let spans: u64 = segments.iter().map(|s| s.spans).sum();
    writeln!(out, "{:24}  {:>10}  {:>10}  {:>10}  MADE", "SEGMENT", "BYTES", "SPANS", "WAITING")?;
    for segment in segments {
        let made = Timestamp::try_from(segment.created).unwrap_or(Timestamp::UNIX_EPOCH);
        let name = segment.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let damage = segment.damage.as_ref().map(|d| format!("  {}", words(d))).unwrap_or_default();
        writeln!(
            out,
            "{name:24}  {:>10}  {:>10}  {:>10}  {made:.3}{damage}",
            segment.bytes, segment.spans, segment.waiting
        )?;
    }
    let count = segments.len();
    writeln!(out, "{count} segments, {spans} spans, of which {waiting} wait for the receiver")?;
    Ok(exit::OK)
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
                "{}: {}, {} spans before it",
                segment.path.display(),
                words(damage),
                segment.spans
            )?;
        }
    }
    let spans: u64 = segments.iter().map(|s| s.spans).sum();
    let verdict = if code == exit::OK { "all sound" } else { "not all sound" };
    writeln!(out, "{verdict}: {} segments, {spans} whole spans", segments.len())?;
    Ok(code)
}

/// OTLP JSON, one request a line: what the exporter `file` writes and the Collector reads.
fn export(reader: &SpoolReader, which: Which) -> Result<u8, CommandError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for bytes in reader.requests(which)? {
        // What was written as OTLP is OTLP; a request that cannot be decoded has no spans to give.
        let Ok(request) = ExportTraceServiceRequest::decode(bytes.as_slice()) else { continue };
        let line = serde_json::to_writer(&mut out, &request).map_err(io::Error::from);
        line.and_then(|()| out.write_all(b"\n")).map_err(CommandError::Write)?;
    }
    out.flush().map_err(CommandError::Write)?;
    Ok(exit::OK)
}

fn discard(folder: &std::path::Path, yes: bool) -> Result<u8, CommandError> {
    let reader = SpoolReader::open(folder)?;
    let _lock = if yes { Some(spool::lock(folder)?) } else { None };
    let segments = reader.segments()?;
    let waiting: u64 = segments.iter().map(|s| s.waiting).sum();
    let say = |text: String| writeln!(io::stdout(), "{text}").map_err(CommandError::Write);
    if !yes {
        say(format!("{} segments with {waiting} spans that wait would go: add --yes", segments.len()))?;
        return Ok(exit::FAILURE);
    }
    for segment in &segments {
        let path = segment.path.clone();
        fs::remove_file(&path).map_err(|source| CommandError::Remove { path, source })?;
    }
    say(format!("{} segments are gone, and {waiting} spans that waited", segments.len()))?;
    Ok(exit::OK)
}
