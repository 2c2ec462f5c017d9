//! `--follow`: a file that grows and is rotated, and standard input.

use crate::support::supervisor::{clean, program};
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use crate::told;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::process::{Child, Command, Stdio};

/// The program, killed at the end of the test.
struct Follower(Child);

impl Drop for Follower {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn follow(sandbox: &Sandbox, file: &str, input: Stdio) -> Follower {
    let out = File::create(sandbox.path("followed.txt")).expect("a file");
    let mut command = Command::new(program());
    let command = clean(&mut command, sandbox).args(["trace", "--follow", "--file", file]);
    Follower(command.stdin(input).stdout(out).spawn().expect("the program runs"))
}

fn shown(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("followed.txt")).unwrap_or_default()
}

#[test]
fn a_file_is_followed_across_its_rotation() {
    let sandbox = told();
    let text = fs::read_to_string(sandbox.path("traces.json")).expect("the file");
    sandbox.write("live.json", "");
    let append = |text: &str| {
        let mut file =
            OpenOptions::new().append(true).create(true).open(sandbox.path("live.json")).expect("a file");
        file.write_all(text.as_bytes()).expect("room");
    };
    let _follower = follow(&sandbox, "live.json", Stdio::null());
    // It reads from the end of the file: what is written before it is there would not be seen.
    let last = text.trim_end().rfind('\n').expect("more than one batch") + 1;
    let (first, rest) = text.split_at(last);
    wait_until(LONG, "the follower is there", || {
        append(
            "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"aa\",\"parentSpanId\":\"bb\",\"name\":\"knock\"}]}]}]}\n",
        );
        shown(&sandbox).contains("knock")
    });
    let (early, late) = first.split_at(first.len() - 99);
    append(early);
    append(late);
    wait_until(LONG, "the start is drawn", || shown(&sandbox).contains("process_manager.start "));
    fs::rename(sandbox.path("live.json"), sandbox.path("live.json.1")).expect("it moves");
    append(rest);
    wait_until(LONG, "what is in the new file is drawn", || {
        let shown = shown(&sandbox);
        shown.contains("process_manager.restart_process flaky-0")
            && shown.contains("process_manager.shutdown")
    });
}

#[test]
fn standard_input_is_followed_to_its_end() {
    let sandbox = told();
    let input = File::open(sandbox.path("traces.json")).expect("the file");
    let mut follower = follow(&sandbox, "-", input.into());
    let code = wait_for(LONG, "the end", || follower.0.try_wait().expect("a child")).code();
    let shown = shown(&sandbox);
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown.matches("\ntrace ").count(), 4, "{shown}");
}

#[test]
fn a_follower_that_nobody_reads_ends() {
    let sandbox = told();
    let text = fs::read_to_string(sandbox.path("traces.json")).expect("the file");
    let mut command = Command::new(program());
    let command = clean(&mut command, &sandbox).args(["trace", "--follow", "--file", "-"]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
    let mut follower = Follower(child);
    drop(follower.0.stdout.take());
    let mut input = follower.0.stdin.take().expect("its input");
    // Once it has ended, nobody takes the lines: that is no failure here.
    wait_until(LONG, "its end", || {
        drop(input.write_all(text.as_bytes()));
        follower.0.try_wait().expect("a child").is_some()
    });
}
