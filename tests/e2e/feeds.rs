//! `phpeek-pm logs` and `events`, and the stream of events: what they show of a running supervisor, and when they end.

use crate::support::supervisor::{Supervisor, clean, program, run};
use crate::support::web::{Ask, Events, own_address};
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A supervisor with a process that writes and ends when it is told to, and one that sleeps.
struct Rig {
    // First, so that it has ended before the folder goes.
    supervisor: Supervisor,
    sandbox: Sandbox,
    at: SocketAddr,
}

impl Rig {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let at = own_address();
        let global = json!({
            "api_enabled": true, "api_host": at.ip(), "api_port": at.port(), "restart_backoff_initial": "10ms",
            "control_socket": sandbox.path("control.sock"),
        });
        let input = sandbox.path("input");
        let script = format!("touch {0}; echo begun; echo odd >&2; exec tail -n +1 -f {0}", input.display());
        let processes = json!({
            "w": {"command": ["/bin/sh", "-c", script]},
            "other": {"command": ["/bin/sh", "-c", "echo of other; exec sleep 1000"]},
        });
        let config = sandbox.config(global, processes);
        let supervisor = Supervisor::start(&sandbox, &config);
        let rig = Self { supervisor, sandbox, at };
        wait_until(LONG, "all have written", || {
            Ask::get("/api/v1/logs").tcp(rig.at).is_ok_and(|reply| reply.json()["count"] == 3)
        });
        rig
    }

    fn write(&self, text: &str) {
        use std::io::Write;
        let file = std::fs::File::options().append(true).create(true).open(self.sandbox.path("input"));
        file.expect("a file").write_all(text.as_bytes()).expect("room");
    }

    fn ask(&self, words: &[&str]) -> (i32, String) {
        let socket = self.sandbox.path("control.sock").display().to_string();
        run(&self.sandbox, &[words, &["--socket", &socket]].concat())
    }

    fn asked(&self, words: &[&str]) -> String {
        let (code, text) = self.ask(words);
        assert_eq!(code, 0, "{words:?}: {text}");
        text
    }

    /// A command that goes on, and where its output is.
    fn follow(&self, words: &[&str]) -> Followed {
        let out = self.sandbox.path(words[0]);
        let file = std::fs::File::create(&out).expect("a file");
        let child = clean(&mut Command::new(program()), &self.sandbox)
            .args(words)
            .arg("--socket")
            .arg(self.sandbox.path("control.sock"))
            .stdin(Stdio::null())
            .stdout(file)
            .spawn()
            .expect("the program runs");
        Followed { child, out }
    }
}

struct Followed {
    child: Child,
    out: std::path::PathBuf,
}

impl Followed {
    fn text(&self) -> String {
        std::fs::read_to_string(&self.out).expect("its output")
    }

    fn shows(&self, what: &str) {
        wait_until(LONG, what, || self.text().contains(what));
    }
}

#[test]
fn logs_shows_what_is_kept_as_it_is_asked_for() {
    let rig = Rig::new();
    let all = rig.asked(&["logs"]);
    assert_eq!(all.lines().count(), 3, "{all}");
    assert!(
        all.contains(" INFO [w-0 stdout] begun\n") && all.contains("[other-0 stdout] of other\n"),
        "{all}"
    );
    assert!(!all.contains('\x1b'), "colours are for terminals: {all}");
    let one = rig.asked(&["logs", "w", "--stream", "stderr"]);
    assert!(one.ends_with("[w-0 stderr] odd\n") && one.lines().count() == 1, "{one}");
    let json = rig.asked(&["logs", "--process", "w", "--json", "--grep", "^beg"]);
    let line: Value = serde_json::from_str(&json).expect("one object");
    assert_eq!((&line["message"], &line["instance"]), (&json!("begun"), &json!("w-0")));
    assert_eq!(rig.asked(&["logs", "--tail", "1"]).lines().count(), 1);
    assert_eq!(rig.asked(&["logs", "--tail", "0"]), "");
    assert_eq!(rig.asked(&["logs", "--since", "1h", "w"]).lines().count(), 2);
    rig.write("bell \x07 and \x1b[2J\n");
    wait_until(LONG, "the line", || rig.asked(&["logs", "w"]).contains("bell"));
    assert!(rig.asked(&["logs", "w"]).contains(r"bell \x07 and \x1b[2J"), "a terminal obeys nothing of it");
    assert_eq!(rig.ask(&["logs", "nobody"]).0, 1);
    for wrong in [["--since", "yesterday"], ["--grep", "a(b"], ["--level", "loud"]] {
        assert_eq!(rig.ask(&["logs", wrong[0], wrong[1]]).0, 64, "{wrong:?}");
    }
}

#[test]
fn logs_follows_what_comes_and_ends_with_the_supervisor() {
    let mut rig = Rig::new();
    rig.write("kept\n");
    wait_until(LONG, "the line", || rig.asked(&["logs", "w"]).contains("kept"));
    let mut followed = rig.follow(&["logs", "w", "-f", "--grep", "kept|come", "--json"]);
    followed.shows("kept");
    rig.write("nothing\nthat has come\n");
    followed.shows("that has come");
    rig.write("comes too\n");
    followed.shows("comes too");
    let messages: Vec<_> = followed
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an object")["message"].clone())
        .collect();
    assert_eq!(messages, ["kept", "that has come", "comes too"], "each once");
    assert_eq!(rig.supervisor.stop(), 0);
    let ended = wait_for(LONG, "its end", || followed.child.try_wait().expect("our child"));
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn events_tell_what_happens_and_where_a_reader_was() {
    let mut rig = Rig::new();
    let told = rig.asked(&["events"]);
    for kind in ["system.starting processes=2", "[w] process.starting", "[w-0] instance.state from=starting"]
    {
        assert!(told.contains(kind), "{kind}: {told}");
    }
    // What was before it has connected is of those that are kept: nothing says when it has.
    let mut followed = rig.follow(&["events", "w", "-f", "--tail", "100", "--json"]);
    let mut stream = Events::follow(rig.at, "/api/v1/events?tail=1", None).expect("a stream");
    let last = stream.next().expect("the newest that is kept");
    let pid = rig.supervisor_child();
    crate::support::procfs::signal(pid, rustix::process::Signal::KILL);
    let died = loop {
        let event = stream.next().expect("the stream goes on");
        if event.data["event"] == "instance.died" {
            break event;
        }
    };
    assert_eq!(
        (died.name.as_str(), &died.data["signal"], &died.data["instance"]),
        ("instance", &json!("SIGKILL"), &json!("w-0"))
    );
    assert!(died.id > last.id);
    wait_until(LONG, "it runs again", || rig.asked(&["events"]).matches("to=running").count() == 3);
    for path in ["/api/v1/events?follow=false", "/api/v1/logs/stream?follow=false"] {
        let mut other = Events::follow(rig.at, path, Some(7)).expect("a stream");
        let first = other.next().expect("it says where the reader was");
        assert_eq!((first.name.as_str(), first.id), ("gap", None), "of another supervisor: {first:?}");
        assert!(other.next().is_some_and(|event| event.id.is_some()), "then all that is kept");
        while other.next().is_some() {}
    }
    let mut again = Events::follow(rig.at, "/api/v1/events", died.id).expect("a stream");
    loop {
        let event = again.next().expect("an event");
        assert!(event.id > died.id, "{event:?}");
        if event.data["event"] == "instance.restarting" {
            break;
        }
    }
    followed.shows("\"event\":\"instance.died\"");
    assert!(!followed.text().contains("other"), "{}", followed.text());
    assert_eq!(rig.supervisor.stop(), 0);
    let ended = wait_for(LONG, "its end", || followed.child.try_wait().expect("our child"));
    assert_eq!(ended.code(), Some(0));
    assert!(followed.text().contains("process.stopping"), "{}", followed.text());
}

impl Rig {
    /// The pid of the process that writes.
    fn supervisor_child(&self) -> i32 {
        let reply = Ask::get("/api/v1/processes/w").tcp(self.at).expect("an answer");
        let pid = reply.json()["process"]["instances"][0]["pid"].as_i64().expect("a pid");
        i32::try_from(pid).expect("a pid")
    }
}

#[test]
fn spans_are_streamed_as_they_end_and_a_reader_goes_on_where_it_was() {
    let (sandbox, at) = (Sandbox::new(), own_address());
    let global = json!({
        "api_enabled": true, "api_host": at.ip(), "api_port": at.port(), "control_socket": "none",
        "tracing_enabled": true, "tracing_exporter": "none",
    });
    let config = sandbox.config(global, json!({"w": {"command": sandbox.worker("w")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("w", 1);
    let path = "/api/v1/traces/stream";
    let named = |events: &mut Events, name: &str| {
        let mut all = std::iter::from_fn(|| events.next());
        all.find(|event| event.name == "span" && event.data["name"] == name).expect("the stream goes on")
    };
    let mut stream =
        wait_for(LONG, "the API answers", || Events::follow(at, &format!("{path}?tail=1000"), None).ok());
    let boot = named(&mut stream, "process_manager.start");
    assert_eq!(boot.data["traceId"].as_str().map(str::len), Some(32), "{boot:?}");
    assert_eq!(Ask::of("POST", "/api/v1/processes/w/restart").tcp(at).expect("an answer").status, 200);
    let restarted = named(&mut stream, "process_manager.restart_process");
    drop(stream);
    let mut again = Events::follow(at, path, boot.id).expect("a stream");
    let first = again.next().expect("what came after it");
    assert_eq!(first.id, boot.id.map(|id| id + 1));
    let same = named(&mut again, "process_manager.restart_process");
    assert_eq!(same, restarted);
    let mut rest = Events::follow(at, &format!("{path}?follow=false&tail=2"), None).expect("a stream");
    assert!(
        rest.next().is_some() && rest.next().is_some() && rest.next().is_none(),
        "it ends after what is kept"
    );
    assert_eq!(supervisor.stop(), 0);
}
