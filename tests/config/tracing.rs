//! `tracing_*` with the OTEL_* variables behind them: who wins, what is refused, and that no secret is shown.

use crate::{read, refused, valid};
use phpeek_core::program::Handover;
use phpeek_pm::cli::check::{Detail, human, json};
use phpeek_pm::config::{Severity, Strictness};
use phpeek_settings::compression::Compression;
use phpeek_settings::tracing::{ExporterSettings, HttpEncoding, Receiver};
use std::path::{Path, PathBuf};

/// A file with these keys of `global`.
fn with(keys: &str) -> String {
    format!("global: {{tracing_enabled: true, {keys}}}\nprocesses: {{app: {{command: [sleep, '1']}}}}\n")
}

fn exporter(keys: &str, vars: &[(&str, &str)]) -> ExporterSettings {
    valid(&with(keys), vars).tracing.expect("tracing is on").exporter
}

fn receiver(keys: &str, vars: &[(&str, &str)]) -> Receiver {
    match exporter(keys, vars) {
        ExporterSettings::OtlpGrpc(r) | ExporterSettings::OtlpHttp(r, _) | ExporterSettings::Zipkin(r) => {
            Some(r)
        }
        ExporterSettings::File(_) | ExporterSettings::Stdout | ExporterSettings::None => None,
    }
    .expect("a receiver")
}

fn uri(keys: &str, vars: &[(&str, &str)]) -> String {
    receiver(keys, vars).endpoint.uri()
}

/// A receiver, and what was warned of.
fn warned(keys: &str, vars: &[(&str, &str)]) -> (Receiver, String) {
    let report = read(&with(keys), vars).report;
    let told: Vec<_> = report.of(Severity::Warning).map(|f| f.message.clone()).collect();
    (receiver(keys, vars), told.join("\n"))
}

fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/telemetry/tls").join(name)
}

const GRPC: &str = "tracing_exporter: otlp-grpc";
const HTTP: &str = "tracing_exporter: otlp-http";

#[test]
fn an_override_wins_over_the_file_and_the_file_over_otel() {
    let otel = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:1");
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:1");
    let own = ("PHPEEK_PM_GLOBAL_TRACING_ENDPOINT", "own:1");
    let file = format!("{GRPC}, tracing_endpoint: 'file:1'");
    assert_eq!(uri(GRPC, &[]), "http://localhost:4317");
    assert_eq!(uri(GRPC, &[otel]), "http://otel:1");
    assert_eq!(uri(GRPC, &[otel, traces]), "http://traces:1");
    assert_eq!(uri(&file, &[otel, traces]), "http://file:1");
    assert_eq!(uri(&file, &[otel, traces, own]), "http://own:1");
    let report = |keys: &str, vars: &[_]| json(&read(&with(keys), vars).report, Strictness::Usual);
    let won = report(&file, &[otel]);
    assert!(won.contains("OTEL_EXPORTER_OTLP_ENDPOINT is set, and tracing_endpoint wins over it"), "{won}");
    let lost = report(GRPC, &[otel]);
    assert!(lost.contains("tracing_endpoint is taken from OTEL_EXPORTER_OTLP_ENDPOINT"), "{lost}");
    let over = report(&file, &[own]);
    assert!(over.contains("tracing_endpoint is taken from PHPEEK_PM_GLOBAL_TRACING_ENDPOINT"), "{over}");
}

#[test]
fn a_receiver_that_opentelemetry_names_gets_the_spans_where_no_exporter_is_named() {
    let otel = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:1");
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:1");
    assert_eq!(uri("", &[otel]), "http://otel:1");
    assert_eq!(uri("", &[otel, traces]), "http://traces:1");
    let http = [otel, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")];
    assert_eq!(uri("", &http), "http://otel:1/v1/traces");
    let report = read(&with(""), &[otel]).report;
    assert_eq!(report.of(Severity::Warning).count(), 0, "{report:?}");
    assert!(
        json(&report, Strictness::Usual).contains("tracing_exporter is otlp, as OTEL_EXPORTER_OTLP_ENDPOINT")
    );
    // Who names one has it.
    for named in ["tracing_exporter: stdout", "tracing_exporter: none"] {
        assert_eq!(exporter(named, &[otel]), exporter(named, &[]));
    }
    assert_eq!(
        exporter("", &[otel, ("OTEL_TRACES_EXPORTER", "console")]),
        exporter("tracing_exporter: stdout", &[])
    );
}

#[test]
fn otel_variables_of_the_processes_do_not_matter_while_tracing_is_off() {
    let text = "processes: {app: {command: [sleep, '1']}}\n";
    let report =
        read(text, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "broken://"), ("OTEL_TRACES_EXPORTER", "x")]).report;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn http_has_the_path_that_was_meant() {
    let traces = |url| [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url)];
    let general = |url| [("OTEL_EXPORTER_OTLP_ENDPOINT", url)];
    assert_eq!(uri(HTTP, &[]), "http://localhost:4318/v1/traces");
    assert_eq!(uri(HTTP, &general("https://c/otlp")), "https://c:443/otlp/v1/traces");
    assert_eq!(uri(HTTP, &traces("http://c:1/in")), "http://c:1/in");
    let protocol = |value| [("OTEL_EXPORTER_OTLP_PROTOCOL", value)];
    let json = exporter(HTTP, &protocol("http/json"));
    assert!(matches!(json, ExporterSettings::OtlpHttp(_, HttpEncoding::Json)));
    assert!(matches!(exporter(GRPC, &protocol("http/json")), ExporterSettings::OtlpGrpc(_)));
    let by_protocol = exporter("tracing_exporter: otlp", &protocol("http/protobuf"));
    assert!(matches!(by_protocol, ExporterSettings::OtlpHttp(_, HttpEncoding::Protobuf)));
    assert!(
        refused(&with(&format!("{GRPC}, tracing_protocol: http/json")), &[]).contains("tracing_protocol")
    );
}

#[test]
fn tls_that_is_asked_for_is_never_plain_text() {
    let ca = format!("tracing_ca_file: '{}'", pem("ca.pem").display());
    assert!(receiver(&format!("{GRPC}, {ca}"), &[]).endpoint.tls());
    assert!(receiver(&format!("{GRPC}, {ca}, tracing_use_tls: true"), &[]).endpoint.tls());
    let contradiction = format!("{GRPC}, {ca}, tracing_endpoint: 'http://c:4317'");
    assert!(refused(&with(&contradiction), &[]).contains("TLS is asked for"));
    let certificate = pem("ca.pem");
    let otel = [("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate.to_str().expect("text"))];
    let by_variable = receiver(GRPC, &otel);
    assert_eq!((by_variable.endpoint.tls(), by_variable.tls.ca_file), (true, Some(pem("ca.pem"))));
    let insecure = |value| [("OTEL_EXPORTER_OTLP_INSECURE", value)];
    let port_443 = format!("{GRPC}, tracing_endpoint: 'c:443'");
    assert!(!receiver(&port_443, &insecure("true")).endpoint.tls());
    assert!(receiver(&format!("{port_443}, {ca}"), &insecure("true")).endpoint.tls(), "the file wins");
    let (maybe, told) = warned(GRPC, &insecure("maybe"));
    assert!(maybe.endpoint.tls() && told.contains("taken for false"), "what is not true is false: {told}");
}

#[test]
fn certificates_are_judged_before_the_start() {
    let case = |keys: String| refused(&with(&format!("{GRPC}, tracing_use_tls: true, {keys}")), &[]);
    let missing = case("tracing_ca_file: /nonexistent/ca.pem".to_owned());
    assert!(
        missing.contains("global.tracing_ca_file") && missing.contains("/nonexistent/ca.pem"),
        "{missing}"
    );
    let ca = format!("tracing_ca_file: '{}'", pem("ca.pem").display());
    let cert = format!("tracing_client_cert_file: '{}'", pem("client.pem").display());
    let key = |name| format!("tracing_client_key_file: '{}'", pem(name).display());
    assert!(case(format!("{ca}, {cert}")).contains("needs its key"));
    assert!(case(format!("{ca}, {cert}, {}", key("server.key"))).contains("cannot be used together"));
    assert!(case(format!("{ca}, {cert}, {}", key("ca.pem"))).contains("global.tracing_client_key_file"));
    assert!(case(format!("{ca}, tracing_server_name: 'not a name'")).contains("global.tracing_server_name"));
    valid(&with(&format!("{GRPC}, {ca}, {cert}, {}", key("client.key"))), &[]);
}

#[test]
fn headers_are_read_and_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key");
    std::fs::write(&file, "s3cret-file\n").expect("written");
    let keys =
        format!("{GRPC}, tracing_headers: {{x-one: '${{KEY}}', x-two: {{file: '{}'}}}}", file.display());
    let vars = [("KEY", "s3cret-var"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-three=s3cret-otel")];
    assert_eq!(receiver(&keys, &vars).headers.len(), 2);
    let broken = format!(
        "{GRPC}, tracing_headers: {{x-one: \"s3cret\\u00e9\", 'a b': s3cret, host: s3cret, x: '', y: {{file: /nonexistent}}}}"
    );
    for (text, vars) in [
        (with(&keys), &vars[..]),
        (with(&broken), &[][..]),
        (with(GRPC), &[("OTEL_EXPORTER_OTLP_HEADERS", "s3cret")][..]),
    ] {
        let loaded = read(&text, vars);
        let shown = [
            human(&loaded.report, Detail::Full, Strictness::Usual),
            json(&loaded.report, Strictness::Usual),
            format!("{:?} {:?}", loaded.configuration, loaded.report.findings),
        ];
        assert!(shown.iter().all(|s| !s.contains("s3cret")), "{shown:?}");
    }
    let literal = with(&format!("{GRPC}, tracing_headers: {{authorization: s3cret}}"));
    let warned = human(&read(&literal, &[]).report, Detail::Full, Strictness::Usual);
    assert!(
        warned.contains("global.tracing_headers.authorization") && !warned.contains("s3cret"),
        "{warned}"
    );
    let errors = refused(&with(&broken), &[]);
    for path in ["x-one", "a b", "host", "x", "y"] {
        assert!(errors.contains(&format!("global.tracing_headers.{path}\"")), "{path}: {errors}");
    }
}

#[test]
fn compression_jaeger_zipkin_and_files() {
    let gzip = [("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")];
    assert_eq!(receiver(GRPC, &gzip).compression, Compression::Gzip);
    assert_eq!(receiver(&format!("{GRPC}, tracing_compression: zstd"), &gzip).compression, Compression::Zstd);
    let jaeger =
        |endpoint: &str| uri(&format!("tracing_exporter: jaeger, tracing_endpoint: '{endpoint}'"), &[]);
    assert_eq!(jaeger("tracer"), "http://tracer:4317");
    assert_eq!(jaeger("http://tracer:14268/api/traces"), "http://tracer:4317");
    let report = human(&read(&with("tracing_exporter: jaeger"), &[]).report, Detail::Full, Strictness::Usual);
    assert!(report.contains("another name for otlp-grpc"), "{report}");
    assert_eq!(uri("tracing_exporter: zipkin", &[]), "http://localhost:9411/api/v2/spans");
    let file =
        exporter("tracing_exporter: file, tracing_file: /tmp/t.jsonl, tracing_file_max_size: 2MB", &[]);
    assert!(matches!(file, ExporterSettings::File(f) if (f.max_size, f.max_files) == (2 << 20, 5)));
    assert!(refused(&with("tracing_exporter: file"), &[]).contains("tracing_file"));
    assert!(
        refused(&with("tracing_exporter: file, tracing_file: /nonexistent/t"), &[]).contains("/nonexistent")
    );
}

#[test]
fn each_process_says_which_context_it_gets() {
    let text = |value: &str| format!("processes: {{app: {{command: [x], tracing_context: {value}}}}}\n");
    let policy = |value: &str| valid(&text(value), &[]).spec.processes[0].program.handover;
    assert_eq!(policy("auto"), Handover::Link, "it is meant to stay");
    assert_eq!(policy("parent"), Handover::Parent);
    assert_eq!(policy("link"), Handover::Link);
    assert_eq!(policy("none"), Handover::Nothing);
    assert!(refused(&text("child"), &[]).contains("tracing_context"));
}

#[test]
fn failover_is_as_secure_as_the_first_endpoint() {
    let keys = |other: &str| format!("{HTTP}, tracing_endpoint: 'https://a', tracing_failover: ['{other}']");
    let found = receiver(&keys("https://b/otlp"), &[]).failover;
    assert_eq!(found.iter().map(|e| e.uri()).collect::<Vec<_>>(), ["https://b:443/otlp/v1/traces"]);
    assert!(refused(&with(&keys("http://b")), &[]).contains("in plain text"));
    assert!(refused(&with(&keys("ftp://b")), &[]).contains("global.tracing_failover[0]"));
}

#[test]
fn a_proxy_of_the_environment_is_for_other_machines_and_the_file_wins() {
    let shown = |keys: &str, vars: &[(&str, &str)]| exporter(keys, vars).to_string();
    let env = [("HTTPS_PROXY", "http://u:s3cret@p:3128"), ("NO_PROXY", "near.example")];
    let to = |host: &str| format!("{GRPC}, tracing_use_tls: true, tracing_endpoint: '{host}:4317'");
    assert!(shown(&to("far.example"), &env).contains("through the proxy p:3128"));
    for direct in ["near.example", "localhost", "127.0.0.1"] {
        assert!(!shown(&to(direct), &env).contains("proxy"), "{direct}");
    }
    let without = format!("{}, tracing_proxy: none", to("far.example"));
    assert!(!shown(&without, &env).contains("proxy"));
    let mapping = format!("{}, tracing_proxy: {{file: /etc/hostname}}", to("far.example"));
    assert!(refused(&with(&mapping), &env).contains("global.tracing_proxy"));
    let bad = format!("{}, tracing_proxy: 'socks5://u:s3cret@p:1'", to("far.example"));
    let loaded = read(&with(&bad), &[]);
    let text = human(&loaded.report, Detail::Full, Strictness::Usual);
    assert!(text.contains("global.tracing_proxy") && !text.contains("s3cret"), "{text}");
}

#[test]
fn what_is_wrong_in_a_variable_of_opentelemetry_is_told_and_the_default_holds() {
    let usual = receiver(GRPC, &[]);
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "lzma"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "carrier-pigeon"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a"),
        ("OTEL_TRACES_SAMPLER", "dice"),
    ] {
        let (found, told) = warned(GRPC, &[(variable, value)]);
        assert_eq!(found, usual, "{variable}");
        assert!(told.contains(variable), "{variable}: {told}");
    }
    let unknown = exporter("", &[("OTEL_TRACES_EXPORTER", "pigeon")]);
    assert_eq!(unknown, exporter("", &[]));
}

#[test]
fn a_proxy_that_does_not_concern_the_endpoint_does_not_matter_and_one_that_does_is_named() {
    let to = |host: &str| format!("{HTTP}, tracing_endpoint: 'http://{host}:4318'");
    for (host, vars) in [
        ("localhost", &[("ALL_PROXY", "socks5h://127.0.0.1:1080")][..]),
        ("127.0.0.1", &[("http_proxy", "https://proxy.example:443")]),
        ("collector", &[("HTTP_PROXY", "socks5://proxy.example:1080"), ("NO_PROXY", "collector")]),
        ("collector", &[("HTTP_PROXY", "https://proxy.example:443"), ("NO_PROXY", "*")]),
        ("collector", &[("HTTPS_PROXY", "socks5://proxy.example:1080")]),
    ] {
        assert!(!exporter(&to(host), vars).to_string().contains("proxy"), "{host} {vars:?}");
    }
    let vars = [("HTTP_PROXY", "socks5://u:s3cret@proxy.example:1080")];
    let report = read(&with(&to("collector")), &vars).report;
    let told = human(&report, Detail::Full, Strictness::Usual);
    assert!(told.contains("$HTTP_PROXY") && !told.contains("s3cret"), "{told}");
}
