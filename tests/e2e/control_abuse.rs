//! The control socket against clients that are too slow, too many, or speak no HTTP: none of them harms the
//! others, supervision or the end.

use crate::support::supervisor::{Supervisor, run};
use crate::support::{LONG, Sandbox, wait_until};
use serde_json::json;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const STATUS: &str = "GET /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct Asked {
    // First, so that it has ended and shown its log before the folder goes.
    supervisor: Supervisor,
    sandbox: Sandbox,
    socket: PathBuf,
}

impl Asked {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let socket = sandbox.path("control.sock");
        let config =
            sandbox.config(json!({"control_socket": socket}), json!({"w": {"command": sandbox.worker("w")}}));
        let supervisor = Supervisor::start(&sandbox, &config);
        sandbox.started("w", 1);
        Self { sandbox, supervisor, socket }
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).expect("a connection");
        stream.set_read_timeout(Some(LONG)).expect("a limit");
        stream
    }

    /// Sends this and gives all that comes back.
    fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may have closed before it has read all.
        drop(stream.write_all(bytes));
        answer(&mut stream)
    }

    fn status(&self) -> (i32, String) {
        run(&self.sandbox, &["status", "--socket", &self.socket.display().to_string()])
    }
}

fn answer(stream: &mut UnixStream) -> String {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn slow_clients_harm_neither_others_nor_the_end() {
    let mut asked = Asked::new();
    let silent: Vec<_> = (0..20).map(|_| asked.connect()).collect();
    let half: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = asked.connect();
            stream.write_all(b"GET /status HT").expect("room");
            stream
        })
        .collect();
    // Answers that nobody reads.
    let deaf: Vec<_> = (0..10)
        .map(|_| {
            let mut stream = asked.connect();
            stream
                .write_all(STATUS.replace("Connection: close", "X: y").repeat(50).as_bytes())
                .expect("room");
            stream
        })
        .collect();
    let begun = Instant::now();
    let (code, text) = asked.status();
    assert_eq!(code, 0, "{text}");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(asked.supervisor.stop(), 0);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    drop((silent, half, deaf));
}

#[test]
fn who_says_nothing_is_let_go() {
    let mut asked = Asked::new();
    let mut silent = asked.connect();
    let mut half = asked.connect();
    half.write_all(b"GET /status HTTP/1.1\r\nHost:").expect("room");
    let begun = Instant::now();
    for stream in [&mut silent, &mut half] {
        assert!(!answer(stream).contains("instances"));
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(asked.supervisor.stop(), 0);
}

#[test]
fn a_hundred_connections_at_once_are_all_answered() {
    let mut asked = Asked::new();
    let mut all: Vec<_> = (0..100).map(|_| asked.connect()).collect();
    for stream in &mut all {
        stream.write_all(STATUS.as_bytes()).expect("room");
    }
    for stream in &mut all {
        let text = answer(stream);
        assert!(text.starts_with("HTTP/1.1 200") && text.contains("\"w-0\""), "{text}");
    }
    assert_eq!(asked.supervisor.stop(), 0);
}

#[test]
fn those_who_wait_leave_room_for_short_questions() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let gate = sandbox.script("gate", &format!("emit gate start\n{}", Sandbox::until_open("go")));
    let config = sandbox.config(
        json!({"control_socket": socket}),
        json!({"gate": {"type": "oneshot", "command": gate},
            "w": {"command": sandbox.worker("w"), "depends_on": ["gate"]}}),
    );
    let supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("gate", 1);
    let mut asked = Asked { sandbox, supervisor, socket };
    let wait = STATUS.replace("/status", "/status?wait=60");
    let mut waiting: Vec<_> = (0..60).map(|_| asked.connect()).collect();
    for stream in &mut waiting {
        stream.write_all(wait.as_bytes()).expect("room");
    }
    assert_eq!(asked.status().0, 1, "not all is up, and it is said at once");
    asked.sandbox.write("go", "");
    let answers: Vec<_> = waiting.iter_mut().map(answer).collect();
    let with = |code: &str| answers.iter().filter(|a| a.starts_with(&format!("HTTP/1.1 {code}"))).count();
    assert_eq!((with("200"), with("503")), (48, 12));
    assert!(answers.iter().any(|a| a.contains("too many commands wait or follow")));
    assert_eq!(asked.supervisor.stop(), 0);
}

#[test]
fn what_is_no_request_is_refused_and_nothing_else_happens() {
    let mut asked = Asked::new();
    let huge_head = format!("GET /status HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(1 << 20));
    let many_headers = format!("GET /status HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500));
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "p".repeat(100_000));
    let refused: [&[u8]; 8] = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET /status\r\n\r\n",
        b"GET /status HTTP/9.9\r\n\r\n",
        huge_head.as_bytes(),
        many_headers.as_bytes(),
        long_path.as_bytes(),
    ];
    for bytes in refused {
        let text = asked.say(bytes);
        assert!(
            !text.contains(" 200 ") && !text.contains("instances"),
            "{:?}: {text}",
            &bytes[..20.min(bytes.len())]
        );
    }
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for length in 0..200 {
        let noise: Vec<u8> = (0..length * 7)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[0]
            })
            .collect();
        let mut stream = asked.connect();
        drop(stream.write_all(&noise));
        drop(stream.shutdown(std::net::Shutdown::Write));
        let text = answer(&mut stream);
        assert!(!text.contains(" 200 "), "{length}: {text}");
    }
    for (request, code) in [
        ("GET /nothing", "404"),
        ("POST /status", "405"),
        ("GET /traces?limit=-1", "503"),
        ("GET /status?wait=soon", "400"),
        ("GET /status?wait=nan", "400"),
        ("GET /traces", "503"),
        ("GET /traces/follow", "503"),
        ("GET /traces/abc", "503"),
        ("GET /status?wait=0.01&x=y", "200"),
    ] {
        let text =
            asked.say(format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
        assert!(text.starts_with(&format!("HTTP/1.1 {code}")), "{request}: {text}");
        assert!(code == "200" || text.contains("{\"error\":"), "{request}: {text}");
    }
    let body = "x".repeat(1 << 20);
    let text = asked.say(format!("POST /telemetry/flush HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    assert!(text.starts_with("HTTP/1.1 202") || text.starts_with("HTTP/1.1 413"), "{text}");
    assert_eq!(asked.status().0, 0);
    assert_eq!(asked.supervisor.stop(), 0);
    assert!(asked.supervisor.stderr().is_empty(), "{}", asked.supervisor.stderr());
}

#[test]
fn its_thread_is_started_by_the_first_question_and_not_by_a_look() {
    let mut asked = Asked::new();
    let names = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", asked.supervisor.pid())).expect("its threads");
        let name = |t: fs::DirEntry| fs::read_to_string(t.path().join("comm")).unwrap_or_default();
        tasks.flatten().map(name).filter(|n| n.trim() == "control").count()
    };
    for _ in 0..20 {
        drop(asked.connect());
    }
    assert_eq!(names(), 0);
    assert_eq!(asked.status().0, 0);
    wait_until(LONG, "its thread", || names() == 1);
    assert_eq!(asked.supervisor.stop(), 0);
}

#[test]
fn it_wakes_nobody_while_nobody_asks() {
    let mut asked = Asked::new();
    assert_eq!(asked.status().0, 0);
    let switches = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", asked.supervisor.pid())).expect("its threads");
        let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let line = |text: String| {
            text.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok())
        };
        tasks.flatten().map(of).filter_map(line).sum::<u64>()
    };
    // What the start leaves to do is done within seconds; then it sleeps, and sees the socket go all the same.
    let mut last = (switches(), Instant::now());
    wait_until(LONG, "two seconds of sleep in every thread", || {
        let now = switches();
        if now != last.0 {
            last = (now, Instant::now());
        }
        last.1.elapsed() > Duration::from_secs(2)
    });
    fs::remove_file(&asked.socket).expect("ours");
    wait_until(LONG, "the socket is back", || asked.status().0 == 0);
    assert_eq!(asked.supervisor.stop(), 0);
}
