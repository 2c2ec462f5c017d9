//! TLS, client certificates and keys in headers, towards the real Collector, by gRPC and HTTP: what is right arrives
//! whole, and a key is in no output. What is wrong is in `troubleshooting`.

use crate::day::{self, BAD, GOOD, START, check_bad, check_good, of_service, traced};
use crate::otelcol::{Collector, Variant, pem};
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, wait_until};
use serde_json::{Value, json};
use std::fs;

/// Both lives, over gRPC and over HTTP.
fn arrives(variants: &[Variant], more: &Value) {
    for exporter in ["otlp-grpc", "otlp-http"] {
        let collector = Collector::start(variants);
        let port = if exporter == "otlp-grpc" { collector.grpc } else { collector.http };
        let mut settings = traced(exporter, &format!("localhost:{port}"));
        for (key, value) in more.as_object().into_iter().flatten() {
            settings[key] = value.clone();
        }
        day::live(&settings);
        wait_until(LONG, "the end of the second life", || {
            !of_service(&collector.trace(), BAD).named(START).is_empty()
        });
        check_good(&of_service(&collector.trace(), GOOD));
        check_bad(&of_service(&collector.trace(), BAD));
    }
}

#[test]
fn tls_with_an_authority_of_ours() {
    arrives(&[Variant::Tls], &json!({"tracing_use_tls": true, "tracing_ca_file": pem("ca.pem")}));
}

#[test]
fn mutual_tls() {
    let files = json!({
        "tracing_ca_file": pem("ca.pem"),
        "tracing_client_cert_file": pem("client.pem"),
        "tracing_client_key_file": pem("client.key"),
    });
    arrives(&[Variant::Tls, Variant::Mutual], &files);
}

#[test]
fn a_key_in_a_header() {
    let key = json!({
        "tracing_ca_file": pem("ca.pem"),
        "tracing_headers": {"x-honeycomb-team": "right-key"},
    });
    arrives(&[Variant::Tls, Variant::Header("x-honeycomb-team", "", "right-key")], &key);
    let bearer = json!({"tracing_headers": {"authorization": "Bearer right-key"}});
    arrives(&[Variant::Header("authorization", "Bearer", "right-key")], &bearer);
}

#[test]
fn a_key_from_a_file_that_is_replaced_is_right_from_then_on_and_shown_nowhere() {
    let collector = Collector::start(&[Variant::Header("x-honeycomb-team", "", "right-key")]);
    let sandbox = Sandbox::new();
    let file = sandbox.write("key", "wrong-key\n");
    let mut settings = traced("otlp-grpc", &collector.endpoint());
    settings["tracing_headers"] = json!({"x-honeycomb-team": {"file": file}});
    let config =
        sandbox.config(settings, json!({"c": {"command": sandbox.worker("c"), "restart": "always"}}));
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    wait_until(LONG, "the refusal", || supervisor.stdout().contains("the receiver refuses spans"));
    let new = sandbox.write("key.new", "right-key\n");
    fs::rename(new, file).expect("the file is replaced");
    supervisor.stop();
    assert_eq!(collector.wait(day::SHUTDOWN, 1).len(), 1);
    let said = supervisor.stdout() + &supervisor.stderr();
    assert!(!said.contains("wrong-key") && !said.contains("right-key"), "a key was shown:\n{said}");
}
