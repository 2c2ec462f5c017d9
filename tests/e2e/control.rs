//! The control socket and the commands over it, with the real program: who may ask, what is answered, what is left.

use crate::support::supervisor::{Launch, Supervisor, clean, program, run};
use crate::support::{LONG, Sandbox, procfs, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A supervisor with a socket in its sandbox and one worker, which is up.
struct Asked {
    // First, so that it has ended and shown its log before the folder goes.
    supervisor: Supervisor,
    sandbox: Sandbox,
    socket: PathBuf,
}

impl Asked {
    fn with(global: Value) -> Self {
        let sandbox = Sandbox::new();
        let socket = sandbox.path("control.sock");
        let mut settings = json!({"control_socket": socket, "log_level": "debug"});
        if let (Some(all), Value::Object(more)) = (settings.as_object_mut(), global) {
            all.extend(more);
        }
        let config = sandbox.config(settings, json!({"w": {"command": sandbox.worker("w")}}));
        let supervisor = Supervisor::start(&sandbox, &config);
        sandbox.started("w", 1);
        Self { sandbox, supervisor, socket }
    }

    fn run(&self, command: &str, more: &[&str]) -> (i32, String) {
        let socket = self.socket.display().to_string();
        run(&self.sandbox, &[&[command, "--socket", &socket], more].concat())
    }
}

#[test]
fn status_tells_waits_and_ends_with_the_supervisor() {
    let sandbox = Sandbox::new();
    let gate = sandbox.script("gate", &format!("emit gate start\n{}", Sandbox::until_open("go")));
    let socket = sandbox.path("control.sock");
    let config = sandbox.config(
        json!({"control_socket": socket}),
        json!({
            "gate": {"type": "oneshot", "command": gate},
            "web": {"command": sandbox.worker("web"), "scale": 2, "depends_on": ["gate"]},
        }),
    );
    let config_text = config.display().to_string();
    let status = |more: &[&str]| run(&sandbox, &[&["status", "--config", &config_text], more].concat());
    let (code, text) = status(&[]);
    assert!(code == 3 && text.contains("no supervisor listens at"), "{code}: {text}");

    // Waits from before the start.
    let mut waiting = clean(&mut Command::new(program()), &sandbox)
        .args(["status", "--wait", "30", "--json", "--config", &config_text])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("gate", 1);
    let (code, text) = status(&["--wait", "0.05"]);
    assert!(code == 1 && text.starts_with("starting"), "{code}: {text}");
    assert!(waiting.try_wait().expect("our child").is_none(), "it waits");
    sandbox.write("go", "");
    let ended = wait_for(LONG, "the answer", || waiting.try_wait().expect("our child"));
    assert_eq!(ended.code(), Some(0));
    let snapshot: Value = serde_json::from_reader(waiting.stdout.take().expect("its output")).expect("JSON");
    assert_eq!((&snapshot["state"], &snapshot["ready"]), (&json!("running"), &json!(true)));
    assert_eq!(snapshot["pid"], supervisor.pid());
    assert_eq!(snapshot["config"], config_text);
    assert_eq!(snapshot["version"], env!("CARGO_PKG_VERSION"));
    let web = snapshot["processes"].as_array().and_then(|p| p.iter().find(|p| p["name"] == "web"));
    let instances = web.expect("web is listed")["instances"].as_array().expect("a list").clone();
    assert_eq!(instances.len(), 2);
    for (instance, name) in instances.iter().zip(["web-0", "web-1"]) {
        assert_eq!(instance["id"], name);
        assert!(instance["uptime_s"].as_f64().is_some_and(|s| (0.0..30.0).contains(&s)), "{instance}");
    }
    let (code, text) = status(&[]);
    let head = text.lines().nth(1).unwrap_or_default();
    assert!(code == 0 && head.ends_with("UPTIME  RESTARTS   CRASHES  LAST EXIT"), "{code}: {text}");

    assert_eq!(supervisor.stop(), 0);
    assert!(!socket.exists(), "the socket goes with the supervisor");
    assert_eq!(status(&["--wait", "0"]).0, 3);
}

#[test]
fn status_shows_the_last_exit_and_nobody_waits_for_one_that_stops() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let dying = sandbox.script(
        "d",
        "emit d start\n[ -e \"$SANDBOX/died\" ] || { touch \"$SANDBOX/died\"; exit 7; }\nexec sleep 1000",
    );
    let stays = sandbox.stubborn("s");
    let config = sandbox.config(
        json!({"control_socket": socket}),
        json!({
            "d": {"command": dying, "restart": "always"},
            "s": {"command": stays, "shutdown": {"timeout": 1000}},
            "spare": {"command": sandbox.worker("spare"), "initial_state": "stopped"},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("d", 2);
    let stays = sandbox.started("s", 1);
    let text_of = |more: &[&str]| {
        run(&sandbox, &[&["status", "--socket", &socket.display().to_string()], more].concat())
    };
    wait_until(LONG, "the second run", || {
        let (_, text) = text_of(&["--json"]);
        let snapshot: Value = serde_json::from_str(&text).unwrap_or_default();
        let instance = &snapshot["processes"][0]["instances"][0];
        instance["restarts"] == 1 && instance["last_exit"]["code"] == 7
    });
    let (code, text) = text_of(&["--wait", "30"]);
    assert!(code == 0 && text.lines().any(|l| l.starts_with("d-0") && l.ends_with("exit code 7")), "{text}");

    supervisor.signal(Signal::TERM);
    wait_until(LONG, "it stops", || text_of(&["--json"]).1.contains("\"state\":\"stopping\""));
    let (code, text) = text_of(&["--wait", "300"]);
    assert!(code == 1 && text.starts_with("stopping"), "it will not be up again: {code}: {text}");
    assert!(procfs::signal(stays, Signal::KILL), "it stays until then");
    assert_eq!(supervisor.ended(), 0);
}

#[test]
fn the_socket_is_the_owners_alone_whatever_the_umask() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let config =
        sandbox.config(json!({"control_socket": socket}), json!({"w": {"command": sandbox.worker("w")}}));
    let command = format!("umask 0; exec {} serve --config {}", program().display(), config.display());
    let mut child = clean(&mut Command::new("/bin/sh"), &sandbox)
        .args(["-c", &command])
        .stdout(Stdio::null())
        .spawn()
        .expect("a shell");
    sandbox.started("w", 1);
    let file = fs::symlink_metadata(&socket).expect("the socket");
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert!(procfs::signal(i32::try_from(child.id()).expect("a pid fits"), Signal::TERM));
    wait_for(LONG, "its end", || child.try_wait().expect("our child"));
}

#[test]
fn a_killed_supervisors_socket_is_replaced_and_a_living_ones_never() {
    let first = Asked::with(json!({}));
    let config = first.sandbox.path("config.yaml");
    let inode = || fs::symlink_metadata(&first.socket).expect("the socket").ino();
    let before = inode();
    // Of the same file there is one supervisor; of another one that names the same socket neither.
    let same = first.sandbox.path("same.yaml");
    fs::copy(&config, &same).expect("a copy");
    let mut second = Supervisor::start(&first.sandbox, &same);
    assert_eq!(second.ended(), 73);
    let said = second.last_words();
    let pid = format!("(pid {})", first.supervisor.pid());
    assert!(said.contains("belongs to a supervisor that runs") && said.contains(&pid), "{said}");
    assert_eq!(inode(), before, "it was left alone");
    assert_eq!(first.run("status", &[]).0, 0);

    first.supervisor.signal(Signal::KILL);
    let Asked { sandbox, mut supervisor, socket } = first;
    supervisor.ended();
    assert!(socket.exists(), "nobody was left to remove it");
    let ask = || run(&sandbox, &["status", "--socket", &socket.display().to_string(), "--wait", "30"]);
    assert_eq!(run(&sandbox, &["status", "--socket", &socket.display().to_string()]).0, 3);
    let mut successor = Supervisor::start(&sandbox, &config);
    let (code, text) = ask();
    assert!(code == 0 && text.contains(&format!("(pid {})", successor.pid())), "{code}: {text}");
    assert_eq!(successor.stop(), 0);
    assert!(!socket.exists());
}

#[test]
fn what_is_no_socket_of_a_dead_supervisor_is_left_alone() {
    let sandbox = Sandbox::new();
    let processes = || json!({"w": {"command": sandbox.worker("w")}});
    let start = |path: &Path| {
        let mut supervisor =
            Supervisor::start(&sandbox, &sandbox.config(json!({"control_socket": path}), processes()));
        (supervisor.ended(), supervisor.last_words())
    };
    let file = sandbox.write("precious", "text");
    let (code, said) = start(&file);
    assert!(code == 73 && said.contains("no socket lies there"), "{code}: {said}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "text");
    let link = sandbox.path("link");
    symlink(&file, &link).expect("a link");
    assert_eq!(start(&link).0, 73);
    let (code, said) = start(&file.join("x.sock"));
    assert!(code == 73 && said.contains("cannot use the folder"), "{code}: {said}");
    let other = sandbox.path("other.sock");
    let _listens = UnixListener::bind(&other).expect("a socket");
    let (code, said) = start(&other);
    assert!(code == 73 && said.contains(&format!("(pid {})", std::process::id())), "{code}: {said}");
    let (code, text) = run(&sandbox, &["status", "--socket", &file.display().to_string()]);
    assert_eq!(code, 3, "{text}");
    assert!(sandbox.events().is_empty(), "nothing was started");
}

#[test]
fn the_default_lies_in_the_runtime_directory_and_many_do_not_fight() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("run");
    let config = sandbox.config(json!({}), json!({"w": {"command": sandbox.worker("w")}}));
    let other = sandbox.path("other.yaml");
    fs::copy(&config, &other).expect("a copy");
    let serve = |config: &Path| {
        Launch::new(&sandbox).env("RUNTIME_DIRECTORY", folder.display().to_string()).serve(config)
    };
    let status = || {
        let output = clean(&mut Command::new(program()), &sandbox)
            .env("RUNTIME_DIRECTORY", &folder)
            .args(["status", "--wait", "20"])
            .output()
            .expect("the program runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let killed = serve(&config);
    sandbox.started("w", 1);
    assert_eq!(fs::symlink_metadata(&folder).expect("it was made").permissions().mode() & 0o777, 0o700);
    let of = |pid: i32| folder.join(format!("{pid}.sock"));
    let stale = of(killed.pid());
    assert!(stale.exists());
    killed.signal(Signal::KILL);
    drop(killed);

    let mut first = serve(&config);
    sandbox.started("w", 2);
    wait_until(LONG, "what a killed one left is cleared away", || !stale.exists());
    let (code, text) = status();
    assert!(code == Some(0) && text.contains(&format!("(pid {})", first.pid())), "{code:?}: {text}");
    let mut second = serve(&other);
    sandbox.started("w", 3);
    let (code, text) = status();
    assert_eq!(code, Some(4), "{text}");
    for (supervisor, config) in [(&first, &config), (&second, &other)] {
        let line =
            format!("{}  pid {}  {}", of(supervisor.pid()).display(), supervisor.pid(), config.display());
        assert!(text.contains(&line), "{text}");
    }
    assert_eq!((first.stop(), second.stop()), (0, 0));
    let left = fs::read_dir(&folder).expect("the folder").flatten().map(|entry| entry.path());
    let sockets: Vec<_> = left.filter(|path| path.extension().is_some_and(|e| e == "sock")).collect();
    assert!(sockets.is_empty(), "{sockets:?}");
}

#[test]
fn none_is_none_and_a_faulty_path_is_told_by_the_check() {
    let asked = |path: Value| {
        let sandbox = Sandbox::new();
        let config =
            sandbox.config(json!({"control_socket": path}), json!({"w": {"command": sandbox.worker("w")}}));
        let config = config.display().to_string();
        run(&sandbox, &["check-config", "--config", &config])
    };
    for faulty in ["relative.sock", &format!("/{}", "x".repeat(120))] {
        let (code, text) = asked(json!(faulty));
        assert!(code == 78 && text.contains("control_socket"), "{code}: {text}");
    }
    let sandbox = Sandbox::new();
    let config =
        sandbox.config(json!({"control_socket": "none"}), json!({"w": {"command": sandbox.worker("w")}}));
    let mut supervisor = Launch::new(&sandbox)
        .env("RUNTIME_DIRECTORY", sandbox.path("run").display().to_string())
        .serve(&config);
    sandbox.started("w", 1);
    let (code, text) = run(&sandbox, &["status", "--config", &config.display().to_string()]);
    assert!(code == 4 && text.contains("control_socket is off"), "{code}: {text}");
    let sockets = fs::read_dir(sandbox.path("run")).into_iter().flatten().flatten();
    let sockets = sockets.filter(|entry| entry.path().extension().is_some_and(|e| e == "sock"));
    assert_eq!(sockets.count(), 0, "no socket was made");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_command_finds_the_socket_by_the_variables_that_name_it() {
    let sandbox = Sandbox::new();
    let (mine, other) = (sandbox.path("mine.sock"), sandbox.path("other.sock"));
    let config =
        sandbox.config(json!({"control_socket": other}), json!({"w": {"command": sandbox.worker("w")}}));
    let variable = "PHPEEK_PM_GLOBAL_CONTROL_SOCKET";
    let mut supervisor = Launch::new(&sandbox).env(variable, mine.display().to_string()).serve(&config);
    sandbox.started("w", 1);
    assert!(mine.exists() && !other.exists(), "the override wins");
    let status = |name: &str, value: &Path, more: &[&str]| {
        let mut command = Command::new(program());
        let command = clean(&mut command, &sandbox).env(name, value).args(["status", "--json"]).args(more);
        let output = command.output().expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let file = config.display().to_string();
    for (name, more) in [
        (variable, &[][..]),
        (variable, &["--config", &file]),
        ("PHPEEK_PM_CONTROL_SOCKET", &["--config", &file]),
    ] {
        let (code, text) = status(name, &mine, more);
        assert_eq!(code, Some(0), "{name} {more:?}: {text}");
    }
    let (code, text) = status("PHPEEK_PM_CONTROL_SOCKET", &mine, &["--socket", &other.display().to_string()]);
    assert!(code == Some(3) && text.contains("other.sock"), "the option wins: {code:?} {text}");
    let (code, text) = status("X", &mine, &["--config", "missing.yaml"]);
    assert!(code == Some(78) && text.contains("the file missing.yaml cannot be read"), "{code:?} {text}");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn telemetry_tells_what_became_of_the_spans() {
    let mut asked = Asked::with(json!({"tracing_enabled": true, "tracing_exporter": "stdout"}));
    assert_eq!(asked.run("status", &["--wait", "30"]).0, 0);
    let (code, text) = asked.run("telemetry", &["--flush", "--json"]);
    assert_eq!(code, 0, "{text}");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&report["exporter"], &report["pending"]), (&json!("stdout"), &json!(0)));
    assert!(report["exported"].as_u64().is_some_and(|n| n >= 3), "{report}");
    assert_eq!(report["started"], report["exported"]);
    let (code, text) = asked.run("telemetry", &[]);
    assert!(
        code == 0
            && text.starts_with("exporter    stdout to standard output\n")
            && text.contains("\ndropped     0\n"),
        "{text}"
    );
    assert_eq!(asked.supervisor.stop(), 0);

    // Nobody listens at the port: what waits is not lost, and all the same not well.
    let sandbox = Sandbox::new();
    let socket = sandbox.path("c.sock").display().to_string();
    let config = sandbox.config(
        json!({"control_socket": socket, "tracing_enabled": true, "tracing_exporter": "otlp-grpc",
            "tracing_endpoint": "127.0.0.1:1", "tracing_headers": {"x-key": "secret-value"}}),
        json!({"w": {"command": sandbox.worker("w"), "scale": 4}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("w", 4);
    let text = wait_for(LONG, "that it is not well", || {
        let (code, text) = run(&sandbox, &["telemetry", "--socket", &socket]);
        (code == 1).then_some(text)
    });
    assert!(
        text.starts_with("exporter    otlp-grpc to http://127.0.0.1:1") && !text.contains("secret-value"),
        "{text}"
    );
    assert!(text.contains("\nstate       failing\n") && text.contains("\nlast error  "), "{text}");
    supervisor.stop();
}

#[test]
fn a_command_that_waits_is_told_by_the_supervisor_and_sleeps_meanwhile() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let gate = sandbox.script("gate", &format!("emit gate start\n{}", Sandbox::until_open("go")));
    let config = sandbox.config(
        json!({"control_socket": socket, "log_level": "debug"}),
        json!({"gate": {"type": "oneshot", "command": gate},
            "w": {"command": sandbox.worker("w"), "depends_on": ["gate"]}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("gate", 1);
    let mut waiting = clean(&mut Command::new(program()), &sandbox)
        .args(["status", "--wait", "30", "--socket", &socket.display().to_string()])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    let pid = i32::try_from(waiting.id()).expect("a pid fits");
    let switches =
        || procfs::status(pid, "voluntary_ctxt_switches").and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    let mut last = (switches(), std::time::Instant::now());
    wait_until(LONG, "half a second of sleep", || {
        let now = switches();
        if now != last.0 {
            last = (now, std::time::Instant::now());
        }
        now > 0 && last.1.elapsed() > Duration::from_millis(500)
    });
    assert!(waiting.try_wait().expect("our child").is_none(), "it still waits");
    sandbox.write("go", "");
    let status = wait_for(LONG, "the answer", || waiting.try_wait().expect("our child"));
    assert_eq!(status.code(), Some(0));
    assert_eq!(supervisor.stop(), 0);
    let asked = supervisor
        .records()
        .iter()
        .filter(|r| r["msg"].as_str().is_some_and(|m| m.contains("GET /status")))
        .count();
    assert_eq!(asked, 1, "one question was enough");
}
