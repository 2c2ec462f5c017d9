//! The readiness file and `/readyz`: true about what runs, what is well, and what has crashed out.

use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

/// A port that nobody had a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// The status and the body of an answer; `None` while nobody listens.
fn get(port: u16, path: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?))
}

fn status(port: u16, path: &str) -> Option<u16> {
    get(port, path).map(|answer| answer.0)
}

fn exists(path: &Path) -> bool {
    path.exists()
}

#[test]
fn the_file_is_there_exactly_while_all_is_well() {
    let sandbox = Sandbox::new();
    let (file, ok) = (sandbox.path("run/ready"), sandbox.path("ok"));
    std::fs::create_dir(sandbox.path("run")).expect("room");
    std::fs::write(&file, "stale").expect("room");
    let port = free_port();
    let check = json!({
        "type": "exec", "command": ["test", "-e", ok], "mode": "readiness",
        "initial_delay": 0, "period": "100ms", "timeout": "60s", "failure_threshold": 1000,
    });
    let config = sandbox.config(
        json!({"readiness": {"enabled": true, "path": file, "http_port": port, "http_host": "127.0.0.1"}}),
        json!({"a": {"command": sandbox.worker("a"), "health_check": check}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("a", 1);
    assert!(!exists(&file), "a stale one goes before anything is started");
    wait_until(LONG, "a page", || status(port, "/readyz").is_some());
    let (code, body) = get(port, "/readyz").expect("an answer");
    assert_eq!((code, &body["ready"], &body["processes"][0]["name"]), (503, &json!(false), &json!("a")));
    assert_eq!(status(port, "/livez"), Some(200));
    assert_eq!(status(port, "/startupz"), Some(503), "it was never up");
    assert_eq!(status(port, "/other"), Some(404));
    std::fs::write(&ok, "").expect("room");
    wait_until(LONG, "the file", || exists(&file));
    let content = std::fs::read_to_string(&file).expect("it is there");
    assert!(content.starts_with("ready\ntimestamp="), "{content:?}");
    wait_until(LONG, "the pages", || {
        status(port, "/readyz") == Some(200) && status(port, "/startupz") == Some(200)
    });
    std::fs::remove_file(&ok).expect("it was there");
    wait_until(LONG, "a probe that fails, below its threshold", || !exists(&file));
    assert_eq!(status(port, "/readyz"), Some(503));
    std::fs::write(&ok, "").expect("room");
    wait_until(LONG, "the file is back", || exists(&file));
    assert_eq!(supervisor.stop(), 0);
    assert!(!exists(&file), "nothing is ready at the end");
}

#[test]
fn a_file_that_somebody_removes_comes_back_with_its_folder() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("run/ready");
    let config = sandbox.config(
        json!({"readiness": {"enabled": true, "path": file}}),
        json!({"a": {"command": sandbox.worker("a")}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    wait_until(LONG, "the file", || exists(&file));
    for _ in 0..3 {
        std::fs::remove_file(&file).expect("it is there");
        wait_until(LONG, "the file again", || exists(&file));
    }
    std::fs::remove_dir_all(sandbox.path("run")).expect("it is there");
    wait_until(LONG, "the file and its folder", || exists(&file));
    assert!(std::fs::read_to_string(&file).expect("it is there").starts_with("ready\n"));
    assert_eq!(supervisor.stop(), 0);
    assert!(!exists(&file), "it is gone at the end");
    let said = supervisor.stdout().matches("was removed, and is there again").count();
    assert_eq!(said, 4, "{}", supervisor.stdout());
}

#[test]
fn what_has_crashed_out_is_not_ready_whatever_its_checks_said() {
    let sandbox = Sandbox::new();
    let (file, port) = (sandbox.path("ready"), free_port());
    let config = sandbox.config(
        json!({"readiness": {
            "enabled": true, "path": file, "mode": "all_running", "content": "OK",
            "http_port": port, "http_host": "127.0.0.1",
        }}),
        json!({
            "a": {"command": sandbox.script("a", "emit a start\nwhile [ ! -e \"$SANDBOX/crash\" ]; do sleep 0.1; done\nexit 3"), "restart": "never"},
            "b": {"command": sandbox.worker("b")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    wait_until(LONG, "the file", || exists(&file));
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "OK");
    sandbox.write("crash", "");
    wait_until(LONG, "503", || status(port, "/readyz") == Some(503));
    wait_until(LONG, "no file", || !exists(&file));
    let (_, body) = get(port, "/readyz").expect("an answer");
    assert_eq!(body["processes"][0]["state"], "failed");
    supervisor.stop();
}

#[test]
fn what_would_never_be_ready_is_refused() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"readiness": {"enabled": true, "path": sandbox.path("ready"), "processes": ["nobody"]}}),
        json!({"a": {"command": sandbox.worker("a")}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 78);
    assert!(sandbox.events_of("a", "start").is_empty());
}
