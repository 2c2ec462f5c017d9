//! `tracing_*` to [`TracingSettings`], with the OTEL_* variables behind them: an override wins over the file, the
//! file over OTEL_*, and the report says which one won. Judges certificates and headers, never shows their content.

use super::block::Block;
use super::keys::{self, GLOBAL};
use super::report::{Finding, Findings};
use super::tree::{Node, Place, Value};
use super::vars::Vars;
use phpeek_core::causes::chain;
use phpeek_core::otel::OtelSignal;
use phpeek_settings::compression::Compression;
use phpeek_settings::endpoint::Protocol;
use phpeek_settings::env;
use phpeek_settings::headers::{Header, HeaderError};
use phpeek_settings::otlp::variables;
use phpeek_settings::proxy::ProxySettings;
use phpeek_settings::tls::TlsJudge;
use phpeek_settings::tracing::{ExporterSettings, FileSettings, HttpEncoding, Receiver, TracingSettings};
use std::path::{Path, PathBuf};

const EXPORTERS: &str = "write otlp-grpc, otlp-http, otlp, jaeger, zipkin, file, stdout or none";
/// What OTEL_TRACES_EXPORTER may say.
const NAMES: [&str; 9] =
    ["otlp", "otlp-grpc", "otlp-http", "jaeger", "zipkin", "file", "stdout", "console", "none"];
pub(super) const PROTOCOLS: [&str; 3] = ["grpc", "http/protobuf", "http/json"];
/// Where Jaeger took spans before it took OTLP: gRPC, Thrift over HTTP, and the two of the agent.
const OLD_JAEGER_PORTS: [&str; 4] = [":14250", ":14268", ":6831", ":6832"];

/// Reads `tracing_*`. The exporter and the endpoint are judged even when tracing is off: a wrong one would only be
/// found on the day when it is switched on. OTEL_* variables are not: they may be meant for the processes.
pub(crate) fn tracing(
    global: &Node,
    vars: &dyn Vars,
    judge: &dyn TlsJudge,
    findings: &mut Findings,
) -> Option<TracingSettings> {
    let on = Block::new(Some(global), GLOBAL).truth("tracing_enabled").unwrap_or(false);
    let mut reader = Reader { global, vars, judge, on, signal: OtelSignal::Traces, findings };
    let (exporter, sampling, spool) = (reader.exporter(), reader.sampling(), reader.spool());
    if let Some(exporter) = exporter.as_ref().filter(|_| on) {
        reader.check_variables(exporter);
    }
    let text = |key: &str| global.get(key).and_then(Node::text);
    exporter.filter(|_| on).map(|exporter| TracingSettings {
        exporter,
        sampling,
        spool,
        every_probe: text("tracing_health_checks") == Some("all"),
        process_names: text("tracing_span_names") == Some("with_process"),
        service_name: text("tracing_service_name").filter(|n| !n.is_empty()).map(str::to_owned),
    })
}

/// A value and who said it.
pub(super) struct Chosen {
    pub(super) text: String,
    pub(super) place: Place,
    /// The variable, when it was one of OTEL_*.
    pub(super) variable: Option<&'static str>,
}

pub(super) struct Reader<'a> {
    pub(super) global: &'a Node,
    pub(super) vars: &'a dyn Vars,
    pub(super) judge: &'a dyn TlsJudge,
    pub(super) on: bool,
    /// Of which the variables are read.
    pub(super) signal: OtelSignal,
    pub(super) findings: &'a mut Findings,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, key: &str, place: Place, message: impl Into<String>, advice: &str) {
        let fault = Finding::error(format!("global.{key}"), place, message);
        self.findings.push(if advice.is_empty() { fault } else { fault.advice(advice.to_owned()) });
    }

    pub(super) fn place(&self, key: &str) -> Place {
        self.global.get(key).map_or(Place::Nowhere, |n| n.place.clone())
    }

    pub(super) fn remark(&mut self, key: &str, place: Place, message: String) {
        self.findings.push(Finding::suggestion(format!("global.{key}"), place, message));
    }

    pub(super) fn warn(&mut self, key: &str, message: &str, advice: &str) {
        let place = self.place(key);
        self.warn_at(key, place, message, advice);
    }

    pub(super) fn warn_at(&mut self, key: &str, place: Place, message: &str, advice: &str) {
        let warning = Finding::warning(format!("global.{key}"), place, message);
        self.findings.push(warning.advice(advice.to_owned()));
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        env::set(&|n| self.vars.get(n), name).filter(|_| self.on)
    }

    /// The value of a key, or the first of the variables that is set, and a remark about who won.
    pub(super) fn pick(&mut self, key: &str, variables: &[&'static str]) -> Option<Chosen> {
        let own = self.global.get(key).and_then(Node::text).filter(|t| !t.trim().is_empty());
        let own = own.map(|text| (text.to_owned(), self.place(key)));
        let set = variables.iter().find_map(|name| Some((*name, self.variable(name)?)));
        let of = |name: &str| Place::Variable(name.into());
        match (own, set) {
            (Some((text, place)), set) => {
                if let Place::Variable(by) = place.clone() {
                    self.remark(key, place.clone(), format!("{key} is taken from {by}"));
                }
                if let Some((name, _)) = set.filter(|(_, other)| *other != text) {
                    self.remark(key, of(name), format!("{name} is set, and {key} wins over it"));
                }
                Some(Chosen { text, place, variable: None })
            }
            (None, Some((name, text))) => {
                self.remark(key, of(name), format!("{key} is taken from {name}"));
                Some(Chosen { text: text.trim().to_owned(), place: of(name), variable: Some(name) })
            }
            (None, None) => None,
        }
    }

    /// The same, of a variable only when what it says is known: anything else is told and left out.
    pub(super) fn pick_known(
        &mut self,
        key: &str,
        variables: &[&'static str],
        known: impl Fn(&str) -> bool,
        advice: &str,
    ) -> Option<Chosen> {
        let chosen = self.pick(key, variables)?;
        match chosen.variable {
            Some(name) if !known(&chosen.text) => {
                let message = format!("{name}: {:?} is not known; it is left out", chosen.text);
                self.warn_of(name, &message, advice);
                None
            }
            _ => Some(chosen),
        }
    }

    fn exporter(&mut self) -> Option<ExporterSettings> {
        let known = |text: &str| NAMES.contains(&text.to_ascii_lowercase().as_str());
        let chosen = self.pick_known("tracing_exporter", &["OTEL_TRACES_EXPORTER"], known, EXPORTERS);
        let (name, place) = match &chosen {
            // The specification's names for what we call otherwise.
            Some(Chosen { text, place, variable: Some(_) }) => match text.to_ascii_lowercase().as_str() {
                "console" => ("stdout".to_owned(), place.clone()),
                "none" => return None,
                other => (other.to_owned(), place.clone()),
            },
            Some(chosen) => (chosen.text.clone(), chosen.place.clone()),
            None => self.unnamed_exporter(),
        };
        match name.as_str() {
            "stdout" => Some(ExporterSettings::Stdout),
            "none" => Some(ExporterSettings::None),
            "file" => self.file().map(ExporterSettings::File),
            "zipkin" => self.receiver(Protocol::Zipkin, None).map(ExporterSettings::Zipkin),
            "jaeger" => self.jaeger(),
            "otlp" | "otlp-grpc" | "otlp-http" => self.otlp(&name),
            other => {
                let message = format!("there is no exporter {other:?}");
                self.error("tracing_exporter", place, message, EXPORTERS);
                None
            }
        }
    }

    /// Where OTEL_* name a receiver it gets the spans, as with any program that speaks OTLP. Else they go where PHPeek PM
    /// puts them by default: among the log records, mostly a surprise.
    fn unnamed_exporter(&mut self) -> (String, Place) {
        let named = variables(self.signal).endpoint.into_iter().find(|name| self.variable(name).is_some());
        if let Some(name) = named {
            let place = Place::Variable(name.into());
            self.remark(
                "tracing_exporter",
                place.clone(),
                format!("tracing_exporter is otlp, as {name} is set"),
            );
            return ("otlp".to_owned(), place);
        }
        if self.on {
            let message = "no exporter is named: spans go to standard output, between the log records";
            let advice =
                "write stdout if that is meant, none to keep them for `phpeek-pm trace` alone, or otlp-grpc";
            let place = self.place("tracing_enabled");
            self.warn_at("tracing_exporter", place, message, advice);
        }
        (keys::default(GLOBAL, "tracing_exporter").to_owned(), Place::Nowhere)
    }

    fn otlp(&mut self, exporter: &str) -> Option<ExporterSettings> {
        let known = |text: &str| PROTOCOLS.contains(&text.to_ascii_lowercase().as_str());
        let advice = "write grpc, http/protobuf or http/json";
        let chosen = self.pick_known("tracing_protocol", &variables(self.signal).protocol, known, advice);
        let said = chosen.as_ref().map(|c| c.text.to_ascii_lowercase());
        let grpc = match (exporter, said.as_deref()) {
            ("otlp-grpc", None | Some("grpc")) | ("otlp", None | Some("grpc")) => true,
            ("otlp" | "otlp-http", Some("http/protobuf" | "http/json")) | ("otlp-http", None) => false,
            // A variable stands behind the file: the exporter that the file names wins over its protocol.
            _ if chosen.as_ref().is_some_and(|c| c.variable.is_some()) && exporter != "otlp" => {
                exporter == "otlp-grpc"
            }
            _ => {
                let place = chosen.map_or(Place::Nowhere, |c| c.place);
                let message = format!("{:?} is no protocol of {exporter}", said.unwrap_or_default());
                self.error("tracing_protocol", place, message, "write grpc, http/protobuf or http/json");
                return None;
            }
        };
        if grpc {
            return self.receiver(Protocol::Grpc, None).map(ExporterSettings::OtlpGrpc);
        }
        let encoding = match said.as_deref() {
            Some("http/json") => HttpEncoding::Json,
            _ => HttpEncoding::Protobuf,
        };
        self.receiver(Protocol::OtlpHttp, None).map(|r| ExporterSettings::OtlpHttp(r, encoding))
    }

    /// Jaeger takes OTLP; its own protocols are gone from every client.
    fn jaeger(&mut self) -> Option<ExporterSettings> {
        let written = self.global.get("tracing_endpoint").and_then(Node::text).map(str::to_owned);
        let place = self.place("tracing_exporter");
        let message = "jaeger is another name for otlp-grpc: Jaeger takes OTLP, on port 4317";
        self.remark("tracing_exporter", place, message.to_owned());
        let bare = written.as_deref().map(|t| t.trim_end_matches('/').trim_end_matches("/api/traces"));
        let old = bare.and_then(|t| OLD_JAEGER_PORTS.iter().find_map(|port| t.strip_suffix(port)));
        if let Some(host) = old {
            let message = "this port of Jaeger takes no OTLP: spans go to port 4317 of the same host";
            self.warn("tracing_endpoint", message, "write the port 4317");
            let host = host.rsplit_once("://").map_or(host, |(_, host)| host);
            let endpoint = format!("{host}:4317");
            return self.receiver(Protocol::Grpc, Some(endpoint)).map(ExporterSettings::OtlpGrpc);
        }
        self.receiver(Protocol::Grpc, None).map(ExporterSettings::OtlpGrpc)
    }

    fn receiver(&mut self, protocol: Protocol, endpoint: Option<String>) -> Option<Receiver> {
        let headers = self.headers();
        let compression = self.compression(protocol);
        let (endpoint, tls) = self.connection(protocol, endpoint)?;
        let failover = self.failover(protocol, &endpoint, &tls);
        self.through_proxy(Receiver {
            endpoint,
            failover: failover?,
            proxy: ProxySettings::default(),
            tls,
            headers: headers?,
            compression: compression?,
        })
    }

    pub(super) fn compression(&mut self, protocol: Protocol) -> Option<Compression> {
        let variables: &[_] =
            if protocol == Protocol::Zipkin { &[] } else { &variables(self.signal).compression };
        let known = |text: &str| Compression::parse(text).is_some();
        let chosen = self.pick_known("tracing_compression", variables, known, "write none, gzip or zstd");
        // The key's own check tells what the file holds.
        chosen.map_or(Some(Compression::None), |chosen| Compression::parse(&chosen.text))
    }

    pub(super) fn headers(&mut self) -> Option<Vec<Header>> {
        let entries = self.global.get("tracing_headers").map(Node::entries).unwrap_or_default();
        let mut headers = Vec::new();
        let mut faults = Vec::new();
        for entry in entries {
            match header(&entry.key, &entry.node, self.on) {
                Ok(Some(header)) => headers.push(header),
                Ok(None) => {}
                Err(message) => faults.push((entry.key.clone(), entry.place.clone(), message)),
            }
        }
        let sound = faults.is_empty();
        for (name, place, message) in faults {
            let advice = "write a value, ${VARIABLE} or {file: PATH}";
            self.error(&format!("tracing_headers.{name}"), place, message, advice);
        }
        sound.then_some(headers)
    }

    /// The variables that tracing reads itself when it starts: what is wrong with them is told here. They may be meant
    /// for the processes, so they never keep anything from starting.
    fn check_variables(&mut self, exporter: &ExporterSettings) {
        let vars = self.vars;
        let lookup = |name: &str| vars.get(name);
        if env::disabled(&lookup) {
            let place = Place::Variable("OTEL_SDK_DISABLED".into());
            let message = "OTEL_SDK_DISABLED is true: tracing is off, whatever the file says".to_owned();
            return self.remark("tracing_enabled", place, message);
        }
        let mut faults = env::Faults::new();
        env::queueing(&lookup, &mut faults);
        let (headers, timeout) = match exporter {
            ExporterSettings::OtlpGrpc(_) | ExporterSettings::OtlpHttp(..) => (true, true),
            ExporterSettings::Zipkin(_) => (false, true),
            ExporterSettings::File(_) | ExporterSettings::Stdout | ExporterSettings::None => (false, false),
        };
        if headers {
            env::headers(self.signal, &lookup, &mut faults);
        }
        if timeout {
            env::timeout(self.signal, &lookup, &mut faults);
        }
        for fault in faults {
            self.warn_of(fault.variable(), &fault.to_string(), "correct it, or unset it for the supervisor");
        }
        if env::resource_attributes(&lookup).is_none() {
            let message = "OTEL_RESOURCE_ATTRIBUTES is malformed and is left out as a whole";
            self.warn_of("OTEL_RESOURCE_ATTRIBUTES", message, "write key=value,key=value, percent-encoded");
        }
    }

    /// A variable that is not honoured.
    pub(super) fn warn_of(&mut self, variable: &str, message: &str, advice: &str) {
        let warning = Finding::warning("", Place::Variable(variable.into()), message);
        self.findings.push(warning.advice(advice.to_owned()));
    }

    fn file(&mut self) -> Option<FileSettings> {
        // The endpoint too, where it can only be meant as a file.
        let written = self.pick("tracing_file", &[]).or_else(|| {
            self.pick("tracing_endpoint", &[])
                .filter(|c| c.text.starts_with('/') || c.text.starts_with("file:"))
        });
        let Some(chosen) = written else {
            let place = self.place("tracing_exporter");
            let advice = "write tracing_file: /var/log/phpeek-pm/traces.jsonl";
            self.error("tracing_file", place, "the exporter file needs tracing_file", advice);
            return None;
        };
        let path = PathBuf::from(chosen.text.strip_prefix("file://").unwrap_or(&chosen.text));
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let fault = match (path.file_name(), self.on) {
            (None, _) => Some(format!("{} is no name of a file", path.display())),
            (Some(_), true) if path.is_dir() => Some(format!("{} is a directory", path.display())),
            (Some(_), true) if !folder.is_dir() => {
                Some(format!("there is no directory {}", folder.display()))
            }
            _ => None,
        };
        if let Some(message) = fault {
            self.error("tracing_file", chosen.place, message, "name a file in a directory that is there");
            return None;
        }
        let block = Block::new(Some(self.global), GLOBAL);
        Some(FileSettings {
            path,
            max_size: block.size("tracing_file_max_size")?,
            max_files: block.int("tracing_file_max_files").and_then(|n| u32::try_from(n).ok())?,
        })
    }
}

/// A header; `None` when its file is not looked at, because tracing is off. The message never holds the value.
fn header(name: &str, node: &Node, on: bool) -> Result<Option<Header>, String> {
    let said = |error: HeaderError| chain(&error);
    match (&node.value, node.get("file").and_then(Node::text)) {
        (Value::Scalar(text), _) if !text.is_empty() => {
            Header::new(name, text.trim()).map(Some).map_err(said)
        }
        (Value::Map(_), Some(_)) if !on => Ok(None),
        (Value::Map(_), Some(path)) => Header::in_file(name, Path::new(path)).map(Some).map_err(said),
        _ => Err(format!("the header {name:?} has no value")),
    }
}
