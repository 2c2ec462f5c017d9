//! An image with nothing in it but programs, as one FROM scratch: no /run, no /tmp. Asked from within, as a HEALTHCHECK
//! does. Needs root, and unshare(1), chroot(8) and nsenter(1).

use crate::support::supervisor::{clean, program};
use crate::support::{LONG, Sandbox, procfs, wait_for};
use rustix::process::{Signal, geteuid};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;

/// What becomes the root of a container: the programs of this machine, and nothing to write to but `more`.
fn image(sandbox: &Sandbox, more: &str) -> (PathBuf, String) {
    assert!(geteuid().is_root(), "namespaces need root: run tests/run as root or through sudo");
    let root = sandbox.path("root");
    fs::create_dir(&root).expect("room");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).expect("ours");
    fs::set_permissions(sandbox.dir(), fs::Permissions::from_mode(0o755)).expect("ours");
    fs::copy(program(), root.join("phpeek-pm")).expect("room");
    let config = sandbox.config(json!({}), json!({"w": {"command": ["/usr/bin/sleep", "1000"]}}));
    fs::rename(config, root.join("c.yaml")).expect("ours");
    let script = format!(
        "set -e; cd '{}'; mkdir usr proc dev; touch dev/null; mount --make-rprivate /; mount --bind /usr usr; \
         for l in bin lib lib64 sbin; do if [ -L /$l ]; then cp -a /$l .; elif [ -d /$l ]; then mkdir $l; mount --bind /$l $l; fi; done; \
         mount -t proc none proc; mount --bind /dev/null dev/null; {more}",
        root.display()
    );
    (root, script)
}

/// Runs it as this user until `status`, asked from within, says that all is up; gives where its socket lies.
fn healthy(sandbox: &Sandbox, more: &str, user: &str) -> (PathBuf, PathBuf) {
    let (root, script) = image(sandbox, more);
    let script = format!("{script}\nexec chroot --userspec={user} . /phpeek-pm serve --config /c.yaml");
    let mut child = clean(&mut Command::new("unshare"), sandbox)
        .args(["--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", &script])
        .spawn()
        .expect("unshare(1)");
    let outer = i32::try_from(child.id()).expect("a pid fits");
    let inner = wait_for(LONG, "PID 1 of the container", || {
        procfs::children_of(outer)
            .into_iter()
            .find(|pid| procfs::command_line(*pid).starts_with("/phpeek-pm serve"))
    });
    let within = |words: &[&str]| {
        let (uid, gid) = user.split_once(':').expect("UID:GID");
        let output = clean(&mut Command::new("nsenter"), sandbox)
            .args(["-t", &inner.to_string(), "--mount", "--pid", "--root", "-S", uid, "-G", gid])
            .args(words)
            .output()
            .expect("nsenter(1)");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let (code, text) = within(&["/phpeek-pm", "status", "--wait", "30"]);
    assert!(code == Some(0) && text.contains("(pid 1)"), "{code:?}: {text}");
    // What lies where is seen through its eyes: mounts of its own are not ours.
    let seen = PathBuf::from(format!("/proc/{inner}/root"));
    let found = ["run/phpeek-pm", "tmp/phpeek-pm-4711", "dev/shm/phpeek-pm-4711"];
    let found =
        found.into_iter().find(|folder| seen.join(folder).join("1.sock").exists()).expect("its socket");
    let modes = ["run", "tmp"].map(|at| fs::metadata(seen.join(at)).map_or(0, |found| found.mode() & 0o7777));
    if found.starts_with("run") {
        assert_eq!(modes, [0o755, 0], "only what is needed is made");
    }
    assert!(procfs::signal(inner, Signal::TERM));
    let ended = wait_for(LONG, "its end", || child.try_wait().expect("our child"));
    assert_eq!(ended.code(), Some(0));
    (root, found.into())
}

#[test]
fn a_healthcheck_tells_the_truth_where_there_is_no_run_and_no_tmp() {
    let sandbox = Sandbox::new();
    let (root, found) = healthy(&sandbox, "", "0:0");
    assert_eq!(found, PathBuf::from("run/phpeek-pm"));
    assert_eq!(fs::read_dir(root.join(&found)).expect("it stays").count(), 0, "nothing is left in it");

    let sandbox = Sandbox::new();
    let shm = "mkdir dev/shm; mount -t tmpfs -o mode=1777 none dev/shm";
    let (_, found) = healthy(&sandbox, shm, "4711:4711");
    assert_eq!(found, PathBuf::from("dev/shm/phpeek-pm-4711"), "who may make nothing takes what is there");
}
