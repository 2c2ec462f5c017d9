//! What a container does to its PID 1: not enough memory, five hundred orphans, and more lines at once than a reader takes.

use crate::podman::{Container, SCRATCH, shell};
use crate::support::procfs::{children_of, command_line, zombies_of};
use crate::support::{LONG, wait_for, wait_until};
use serde_json::{Value, json};
use std::time::Instant;

const MEMORY: &str = "--memory=128m";
/// Reads into one block that is larger than that.
const HUNGRY: [&str; 5] = ["/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=512M"];

#[test]
fn a_process_that_the_memory_limit_has_killed_is_told_as_such_and_the_others_live() {
    let processes = json!({
        "hungry": {"command": HUNGRY, "restart": "never"},
        "other": {"command": ["/bin/busybox", "sleep", "1000"]},
    });
    let container = Container::of(SCRATCH).config(json!({}), processes).option(MEMORY).started();
    let death = wait_for(LONG, "the death is told", || {
        container.records().into_iter().find(|r| r["process"] == "hungry" && !r["oom"].is_null())
    });
    assert_eq!(death["oom"], "likely", "{death}");
    let left = children_of(container.pid());
    assert!(matches!(left[..], [one] if command_line(one).contains("sleep")), "the other lives: {left:?}");
    assert!(!container.records().iter().any(|r| r["process"] == "other" && !r["oom"].is_null()));
    container.stop();
}

#[test]
fn a_container_that_ends_by_its_memory_limit_ends_with_137() {
    let processes = json!({"hungry": {"command": HUNGRY, "restart": "never"}});
    let container = Container::of(SCRATCH).config(json!({}), processes).option(MEMORY);
    let output = container.attached();
    assert_eq!(output.status.code(), Some(137), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn five_hundred_orphans_are_reaped() {
    let maker = "i=0; while [ $i -lt 500 ]; do (/bin/busybox true & /bin/busybox usleep 20000 &); i=$((i+1)); done; \
                 echo made; exec /bin/busybox sleep 1000";
    let processes = json!({"maker": {"command": shell(maker)}});
    let container = Container::of(SCRATCH).config(json!({}), processes).started();
    let pid = container.pid();
    container.says("maker", "made");
    wait_until(LONG, "only the maker is left, and no zombie", || {
        children_of(pid).len() == 1 && zombies_of(pid).is_empty()
    });
    let records = container.records();
    let failed: Vec<_> = records.iter().filter(|r| r["process"] == "maker" && r["level"] != "info").collect();
    assert!(failed.is_empty(), "no status was taken for another: {failed:?}");
    assert_eq!(container.stop(), 0);
}

#[test]
fn of_a_burst_of_300_000_lines_an_attached_reader_gets_every_one() {
    const LINES: usize = 300_000;
    let seq = json!({"command": ["/bin/busybox", "seq", LINES.to_string()], "restart": "never"});
    let container = Container::of(SCRATCH).config(json!({}), json!({"burst": seq}));
    let begin = Instant::now();
    let output = container.attached();
    let took = begin.elapsed();
    assert_eq!(output.status.code(), Some(0));
    let records = output.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    let records = records.map(|l| serde_json::from_slice::<Value>(l).expect("whole records"));
    let lines: Vec<Value> = records.filter(|r| !r["stream"].is_null()).collect();
    assert_eq!(lines.len(), LINES);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["msg"], (at + 1).to_string(), "in order, each once");
    }
    eprintln!("{LINES} lines through podman run in {took:?}");
}
