//! `run`: one program without a file, which stands where a shell would have put it.

use crate::support::otlp::{Manner, Receiver};
use crate::support::procfs::{alive, signal};
use crate::support::supervisor::{clean, program, run};
use crate::support::{LONG, Sandbox, wait_until};
use rustix::process::Signal;
use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Output, Stdio};

/// The words of a script of the sandbox.
pub(crate) fn words(command: &serde_json::Value) -> Vec<String> {
    let words = command.as_array().expect("a list").iter();
    words.map(|word| word.as_str().expect("text").to_owned()).collect()
}

pub(crate) fn begin(sandbox: &Sandbox, options: &[&str], command: &[String]) -> Child {
    let mut line = Command::new(program());
    clean(&mut line, sandbox)
        .env("PHPEEK_PM_GLOBAL_RESTART_BACKOFF_INITIAL", "10ms")
        .arg("run")
        .args(options)
        .arg("--")
        .args(command);
    line.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

pub(crate) fn ended(child: Child) -> Output {
    child.wait_with_output().expect("it ends")
}

pub(crate) fn pid(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("a pid")
}

#[test]
fn its_code_is_ours() {
    let sandbox = Sandbox::new();
    for (body, code) in [("exit 0", 0), ("exit 7", 7), ("ulimit -c 0; kill -9 $$", 137)] {
        assert_eq!(run(&sandbox, &["run", "--", "/bin/sh", "-c", body]).0, code, "{body}");
    }
    assert_eq!(run(&sandbox, &["run", "--", "/nonexistent/program"]).0, 127);
    assert_eq!(run(&sandbox, &["run", "--", "/etc/passwd"]).0, 126);
    assert_eq!(run(&sandbox, &["run"]).0, 64);
    assert_eq!(run(&sandbox, &["run", "--config", "x.yaml", "--", "true"]).0, 64);
}

#[test]
fn its_spans_go_to_the_receiver_that_the_environment_names_and_not_into_its_output() {
    for variable in ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] {
        let (sandbox, receiver) = (Sandbox::new(), Receiver::start(Manner::Takes));
        let mut line = Command::new(program());
        clean(&mut line, &sandbox).env(variable, format!("http://{}", receiver.endpoint()));
        line.args(["run", "--name", "own", "--", "/bin/echo", "hi"]);
        let output = line.stdin(Stdio::null()).output().expect("it runs");
        let said = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!((said.0.as_ref(), said.1.as_ref()), ("hi\n", ""), "{variable}");
        receiver.spans().of("process.spawn", "own");
    }
}

#[test]
fn it_has_our_streams_and_nothing_else_is_on_standard_output() {
    let sandbox = Sandbox::new();
    let command = words(&sandbox.script("c", "echo '$HOME {{name}}' >&2\nexec cat"));
    let mut child = begin(&sandbox, &[], &command);
    child.stdin.take().expect("a pipe").write_all(b"a\0b\nno end").expect("it reads");
    let output = ended(child);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"a\0b\nno end"[..]));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "$HOME {{name}}\n");
}

#[test]
fn signals_reach_it_and_a_stop_takes_all_that_it_has_left() {
    let sandbox = Sandbox::new();
    let body = "setsid sleep 1000 & echo \"left $!\" >> \"$SANDBOX/left\"\n\
                trap 'emit c hup' HUP\ntrap 'emit c int' INT\ntrap 'emit c term; exit 3' TERM\n\
                emit c start\nwhile :; do sleep 0.02; done";
    let child = begin(&sandbox, &["--name", "main"], &words(&sandbox.script("c", body)));
    sandbox.started("c", 1);
    for (sent, seen) in [(Signal::HUP, "hup"), (Signal::INT, "int")] {
        assert!(signal(pid(&child), sent));
        sandbox.seen("c", seen, 1);
    }
    let left = std::fs::read_to_string(sandbox.path("left")).expect("it was written");
    let left: i32 = left.trim().trim_start_matches("left ").parse().expect("a pid");
    assert!(alive(left));
    assert!(signal(pid(&child), Signal::TERM));
    assert_eq!(ended(child).status.code(), Some(3), "its own code, though it was asked to end");
    assert_eq!(sandbox.events_of("c", "term").len(), 1);
    wait_until(LONG, "nothing is left", || !alive(left));
}

#[test]
fn it_is_restarted_when_that_was_asked_for() {
    let sandbox = Sandbox::new();
    let body = "emit c start\n[ \"$(count 'c start')\" -ge 3 ] && exit 0\nexit 1";
    let child = begin(&sandbox, &["--restart", "on-failure"], &words(&sandbox.script("c", body)));
    assert_eq!(ended(child).status.code(), Some(0));
    assert_eq!(sandbox.events_of("c", "start").len(), 3);
}

#[test]
fn on_a_terminal_it_has_the_terminal() {
    let sandbox = Sandbox::new();
    // Whoever reads from a terminal in the background is stopped by it.
    let body = "read line < /dev/tty && emit c \"$line\"";
    let command = words(&sandbox.script("c", body)).join(" ");
    let line = format!("exec {} run -- {command}", program().display());
    let mut terminal = Command::new("script");
    let begun = clean(&mut terminal, &sandbox)
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn();
    let mut terminal = begun.expect("`script` is not installed: it is in bsdutils");
    let mut input = terminal.stdin.take().expect("a pipe");
    input.write_all(b"typed\n").expect("it reads");
    sandbox.seen("c", "typed", 1);
    drop(input);
    assert_eq!(terminal.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_dry_run_and_an_explanation_start_nothing() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        serde_json::json!({}),
        serde_json::json!({
            "b": {"command": sandbox.worker("b")},
            "a": {"command": sandbox.worker("a"), "depends_on": ["b"]},
        }),
    );
    let config = config.display().to_string();
    assert_eq!(run(&sandbox, &["serve", "--dry-run", "--config", &config]).0, 0);
    let (code, text) = run(&sandbox, &["explain", "--json", "--config", &config]);
    let told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &told["order"][0]["name"], &told["order"][1]["name"]), (0, &"b".into(), &"a".into()));
    assert_eq!(run(&sandbox, &["explain", "nobody", "--config", &config]).0, 1);
    assert!(sandbox.story().is_empty());
    sandbox.write("bad.yaml", "processes: {a: {command: [x], restart: sometimes}}");
    for command in [&["serve", "--dry-run", "--config", "bad.yaml"][..], &["explain", "--config", "bad.yaml"]]
    {
        assert_eq!(run(&sandbox, command).0, 78, "{command:?}");
    }
}

#[test]
fn words_that_are_no_text_reach_it_as_they_are() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("").join(OsStr::from_bytes(b"caf\xe9"));
    std::os::unix::fs::symlink("/bin/sh", &file).expect("a link");
    let mut line = Command::new(program());
    let written = clean(&mut line, &sandbox)
        .args(["run", "--"])
        .arg(&file)
        .args(["-c", "printf %s \"$1\"", "sh"])
        .arg(OsStr::from_bytes(b"a\xff\x80\nb"))
        .output()
        .expect("it starts");
    assert_eq!((written.status.code(), written.stdout.as_slice()), (Some(0), &b"a\xff\x80\nb"[..]));
    let missing = clean(&mut Command::new(program()), &sandbox)
        .args(["run", "--"])
        .arg(OsStr::from_bytes(b"/nowhere/\xff"))
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert_eq!(missing.status.code(), Some(127), "{said}");
    assert!(said.contains("/nowhere/\u{fffd}"), "{said}");
}
