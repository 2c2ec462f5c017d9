//! The configuration: PHPeek PM's YAML, its overrides and `${…}`, to checked types. Owns every rule about what may be
//! written; starts nothing and prints nothing.
//!
//! The way: discover -> `parse` (text to a tree with places; `plain` for what it refuses) -> `include` -> `substitute` ->
//! `overlay` -> `schema` (types) -> `compile` (what spans keys). Each step adds to one list of findings, so every fault is said at
//! once.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod autotune;
mod block;
mod clash;
mod compile;
mod connection;
mod depends;
mod discover;
mod edits;
mod effective;
mod environment;
mod expressions;
mod federate;
mod files;
mod foreign;
mod full;
mod globals;
mod health;
mod hint;
mod hook_vars;
mod hooks;
mod host;
mod include;
mod jobs;
mod json_schema;
mod keeping;
mod keys;
mod lint;
mod lint_global;
mod logging;
mod mask;
mod memory;
mod names;
mod numbering;
mod otlp;
mod overlay;
mod parse;
mod plain;
mod privilege;
mod process;
mod readiness;
mod report;
mod restart;
mod rolling;
mod rules;
mod saved;
mod schedule;
mod schema;
mod secret;
mod signals;
mod stops;
mod substitute;
mod syntax;
mod told;
mod tracing;
mod tree;
mod value;
mod variable;
mod vars;
mod watch;
mod web;
mod written;

pub use edits::{Edit, EditError, Edits};
pub use effective::{Origin, Setting};
pub use full::{full_yaml, keys_table};
pub use host::{Host, Identity};
pub use json_schema::schema_json;
pub use plain::as_json;
pub use report::{Excerpt, Finding, Included, Read, Report, Severity, Strictness, Summary};
pub use saved::{SaveError, Scales, saved};
pub use tree::Place;

use phpeek_core::autotune::Profile;
use phpeek_core::history::Limits;
use phpeek_core::otel::OtelSignal;
use phpeek_core::spec::SystemSpec;
use phpeek_core::survivors;
use phpeek_settings::autotune::AutotuneSettings;
use phpeek_settings::control::ControlSocket;
use phpeek_settings::lines::ProcessLines;
use phpeek_settings::log::LogSettings;
use phpeek_settings::readiness::ReadinessSettings;
use phpeek_settings::tls::TlsJudge;
use phpeek_settings::tracing::{OtlpSettings, SentMetrics, TracingSettings};
use phpeek_settings::web::{ApiSettings, MetricsSettings, ResourceSettings};
use report::Findings;
use std::path::{Path, PathBuf};
use tree::Node;
use vars::{FAMILIES, Family};
pub use vars::{ProcessEnv, Source, Vars};
pub use written::Written;

/// A configuration without a fault.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// What shall run.
    pub spec: SystemSpec,
    /// The supervisor's own log.
    pub log: LogSettings,
    /// Tracing, when it is switched on.
    pub tracing: Option<TracingSettings>,
    /// Log records over OTLP, when they are sent.
    pub logs: Option<OtlpSettings>,
    /// Metrics over OTLP, when they are sent.
    pub sent_metrics: Option<SentMetrics>,
    /// Where commands reach the supervisor.
    pub control_socket: ControlSocket,
    /// The management API.
    pub api: ApiSettings,
    /// The page of metrics.
    pub metrics: Option<MetricsSettings>,
    /// Whether what instances use is looked at.
    pub resources: Option<ResourceSettings>,
    /// What becomes of processes that a killed supervisor has left.
    pub survivors: survivors::Policy,
    /// Whether what happens, and who asked for what, is recorded for an audit.
    pub audit: bool,
    /// What becomes of the output of processes.
    pub lines: ProcessLines,
    /// How much of what was run is remembered.
    pub history: Limits,
    /// Who is told that all is ready.
    pub readiness: Option<ReadinessSettings>,
    /// How PHP-FPM is set up.
    pub autotune: AutotuneSettings,
    /// By process what its specification does not tell, for those who ask; without secrets.
    pub written: Written,
}

/// What came of loading.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration; `None` when the report holds an error.
    pub configuration: Option<Configuration>,
    /// Everything that was found.
    pub report: Report,
}

/// The path that an override gives to the control socket, for a command that knows no file.
#[must_use]
pub fn control_socket_override(vars: &dyn Vars) -> Option<PathBuf> {
    let variable = |family: &Family| vars.get(&format!("{}GLOBAL_CONTROL_SOCKET", family.prefix));
    FAMILIES.iter().find_map(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The places where a configuration is looked for when nobody names one, in their order.
#[must_use]
pub fn places(vars: &dyn Vars) -> Vec<PathBuf> {
    discover::candidates(vars, Path::new("/"), Path::new(""))
}

/// Reads, checks and compiles a configuration; `judge` reads the files of TLS. Never panics, whatever the file holds.
#[must_use]
pub fn load(source: &Source, vars: &dyn Vars, judge: &dyn TlsJudge) -> Loaded {
    load_here(source, vars, judge, None)
}

/// The same, and looks whether the machine has what the configuration names.
#[must_use]
pub fn load_on(source: &Source, vars: &dyn Vars, judge: &dyn TlsJudge, host: &dyn Host) -> Loaded {
    load_here(source, vars, judge, Some(host))
}

/// Every value that acts, with its origin; and the report of the load. The tree is made once more: no load keeps it.
#[must_use]
pub fn effective(source: &Source, vars: &dyn Vars, judge: &dyn TlsJudge) -> (Vec<Setting>, Report) {
    let report = load(source, vars, judge).report;
    let (_, root, mut told) = open(source, vars);
    let settings = root.map_or_else(Vec::new, |mut root| {
        substitute::expand_tree(&mut root, vars, &mut told);
        overlay::unfold(&mut root, &keys::Kind::Map(keys::ROOT));
        overlay::apply(&mut root, vars, &mut told);
        effective::settings(&root, &report, vars)
    });
    (settings, report)
}

/// Why a configuration cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum EditedError {
    /// The edit itself cannot be made.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// What would be edited is not what runs.
    #[error("the files of the configuration have changed since they were read: reload them first")]
    Changed,
}

/// A configuration with one edit more.
#[derive(Debug)]
pub struct Edited {
    /// What came of it.
    pub loaded: Loaded,
    /// The edits with this one.
    pub edits: Edits,
}

/// Loads what `read` was read from, with these edits, and one more if there is one.
///
/// # Errors
/// [`EditedError`]. What is wrong with the process itself is in the report.
pub fn load_edited(
    source: &Source,
    (vars, judge): (&dyn Vars, &dyn TlsJudge),
    read: Read,
    mut edits: Edits,
    edit: Option<Edit>,
) -> Result<Edited, EditedError> {
    let (report, mut root, findings) = open(source, vars);
    if let Some(root) = &mut root {
        if report.read() != read {
            return Err(EditedError::Changed);
        }
        edits.lay(root);
        if let Some(edit) = edit {
            edits.add(edit, root)?;
            edits.lay(root);
        }
    }
    let loaded = finish(report, (root, Expand::Always), findings, (vars, judge), None);
    Ok(Edited { loaded, edits })
}

fn load_here(source: &Source, vars: &dyn Vars, judge: &dyn TlsJudge, host: Option<&dyn Host>) -> Loaded {
    let (report, root, findings) = open(source, vars);
    finish(report, (root, Expand::WhereTextsDo), findings, (vars, judge), host)
}

/// The tree of a configuration as its files have it.
fn open(source: &Source, vars: &dyn Vars) -> (Report, Option<Node>, Findings) {
    let mut findings = Findings::default();
    let (file, text) = files::read(source, vars, &mut findings);
    let mut report =
        Report { file, text, included: Vec::new(), findings: Vec::new(), summary: None, host_seen: false };
    if let Some(foreign) = foreign::told(&report.text, report.file.as_deref(), 0) {
        findings.push(foreign);
    }
    // Of a file that cannot be read, whatever else is said would be a guess.
    let mut root = if findings.failed() { None } else { files::tree(&report.text, 0, &mut findings) };
    if let Some(root) = &mut root {
        if report.file.is_some() && root.place == Place::Nowhere {
            root.place = Place::File { file: 0, line: 1, column: 1 };
        }
        report.included = include::include(root, report.file.as_deref(), vars, &mut findings);
    }
    (report, root, findings)
}

/// Whether `${…}` is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expand {
    WhereTextsDo,
    Always,
}

/// Judges and compiles a tree.
fn finish(
    mut report: Report,
    (root, expand): (Option<Node>, Expand),
    mut findings: Findings,
    (vars, judge): (&dyn Vars, &dyn TlsJudge),
    host: Option<&dyn Host>,
) -> Loaded {
    report.host_seen = host.is_some();
    let result = root.and_then(|mut root| {
        lint::secrets(&root, &mut findings);
        if expand == Expand::Always || report.texts().any(|text| text.contains("${")) {
            substitute::expand_tree(&mut root, vars, &mut findings);
        }
        build(root, &report, vars, judge, host, &mut findings)
    });
    let result = result.filter(|_| !findings.failed());
    report.summary = result.as_ref().map(|(c, version)| summarize(c, version.clone()));
    report.findings = findings.into_sorted();
    Loaded { configuration: result.map(|r| r.0), report }
}

/// The folder of a file, absolute: one file means the same however it was named, now and at a reload.
fn folder_of(file: &Path) -> PathBuf {
    let parent = file.parent().unwrap_or(Path::new(""));
    // An error: there is no working directory. What is relative stays so.
    std::path::absolute(file).ok().as_deref().and_then(Path::parent).unwrap_or(parent).to_owned()
}

/// A tree to a configuration and its `version`, with everything there is to say.
fn build(
    mut root: Node,
    report: &Report,
    vars: &dyn Vars,
    judge: &dyn TlsJudge,
    host: Option<&dyn Host>,
    findings: &mut Findings,
) -> Option<(Configuration, String)> {
    let folder = report.file.as_deref().map(folder_of).unwrap_or_default();
    let configuration = compiled(&mut root, &folder, vars, judge, findings);
    if let (Some(host), Some(configuration)) = (host, &configuration) {
        host::check(&root, &configuration.spec, vars, host, findings);
    }
    let usual = || keys::default(keys::ROOT, "version");
    let version = root.get("version").and_then(Node::text).unwrap_or_else(usual).to_owned();
    configuration.map(|c| (c, version))
}

fn compiled(
    root: &mut Node,
    folder: &Path,
    vars: &dyn Vars,
    judge: &dyn TlsJudge,
    findings: &mut Findings,
) -> Option<Configuration> {
    overlay::unfold(root, &keys::Kind::Map(keys::ROOT));
    overlay::apply(root, vars, findings);
    schema::check(root, findings);
    findings.settle();
    rules::hooks(root, findings);
    lint::values(root, findings);
    lint_global::values(root, findings);
    let empty = Node::empty_map();
    let global = root.get("global").unwrap_or(&empty);
    let tracing = tracing::tracing(global, vars, judge, findings);
    let logs = otlp::otlp(OtelSignal::Logs, global, vars, judge, findings);
    let sent_metrics = otlp::metrics(global, vars, judge, findings);
    let autotune = autotune::autotune(global, vars, findings)?;
    let log = globals::log(global)?;
    let control_socket = globals::control_socket(global, findings);
    let api = web::api(global, judge, findings)?;
    let metrics = web::metrics(global, &api.tokens, judge, findings);
    let resources = web::resources(global);
    let spec = compile::compile(root, folder, findings)?;
    stops::check(root, &spec, findings);
    let lines = logging::lines(root, &spec, findings);
    let survivors = globals::survivors(global)?;
    let audit = globals::audit(global)?;
    let history = globals::history(global)?;
    let readiness = readiness::readiness(root.get("global").unwrap_or(&empty), &spec, findings);
    let servers: [(&[&str], _); 3] = [
        (&["api_port"], api.tcp.as_ref().map(|tcp| tcp.at)),
        (&["metrics_port"], metrics.as_ref().map(|metrics| metrics.tcp.at)),
        (&["readiness", "http_port"], readiness.as_ref().and_then(|ready| ready.http)),
    ];
    clash::clashes(global, &servers, findings);
    Some(Configuration {
        spec,
        log,
        tracing,
        logs,
        sent_metrics,
        control_socket,
        api,
        metrics,
        resources,
        survivors,
        audit,
        lines,
        history,
        readiness,
        autotune,
        written: written::written(root),
    })
}

fn summarize(configuration: &Configuration, version: String) -> Summary {
    let tracing = match &configuration.tracing {
        None => "off".to_owned(),
        Some(t) => format!("{}, sample rate {}", t.exporter, t.sampling),
    };
    Summary {
        version,
        process_count: configuration.spec.processes.len(),
        log_level: configuration.log.level.as_str(),
        shutdown_timeout: configuration.spec.shutdown_timeout.as_secs(),
        tracing,
        php_fpm_profile: configuration.autotune.profile.map(Profile::as_str),
    }
}
