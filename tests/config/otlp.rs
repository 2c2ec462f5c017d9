//! `otlp_*`: what signals share with tracing, what they have of their own, and where no header goes.

use crate::{read, refused, valid};
use phpeek_pm::config::Severity;
use phpeek_settings::tracing::{ExporterSettings, HttpEncoding, Receiver};

const SIGNALS: [(&str, &str); 2] = [("logs", "LOGS"), ("metrics", "METRICS")];

/// A file with these keys of `global`, in which a signal is sent.
fn with(signal: &str, keys: &str) -> String {
    format!("global: {{otlp_{signal}: true, {keys}}}\nprocesses: {{app: {{command: [sleep, '1']}}}}\n")
}

fn exporter(signal: &str, keys: &str, vars: &[(&str, &str)]) -> ExporterSettings {
    let configuration = valid(&with(signal, keys), vars);
    let settings = match signal {
        "logs" => configuration.logs,
        _ => configuration.sent_metrics.map(|sent| sent.otlp),
    };
    settings.expect("it is on").exporter
}

fn receiver(signal: &str, keys: &str, vars: &[(&str, &str)]) -> Receiver {
    match exporter(signal, keys, vars) {
        ExporterSettings::OtlpGrpc(receiver) | ExporterSettings::OtlpHttp(receiver, _) => Some(receiver),
        _ => None,
    }
    .expect("a receiver")
}

fn uri(signal: &str, keys: &str, vars: &[(&str, &str)]) -> String {
    receiver(signal, keys, vars).endpoint.uri()
}

#[test]
fn nothing_is_sent_unless_it_is_asked_for_by_key() {
    let text = "global: {tracing_enabled: true, tracing_exporter: otlp-grpc}\nprocesses: {app: {command: [sleep, '1']}}\n";
    let configuration = valid(text, &[("OTEL_LOGS_EXPORTER", "otlp"), ("OTEL_METRICS_EXPORTER", "otlp")]);
    assert!(configuration.sent_metrics.is_none());
    assert!(configuration.logs.is_none(), "the variables may be meant for the processes");
}

#[test]
fn the_endpoint_is_its_own_or_that_of_tracing_with_its_own_path() {
    for (signal, name) in SIGNALS {
        let own = format!("OTEL_EXPORTER_OTLP_{name}_ENDPOINT");
        let (own, general) =
            ((own.as_str(), "http://own:1/x"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:1"));
        let of = |keys: &str, vars: &[(&str, &str)]| uri(signal, keys, vars);
        let http = "tracing_exporter: otlp-http";
        assert_eq!(of("", &[]), "http://localhost:4317");
        assert_eq!(of(http, &[]), format!("http://localhost:4318/v1/{signal}"));
        assert_eq!(of("", &[general]), "http://all:1");
        assert_eq!(of(http, &[general]), format!("http://all:1/v1/{signal}"));
        let shared = format!("{http}, tracing_endpoint: 'http://traces:1/otlp/v1/traces'");
        assert_eq!(of(&shared, &[general]), format!("http://traces:1/otlp/v1/{signal}"));
        assert_eq!(of(&shared, &[general, own]), "http://own:1/x", "as it is written");
        let key = format!("{shared}, otlp_{signal}_endpoint: 'key:1'");
        assert_eq!(of(&key, &[general, own]), format!("http://key:1/v1/{signal}"));
        let zipkin = "tracing_exporter: zipkin, tracing_endpoint: 'z:9411'";
        assert_eq!(of(zipkin, &[]), "http://localhost:4317", "that is no receiver of OTLP");
        let odd = with(signal, &format!("{http}, tracing_endpoint: 'http://t:1/my/traces'"));
        assert!(refused(&odd, &[]).contains(&format!("otlp_{signal}_endpoint")));
    }
}

#[test]
fn the_protocol_is_that_of_the_signal_then_that_of_tracing() {
    for (signal, name) in SIGNALS {
        let own = format!("OTEL_EXPORTER_OTLP_{name}_PROTOCOL");
        let json = (own.as_str(), "http/json");
        let of = |keys: &str, vars: &[(&str, &str)]| match exporter(signal, keys, vars) {
            ExporterSettings::OtlpHttp(_, encoding) => Some(encoding),
            _ => None,
        };
        let general = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        assert_eq!(of("", &[general]), Some(HttpEncoding::Protobuf));
        assert_eq!(of("tracing_exporter: otlp-grpc", &[general]), None);
        assert_eq!(of("tracing_exporter: otlp-grpc", &[general, json]), Some(HttpEncoding::Json));
        assert_eq!(of("tracing_protocol: http/json", &[]), Some(HttpEncoding::Json));
        let unknown = read(&with(signal, ""), &[(own.as_str(), "smoke")]).report;
        let told: Vec<_> = unknown.of(Severity::Warning).map(|f| f.message.clone()).collect();
        assert!(told.concat().contains("smoke"), "{told:?}");
    }
}

#[test]
fn a_header_of_tracing_goes_to_the_receiver_of_tracing_alone() {
    let shared = "tracing_endpoint: 'c:1', tracing_headers: {x-key: s3cret}, tracing_failover: ['d:1']";
    for (signal, name) in SIGNALS {
        let with_own = format!("{shared}, otlp_{signal}_endpoint: 'elsewhere:1'");
        let variable = format!("OTEL_EXPORTER_OTLP_{name}_ENDPOINT");
        let there = receiver(signal, shared, &[]);
        assert_eq!((there.headers.len(), there.failover.len()), (1, 1));
        for (keys, vars) in
            [(with_own.as_str(), None), (shared, Some((variable.as_str(), "http://elsewhere:1")))]
        {
            let elsewhere = receiver(signal, keys, &vars.into_iter().collect::<Vec<_>>());
            assert_eq!((elsewhere.headers.len(), elsewhere.failover.len()), (0, 0), "{keys}");
        }
    }
}

#[test]
fn metrics_go_out_each_minute_unless_the_file_or_the_variable_says_otherwise() {
    let every = |keys: &str, vars: &[(&str, &str)]| {
        let sent = valid(&with("metrics", keys), vars).sent_metrics.expect("they are sent");
        (sent.interval.as_millis(), sent.prefix)
    };
    let variable = ("OTEL_METRIC_EXPORT_INTERVAL", "2500");
    assert_eq!(every("", &[]), (60_000, "phpeek_pm"));
    assert_eq!(every("metrics_prefix: cbox_init", &[variable]), (2500, "cbox_init"));
    assert_eq!(every("otlp_metrics_interval: 7s", &[variable]), (7000, "phpeek_pm"));
    assert_eq!(every("", &[("OTEL_METRIC_EXPORT_INTERVAL", "often")]), (60_000, "phpeek_pm"));
}
