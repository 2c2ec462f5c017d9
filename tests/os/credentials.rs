//! Who a child is. They need root; elsewhere they say that they were skipped.

use crate::world::{shell, with_world};
use phpeek_core::outcome::SpawnFailureKind;
use phpeek_core::program::Program;
use phpeek_pm::os::users::{Account, resolve};

const WHO: &str = "echo $(id -u):$(id -g):$(id -G | tr ' ' ,)";

fn who(user: Option<&str>, group: Option<&str>) -> Program {
    let mut spec = shell(WHO);
    (spec.user, spec.group) = (user.map(str::to_owned), group.map(str::to_owned));
    spec
}

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("SKIPPED: only root can become another user");
    }
    root
}

#[test]
fn user_and_group_are_taken_whole() {
    if !root() {
        return;
    }
    with_world(|world| async move {
        for (user, group, expected) in [
            (Some("nobody"), None, "65534:65534:65534"),
            (Some("daemon"), None, "1:1:1"),
            (Some("1"), None, "1:1:1"),
            (Some("nobody"), Some("daemon"), "65534:1:1"),
            (None, Some("daemon"), "0:1:1"),
            (Some("54321"), Some("54322"), "54321:54322:54322"),
            (Some("54321"), None, "54321:54321:54321"),
        ] {
            assert_eq!(world.output(who(user, group)).await.trim(), expected, "{user:?} {group:?}");
        }
    });
}

#[test]
fn output_is_opened_by_name_by_whoever_the_child_is_or_becomes() {
    if !root() {
        return;
    }
    let by_name = "echo 1 > /dev/stdout && echo 2 >> /proc/self/fd/1 && echo 3 1<> /proc/self/fd/1";
    let later = "exec setpriv --reuid 1 --regid 1 --clear-groups sh -c 'echo 1 > /dev/stdout && echo 2 >> /proc/self/fd/1'";
    with_world(|world| async move {
        for (user, script, expected) in
            [(Some("nobody"), by_name, "1\n2\n3\n"), (None, by_name, "1\n2\n3\n"), (None, later, "1\n2\n")]
        {
            let mut spec = shell(script);
            spec.user = user.map(str::to_owned);
            assert_eq!(world.output(spec).await, expected, "{user:?}: {script}");
        }
    });
}

#[test]
fn what_is_unknown_never_runs() {
    if !root() {
        return;
    }
    with_world(|world| async move {
        for (user, group, named) in [
            (Some("ghost-user"), None, "ghost-user"),
            (None, Some("ghost-group"), "ghost-group"),
            (Some("4294967295"), Some("daemon"), "4294967295"),
            (Some(""), None, "user"),
            (Some("-1"), Some("daemon"), "-1"),
        ] {
            let failure = world.failure(world.launch(who(user, group))).await;
            assert_eq!(failure.kind, SpawnFailureKind::Credentials);
            assert!(failure.message.contains(named), "{failure}");
        }
    });
}

#[test]
fn nothing_configured_changes_nothing() {
    assert_eq!(resolve(None, None).expect("nothing to look up"), Account::default());
}
