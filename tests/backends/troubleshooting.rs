//! `config/backends/troubleshooting.md` is held to what the program says: each mistake is made against the real
//! Collector, and the words of the log must stand in the row for it.

use crate::day::{START, traced};
use crate::otelcol::{Collector, Variant, pem};
use crate::support::backend::free_port;
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, Supervisor, wait_for, wait_until};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const TABLE: &str = include_str!("../../config/backends/troubleshooting.md");
const HEADER: Variant = Variant::Header("x-honeycomb-team", "", "right-key");

/// The message and the cause of the first warning about the export of spans.
pub(crate) fn said(settings: &Value) -> (String, String) {
    let sandbox = Sandbox::new();
    let config = sandbox.config(settings.clone(), json!({"c": {"command": ["sleep", "1000"]}}));
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    let record = wait_for(LONG, "a warning about spans", || {
        supervisor.records().into_iter().find(|r| r["level"] == "warn" && r["cause"].is_string())
    });
    supervisor.stop();
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    (text("msg"), text("cause"))
}

/// What depends on the run is `HOST:PORT` or `N` in the table.
fn general(cause: &str, endpoint: &str) -> String {
    let address = endpoint.rsplit('/').next().unwrap_or(endpoint);
    let mut text = String::new();
    let mut digits = String::new();
    for c in cause.replace(address, "HOST:PORT").chars().chain(['\n']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        // Status codes and error numbers stay.
        text.push_str(if digits.len() > 3 { "N" } else { &digits });
        digits.clear();
        text.push(c);
    }
    text.trim_end().to_owned()
}

/// Whether spans are kept and sent again, or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Lost,
}

fn with(mut settings: Value, more: Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        settings[key] = value.clone();
    }
    settings
}

/// The mistake must be told by a row: its first cell names the case, its second has words that the log has too, its
/// third says what becomes of the spans. Where a connection breaks at a moment of chance, the words are those that are
/// always there, or there is a choice of them.
fn told(case: &str, settings: &Value, fate: Fate) {
    let (message, cause) = said(settings);
    let endpoint = settings["tracing_endpoint"].as_str().expect("an endpoint");
    let cause = general(&cause, endpoint);
    let kept = match fate {
        Fate::Kept => "kept",
        Fate::Lost => "lost",
    };
    assert!(message.contains(kept) && TABLE.contains(&format!("| `{message}` |")), "{case}: {message}");
    let rows = TABLE.lines().map(|l| l.trim_start_matches("| ").split(" | ").collect::<Vec<_>>());
    let row = rows.into_iter().find(|row| row[0] == case);
    let row = row.unwrap_or_else(|| panic!("no row for {case}; the log says {cause}"));
    let mut choices = row[1].split('`').skip(1).step_by(2);
    assert!(choices.any(|words| words.len() >= 20 && cause.contains(words)), "{case}: the log says {cause}");
    assert_eq!(row[2], kept, "{case}");
}

fn grpc(port: u16) -> Value {
    traced("otlp-grpc", &format!("127.0.0.1:{port}"))
}

fn http(port: u16) -> Value {
    traced("otlp-http", &format!("http://127.0.0.1:{port}"))
}

fn tls(port: u16) -> Value {
    with(grpc(port), json!({"tracing_use_tls": true, "tracing_ca_file": pem("ca.pem")}))
}

fn https(port: u16) -> Value {
    with(traced("otlp-http", &format!("https://127.0.0.1:{port}")), json!({"tracing_ca_file": pem("ca.pem")}))
}

#[test]
fn nobody_there_or_the_wrong_port() {
    told("nobody listens, gRPC", &grpc(free_port()), Fate::Kept);
    told("nobody listens, HTTP", &http(free_port()), Fate::Kept);
    let collector = Collector::start(&[]);
    told("gRPC to the HTTP port", &grpc(collector.http), Fate::Kept);
    told("HTTP to the gRPC port", &http(collector.grpc), Fate::Kept);
    let zipkin = traced("zipkin", &format!("http://127.0.0.1:{}", collector.http));
    told("Zipkin to the OTLP port", &zipkin, Fate::Lost);
    let moved = Collector::start(&[Variant::At("/otlp/v1/traces")]);
    told("another path, HTTP", &http(moved.http), Fate::Lost);
}

#[test]
fn plain_text_and_tls_mistaken_for_each_other() {
    let collector = Collector::start(&[Variant::Tls]);
    told("plain text to a TLS port, gRPC", &grpc(collector.grpc), Fate::Kept);
    told("plain text to a TLS port, HTTP", &http(collector.http), Fate::Kept);
    let plain = Collector::start(&[]);
    told("TLS to a plain text port, gRPC", &tls(plain.grpc), Fate::Kept);
    told("TLS to a plain text port, HTTP", &https(plain.http), Fate::Kept);
}

#[test]
fn certificates_that_are_not_accepted() {
    let collector = Collector::start(&[Variant::Tls]);
    let stranger = json!({"tracing_ca_file": pem("stranger.pem")});
    told("unknown authority, gRPC", &with(tls(collector.grpc), stranger.clone()), Fate::Kept);
    told("unknown authority, HTTP", &with(https(collector.http), stranger), Fate::Kept);
    let name = json!({"tracing_server_name": "collector.example"});
    told("another name", &with(tls(collector.grpc), name), Fate::Kept);
    let mutual = Collector::start(&[Variant::Tls, Variant::Mutual]);
    told("no client certificate, gRPC", &tls(mutual.grpc), Fate::Kept);
    told("no client certificate, HTTP", &https(mutual.http), Fate::Kept);
}

/// A certificate of the day before yesterday: what a clock that runs ahead makes of a good one.
fn expired(folder: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let script = r"set -eu
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 9 -subj /CN=authority
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out csr -subj /CN=server
        printf 'subjectAltName=IP:127.0.0.1\n' >ext
        mkdir db && touch db/index && echo 01 >db/serial
        printf '[ca]\ndefault_ca=d\n[d]\ndatabase=db/index\nserial=db/serial\nnew_certs_dir=db\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' >conf
        openssl ca -batch -config conf -cert ca.pem -keyfile ca.key -in csr -out server.pem -notext -extfile ext \
            -startdate 20200101000000Z -enddate 20200201000000Z";
    let made = Command::new("/bin/sh").args(["-c", script]).current_dir(folder).output().expect("a shell");
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    (folder.join("ca.pem"), folder.join("server.pem"), folder.join("key"))
}

#[test]
fn a_clock_that_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ca, certificate, key) = expired(folder.path());
    let collector = Collector::start(&[Variant::TlsWith(certificate, key)]);
    told(
        "expired, or a clock that runs ahead",
        &with(tls(collector.grpc), json!({"tracing_ca_file": ca})),
        Fate::Kept,
    );
}

#[test]
fn keys_that_are_missing_or_wrong() {
    let collector = Collector::start(&[HEADER]);
    let wrong = json!({"tracing_headers": {"x-honeycomb-team": "wrong-key"}});
    told("no key, gRPC", &grpc(collector.grpc), Fate::Lost);
    told("no key, HTTP", &http(collector.http), Fate::Lost);
    told("wrong key, gRPC", &with(grpc(collector.grpc), wrong.clone()), Fate::Lost);
    told("wrong key, HTTP", &with(http(collector.http), wrong), Fate::Lost);
}

#[test]
fn receivers_that_are_full_or_have_nobody_behind_them() {
    let full = Collector::start(&[Variant::Full]);
    told("out of memory, gRPC", &grpc(full.grpc), Fate::Kept);
    told("out of memory, HTTP", &http(full.http), Fate::Kept);
    let down = Collector::start(&[Variant::Down]);
    told("its own backend is down, gRPC", &grpc(down.grpc), Fate::Kept);
    told("its own backend is down, HTTP", &http(down.http), Fate::Kept);
}

#[test]
fn a_collector_that_comes_late_gets_what_was_kept_and_the_log_says_so() {
    let sandbox = Sandbox::new();
    let port = free_port();
    let config = sandbox.config(grpc(port), json!({"c": {"command": ["sleep", "1000"]}}));
    let supervisor = Launch::new(&sandbox).serve(&config);
    let says = |words: &str| supervisor.records().iter().any(|r| r["msg"] == words);
    wait_until(LONG, "the first failure", || says("spans cannot be exported; they are kept and sent again"));
    let collector = Collector::start_at(port, &[]);
    assert_eq!(collector.wait(START, 1).len(), 1);
    let again = "spans are exported again";
    wait_until(LONG, again, || says(again));
    assert!(TABLE.contains(&format!("| `{again}` |")));
}

#[test]
fn what_cannot_be_delivered_before_the_end_is_said() {
    let sandbox = Sandbox::new();
    let port = free_port();
    let config = sandbox.config(grpc(port), json!({"c": {"command": ["sleep", "1000"]}}));
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    let messages = |s: &Supervisor| -> Vec<String> {
        s.records().iter().filter_map(|r| r["msg"].as_str().map(str::to_owned)).collect()
    };
    let of_spans = |s: &Supervisor| messages(s).into_iter().filter(|m| m.starts_with("spans c")).count();
    wait_until(LONG, "the first failure", || of_spans(&supervisor) == 1);
    supervisor.stop();
    let last = "spans could not be delivered before the end and are lost";
    assert!(messages(&supervisor).iter().any(|m| m == last), "{:?}", messages(&supervisor));
    assert!(TABLE.contains(&format!("| `{last}` |")));
}

#[test]
fn requests_that_are_too_large() {
    let collector = Collector::start(&[]);
    // Every span's resource has the name: a request can be larger than the Collector's limit of 1 MiB here.
    let long = json!({"tracing_service_name": "x".repeat(1_100_000)});
    told("too large, gRPC", &with(grpc(collector.grpc), long.clone()), Fate::Lost);
    told("too large, HTTP", &with(http(collector.http), long), Fate::Lost);
}
