//! The server and the client together, with spans that a test keeps.

#![allow(clippy::expect_used, reason = "a test may fail")]

use super::answers::{Answered, Answers};
use super::client::{Client, ClientError};
use super::view::{Changes, View};
use super::*;
use phpeek_actors::events::EventFeed;
use phpeek_actors::testkit::{NoLines, RecordingLog};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Instant, SystemTime};

/// Spans that are numbers: a request is their bytes.
struct Kept {
    spans: Mutex<Vec<u8>>,
    count: watch::Sender<u64>,
}

impl Kept {
    fn new() -> Arc<Self> {
        Arc::new(Self { spans: Mutex::default(), count: watch::Sender::new(0) })
    }

    fn keep(&self, span: u8) {
        let mut spans = self.spans.lock().expect("not poisoned");
        spans.push(span);
        self.count.send_replace(spans.len() as u64);
    }

    fn is_followed_by(&self, count: usize) {
        let begun = Instant::now();
        while self.count.receiver_count() != count {
            assert!(begun.elapsed() < Duration::from_secs(30), "not {count} follow");
            std::thread::yield_now();
        }
    }

    fn all(&self) -> Vec<u8> {
        self.spans.lock().expect("not poisoned").clone()
    }
}

impl TraceSource for Kept {
    fn began(&self) -> u64 {
        0
    }

    fn traces(&self, limit: usize) -> Vec<u8> {
        let all = self.all();
        all[all.len().saturating_sub(limit)..].to_vec()
    }

    fn trace(&self, prefix: &str) -> Vec<u8> {
        if prefix == "dead" {
            std::panic::resume_unwind(Box::new("planted"));
        }
        let of = |span: &u8| format!("{span:02x}").repeat(16).starts_with(prefix);
        self.all().into_iter().filter(of).collect()
    }

    fn since(&self, from: u64) -> (Vec<u8>, u64) {
        let all = self.all();
        let from = usize::try_from(from).expect("small").min(all.len());
        (all[from..].to_vec(), all.len() as u64)
    }

    fn spans(&self, from: u64, most: usize) -> Vec<(u64, serde_json::Value)> {
        let all = (0..).zip(self.all()).skip_while(|(number, _)| *number < from);
        all.take(most).map(|(number, span)| (number, span.into())).collect()
    }

    fn unfinished(&self) -> Unfinished {
        Unfinished { open: [("aa".to_owned(), 2)].into(), ..Unfinished::default() }
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }
}

/// A server, and a way to end it. The program around it runs on a thread of its own, as supervision does.
struct Rig {
    _folder: tempfile::TempDir,
    path: PathBuf,
    log: Arc<RecordingLog>,
    answered: Arc<Answered>,
    close: Option<oneshot::Sender<()>>,
    program: Option<std::thread::JoinHandle<Duration>>,
}

impl Rig {
    fn new(traces: Option<Arc<dyn TraceSource>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run/c.sock");
        std::fs::create_dir(folder.path().join("run")).expect("room");
        let listener = place::make_at(&path).expect("a socket");
        let (close, closing) = oneshot::channel();
        let log = Arc::new(RecordingLog::default());
        let records = log.clone();
        let answered = Arc::<Answered>::default();
        let answers: Option<Arc<dyn Answers>> = Some(answered.clone());
        let program = std::thread::spawn(move || {
            actix::System::new().block_on(async move {
                let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
                let view = View::of_one(clock);
                let (_coming, outlook) = watch::channel(Outlook::Coming);
                let log = records;
                let back = Box::new(|| ());
                let changes = Changes::default();
                let events = EventFeed::new(clock).source();
                let sources = v1::Sources { lines: Arc::new(NoLines), events, history: None, traces };
                let thread_init = || ();
                let panics = Panics::new(log.clone(), clock);
                let around = Surroundings {
                    outlook,
                    changes,
                    sources,
                    log,
                    clock,
                    panics,
                    answers,
                    thread_init,
                    back,
                };
                let (control, mut inquiries) = Control::start(listener, around).expect("a server");
                actix::spawn(async move {
                    while let Some(inquiry) = inquiries.recv().await {
                        match inquiry {
                            Inquiry::Status(reply) => drop(reply.send(view.clone())),
                            Inquiry::Telemetry(reply) => drop(reply.send(TelemetryReport::off())),
                            Inquiry::Flush(reply) => reply.send(()).expect("somebody waits"),
                            Inquiry::Order(..)
                            | Inquiry::Past(..)
                            | Inquiry::Operation(..)
                            | Inquiry::Change(..)
                            | Inquiry::Plan(..) => {
                                panic!("nobody gives orders here")
                            }
                        }
                    }
                });
                closing.await.ok();
                let begun = Instant::now();
                control.close(Duration::from_secs(2)).await;
                begun.elapsed()
            })
        });
        Self { _folder: folder, path, log, answered, close: Some(close), program: Some(program) }
    }

    fn has_said(&self, part: &str) {
        let begun = Instant::now();
        while !self.log.records().iter().any(|record| record.message.contains(part)) {
            assert!(begun.elapsed() < Duration::from_secs(30), "nobody says {part:?}");
            std::thread::yield_now();
        }
    }

    fn client(&self) -> Client {
        Client::at(self.path.clone()).expect("a client")
    }

    /// Ends the server and gives how long that took.
    fn end(&mut self) -> Duration {
        self.close.take().expect("not ended yet").send(()).ok();
        self.program.take().expect("not ended yet").join().expect("no panic")
    }
}

fn status_of(answer: Result<bytes::Bytes, ClientError>) -> (u16, String) {
    match answer {
        Err(ClientError::Refused { status, message }) => (status, message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn traces_are_given_by_number_and_by_prefix() {
    let kept = Kept::new();
    let mut rig = Rig::new(Some(kept.clone()));
    let client = rig.client();
    let (code, why) = status_of(client.get("/traces"));
    assert!(code == 404 && why == "no span has ended yet", "{code} {why}");
    for span in 1..=40 {
        kept.keep(span);
    }
    assert_eq!(client.get("/traces").expect("spans")[..], (21..=40).collect::<Vec<u8>>());
    assert_eq!(client.get("/traces?limit=2").expect("spans")[..], [39, 40]);
    assert_eq!(client.get("/traces/0A").expect("spans")[..], [10]);
    assert_eq!(client.get(&format!("/traces/{}", "0a".repeat(16))).expect("spans")[..], [10]);
    assert_eq!(status_of(client.get("/traces/ff")).0, 404);
    for faulty in ["/traces/xyz", "/traces?limit=some", &format!("/traces/{}", "0".repeat(33))] {
        assert_eq!(status_of(client.get(faulty)).0, 400, "{faulty}");
    }
    assert_eq!(client.get("/telemetry").expect("a report")[..13], *b"{\"exporter\":\"");
    assert_eq!(
        client.order("/telemetry/flush", String::new()).expect("a promise")[..],
        *b"{\"flush\":\"requested\"}\n"
    );
    assert!(rig.end() < Duration::from_secs(1));
    assert!(!rig.path.exists());
    assert!(matches!(client.get("/traces"), Err(ClientError::NotRunning { .. })));
}

#[test]
fn a_panic_over_a_request_is_its_answer_and_the_next_one_has_its_own() {
    let mut rig = Rig::new(Some(Kept::new()));
    let client = rig.client();
    let (code, why) = status_of(client.get("/traces/dead"));
    assert!(code == 500 && why.contains("panicked"), "{code} {why}");
    rig.has_said("a part of the supervisor has panicked, and goes on");
    client.get("/status").expect("the state");
    let counted = rig.answered.all();
    assert_eq!(counted, [("none", 500), ("/status", 200)]);
    rig.end();
}

#[test]
fn without_tracing_it_says_what_to_do() {
    let mut rig = Rig::new(None);
    for path in ["/traces", "/traces/follow", "/traces/0a"] {
        let (code, why) = status_of(rig.client().get(path));
        assert!(code == 503 && why.contains("set global.tracing_enabled: true"), "{path}: {code} {why}");
    }
    assert!(matches!(rig.client().stream("/traces/follow"), Err(ClientError::Refused { status: 503, .. })));
    rig.end();
}

#[test]
fn a_server_that_nobody_has_asked_ends_at_once() {
    let mut rig = Rig::new(None);
    assert!(rig.end() < Duration::from_secs(1));
    assert!(!rig.path.exists());
}

#[test]
fn who_follows_sees_all_that_comes_from_then_on_and_the_end() {
    let kept = Kept::new();
    kept.keep(1);
    let mut rig = Rig::new(Some(kept.clone()));
    let client = rig.client();
    let mut messages = client.stream("/traces/follow").expect("a stream");
    let mut seen = Vec::new();
    for span in 2..=200 {
        kept.keep(span);
        if span % 50 == 0 {
            while seen.last() != Some(&span) {
                seen.extend_from_slice(&messages.next().expect("no break").expect("not over"));
            }
        }
    }
    assert_eq!(seen, (2..=200).collect::<Vec<u8>>());
    kept.keep(201);
    let follower = std::thread::spawn({
        let path = rig.path.clone();
        move || {
            let client = Client::at(path).expect("a client");
            let mut messages = client.stream("/traces/follow").expect("a stream");
            messages.next()
        }
    });
    kept.is_followed_by(2);
    assert!(rig.end() < Duration::from_secs(1), "streams end with the server");
    assert_eq!(messages.next().expect("no break").as_deref(), Some(&[201][..]), "what came last is not lost");
    assert_eq!(messages.next().expect("a good end"), None);
    assert_eq!(follower.join().expect("no panic").expect("a good end"), None);
}

#[test]
fn a_follower_that_goes_away_is_forgotten_although_no_span_comes() {
    let kept = Kept::new();
    let mut rig = Rig::new(Some(kept.clone()));
    for _ in 0..3 {
        let client = rig.client();
        let messages = client.stream("/traces/follow").expect("a stream");
        kept.is_followed_by(1);
        drop(messages);
        drop(client);
        kept.is_followed_by(0);
    }
    assert!(rig.end() < Duration::from_secs(1));
}

#[test]
fn a_follower_that_never_reads_holds_the_end_up_no_longer_than_its_limit() {
    let kept = Kept::new();
    let mut rig = Rig::new(Some(kept.clone()));
    let mut deaf = std::os::unix::net::UnixStream::connect(&rig.path).expect("a connection");
    std::io::Write::write_all(&mut deaf, b"GET /traces/follow HTTP/1.1\r\nHost: x\r\n\r\n").expect("room");
    kept.is_followed_by(1);
    for _ in 0..2_000_000 {
        kept.spans.lock().expect("not poisoned").push(7);
    }
    kept.keep(7);
    assert_eq!(rig.client().get("/traces?limit=1").expect("others are served")[..], [7]);
    assert!(rig.end() < Duration::from_secs(3));
}

#[test]
fn what_is_no_supervisor_is_not_taken_for_one() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().expect("a folder");
    for (number, says) in [
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\nServer: phpeek-pm/9\r\nContent-Length: 9\r\n\r\n{}",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.sock"));
        let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            drop(stream.read(&mut [0; 1000]));
            drop(stream.write_all(says.as_bytes()));
        });
        let error = Client::at(path).expect("a client").get("/status").expect_err("it is none");
        other.join().expect("no panic");
        match number {
            0 | 1 => assert!(matches!(error, ClientError::NotOurs { .. }), "{error:?}"),
            _ => assert!(matches!(error, ClientError::Closed), "{error:?}"),
        }
    }
}

/// Waits until somebody listens at this path, at another socket than `before`, and gives its number.
fn another(path: &std::path::Path, before: u64) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let begun = Instant::now();
    loop {
        if let Ok(file) = std::fs::symlink_metadata(path)
            && file.ino() != before
            && std::os::unix::net::UnixStream::connect(path).is_ok()
        {
            assert_eq!(file.mode() & 0o777, 0o600);
            return file.ino();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not come back");
        std::thread::yield_now();
    }
}

#[test]
fn a_socket_that_was_removed_comes_back() {
    let kept = Kept::new();
    let mut rig = Rig::new(Some(kept.clone()));
    let number = another(&rig.path, 0);
    // Before anybody has asked anything, and so without a thread of the server.
    std::fs::remove_file(&rig.path).expect("ours");
    let number = another(&rig.path, number);
    let client = rig.client();
    assert_eq!(client.get("/telemetry").expect("a report")[..13], *b"{\"exporter\":\"");
    let mut messages = client.stream("/traces/follow").expect("a stream");
    kept.is_followed_by(1);
    // With its folder, and by somebody else's file that is moved over it.
    let folder = rig.path.parent().expect("a folder").to_owned();
    std::fs::remove_dir_all(&folder).expect("ours");
    let number = another(&rig.path, number);
    assert_eq!(client.get("/telemetry").expect("a report")[..13], *b"{\"exporter\":\"");
    let aside = folder.join("aside");
    std::fs::rename(&rig.path, &aside).expect("ours");
    another(&rig.path, number);
    assert_eq!(client.get("/telemetry").expect("a report")[..13], *b"{\"exporter\":\"");
    kept.keep(1);
    assert_eq!(messages.next().expect("no break").as_deref(), Some(&[1][..]), "who was there stays");
    std::fs::remove_file(&aside).expect("ours");
    assert!(rig.end() < Duration::from_secs(1));
    assert!(!rig.path.exists(), "the last one goes at the end");
}

#[test]
fn what_lies_in_its_place_is_left_alone_until_it_goes() {
    let mut rig = Rig::new(None);
    let folder = rig.path.parent().expect("a folder").to_owned();
    // Its folder is a file now: nothing can be made there.
    std::fs::remove_dir_all(&folder).expect("ours");
    std::fs::write(&folder, "theirs").expect("room");
    rig.has_said("comes back once it can be made");
    assert_eq!(std::fs::read_to_string(&folder).expect("it is there"), "theirs");
    std::fs::remove_file(&folder).expect("ours");
    let number = another(&rig.path, 0);
    rig.has_said("is there again");
    // Another one that lives has its place.
    let other = folder.join("other");
    let listens = std::os::unix::net::UnixListener::bind(&other).expect("a socket");
    std::fs::rename(&other, &rig.path).expect("ours");
    rig.has_said("belongs to a supervisor that runs");
    drop(listens);
    std::fs::remove_file(&rig.path).expect("ours");
    another(&rig.path, number);
    assert_eq!(rig.client().get("/telemetry").expect("a report")[..13], *b"{\"exporter\":\"");
    assert!(rig.end() < Duration::from_secs(1));
    assert!(!rig.path.exists());
}
