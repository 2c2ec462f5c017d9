//! What a child may use and do: set for it alone, and where it cannot be had there is no child.

use crate::world::{shell, with_world};
use phpeek_core::outcome::SpawnFailureKind;
use phpeek_core::privilege::{Capabilities, Limit, Privilege, Resource};
use phpeek_core::program::Program;
use phpeek_core::signal::Signal;
use std::sync::Arc;

/// CAP_KILL, CAP_NET_BIND_SERVICE and CAP_SYS_ADMIN.
const KILL: Capabilities = Capabilities(1 << 5);
const BIND_AND_KILL: Capabilities = Capabilities(1 << 10 | 1 << 5);
const ADMIN: Capabilities = Capabilities(1 << 21);

fn confined(script: &str, user: Option<&str>, privilege: Privilege) -> Program {
    Program { privilege: Some(Arc::new(privilege)), user: user.map(str::to_owned), ..shell(script) }
}

fn root() -> bool {
    rustix::process::geteuid().is_root()
}

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn skipped(why: &str) {
    println!("SKIPPED: {why}");
}

fn of_status(keys: &str) -> String {
    format!("grep -E '^({keys}):' /proc/self/status | tr -d '\\t' | tr '\\n' ' '")
}

#[test]
fn limits_mask_and_priority_are_those_of_the_child_alone() {
    let script =
        "echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -c) $(umask) $(nice) $(cat /proc/self/oom_score_adj); ";
    let script = format!("{script}{}", of_status("NoNewPrivs"));
    let limit = |resource, soft, hard| Limit { resource, soft, hard };
    let all = Privilege {
        limits: vec![limit(Resource::Nofile, 200, 300), limit(Resource::Core, 0, 0)],
        umask: Some(0o027),
        nice: Some(12),
        oom_score_adj: Some(700),
        no_new_privs: true,
        ..Privilege::default()
    };
    with_world(|world| async move {
        let plain = world.output(shell(&script)).await;
        let told = world.output(confined(&script, None, all)).await;
        assert_eq!(
            told.split_whitespace().collect::<Vec<_>>(),
            ["200", "300", "0", "0027", "12", "700", "NoNewPrivs:1"]
        );
        assert_eq!(world.output(shell(&script)).await, plain, "the next one has what we have");
    });
}

#[test]
fn capabilities_and_groups_are_what_is_written_and_no_more() {
    if !root() {
        return skipped("only root can hand capabilities on");
    }
    let script = of_status("CapInh|CapPrm|CapEff|CapBnd|CapAmb|Groups|Uid");
    let both = Privilege {
        bounding: Some(BIND_AND_KILL),
        ambient: Some(KILL),
        groups: Some(vec!["daemon".to_owned(), "7".to_owned()]),
        ..Privilege::default()
    };
    let none =
        Privilege { bounding: Some(Capabilities::default()), groups: Some(vec![]), ..Privilege::default() };
    with_world(|world| async move {
        let told = world.output(confined(&script, Some("nobody"), both.clone())).await;
        for word in [
            "Uid:65534",
            "CapPrm:0000000000000020",
            "CapEff:0000000000000020",
            "CapBnd:0000000000000420",
            "CapAmb:0000000000000020",
            "Groups:1 7 ",
        ] {
            assert!(told.contains(word), "{word}: {told}");
        }
        // Root keeps what the bounding set leaves.
        let told = world.output(confined(&script, None, both)).await;
        assert!(told.contains("CapEff:0000000000000420") && told.contains("Groups:1 7 "), "{told}");
        let told = world.output(confined(&script, None, none)).await;
        assert!(
            told.contains("CapEff:0000000000000000") && told.contains("CapBnd:0000000000000000"),
            "{told}"
        );
        assert!(told.contains("Groups: "), "{told}");
        let beyond = Privilege { bounding: Some(KILL), ambient: Some(ADMIN), ..Privilege::default() };
        let failure = world.failure(world.launch(confined("true", Some("nobody"), beyond))).await;
        assert!(failure.message.contains("hand CAP_SYS_ADMIN on"), "{failure}");
        let ghost = Privilege { groups: Some(vec!["ghost-group".to_owned()]), ..Privilege::default() };
        let failure = world.failure(world.launch(confined("true", None, ghost))).await;
        assert!(failure.message.contains("ghost-group"), "{failure}");
    });
}

#[test]
fn another_user_gets_what_it_may_and_is_told_of_the_rest() {
    if root() {
        // The same test as somebody else, who must be able to reach it.
        let own = std::env::current_exe().expect("a program");
        let name = "confines::another_user_gets_what_it_may_and_is_told_of_the_rest";
        let mut script = shell(&format!("cd /; '{}' {name} --exact; echo code $?", own.display()));
        script.user = Some("nobody".to_owned());
        return with_world(|world| async move {
            let text = world.output(script).await;
            match text.contains("code 126") || text.contains("code 127") {
                true => skipped("nobody cannot reach the test"),
                false => assert!(text.contains("1 passed") && text.contains("code 0"), "{text}"),
            }
        });
    }
    let refused = |privilege: Privilege, words: &'static str| (privilege, words);
    let limit = Limit { resource: Resource::Nofile, soft: Limit::UNLIMITED, hard: Limit::UNLIMITED };
    let all = [
        refused(Privilege { nice: Some(-20), ..Privilege::default() }, "set nice to -20"),
        refused(
            Privilege { oom_score_adj: Some(-1000), ..Privilege::default() },
            "set oom_score_adj to -1000",
        ),
        refused(Privilege { limits: vec![limit], ..Privilege::default() }, "nofile to unlimited:unlimited"),
        refused(
            Privilege { bounding: Some(KILL), ..Privilege::default() },
            "take CAP_CHOWN out of its bounding set",
        ),
        refused(Privilege { ambient: Some(KILL), ..Privilege::default() }, "hand CAP_KILL on to it"),
        refused(Privilege { groups: Some(vec![]), ..Privilege::default() }, "only root can choose"),
    ];
    let granted = Privilege {
        limits: vec![Limit { soft: 100, hard: 100, ..limit }],
        nice: Some(19),
        no_new_privs: true,
        ambient: Some(Capabilities::default()),
        pdeathsig: Some(Signal::KILL),
        ..Privilege::default()
    };
    with_world(|world| async move {
        let told = world.output(confined("echo $(ulimit -Hn) $(nice)", None, granted)).await;
        assert_eq!(told.trim(), "100 19");
        for (privilege, words) in all {
            let failure = world.failure(world.launch(confined("true", None, privilege))).await;
            assert_eq!(failure.kind, SpawnFailureKind::Credentials);
            assert!(failure.message.contains(words), "{words}: {failure}");
        }
    });
}
