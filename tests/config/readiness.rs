//! `global.readiness`: every key of it acts once it is enabled, and what would never be ready is refused.

use crate::{refused, valid};
use phpeek_core::readiness::Mode;
use phpeek_settings::readiness::ReadinessSettings;
use serde_json::{Value, json};
use std::path::Path;

fn file(readiness: Value) -> String {
    let mut block = json!({"enabled": true});
    for (key, value) in readiness.as_object().expect("keys") {
        block[key] = value.clone();
    }
    let processes = json!({"a": {"command": ["x"]}, "off": {"command": ["x"], "enabled": false}});
    json!({"global": {"readiness": block}, "processes": processes}).to_string()
}

fn read(readiness: Value) -> ReadinessSettings {
    valid(&file(readiness), &[]).readiness.expect("it is enabled")
}

#[test]
fn its_defaults_are_as_documented_and_each_key_acts() {
    let usual = read(json!({}));
    let at = usual.file.expect("a file");
    assert_eq!((at.path.as_path(), at.content), (Path::new("/tmp/phpeek-ready"), None));
    assert!(usual.mode == Mode::AllHealthy && usual.processes.is_empty() && usual.http.is_none());
    assert!(valid(&file(json!({"enabled": false})), &[]).readiness.is_none());
    let other = read(json!({
        "path": "/run/x", "mode": "all_running", "content": "OK", "processes": ["a"],
        "http_port": 81, "http_host": "::1",
    }));
    let at = other.file.expect("a file");
    assert_eq!((at.path.as_path(), at.content.as_deref()), (Path::new("/run/x"), Some("OK")));
    assert!(other.mode == Mode::AllRunning && other.processes.len() == 1);
    assert_eq!(other.http.map(|http| http.to_string()).as_deref(), Some("[::1]:81"));
    assert!(read(json!({"path": "", "http_port": 81})).file.is_none(), "an empty path is no file");
    let everywhere = read(json!({"http_port": 81})).http.map(|http| http.to_string());
    assert_eq!(everywhere.as_deref(), Some("0.0.0.0:81"));
}

#[test]
fn what_would_never_be_ready_or_never_be_reached_is_refused() {
    for (block, said) in [
        (json!({"processes": ["nobody"]}), "nobody"),
        (json!({"processes": ["off"]}), "off"),
        (json!({"http_port": 81, "http_host": "no.such.host"}), "no.such.host"),
        (json!({"mode": "some"}), "mode"),
    ] {
        assert!(refused(&file(block.clone()), &[]).contains(said), "{block}");
    }
}
