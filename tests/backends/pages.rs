//! The configurations of `config/backends`, each as it stands there. Jaeger, Zipkin and the Collector are the real ones;
//! for a service in the network a Collector stands in, with TLS and with the path and the header that its page names.
//! What a stand-in proves is the request, and nothing about the service: the pages say so.

use crate::day::{SHUTDOWN, START};
use crate::otelcol::{Collector, Variant, pem};
use crate::support::backend::free_port;
use crate::support::jaeger::Jaeger;
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, wait_until};
use crate::wire::Tap;
use crate::zipkin::Zipkin;
use std::path::Path;

/// Runs a configuration of the folder with these variables, from its start to its end.
fn run(name: &str, vars: &[(&str, String)], started: impl Fn() -> bool) {
    run_at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/backends").join(name), vars, started);
}

fn run_at(config: &Path, vars: &[(&str, String)], started: impl Fn() -> bool) {
    let sandbox = Sandbox::new();
    let launch = vars.iter().fold(Launch::new(&sandbox), |launch, (key, value)| launch.env(key, value));
    let mut supervisor = launch.env("SERVICE", "page").serve(config);
    wait_until(LONG, "the start is seen", started);
    assert_eq!(supervisor.stop(), 0);
    assert!(!supervisor.stdout().contains("\"cause\""), "{}", supervisor.stdout());
}

/// Towards a Collector that stands in, and that wants these.
fn stands_in(name: &str, variants: &[Variant], vars: impl Fn(&Collector) -> Vec<(&'static str, String)>) {
    let collector = Collector::start(variants);
    let mut all = vars(&collector);
    if variants.contains(&Variant::Tls) {
        all.push(("PHPEEK_PM_GLOBAL_TRACING_CA_FILE", pem("ca.pem").display().to_string()));
    }
    run(name, &all, || !collector.trace().named(START).is_empty());
    let shutdown = collector.wait(SHUTDOWN, 1).remove(0);
    assert_eq!(shutdown.resource.get("service.name").map(String::as_str), Some("page"));
}

#[test]
fn jaeger() {
    let jaeger = Jaeger::start();
    let seen = || jaeger.ask("/api/services/page/operations").is_some_and(|o| o.to_string().contains(START));
    run("jaeger.yaml", &[("JAEGER_ENDPOINT", jaeger.endpoint())], seen);
    assert_eq!(jaeger.wait_for("page", SHUTDOWN).named(SHUTDOWN).len(), 1);
}

#[test]
fn zipkin() {
    let zipkin = Zipkin::start();
    let endpoint = format!("http://127.0.0.1:{}", zipkin.port);
    run("zipkin.yaml", &[("ZIPKIN_ENDPOINT", endpoint)], || !zipkin.search("page", START).is_empty());
    wait_until(LONG, "the shutdown", || zipkin.search("page", SHUTDOWN).len() == 1);
}

#[test]
fn collector_and_the_one_that_takes_over() {
    stands_in("collector.yaml", &[], |c| vec![("COLLECTOR_ENDPOINT", c.endpoint())]);
    stands_in("collector.yaml", &[], |c| {
        vec![
            ("COLLECTOR_ENDPOINT", format!("127.0.0.1:{}", free_port())),
            ("COLLECTOR_FAILOVER", c.endpoint()),
        ]
    });
}

#[test]
fn tempo_by_a_stand_in() {
    let tenant = Variant::Header("x-scope-orgid", "", "tenant-1");
    stands_in("tempo.yaml", &[tenant], |c| {
        vec![("TEMPO_ENDPOINT", c.endpoint()), ("TEMPO_TENANT", "tenant-1".to_owned())]
    });
}

#[test]
fn honeycomb_by_a_stand_in() {
    let key = Variant::Header("x-honeycomb-team", "", "key-1");
    stands_in("honeycomb.yaml", &[Variant::Tls, key], |c| {
        vec![
            ("HONEYCOMB_ENDPOINT", format!("https://localhost:{}", c.grpc)),
            ("HONEYCOMB_API_KEY", "key-1".to_owned()),
        ]
    });
}

#[test]
fn grafana_cloud_by_a_stand_in() {
    let token = Variant::Header("authorization", "Basic", "MTIzOnRva2Vu");
    stands_in("grafana-cloud.yaml", &[Variant::Tls, token, Variant::At("/otlp/v1/traces")], |c| {
        vec![
            ("GRAFANA_CLOUD_OTLP_ENDPOINT", format!("https://localhost:{}/otlp", c.http)),
            ("GRAFANA_CLOUD_OTLP_TOKEN", "MTIzOnRva2Vu".to_owned()),
        ]
    });
}

/// What Grafana Cloud's own page gives to copy, and Honeycomb's key: variables alone say where and with which key.
#[test]
fn variables_of_opentelemetry_say_it_all() {
    let folder = Sandbox::new();
    let config = folder.write(
        "config.yaml",
        r#"{version: "1.0", global: {tracing_enabled: true, tracing_exporter: otlp}, processes: {app: {command: [sleep, "1000"]}}}"#,
    );
    for (header, scheme, given) in [
        ("authorization", "Basic", "Authorization=Basic%20a2V5"),
        ("x-honeycomb-team", "", "x-honeycomb-team=a2V5"),
    ] {
        let wanted = Variant::Header(header, scheme, "a2V5");
        let collector = Collector::start(&[Variant::Tls, wanted, Variant::At("/otlp/v1/traces")]);
        let vars = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("https://localhost:{}/otlp", collector.http)),
            ("OTEL_EXPORTER_OTLP_HEADERS", given.to_owned()),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", pem("ca.pem").display().to_string()),
        ];
        run_at(&config, &vars, || !collector.trace().named(START).is_empty());
        assert_eq!(collector.wait(SHUTDOWN, 1).len(), 1);
    }
}

#[test]
fn datadog_by_a_stand_in() {
    let key = Variant::Header("dd-api-key", "", "key-1");
    stands_in("datadog.yaml", &[Variant::Tls, key], |c| {
        vec![
            ("DATADOG_OTLP_ENDPOINT", format!("https://localhost:{}/v1/traces", c.http)),
            ("DD_API_KEY", "key-1".to_owned()),
        ]
    });
}

/// The stand-in would take JSON too: that Datadog gets protobuf is seen on the way.
#[test]
fn datadog_gets_protobuf() {
    let collector = Collector::start(&[]);
    let tap = Tap::to(collector.http);
    let vars = [
        ("DATADOG_OTLP_ENDPOINT", format!("http://{}/v1/traces", tap.endpoint())),
        ("DD_API_KEY", "key-1".to_owned()),
    ];
    run("datadog.yaml", &vars, || !collector.trace().named(START).is_empty());
    let decode = |body: &[u8]| -> bool {
        use prost::Message;
        opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest::decode(body).is_ok()
    };
    let all = tap.http();
    assert!(!all.is_empty() && all.iter().all(|(path, body)| path == "/v1/traces" && decode(body)));
}
