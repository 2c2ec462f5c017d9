//! A monitor that is told of jobs: when they begin, when they succeed and when they fail, again when it does not take it;
//! and what it never takes is told in the log.

use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// What was heard: first lines, a header of ours, and the body.
type Heard = Arc<Mutex<Vec<(String, bool, String)>>>;

/// A monitor that refuses the first request for `/flaky` and all for `/never`.
fn monitor() -> (SocketAddr, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    let heard = Heard::default();
    let told = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let (mut head, mut length) = (Vec::new(), 0);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap_or_default() <= 2 {
                    break;
                }
                let line = line.trim().to_owned();
                if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().expect("a length");
                }
                head.push(line);
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).ok();
            let first = head.first().cloned().unwrap_or_default();
            let ours = head.iter().any(|line| line.eq_ignore_ascii_case("x-source: tests"));
            let mut told = told.lock().expect("no panic");
            let again = told.iter().any(|(line, ..)| *line == first);
            let refuses = first.contains("/never") || (first.contains("/flaky") && !again);
            told.push((first, ours, String::from_utf8_lossy(&body).into_owned()));
            let status = if refuses { "503 No" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).ok();
        }
    });
    (at, heard)
}

#[test]
fn a_monitor_hears_of_each_job_and_is_asked_again_when_it_does_not_take_it() {
    let (at, heard) = monitor();
    let sandbox = Sandbox::new();
    let job = |exit: u8, heartbeat: serde_json::Value| {
        let command = ["/bin/sh", "-c", &format!("exit {exit}")].map(str::to_owned);
        json!({"command": command, "schedule": "0 0 1 1 *", "heartbeat": heartbeat})
    };
    let url = |path: &str| format!("http://{at}/{path}");
    let (retry, source) = ("10ms", json!({"X-Source": "tests"}));
    let socket = sandbox.path("c.sock");
    let config = sandbox.config(
        json!({"control_socket": socket}),
        json!({
            "well": job(0, json!({"start_url": url("start"), "success_url": url("flaky"), "retry_delay": retry, "headers": source})),
            "ill": job(3, json!({"success_url": url("ok"), "failure_url": url("failed")})),
            "lost": job(0, json!({"url": url("never"), "retry_delay": retry, "retry_count": 2, "method": "GET"})),
            "keeper": {"command": sandbox.worker("keeper")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("keeper", 1);
    let socket = socket.to_str().expect("a plain path");
    let trigger = |name: &str| run(&sandbox, &["schedule", "trigger", name, "--socket", socket]);
    wait_until(LONG, "the job runs", || trigger("well").0 == 0);
    assert_eq!((trigger("ill").0, trigger("lost").0), (1, 0), "a monitor that is ill holds nobody up");
    let lines = |of: &str| {
        let heard = heard.lock().expect("no panic");
        heard.iter().filter(|(line, ..)| line.contains(of)).cloned().collect::<Vec<_>>()
    };
    wait_until(LONG, "it was told again", || lines("/flaky").len() == 2 && lines("/never").len() == 3);
    wait_until(LONG, "it has heard of the failure", || lines("/failed").len() == 1);
    assert_eq!(lines("/start"), [("POST /start HTTP/1.1".to_owned(), true, "manual".to_owned())]);
    assert_eq!(lines("/failed")[0].2, "ended with exit code 3");
    assert!(lines("/ok").is_empty() && lines("GET /never").len() == 3);
    let told = || {
        let records = supervisor.records();
        let lost = |r: &&serde_json::Value| r["msg"] == "heartbeat was not delivered: status 503";
        records.iter().find(lost).map(|r| (r["process"].clone(), r["attempts"].clone(), r["lost"].clone()))
    };
    wait_until(LONG, "it is told", || told() == Some((json!("lost"), json!(3), json!(1))));
    assert_eq!(supervisor.stop(), 0);
}
