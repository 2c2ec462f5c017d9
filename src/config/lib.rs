//! The configuration: PHPeek PM's YAML, its overrides and `${…}`, to checked types. Owns every rule about what may be
//! written; starts nothing and prints nothing. Called by `serve`, `demo` and `check-config`.
//!
//! The way: discover -> `parse` (text to a tree with places; `plain` for what it refuses) -> `substitute` -> `overlay` ->
//! `schema` (types) -> `compile` (what spans keys). Each step adds to one list of findings, so every fault is said at
//! once.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod compile;
mod connection;
mod depends;
mod discover;
mod globals;
mod json_schema;
mod keeping;
mod keys;
mod lint;
mod mask;
mod overlay;
mod parse;
mod plain;
mod process;
mod redaction;
mod report;
mod schedule;
mod schema;
mod secret;
mod signals;
mod substitute;
mod tracing;
mod tree;
mod value;

pub use json_schema::schema_json;
pub use report::{Excerpt, Finding, Report, Severity, Strictness, Summary};
pub use tree::Place;

use discover::Found;
use parse::Fault;
use phpeek_core::spec::SystemSpec;
use phpeek_settings::control::ControlSocket;
use phpeek_settings::log::LogSettings;
use phpeek_settings::redaction::Redactions;
use phpeek_settings::tls::TlsJudge;
use phpeek_settings::tracing::TracingSettings;
use report::Findings;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tree::Node;

/// Largest file that is read, in bytes: a device or a log given by mistake must not fill the memory.
const MAX_FILE: u64 = 16 << 20;

/// The two names of the product, and where each keeps its files.
pub(crate) struct Family {
    pub(crate) prefix: &'static str,
    pub(crate) name: &'static str,
    /// Below the home directory.
    pub(crate) home: &'static str,
    /// Below `/`.
    pub(crate) etc: &'static str,
}

pub(crate) const FAMILIES: [Family; 2] = [
    Family {
        prefix: "PHPEEK_PM_",
        name: "phpeek-pm",
        home: ".phpeek/pm/config",
        etc: "etc/phpeek/pm/config",
    },
    Family {
        prefix: "CBOX_INIT_",
        name: "cbox-init",
        home: ".cbox/init/config",
        etc: "etc/cbox/init/config",
    },
];

/// Where the configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This file; it must be there.
    File(PathBuf),
    /// The first of the documented places; none is no fault.
    Discover,
    /// This text (`demo`, tests).
    Text(String),
}

/// A source of environment variables.
pub trait Vars {
    /// The value of a variable.
    fn get(&self, name: &str) -> Option<String>;
    /// All of them.
    fn all(&self) -> Vec<(String, String)>;
}

/// The environment of this program. What is not UTF-8 is read with replacement characters.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnv;

impl Vars for ProcessEnv {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|v| v.to_string_lossy().into_owned())
    }

    fn all(&self) -> Vec<(String, String)> {
        let text = |t: std::ffi::OsString| t.to_string_lossy().into_owned();
        std::env::vars_os().map(|(k, v)| (text(k), text(v))).collect()
    }
}

impl Vars for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        Self::get(self, name).cloned()
    }

    fn all(&self) -> Vec<(String, String)> {
        self.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

/// A configuration without a fault.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// What shall run.
    pub spec: SystemSpec,
    /// The supervisor's own log.
    pub log: LogSettings,
    /// Tracing, when it is switched on.
    pub tracing: Option<TracingSettings>,
    /// Where commands reach the supervisor.
    pub control_socket: ControlSocket,
    /// What is hidden in the last words of processes.
    pub redactions: Redactions,
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

/// Reads, checks and compiles a configuration; `judge` reads the files of TLS. Never panics, whatever the file holds.
#[must_use]
pub fn load(source: &Source, vars: &dyn Vars, judge: &dyn TlsJudge) -> Loaded {
    let mut findings = Findings::default();
    let (file, text) = read(source, vars, &mut findings);
    let unreadable = findings.failed();
    if unreadable {
        // Of a file that cannot be read, whatever else is said would be a guess.
        return Loaded { configuration: None, report: finish(file, text, findings, None) };
    }
    let (root, findings) = match parse::parse(&text, &mut findings) {
        Ok(root) => (Some(root), findings),
        Err(fault) => refused(&text, fault),
    };
    let Some(root) = root else {
        return Loaded { configuration: None, report: finish(file, text, findings, None) };
    };
    let (result, findings) = build(root, &text, vars, judge, findings);
    loaded(file, text, findings, result)
}

/// What the reader with places refuses is tried with the other one: no file that others load is refused for its form.
fn refused(text: &str, fault: Fault) -> (Option<Node>, Findings) {
    let mut findings = Findings::default();
    if fault.syntax
        && let Some(root) = plain::parse(text)
    {
        return (Some(root), findings);
    }
    // In serde_yaml's words where it sees the fault too: they are those that its users know.
    let known = if fault.syntax { plain::fault(text) } else { None };
    let (message, place) = known.unwrap_or((fault.message, fault.place));
    let error = Finding::error("", place, format!("the file is no valid YAML: {message}"));
    findings.push(error.advice("mend the syntax; nothing after this place was read"));
    (None, findings)
}

fn loaded(
    file: Option<PathBuf>,
    text: String,
    findings: Findings,
    result: Option<(Configuration, String)>,
) -> Loaded {
    let result = result.filter(|_| !findings.failed());
    let summary = result.as_ref().map(|(c, version)| summarize(c, version.clone()));
    Loaded { configuration: result.map(|r| r.0), report: finish(file, text, findings, summary) }
}

/// A tree to a configuration and its `version`, with everything there is to say.
fn build(
    mut root: Node,
    text: &str,
    vars: &dyn Vars,
    judge: &dyn TlsJudge,
    mut findings: Findings,
) -> (Option<(Configuration, String)>, Findings) {
    drop_anchors(&mut root);
    lint::secrets(&root, &mut findings);
    if text.contains("${") {
        substitute::expand_tree(&mut root, vars, &mut findings);
    }
    let configuration = compiled(&mut root, vars, judge, &mut findings);
    let version = root.get("version").and_then(Node::text).unwrap_or("1.0").to_owned();
    (configuration.map(|c| (c, version)), findings)
}

/// `x-…` at the top holds anchors, as in compose files: once they are followed nobody reads it, so nothing in it is
/// replaced or judged.
fn drop_anchors(root: &mut Node) {
    if let tree::Value::Map(entries) = &mut root.value {
        entries.retain(|e| !e.key.starts_with("x-"));
    }
}

fn compiled(
    root: &mut Node,
    vars: &dyn Vars,
    judge: &dyn TlsJudge,
    findings: &mut Findings,
) -> Option<Configuration> {
    overlay::unfold(root, &keys::Kind::Map(keys::ROOT));
    overlay::apply(root, vars, findings);
    schema::check(root, findings);
    lint::values(root, findings);
    let empty = Node::empty_map();
    let global = root.get("global").unwrap_or(&empty);
    let tracing = tracing::tracing(global, vars, judge, findings);
    let log = globals::log(global);
    let control_socket = globals::control_socket(global, findings);
    let spec = compile::compile(root, findings)?;
    let redactions = redaction::redactions(root, &spec, findings);
    Some(Configuration { spec, log, tracing, control_socket, redactions })
}

fn read(source: &Source, vars: &dyn Vars, findings: &mut Findings) -> (Option<PathBuf>, String) {
    let (path, by) = match (source, discover::discover(source, vars)) {
        (Source::Text(text), _) => return (None, text.clone()),
        (_, Found::Nothing) => return (None, String::new()),
        (_, Found::Lying(path)) => (path, None),
        (_, Found::Named { path, by }) => (path, Some(by)),
    };
    match read_file(&path) {
        Ok(text) => (Some(path), text),
        Err(message) => {
            let by = by.map_or(String::new(), |by| format!(", which {by} names,"));
            let message = format!("the file {}{by} cannot be read: {message}", path.display());
            findings.push(Finding::error("", Place::Nowhere, message).advice("name a file that is there"));
            (Some(path), String::new())
        }
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it is larger than {MAX_FILE} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text))
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
    }
}

fn finish(file: Option<PathBuf>, text: String, findings: Findings, summary: Option<Summary>) -> Report {
    Report { file, text, findings: findings.into_sorted(), summary }
}
