//! What each instance has of its own: its port and its number, in its arguments, its variables, its directory and its
//! hooks.

use crate::support::backend::free_port;
use crate::support::procfs::signal;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::mpsc;

fn with(command: Value, arguments: &[&str]) -> Value {
    let written = command.as_array().expect("a command").iter().cloned();
    written.chain(arguments.iter().map(|argument| json!(argument))).collect()
}

#[test]
fn each_instance_finds_its_port_also_after_a_restart() {
    let sandbox = Sandbox::new();
    let web = sandbox.script(
        "web",
        "emit \"$PHPEEK_PM_INSTANCE_ID\" \"$PORT $PHPEEK_PM_INSTANCE_NUMBER\"\nexec sleep 1000",
    );
    let config = sandbox.config(
        json!({"restart_backoff_initial": "10ms"}),
        json!({"web": {"command": web, "scale": 3, "port_base": 3000, "restart": "always", "env": {"PORT": "1"}}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    wait_until(LONG, "three starts", || sandbox.events().len() == 3);
    let mut told = sandbox.story();
    told.sort();
    assert_eq!(told, ["web-0 3000 0", "web-1 3001 1", "web-2 3002 2"]);
    let first = sandbox.events_of("web-1", "3001 1");
    signal(first[0].pid, Signal::KILL);
    wait_until(LONG, "a restart", || sandbox.events_of("web-1", "3001 1").len() == 2);
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn texts_of_a_process_and_of_its_hooks_are_each_instances_own() {
    let sandbox = Sandbox::new();
    let script = |name: &str| sandbox.script(name, "emit \"$(basename \"$PWD\")\" \"$1 $2 $OWN\"\nexit 0");
    for number in 0..2 {
        std::fs::create_dir(sandbox.path(&format!("home-{number}"))).expect("room");
    }
    let home = format!("{}/home-{{{{instance}}}}", sandbox.path("").display());
    let own = |command, what: &str| {
        let command = with(command, &[&format!("{what}={{{{name}}}}:{{{{port}}}}"), "{{{{raw}} {{.Go}}"]);
        json!({"command": command, "working_dir": home, "env": {"OWN": "{{instance}}"}})
    };
    let mut web = own(script("web"), "run");
    web["scale"] = json!(2);
    web["port_base"] = json!(4100);
    web["restart"] = json!("never");
    web["hooks"] = json!({"pre_start": [own(script("hook"), "hook")]});
    let config = sandbox.config(json!({}), json!({"web": web}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 0);
    let mut told = sandbox.story();
    told.sort();
    let line = |n: u16, what: &str| format!("home-{n} {what}=web:{} {{{{raw}}}} {{{{.Go}}}} {n}", 4100 + n);
    assert_eq!(told, [line(0, "hook"), line(0, "run"), line(1, "hook"), line(1, "run")]);
}

/// Two ports that follow each other, which nobody else has.
fn neighbours() -> (u16, [TcpListener; 2]) {
    let listen = |port| TcpListener::bind(("127.0.0.1", port)).ok();
    let both = |base: u16| Some((base, [listen(base)?, listen(base.checked_add(1)?)?]));
    (0..100).find_map(|_| both(free_port())).expect("two free ports side by side")
}

#[test]
fn each_instance_is_asked_at_its_own_address() {
    let sandbox = Sandbox::new();
    let (base, servers) = neighbours();
    let check = |kind: &str, key: &str, at: &str| {
        json!({
            "command": sandbox.worker(kind), "port_base": base, "scale": 2,
            "health_check": {
                "type": kind, key: at, "mode": "readiness", "initial_delay": 0, "period": "50ms", "failure_threshold": 1,
            },
        })
    };
    let asked = sandbox.script("asked", "emit asked \"$1\"\nexit 1");
    let mut exec = check("exec", "command", "");
    exec["health_check"]["command"] = with(asked, &["{{instance}}:{{port}}"]);
    let config = sandbox.config(
        json!({}),
        json!({
            "tcp": check("tcp", "address", "127.0.0.1:{{port}}"),
            "http": check("http", "url", "http://127.0.0.1:{{port}}/{{name}}-{{instance}}"),
            "grpc": check("grpc", "address", "127.0.0.1:{{port}}"),
            "exec": exec,
        }),
    );
    let paths = servers.into_iter().map(paths);
    let paths: Vec<_> = paths.collect();
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.seen("asked", &format!("0:{base}"), 1);
    sandbox.seen("asked", &format!("1:{}", base + 1), 1);
    for (number, heard) in paths.into_iter().enumerate() {
        let wanted = format!("GET /http-{number} ");
        let until = std::time::Instant::now() + LONG;
        let found = std::iter::from_fn(|| {
            heard.recv_timeout(until.saturating_duration_since(std::time::Instant::now())).ok()
        })
        .find(|line| line.starts_with(&wanted));
        assert!(found.is_some(), "instance {number} is asked at its own port, by its own path");
    }
    assert_eq!(supervisor.stop(), 0);
}

/// The first line of each connection.
fn paths(server: TcpListener) -> mpsc::Receiver<String> {
    let (told, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in server.incoming().flatten() {
            let mut line = String::new();
            let read = BufReader::new(stream).read_line(&mut line);
            if read.is_ok() && told.send(line).is_err() {
                return;
            }
        }
    });
    heard
}
