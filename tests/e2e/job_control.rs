//! `run` as a job of an interactive shell: who has the terminal, in front, behind, in a pipe, and after it.

use crate::one_program::words;
use crate::support::procfs::{entry, in_front_of_terminal_of};
use crate::support::supervisor::{clean, program};
use crate::support::{LONG, Sandbox, wait_until};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

/// An interactive shell on a terminal of its own, and the keyboard of that terminal.
struct Shell<'s> {
    sandbox: &'s Sandbox,
    terminal: Child,
    keyboard: ChildStdin,
    asked: u32,
}

impl<'s> Shell<'s> {
    fn new(sandbox: &'s Sandbox) -> Self {
        let mut terminal = Command::new("script");
        let begun = clean(&mut terminal, sandbox)
            .args(["-qec", "bash --norc -i", "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut terminal = begun.expect("`script` is not installed: it is in bsdutils");
        let keyboard = terminal.stdin.take().expect("a pipe");
        Self { sandbox, terminal, keyboard, asked: 0 }
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("it reads");
    }

    /// Types a line, which is the shell's own to read.
    fn answers(&mut self) {
        self.asked += 1;
        let seen = self.sandbox.path(&format!("shell-{}", self.asked));
        self.types(&format!("echo > {}\n", seen.display()));
        wait_until(LONG, "the shell has the line", || seen.exists());
    }

    fn ends(mut self) {
        self.types("exit\n");
        assert!(self.terminal.wait().is_ok());
    }
}

/// A call of `run` for a program `c` that says when it begins.
fn call(sandbox: &Sandbox, body: &str) -> String {
    let command = words(&sandbox.script("c", &format!("emit c start\n{body}"))).join(" ");
    format!("{} run -- {command}", program().display())
}

/// For a script that waits: a shell that is stopped while it begins `sleep` is not stopped until that has begun (vfork(2)).
fn fifo(sandbox: &Sandbox) -> PathBuf {
    let path = sandbox.path("fifo");
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).expect("a named pipe");
    path
}

const READS: &str = "read line\nemit c \"$line\"";

fn is_stopped(pid: i32) -> bool {
    entry(pid).is_some_and(|e| e.state == 'T')
}

#[test]
fn a_key_suspends_it_with_its_program_and_the_shell_brings_both_back() {
    let sandbox = Sandbox::new();
    let mut shell = Shell::new(&sandbox);
    shell.types(&format!("{}\n", call(&sandbox, READS)));
    let leader = sandbox.started("c", 1);
    for _ in 0..2 {
        shell.types("\x1a");
        wait_until(LONG, "it is suspended", || is_stopped(leader));
        shell.answers(); // it has the terminal again, so the supervisor is suspended too
        shell.types("fg\n");
        wait_until(LONG, "it runs again", || !is_stopped(leader));
    }
    shell.types("typed\n");
    sandbox.seen("c", "typed", 1);
    shell.ends();
}

#[test]
fn behind_the_shell_it_takes_no_line_that_is_the_shells_and_gets_its_own_once_in_front() {
    let sandbox = Sandbox::new();
    let mut shell = Shell::new(&sandbox);
    shell.types(&format!("{} &\n", call(&sandbox, READS)));
    let leader = sandbox.started("c", 1);
    let supervisor = entry(leader).expect("it runs").parent;
    wait_until(LONG, "both are stopped for reading", || is_stopped(leader) && is_stopped(supervisor));
    shell.answers();
    shell.types("fg\n");
    wait_until(LONG, "it runs again", || !is_stopped(leader) && !is_stopped(supervisor));
    shell.types("typed\n");
    sandbox.seen("c", "typed", 1);
    shell.ends();
}

#[test]
fn brought_in_front_before_it_reads_it_reads_there_and_a_key_suspends_it() {
    let sandbox = Sandbox::new();
    let go = fifo(&sandbox);
    let waits = format!("read go < {}\n{READS}", go.display());
    let mut shell = Shell::new(&sandbox);
    shell.types(&format!("{} &\n", call(&sandbox, &waits)));
    let leader = sandbox.started("c", 1);
    shell.answers();
    shell.types("fg\n");
    let supervisor = entry(leader).expect("it runs").parent;
    wait_until(LONG, "it is in front", || in_front_of_terminal_of(leader) == Some(supervisor));
    shell.types("\x1a");
    wait_until(LONG, "it is suspended", || is_stopped(leader));
    shell.answers();
    shell.types("fg\n");
    wait_until(LONG, "it runs again", || !is_stopped(leader));
    std::fs::write(&go, "\n").expect("it can be written");
    shell.types("typed\n");
    sandbox.seen("c", "typed", 1);
    shell.ends();
}

#[test]
fn in_a_pipe_the_terminal_is_left_to_the_pager_and_a_key_suspends_all() {
    let sandbox = Sandbox::new();
    let over = fifo(&sandbox);
    let waits = format!("read over < {}", over.display());
    let pager =
        words(&sandbox.script("p", "emit p start\nread line < /dev/tty\nemit p \"$line\"\ncat")).join(" ");
    let mut shell = Shell::new(&sandbox);
    shell.types(&format!("{} | {pager}\n", call(&sandbox, &waits)));
    let (leader, pager) = (sandbox.started("c", 1), sandbox.started("p", 1));
    shell.types("\x1a");
    wait_until(LONG, "all are suspended", || is_stopped(leader) && is_stopped(pager));
    shell.answers();
    shell.types("fg\n");
    wait_until(LONG, "all run again", || !is_stopped(leader) && !is_stopped(pager));
    shell.types("typed\n");
    sandbox.seen("p", "typed", 1);
    std::fs::write(&over, "\n").expect("it can be written");
    shell.answers();
    shell.ends();
}

#[test]
fn a_script_that_goes_on_after_it_has_the_terminal_again() {
    let sandbox = Sandbox::new();
    let run = call(&sandbox, READS);
    let script =
        words(&sandbox.script("s", &format!("{run}\nemit s start\nread line\nemit s \"$line\""))).join(" ");
    let mut shell = Shell::new(&sandbox);
    shell.types(&format!("{script}\n"));
    sandbox.started("c", 1);
    shell.types("one\n");
    sandbox.seen("c", "one", 1);
    sandbox.started("s", 1);
    shell.types("two\n");
    sandbox.seen("s", "two", 1);
    shell.ends();
}
