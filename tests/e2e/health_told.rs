//! Health that programs tell of themselves: by the socket of systemd, by the newline of s6, by a line of their output.

use super::traces::traced;
use crate::support::otlp::{Manner, Receiver};
use crate::support::procfs::{self, alive};
use crate::support::{LONG, Sandbox, Supervisor, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::{Duration, Instant};

/// Where the program of these tests finds what it shall say.
const FOLDER: &str = "TELLS_WHAT_LIES_IN";

/// A command that is the leader of its run and says on NOTIFY_SOCKET what [`say`] has it say.
fn teller(sandbox: &Sandbox, name: &str) -> Value {
    let own = std::env::current_exe().expect("we run").display().to_string();
    let variables =
        "echo \"$NOTIFY_SOCKET\" > \"$SANDBOX/socket\"\n[ \"${WATCHDOG_PID-$$}\" = $$ ] || emit NAME wrong";
    let body = format!(
        "{}\nemit {name} start\nexec '{own}' --exact health_told::tells --nocapture",
        variables.replace("NAME", name)
    );
    sandbox.script(name, &body)
}

/// Not a test by itself: the program of those below.
#[test]
fn tells() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let address = std::env::var("NOTIFY_SOCKET").expect("it is told of one");
    let socket = UnixDatagram::unbound().expect("a socket");
    for number in 0.. {
        let file = Path::new(&folder).join(format!("say-{number}"));
        let words = wait_for(LONG, "something to say", || fs::read(&file).ok());
        let times = if words.starts_with(b"STATUS=again") { 2000 } else { 1 };
        for _ in 0..times {
            socket.send_to_addr(&words, &abstract_address(&address)).expect("somebody listens");
        }
    }
}

fn abstract_address(text: &str) -> SocketAddr {
    let name = text.trim().strip_prefix('@').expect("it lies in no directory");
    SocketAddr::from_abstract_name(name).expect("a name")
}

/// Has the teller say this, as what it says as number so.
fn say(sandbox: &Sandbox, number: usize, words: &str) {
    let half = sandbox.write("half", words);
    fs::rename(half, sandbox.path(&format!("say-{number}"))).expect("one file system");
}

fn env(sandbox: &Sandbox) -> Value {
    json!({ FOLDER: sandbox.dir() })
}

/// Whether a record of the supervisor holds this.
fn is_said(supervisor: &Supervisor, what: &str) -> bool {
    supervisor.records().iter().any(|record| record["msg"].as_str().is_some_and(|msg| msg.contains(what)))
}

#[test]
fn a_program_says_that_it_is_ready_and_nobody_else_says_it_in_its_place() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({
            "db": {"command": teller(&sandbox, "db"), "env": env(&sandbox), "health_check": {"type": "notify"}},
            "app": {"command": sandbox.worker("app"), "depends_on": ["db"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("db", 1);
    let address = abstract_address(&fs::read_to_string(sandbox.path("socket")).expect("its address"));
    let stranger = UnixDatagram::unbound().expect("a socket");
    stranger.send_to_addr(b"READY=1", &address).expect("somebody listens");
    wait_until(LONG, "the stranger is told of", || is_said(&supervisor, "to its socket w"));
    say(&sandbox, 0, "STATUS=again and again");
    say(&sandbox, 1, "STATUS=nearly\nNONSENSE");
    wait_until(LONG, "the nonsense is told of", || is_said(&supervisor, "it is not KEY=VALUE"));
    assert!(sandbox.events_of("app", "start").is_empty(), "db runs, and is not ready");
    say(&sandbox, 2, "READY=1\nSTATUS=up");
    sandbox.started("app", 1);
    assert!(sandbox.events_of("db", "wrong").is_empty());
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    assert_eq!(trace.one("process.wait_ready").get("health_check.type"), "notify");
    let told = trace.one("health_check.execute");
    assert_eq!((told.get("health_check.result"), told.get("health_check.state")), ("ready", "passing"));
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_program_that_gives_no_sign_of_life_is_restarted_and_not_ready_before_it_says_so_again() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let check = json!({"type": "notify", "watchdog": "300ms"});
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({"db": {"command": teller(&sandbox, "db"), "env": env(&sandbox), "health_check": check}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let first = sandbox.started("db", 1);
    say(&sandbox, 0, "READY=1");
    // Its successor says the same first, and is ready by that alone.
    let second = sandbox.started("db", 2);
    assert!(first != second);
    wait_until(LONG, "the end of the run that was silent", || !alive(first));
    assert!(is_said(&supervisor, "unhealthy: no sign of life within 300ms"));
    // A stop that comes before its start is told takes the restart over.
    wait_until(LONG, "the second run is told of", || supervisor.stdout().contains("\"run\":2"));
    assert!(sandbox.events_of("db", "wrong").is_empty(), "each finds its own pid in WATCHDOG_PID");
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let restarts = trace.named("process_manager.restart_process");
    assert!(restarts.iter().any(|span| span.get("restart.reason") == "health_check"), "{restarts:?}");
}

#[test]
fn a_newline_on_a_descriptor_says_that_a_program_is_ready() {
    let sandbox = Sandbox::new();
    let body = format!(
        "emit db start\n{}\nls /proc/self/fd > \"$SANDBOX/open\"\necho >&7\nexec sleep 1000",
        Sandbox::until_open("go")
    );
    let check = json!({"readiness": {"type": "notify", "protocol": "s6", "fd": 7}});
    let config = sandbox.config(
        json!({}),
        json!({
            "db": {"command": sandbox.script("db", &body), "health": check},
            "app": {"command": sandbox.worker("app"), "depends_on": ["db"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("db", 1);
    assert!(sandbox.events_of("app", "start").is_empty(), "db runs, and is not ready");
    sandbox.write("go", "");
    sandbox.started("app", 1);
    let open = fs::read_to_string(sandbox.path("open")).expect("its descriptors");
    let open: Vec<u32> = open.lines().filter_map(|line| line.parse().ok()).collect();
    // 3 is the directory that ls reads; a shell keeps its script open above 9.
    assert!(open.contains(&7) && open.iter().all(|fd| *fd <= 3 || *fd == 7 || *fd >= 10), "{open:?}");
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_line_says_that_a_run_is_ready_and_says_it_of_no_other_run() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let body = format!(
        "emit db start\necho starting password=hush\n{}\nrm -f \"$SANDBOX/go\"\n\
         echo 12:00 ready to accept password=hush >&2\nexec sleep 1000",
        Sandbox::until_open("go")
    );
    let check = json!({"type": "log", "pattern": "^[0-9:]+ ready to (accept|serve)", "stream": "stderr"});
    let quiet = json!({"filters": {"exclude": ["."]}});
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({
            "db": {"command": sandbox.script("db", &body), "restart": "always", "health_check": check, "logging": quiet},
            "app": {"command": sandbox.worker("app"), "depends_on": ["db"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let first = sandbox.started("db", 1);
    assert!(sandbox.events_of("app", "start").is_empty(), "db runs, and is not ready");
    sandbox.write("go", "");
    sandbox.started("app", 1);
    assert!(procfs::signal(first, Signal::KILL));
    sandbox.started("db", 2);
    let ready = || supervisor.records().iter().filter(|record| record["msg"] == "ready").count();
    assert_eq!(ready(), 1, "the new run has not said it");
    sandbox.write("go", "");
    wait_until(LONG, "the new run is ready too", || ready() == 2);
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let told = trace.named("health_check.execute");
    let lines: Vec<_> = told.iter().map(|span| span.get("health_check.result")).collect();
    assert_eq!(lines, ["12:00 ready to accept password=****"; 2], "without its secrets");
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_program_that_ends_and_needs_longer_says_so_and_has_that_time() {
    let sandbox = Sandbox::new();
    // It ignores the request, and is killed when its time is over.
    let config = sandbox.config(
        json!({}),
        json!({"db": {
            "command": teller(&sandbox, "db"), "env": env(&sandbox), "health_check": {"type": "notify"},
            "shutdown": {"signal": "SIGWINCH", "timeout": "1500ms"},
        }}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("db", 1);
    say(&sandbox, 0, "READY=1");
    let began = Instant::now();
    supervisor.signal(Signal::TERM);
    wait_until(LONG, "it is asked to go", || is_said(&supervisor, "shutting down"));
    say(&sandbox, 1, "EXTEND_TIMEOUT_USEC=3000000");
    assert_eq!(supervisor.ended(), 0);
    assert!(is_said(&supervisor, "its end takes 3s more"), "{}", supervisor.stdout());
    assert!(began.elapsed() >= Duration::from_secs(3), "it had its time: {:?}", began.elapsed());
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}
