//! Lines that can be asked for, and those that come: over the API and by the command, with real processes that write.

use crate::support::supervisor::Supervisor;
use crate::support::web::{Ask, Events, own_address};
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

/// A supervisor with an API, and processes that write what is put into their files.
struct Logs {
    // First, so that it has ended before the folder goes.
    supervisor: Supervisor,
    sandbox: Sandbox,
    at: SocketAddr,
}

/// A process that writes each line that is added to this file.
fn writer(file: &Path) -> Value {
    json!({"command": ["/bin/sh", "-c", format!("touch {0}; exec tail -n +1 -f {0}", file.display())]})
}

impl Logs {
    fn of(processes: impl FnOnce(&Sandbox) -> Value) -> Self {
        let sandbox = Sandbox::new();
        let at = own_address();
        let global = json!({
            "api_enabled": true, "api_host": at.ip(), "api_port": at.port(), "restart_backoff_initial": "10ms",
            "control_socket": sandbox.path("control.sock"),
        });
        let config = sandbox.config(global, processes(&sandbox));
        let supervisor = Supervisor::start(&sandbox, &config);
        wait_for(LONG, "the API answers", || Ask::get("/api/v1/health").tcp(at).ok());
        Self { supervisor, sandbox, at }
    }

    fn two() -> Self {
        Self::of(|sandbox| json!({"a": writer(&sandbox.path("a.in")), "b": writer(&sandbox.path("b.in"))}))
    }

    fn write(&self, process: &str, text: &str) {
        let file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(self.sandbox.path(&format!("{process}.in")));
        file.expect("a file").write_all(text.as_bytes()).expect("room");
    }

    fn get(&self, path: &str) -> Value {
        let reply = Ask::get(&format!("/api/v1{path}")).tcp(self.at).expect("an answer");
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    fn status(&self, path: &str) -> u16 {
        Ask::get(&format!("/api/v1{path}")).tcp(self.at).expect("an answer").status
    }

    fn messages(&self, path: &str) -> Vec<String> {
        let logs = self.get(path)["logs"].as_array().cloned().expect("logs");
        logs.iter().map(|line| line["message"].as_str().expect("a message").to_owned()).collect()
    }

    /// Waits until the newest line of a process is this.
    fn has(&self, process: &str, line: &str) {
        let path = format!("/processes/{process}/logs?limit=1");
        wait_until(LONG, "the line is kept", || {
            self.messages(&path).first().is_some_and(|last| last == line)
        });
    }
}

#[test]
fn the_newest_lines_are_told_as_they_are_asked_for() {
    let logs = Logs::two();
    logs.write("a", &(1..=300).map(|i| format!("line {i}\n")).collect::<String>());
    logs.has("a", "line 300");
    logs.write("b", "of b\n");
    logs.has("b", "of b");
    let newest = logs.messages("/processes/a/logs?limit=50");
    assert_eq!((newest.len(), newest[0].as_str(), newest[49].as_str()), (50, "line 300", "line 251"));
    assert_eq!(logs.messages("/processes/a/logs").len(), 100);
    let all = logs.get("/logs?limit=2");
    assert_eq!((&all["scope"], &all["count"], &all["limit"]), (&json!("stack"), &json!(2), &json!(2)));
    assert_eq!(logs.messages("/logs?limit=2"), ["of b", "line 300"]);
    let line = &all["logs"][0];
    let told = ["process", "instance", "stream", "level", "message", "run"].map(|key| line[key].clone());
    assert_eq!(json!(told), json!(["b", "b-0", "stdout", "info", "of b", 1]));
    assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
    assert!(line["seq"].as_u64() > all["logs"][1]["seq"].as_u64(), "{all}");
    assert!(logs.messages("/processes/a/logs?stream=stderr").is_empty());
    assert!(logs.messages("/logs?level=warn").is_empty());
    assert_eq!(logs.messages("/logs?instance=b-0&since=1h"), ["of b"]);
    assert!(logs.messages("/logs?since=2999-01-01T00:00:00Z").is_empty());
    for bad in ["limit=0", "limit=-1", "limit=abc", "level=loud", "stream=x", "since=x", "instance=x"] {
        assert_eq!(logs.status(&format!("/logs?{bad}")), 400, "{bad}");
    }
    for missing in ["/processes/zz/logs", "/logs?process=zz", "/logs/stream?process=zz"] {
        assert_eq!(logs.status(missing), 404, "{missing}");
    }
    let post = Ask::of("POST", "/api/v1/logs/stream").tcp(logs.at).expect("an answer");
    assert_eq!(post.status, 405);
}

#[test]
fn lines_survive_the_run_and_hide_what_the_log_hides() {
    let logs = Logs::of(|_| {
        let hide =
            json!({"enabled": true, "patterns": [{"pattern": "[0-9]{4}-[0-9]{4}", "replacement": "XX"}]});
        let script = "echo card 1234-5678; echo oops >&2; exit 1";
        let logging =
            json!({"redaction": hide, "level_detection": {"enabled": true, "patterns": {"error": "oops"}}});
        json!({"w": {"command": ["/bin/sh", "-c", script], "max_restart_attempts": 2, "logging": logging},
               "idle": {"command": ["/bin/sleep", "1000"]}})
    });
    wait_until(LONG, "three runs have written", || logs.messages("/processes/w/logs").len() == 6);
    let told = logs.get("/processes/w/logs?stream=stdout");
    let lines: Vec<_> = told["logs"].as_array().expect("lines").iter().collect();
    assert_eq!(
        lines.iter().map(|line| line["run"].clone()).collect::<Vec<_>>(),
        [json!(3), json!(2), json!(1)]
    );
    assert!(lines.iter().all(|line| line["message"] == "card XX"), "{told}");
    assert_eq!(logs.messages("/processes/w/logs?level=error"), ["oops"; 3]);
}

#[test]
fn a_stream_has_what_comes_and_goes_on_where_its_reader_was() {
    let mut logs = Logs::two();
    logs.write("a", "before\n");
    logs.has("a", "before");
    let mut first = Events::follow(logs.at, "/api/v1/logs/stream?process=a", None).expect("a stream");
    let mut second = Events::follow(logs.at, "/api/v1/logs/stream?tail=1", None).expect("a stream");
    assert_eq!(second.messages(1), ["before"]);
    logs.write("a", "one\n");
    assert_eq!(second.messages(1), ["one"]);
    logs.write("b", "of b\n");
    assert_eq!(second.messages(1), ["of b"]);
    logs.write("a", "two\n");
    let event = first.next().expect("an event");
    assert_eq!((event.name.as_str(), &event.data["message"]), ("log", &json!("one")));
    assert_eq!(event.id, event.data["seq"].as_u64());
    assert_eq!(first.messages(1), ["two"], "nothing of b, and each line once");
    drop(first);
    logs.write("a", "three\n");
    logs.has("a", "three");
    let mut again = Events::follow(logs.at, "/api/v1/logs/stream?process=a", event.id).expect("a stream");
    assert_eq!(again.messages(2), ["two", "three"]);
    assert_eq!(logs.supervisor.stop(), 0);
    assert!(again.next().is_none(), "it ends with the supervisor");
}

#[test]
fn who_asks_to_go_on_from_what_is_gone_is_told_how_much_is() {
    let logs = Logs::two();
    logs.write("a", "first\n");
    logs.has("a", "first");
    let first = logs.get("/processes/a/logs")["logs"][0]["seq"].as_u64();
    logs.write("a", &(1..=5000).map(|i| format!("line {i}\n")).collect::<String>());
    logs.has("a", "line 5000");
    let mut stream = Events::follow(logs.at, "/api/v1/logs/stream?process=a", first).expect("a stream");
    let lost = stream.next().expect("an event");
    assert_eq!((lost.name.as_str(), lost.id, &lost.data["at_most"]), ("lost", None, &json!(true)));
    let next = stream.messages(1).concat();
    let number: u64 = next.trim_start_matches("line ").parse().expect("a number");
    assert!(lost.data["lost"].as_u64().is_some_and(|count| count >= number - 1), "{lost:?} {next}");
}

#[test]
fn a_reader_that_is_stuck_holds_nobody_up() {
    let mut logs = Logs::of(|sandbox| {
        let flood = "head -c 30000000 /dev/zero | tr '\\0' x | fold -w 99";
        let done = format!("{flood}; echo; echo done; exec sleep 1000");
        let wait = format!("while [ ! -e {} ]; do sleep 0.05; done; {done}", sandbox.path("go").display());
        json!({"flood": {"command": ["/bin/sh", "-c", wait]}, "a": writer(&sandbox.path("a.in"))})
    });
    let mut stuck = TcpStream::connect(logs.at).expect("a connection");
    stuck.write_all(b"GET /api/v1/logs/stream HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("room");
    let mut beginning = [0; 12];
    stuck.read_exact(&mut beginning).expect("an answer");
    let mut other = Events::follow(logs.at, "/api/v1/logs/stream?process=a", None).expect("a stream");
    std::fs::write(logs.sandbox.path("go"), "").expect("room");
    logs.has("flood", "done");
    logs.write("a", "still heard\n");
    assert_eq!(other.messages(1), ["still heard"]);
    assert_eq!(logs.get("/processes")["processes"][0]["state"], "running");
    let mut late = Vec::new();
    stuck.set_read_timeout(Some(LONG)).expect("a timeout");
    logs.write("a", "the last\n");
    let mut more = vec![0; 1 << 16];
    // Only what is new is looked at, with what may have begun before it: there are megabytes.
    let is_over = |late: &[u8], new: usize| {
        let from = late.len().saturating_sub(new + "the last".len());
        String::from_utf8_lossy(&late[from..]).contains("the last")
    };
    let mut new = 0;
    while !is_over(&late, new) {
        new = stuck.read(&mut more).expect("it goes on");
        if new == 0 {
            break; // the server was patient for long enough
        }
        late.extend_from_slice(&more[..new]);
    }
    let told = String::from_utf8_lossy(&late);
    assert!(told.contains("event: lost\ndata: {\"lost\":"), "what was lost is counted");
    assert_eq!(logs.supervisor.stop(), 0);
}
