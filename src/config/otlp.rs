//! `otlp_*` to [`OtlpSettings`]: log records and metrics that are sent by OTLP. Owns what they share with tracing: its
//! receiver, unless they have one of their own, its TLS, proxy, protocol and spool. A header of tracing, which may be a
//! key, goes to the receiver of tracing alone.

use super::block::Block;
use super::keys::GLOBAL;
use super::report::Findings;
use super::tracing::{Chosen, PROTOCOLS, Reader};
use super::tree::{Node, Place};
use super::vars::Vars;
use phpeek_core::otel::OtelSignal;
use phpeek_settings::endpoint::Protocol;
use phpeek_settings::env;
use phpeek_settings::otlp::variables;
use phpeek_settings::proxy::ProxySettings;
use phpeek_settings::tls::TlsJudge;
use phpeek_settings::tracing::{ExporterSettings, HttpEncoding, OtlpSettings, Receiver, SentMetrics};
use phpeek_settings::web::MetricsSettings;

/// Where the spans go, for other signals too.
const SHARED: &str = "tracing_endpoint";

/// The keys and the variable of a signal.
struct Words {
    on: &'static str,
    endpoint: &'static str,
    exporter: &'static str,
    http: Protocol,
}

fn words(signal: OtelSignal) -> Words {
    match signal {
        OtelSignal::Logs => Words {
            on: "otlp_logs",
            endpoint: "otlp_logs_endpoint",
            exporter: "OTEL_LOGS_EXPORTER",
            http: Protocol::OtlpHttpLogs,
        },
        OtelSignal::Metrics | OtelSignal::Traces => Words {
            on: "otlp_metrics",
            endpoint: "otlp_metrics_endpoint",
            exporter: "OTEL_METRICS_EXPORTER",
            http: Protocol::OtlpHttpMetrics,
        },
    }
}

/// Reads what is said of a signal; `None` when it is off.
pub(crate) fn otlp(
    signal: OtelSignal,
    global: &Node,
    vars: &dyn Vars,
    judge: &dyn TlsJudge,
    findings: &mut Findings,
) -> Option<OtlpSettings> {
    let words = words(signal);
    let on = Block::new(Some(global), GLOBAL).truth(words.on).unwrap_or(false);
    if !on {
        return None;
    }
    let mut reader = Reader { global, vars, judge, on, signal, findings };
    reader.tell_of_variable(&words);
    let protocol = reader.protocol(words.http);
    let receiver = reader.receiver_of(&words, protocol)?;
    reader.check_numbers();
    let exporter = match protocol {
        Spoken::Grpc => ExporterSettings::OtlpGrpc(receiver),
        Spoken::Http(_, encoding) => ExporterSettings::OtlpHttp(receiver, encoding),
    };
    let text = |key: &str| global.get(key).and_then(Node::text);
    let service_name = text("tracing_service_name").filter(|name| !name.is_empty()).map(str::to_owned);
    Some(OtlpSettings { signal, exporter, spool: reader.spool(), service_name })
}

/// Reads what is said of metrics; `None` when they are not sent.
pub(crate) fn metrics(
    global: &Node,
    vars: &dyn Vars,
    judge: &dyn TlsJudge,
    findings: &mut Findings,
) -> Option<SentMetrics> {
    const INTERVAL: &str = "otlp_metrics_interval";
    let otlp = otlp(OtelSignal::Metrics, global, vars, judge, findings)?;
    let block = Block::new(Some(global), GLOBAL);
    let mut reader = Reader { global, vars, judge, on: true, signal: OtelSignal::Metrics, findings };
    let mut faults = env::Faults::new();
    let given = env::metric_interval(&|name| vars.get(name), &mut faults);
    reader.warn_of_all(faults);
    // The file stands before the variable.
    let given = given.filter(|_| global.get(INTERVAL).is_none());
    let interval = given.or_else(|| block.time(INTERVAL))?;
    Some(SentMetrics { otlp, interval, prefix: block.word("metrics_prefix", &MetricsSettings::PREFIXES)? })
}

/// One of the two forms of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    Grpc,
    Http(Protocol, HttpEncoding),
}

impl Reader<'_> {
    /// The file stands before variables, which may be meant for the processes.
    fn tell_of_variable(&mut self, words: &Words) {
        if let Some(said) = self.variable(words.exporter).filter(|said| said.trim() != "otlp") {
            let place = Place::Variable(words.exporter.into());
            let message = format!("{} is set ({said:?}), and {} wins over it", words.exporter, words.on);
            self.remark(words.on, place, message);
        }
    }

    /// The variable of the signal, then what tracing speaks, then the general variable.
    fn protocol(&mut self, http: Protocol) -> Spoken {
        let [own, general] = variables(self.signal).protocol;
        let text = |key: &str| self.global.get(key).and_then(Node::text).map(str::to_ascii_lowercase);
        let (exporter, written) = (text("tracing_exporter"), text("tracing_protocol"));
        let mut of_variable = |name: &'static str| {
            let said = self.variable(name)?.trim().to_ascii_lowercase();
            if !PROTOCOLS.contains(&said.as_str()) {
                let message = format!("{name}: {said:?} is not known; it is left out");
                self.warn_of(name, &message, "write grpc, http/protobuf or http/json");
                return None;
            }
            Some(said)
        };
        let said = of_variable(own).or(written).or_else(|| match exporter.as_deref() {
            Some("otlp-grpc") => Some("grpc".to_owned()),
            Some("otlp-http") => Some("http/protobuf".to_owned()),
            _ => of_variable(general),
        });
        match said.as_deref() {
            Some("http/protobuf") => Spoken::Http(http, HttpEncoding::Protobuf),
            Some("http/json") => Spoken::Http(http, HttpEncoding::Json),
            _ => Spoken::Grpc,
        }
    }

    fn receiver_of(&mut self, words: &Words, spoken: Spoken) -> Option<Receiver> {
        let protocol = match spoken {
            Spoken::Grpc => Protocol::Grpc,
            Spoken::Http(http, _) => http,
        };
        let [own, general] = variables(self.signal).endpoint;
        // Its own key or variable; then the receiver of tracing; then the general variable.
        let chosen = self.pick(words.endpoint, &[own]);
        let shared = if chosen.is_none() { self.shared_endpoint(words, spoken)? } else { None };
        let is_shared = shared.is_some();
        let key = if is_shared { SHARED } else { words.endpoint };
        let chosen = match (chosen, shared) {
            (None, None) => self.pick(words.endpoint, &[general]),
            (chosen, shared) => chosen.or(shared),
        };
        let compression = self.compression(protocol)?;
        let (endpoint, tls) = self.connect(protocol, (key, chosen), None)?;
        let (headers, failover) = match is_shared {
            true => (self.headers()?, self.failover(protocol, &endpoint, &tls)?),
            false => (Vec::new(), Vec::new()),
        };
        let proxy = ProxySettings::default();
        self.through_proxy(Receiver { endpoint, failover, proxy, tls, headers, compression })
    }

    /// `tracing_endpoint`, where it is of an OTLP receiver: with the path of this signal in place of that of traces. The
    /// outer `None` is an error that was told.
    #[expect(clippy::option_option, reason = "an error that was told is not the same as no endpoint")]
    fn shared_endpoint(&mut self, words: &Words, spoken: Spoken) -> Option<Option<Chosen>> {
        let exporter = self.global.get("tracing_exporter").and_then(Node::text).unwrap_or("otlp");
        if !matches!(exporter, "otlp" | "otlp-grpc" | "otlp-http") {
            return Some(None);
        }
        let Some(mut chosen) = self.pick(SHARED, &[]) else { return Some(None) };
        let bare = chosen.text.trim_end_matches('/');
        match (spoken, bare.strip_suffix("/v1/traces")) {
            (Spoken::Http(..), Some(before)) => chosen.text = before.to_owned(),
            (Spoken::Http(..), None) if bare.ends_with("/traces") => {
                let message =
                    format!("tracing_endpoint is for traces alone: where do {} go?", self.signal.items());
                let place = chosen.place.clone();
                self.error(words.endpoint, place, message, "write the whole address here");
                return None;
            }
            _ => {}
        }
        Some(Some(chosen))
    }

    /// The numbers among the variables, and the headers: what is wrong with them is told here.
    fn check_numbers(&mut self) {
        let vars = self.vars;
        let lookup = |name: &str| vars.get(name);
        let mut faults = env::Faults::new();
        env::headers(self.signal, &lookup, &mut faults);
        env::timeout(self.signal, &lookup, &mut faults);
        if self.signal == OtelSignal::Logs {
            env::log_queueing(&lookup, &mut faults);
        }
        self.warn_of_all(faults);
    }

    fn warn_of_all(&mut self, faults: env::Faults) {
        for fault in faults {
            self.warn_of(fault.variable(), &fault.to_string(), "correct it, or unset it for the supervisor");
        }
    }
}
