//! What tini and dumb-init hold themselves to in their own tests, asked of `run`: the scenarios, written anew. What is
//! meant to be otherwise here is said where it is.

use crate::one_program::{begin, ended, pid, words};
use crate::support::procfs::{alive, entry, signal, zombies_of};
use crate::support::supervisor::{clean, program, run};
use crate::support::{LONG, Sandbox, wait_until};
use rustix::process::Signal;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

/// Signals that a shell can trap and that the kernel sends to nobody by itself here.
const ORDINARY: [(&str, Signal); 7] = [
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("ALRM", Signal::ALARM),
    ("WINCH", Signal::WINCH),
];

/// A program that tells each of these signals and ends at TERM or QUIT with 5; it runs when this returns.
fn listening(sandbox: &Sandbox, options: &[&str]) -> Child {
    let traps: String = ORDINARY.iter().map(|(name, _)| format!("trap 'emit c {name}' {name}\n")).collect();
    let body = format!(
        "{traps}trap 'emit c TERM; exit 5' TERM\ntrap 'emit c QUIT; exit 5' QUIT\nemit c start\nwhile :; do sleep 0.02; done"
    );
    let child = begin(sandbox, options, &words(&sandbox.script("c", &body)));
    sandbox.started("c", 1);
    child
}

fn code(child: Child) -> Option<i32> {
    ended(child).status.code()
}

#[test]
fn every_exit_code_and_death_by_a_signal_is_ours() {
    let sandbox = Sandbox::new();
    for wanted in [0, 1, 2, 32, 64, 127, 254, 255] {
        assert_eq!(run(&sandbox, &["run", "--", "/bin/sh", "-c", &format!("exit {wanted}")]).0, wanted);
    }
    for number in [1, 2, 9, 10, 12, 15] {
        let body = format!("ulimit -c 0; kill -{number} $$; sleep 10");
        assert_eq!(run(&sandbox, &["run", "--", "/bin/sh", "-c", &body]).0, 128 + number);
    }
}

#[test]
fn a_program_that_cannot_be_run_is_no_success() {
    let sandbox = Sandbox::new();
    for words in [
        &["run", "/doesnotexist"][..],
        &["run", "--", "/doesnotexist"],
        &["run", "--group", "--", "/doesnotexist"],
    ] {
        let (code, said) = run(&sandbox, words);
        assert!(code == 127 && said.contains("/doesnotexist"), "{code}: {said}");
    }
}

#[test]
fn signals_are_handed_on_in_their_order() {
    let sandbox = Sandbox::new();
    let child = listening(&sandbox, &[]);
    for (name, sent) in ORDINARY.into_iter().filter(|(name, _)| *name != "QUIT") {
        assert!(signal(pid(&child), sent));
        sandbox.seen("c", name, 1);
    }
    assert!(signal(pid(&child), Signal::TERM));
    assert_eq!(code(child), Some(5), "its own code");
    assert_eq!(sandbox.events_of("c", "TERM").len(), 1);
}

#[test]
fn signals_are_rewritten_and_left_out() {
    let sandbox = Sandbox::new();
    let rewritten = [
        "--signal",
        "TERM:QUIT",
        "--signal",
        "HUP:USR1",
        "--signal",
        "USR1:HUP",
        "--signal",
        "INT:0",
        "--signal",
        "WINCH:0",
    ];
    let child = listening(&sandbox, &rewritten);
    for (sent, seen) in [(Signal::HUP, "USR1"), (Signal::USR1, "HUP")] {
        assert!(signal(pid(&child), sent));
        sandbox.seen("c", seen, 1);
    }
    for left_out in [Signal::INT, Signal::WINCH] {
        assert!(signal(pid(&child), left_out));
    }
    assert!(signal(pid(&child), Signal::USR2));
    sandbox.seen("c", "USR2", 1);
    assert!(signal(pid(&child), Signal::TERM));
    assert_eq!(code(child), Some(5));
    assert_eq!(
        sandbox.story(),
        ["c start", "c USR1", "c HUP", "c USR2", "c QUIT"],
        "nothing else reached it"
    );
}

#[test]
fn a_signal_reaches_all_that_belongs_to_it_or_the_program_alone() {
    let sandbox = Sandbox::new();
    // The child says that it runs: it ignores the signal until it is what it will be.
    let child = "echo c start $$ >> \"$SANDBOX/events\"; exec sleep 1000";
    let body = &format!("trap '' USR1\nenv --default-signal=USR1 sh -c '{child}' &\nwait $!\nexit 9");
    let group = begin(&sandbox, &["--group"], &words(&sandbox.script("c", body)));
    sandbox.started("c", 1);
    assert!(signal(pid(&group), Signal::USR1));
    assert_eq!(code(group), Some(9), "the child ended by it, and the program after the child");

    let sandbox = Sandbox::new();
    let body = "trap 'emit c USR1' USR1\n(trap 'emit c child' USR1; emit c inner; while :; do sleep 0.02; done) &\n\
                emit c start\nwhile :; do sleep 0.02; done";
    let alone = begin(&sandbox, &[], &words(&sandbox.script("c", body)));
    sandbox.seen("c", "inner", 1);
    assert!(signal(pid(&alone), Signal::USR1));
    sandbox.seen("c", "USR1", 1);
    assert!(signal(pid(&alone), Signal::TERM));
    assert!(code(alone).is_some());
    assert!(sandbox.events_of("c", "child").is_empty(), "the program alone");
}

#[test]
fn a_pipeline_goes_whole_when_it_is_stopped() {
    let sandbox = Sandbox::new();
    let body = "emit c start\nyes 'oh, hi' | tail & yes error | tail >&2";
    let child = begin(&sandbox, &[], &words(&sandbox.script("c", body)));
    sandbox.started("c", 1);
    let marked = || crate::support::procfs::marked(sandbox.dir());
    wait_until(LONG, "its parts run", || marked().len() >= 5);
    assert!(signal(pid(&child), Signal::TERM));
    assert!(code(child).is_some());
    wait_until(LONG, "nobody is left", || marked().is_empty());
}

#[test]
fn who_is_left_when_the_program_ends_is_asked_to_end() {
    let sandbox = Sandbox::new();
    let body = "(trap 'emit c TERM; exit' TERM; emit c ready; while :; do sleep 0.02; done) &\n\
                while [ \"$(count 'c ready')\" -lt 1 ]; do sleep 0.02; done\nexit 4";
    let child = begin(&sandbox, &[], &words(&sandbox.script("c", body)));
    assert_eq!(code(child), Some(4));
    assert_eq!(sandbox.events_of("c", "TERM").len(), 1);
}

#[test]
fn a_hundred_orphans_are_reaped() {
    let sandbox = Sandbox::new();
    let body = "i=0\nwhile [ $i -lt 100 ]; do (sleep 0.3 &); i=$((i + 1)); done\nemit c start\n\
                while [ ! -e \"$SANDBOX/over\" ]; do sleep 0.02; done";
    let child = begin(&sandbox, &[], &words(&sandbox.script("c", body)));
    sandbox.started("c", 1);
    let supervisor = pid(&child);
    wait_until(LONG, "the program alone is left", || {
        crate::support::procfs::children_of(supervisor).len() == 1
    });
    assert!(zombies_of(supervisor).is_empty());
    sandbox.write("over", "");
    assert_eq!(code(child), Some(0));
}

#[test]
fn no_signal_is_ignored_or_blocked_in_the_program_whatever_we_were_given() {
    let sandbox = Sandbox::new();
    // tini hands on what it was given; a supervisor that was started by `nohup` is no reason for a child to miss a hangup.
    let given = "env --ignore-signal=TTOU,INT --block-signal=TTIN,USR1";
    let line = format!("exec {given} {} run -- cat /proc/self/status", program().display());
    let mut command = Command::new("sh");
    let asked = clean(&mut command, &sandbox).args(["-c", &line]).output().expect("a shell");
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    for key in ["SigIgn", "SigBlk"] {
        let line = text.lines().find_map(|l| l.strip_prefix(key)).expect("a line of the status");
        assert_eq!(line.trim_start_matches(':').trim(), "0".repeat(16), "{text}");
    }
}

#[test]
fn it_runs_where_it_was_called() {
    let sandbox = Sandbox::new();
    let (code, said) = run(&sandbox, &["run", "--", "/bin/sh", "-c", "readlink /proc/$$/cwd"]);
    assert_eq!((code, said.trim()), (0, sandbox.dir().display().to_string().as_str()));
}

/// Types into a terminal in which the program runs, and gives what the terminal shows.
fn typed(sandbox: &Sandbox, command: &str, input: &[u8]) -> String {
    let line = format!("stty -echo -opost; exec {} run -- {command}", program().display());
    let mut terminal = Command::new("script");
    let begun = clean(&mut terminal, sandbox)
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut terminal = begun.expect("`script` is not installed: it is in bsdutils");
    let mut keyboard = terminal.stdin.take().expect("a pipe");
    keyboard.write_all(input).expect("it reads");
    let output = terminal.wait_with_output().expect("it ends");
    drop(keyboard);
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_program_reads_and_writes_the_terminal() {
    let sandbox = Sandbox::new();
    let shown = typed(&sandbox, "tac", b"1\n2\n3\n\x04\x04");
    assert!(shown.contains("3\n2\n1\n"), "{shown:?}");
}

#[test]
fn a_shell_in_the_terminal_has_job_control() {
    let sandbox = Sandbox::new();
    let shown = typed(&sandbox, "bash --norc -m", b"echo \"flags are: [[$-]]\"\nexit 0\n");
    let flags = shown.split("flags are: [[").filter_map(|rest| rest.split_once("]]")).map(|(flags, _)| flags);
    assert!(flags.into_iter().any(|flags| flags.contains('m') && !flags.contains('$')), "{shown:?}");
}

#[test]
fn a_suspend_and_a_continue_reach_all_that_belongs_to_the_program() {
    let sandbox = Sandbox::new();
    let child = listening(&sandbox, &[]);
    let leader = sandbox.started("c", 1);
    let stopped = || entry(leader).is_some_and(|e| e.state == 'T');
    for _ in 0..2 {
        // dumb-init suspends itself, too; here the supervisor goes on, and can still stop what it runs.
        assert!(signal(pid(&child), Signal::TSTP));
        wait_until(LONG, "it is suspended", stopped);
        assert!(signal(pid(&child), Signal::CONT));
        wait_until(LONG, "it runs again", || !stopped());
    }
    assert!(signal(pid(&child), Signal::TSTP));
    wait_until(LONG, "it is suspended", stopped);
    assert!(signal(pid(&child), Signal::TERM));
    assert_eq!(code(child), Some(5), "asked to end, it is woken for that");
    assert!(!alive(leader));
}
