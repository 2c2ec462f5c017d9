//! The control socket before other users and on a file system that takes nothing: both need root.

use crate::support::supervisor::{Supervisor, clean, program};
use crate::support::{LONG, Sandbox, wait_for};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn another_user_is_refused_even_when_the_mode_lets_him_in() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let config =
        sandbox.config(json!({"control_socket": socket}), json!({"w": {"command": sandbox.worker("w")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("w", 1);
    let copy = sandbox.path("phpeek-pm");
    fs::copy(program(), &copy).expect("a copy that everybody may run");
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    mode(sandbox.dir(), 0o755);
    mode(&copy, 0o755);
    let ask = |uid: &str| {
        let output = clean(&mut Command::new("setpriv"), &sandbox)
            .args(["--reuid", uid, "--regid", uid, "--clear-groups"])
            .arg(&copy)
            .args(["status", "--json", "--socket"])
            .arg(&socket)
            .output()
            .expect("setpriv(1)");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let (code, text) = ask("65534");
    assert!(code == Some(3) && text.contains("belongs to the user 0"), "{code:?}: {text}");
    // Nobody has named it: what is hidden from us is no supervisor of ours, however long we wait.
    let hidden = sandbox.path("run");
    fs::create_dir(&hidden).expect("room");
    mode(&hidden, 0o700);
    let output = clean(&mut Command::new("setpriv"), &sandbox)
        .env("RUNTIME_DIRECTORY", &hidden)
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&copy)
        .args(["status", "--wait", "1"])
        .output()
        .expect("setpriv(1)");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(3) && text.contains("belongs to the user 0"), "{text}");
    mode(&socket, 0o666);
    for _ in 0..5 {
        let (code, text) = ask("65534");
        assert!(code == Some(3) && text.contains("only root and the user"), "{code:?}: {text}");
        assert!(!text.contains("instances"), "{text}");
    }
    let records = supervisor.records();
    let told = records.iter().filter_map(|r| r["msg"].as_str());
    let told: Vec<_> = told.filter(|m| m.contains("refused a connection of uid 65534")).collect();
    assert_eq!(told.len(), 1, "one word for all five: {told:?}");
    assert_eq!(ask("0").0, Some(0));
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn on_a_read_only_file_system_it_goes_on_without_a_socket_and_says_so() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"w": {"command": ["sleep", "1000"]}}));
    let out = sandbox.path("out");
    let mounts = ["/run", "/tmp", "/dev/shm", "/var/tmp"].map(|at| format!("mount -t tmpfs -o ro none {at}"));
    let mounts = mounts.join(" && ");
    // The file and the program may lie where the mounts hide them.
    let script = format!(
        "exec 9<{} 8<{}; {mounts} && exec /proc/self/fd/8 serve --config /proc/self/fd/9",
        config.display(),
        program().display()
    );
    let mut child = clean(&mut Command::new("unshare"), &sandbox)
        .args(["--mount", "/bin/sh", "-c", &script])
        .stdout(fs::File::create(&out).expect("a file"))
        .stderr(Stdio::null())
        .spawn()
        .expect("unshare(1)");
    let text = || fs::read_to_string(&out).unwrap_or_default();
    wait_for(LONG, "that it runs", || text().contains("all processes are up").then_some(()));
    let warning =
        text().lines().find(|l| l.contains("no control socket")).map(str::to_owned).unwrap_or_default();
    assert!(warning.contains("\"level\":\"warn\"") && warning.contains("/run/phpeek-pm"), "{warning}");
    assert!(warning.contains("set global.control_socket to a path, or to none"), "{warning}");
    let pid = i32::try_from(child.id()).expect("a pid fits");
    assert!(crate::support::procfs::signal(pid, rustix::process::Signal::TERM));
    let status = wait_for(LONG, "its end", || child.try_wait().expect("our child"));
    assert_eq!(status.code(), Some(0), "{}", text());
}
