//! `heartbeat` of a schedule: every key of it acts once an address is written, and without one nobody is told.

use crate::valid;
use phpeek_core::schedule::HeartbeatSpec;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn read(heartbeat: Value) -> Option<Arc<HeartbeatSpec>> {
    let job = json!({"command": ["x"], "schedule": "@daily", "heartbeat": heartbeat});
    let configuration = valid(&json!({"processes": {"job": job}}).to_string(), &[]);
    configuration.spec.processes[0].schedule.as_ref().expect("a schedule").heartbeat.clone()
}

#[test]
fn its_defaults_are_as_documented_and_each_key_acts() {
    assert!(read(json!({})).is_none() && read(json!({"enabled": true})).is_none(), "nobody is named");
    assert!(read(json!({"enabled": false, "url": "http://m/"})).is_none());
    let usual = read(json!({"url": "http://m/a"})).expect("an address");
    let told = [&usual.start, &usual.success, &usual.failure].map(|url| url.as_deref());
    assert_eq!(told, [None, Some("http://m/a"), None], "a failure is never told as a success");
    assert_eq!((usual.method.as_str(), usual.retries), ("POST", 3));
    assert_eq!((usual.timeout, usual.delay), (Duration::from_secs(30), Duration::from_secs(5)));
    let other = read(json!({
        "enabled": true, "url": "http://m/a", "start_url": "http://m/b", "success_url": "http://m/c",
        "failure_url": "https://m/d", "timeout": "2s", "retry_count": 1, "retry_delay": "1s", "method": "GET",
        "headers": {"X-A": "b"},
    }))
    .expect("addresses");
    let wanted = HeartbeatSpec {
        start: Some("http://m/b".to_owned()),
        success: Some("http://m/c".to_owned()),
        failure: Some("https://m/d".to_owned()),
        method: "GET".to_owned(),
        headers: vec![("X-A".to_owned(), "b".to_owned())],
        timeout: Duration::from_secs(2),
        retries: 1,
        delay: Duration::from_secs(1),
    };
    assert_eq!(*other, wanted);
}
