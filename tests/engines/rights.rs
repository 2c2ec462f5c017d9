//! A root that cannot be written, a supervisor that is not root, and processes with a user of their own.

use crate::podman::{Container, DEBIAN, SCRATCH, shell};
use crate::support::procfs::{children_of, status};
use serde_json::json;

const STAYS: &str = "echo up; exec /bin/busybox sleep 1000";

#[test]
fn with_a_read_only_root_it_starts_answers_and_stops() {
    for tmpfs in ["--read-only-tmpfs=true", "--read-only-tmpfs=false"] {
        let container = Container::of(SCRATCH)
            .config(json!({}), json!({"app": {"command": shell(STAYS)}}))
            .option("--read-only")
            .option(tmpfs)
            .started()
            .up();
        assert_eq!(container.health(), Some(0), "{tmpfs}");
        let written = container.exec(&["/bin/sh", "-c", "echo > /bin/new"]);
        assert!(!written.status.success(), "the root is read-only, or this tests nothing");
        assert_eq!(container.stop(), 0, "{tmpfs}");
    }
}

#[test]
fn the_supervisor_may_be_any_user() {
    for read_only in ["--read-only=false", "--read-only"] {
        let container = Container::of(SCRATCH)
            .config(json!({}), json!({"app": {"command": shell(STAYS)}}))
            .option("--user=12345:12345")
            .option("--cap-drop=all")
            .option(read_only)
            .started()
            .up();
        assert_eq!(container.health(), Some(0));
        let ids =
            |pid| status(pid, "Uid").unwrap_or_default().split('\t').map(str::to_owned).collect::<Vec<_>>();
        let pid = container.pid();
        for pid in children_of(pid).into_iter().chain([pid]) {
            assert_eq!(ids(pid), ["12345"; 4]);
        }
        assert_eq!(container.stop(), 0);
    }
}

#[test]
fn processes_have_users_of_their_own_and_may_open_what_is_theirs_by_name() {
    let tells = "id -u; id -G; echo $HOME; echo by name > /dev/stdout; echo by number > /proc/self/fd/2; exec sleep 1000";
    let process = |user: &str| json!({"command": ["/bin/sh", "-c", tells], "user": user});
    let container = Container::of(DEBIAN)
        .config(json!({}), json!({"web": process("www-data"), "number": process("33")}))
        .started()
        .up();
    for name in ["web", "number"] {
        container.says(name, "by name");
        container.says(name, "by number");
        let mut lines = container.lines_of(name);
        lines.retain(|l| !l.starts_with("by"));
        assert_eq!(lines, ["33", "33", "/var/www"], "{name}");
    }
    assert_eq!(container.stop(), 0);
}
