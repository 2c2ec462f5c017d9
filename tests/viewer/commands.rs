//! What is shown of traces that are over, and the exit codes.

use crate::support::Sandbox;
use crate::support::supervisor::{Launch, clean, program, run};
use crate::told;
use serde_json::Value;
use std::fs;
use std::process::{Command, Stdio};

fn trace(sandbox: &Sandbox, args: &[&str]) -> (i32, String) {
    run(sandbox, &[&["trace", "--file", "traces.json"], args].concat())
}

/// The ids of `trace list`, the newest first.
fn ids(sandbox: &Sandbox) -> Vec<String> {
    let (code, text) = trace(sandbox, &["list"]);
    assert_eq!(code, 0, "{text}");
    text.lines().skip(1).filter_map(|l| l.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn a_run_is_listed_drawn_and_followed_along_its_links() {
    let sandbox = told();
    let (_, listed) = trace(&sandbox, &["list", "--width", "120"]);
    let roots: Vec<&str> = listed.lines().skip(1).collect();
    assert_eq!(roots.len(), 4, "{listed}");
    assert!(roots[0].contains("process_manager.shutdown (SIGTERM)"), "{listed}");
    assert!(roots[1].contains("process_manager.restart_process flaky-0 (crash)"), "{listed}");
    assert!(roots[2].contains("failed") && roots[2].ends_with(" process.exit flaky-0"), "{listed}");
    assert!(roots[3].ends_with(" process_manager.start"), "{listed}");

    let (code, last) = trace(&sandbox, &[]);
    assert_eq!((code, &last), (0, &trace(&sandbox, &["last"]).1));
    assert_eq!(last, trace(&sandbox, &["last", "--shutdown"]).1);
    assert!(last.contains("signal_sent, exited, group_empty"), "{last}");

    let (_, restart) = trace(&sandbox, &["last", "--restart"]);
    assert!(restart.contains("ended with exit code 3"), "{restart}");
    let (_, start) = restart.split_once("after process.spawn flaky-0, trace ").expect("a link in words");
    let id = start.lines().next().expect("an id");
    let (code, start) = trace(&sandbox, &["show", id]);
    assert_eq!(code, 0, "{start}");
    assert_eq!(start, trace(&sandbox, &["last", "--start"]).1);
    assert!(start.contains("wait_dependency web for migrate"), "{start}");
    for narrow in start.lines().chain(restart.lines()) {
        assert!(narrow.chars().count() <= 100, "{narrow}");
    }
}

#[test]
fn what_is_shown_last_is_listed_first_whatever_is_asked_for() {
    let sandbox = told();
    for asked in
        [&[][..], &["--errors"], &["--process", "flaky"], &["--process", "web-0"], &["--since", "1h"]]
    {
        let (code, listed) = trace(&sandbox, &[&["list"], asked].concat());
        let first = listed.lines().nth(1).and_then(|l| l.split(' ').next()).expect("a line");
        let (_, last) = trace(&sandbox, &[&["last"], asked].concat());
        assert!(code == 0 && last.starts_with(&format!("\ntrace {first}")), "{asked:?}: {listed}{last}");
    }
    assert_eq!(
        trace(&sandbox, &["list", "--process", "migrate"]).1.lines().count(),
        2,
        "a head, and the start"
    );
    assert_eq!(trace(&sandbox, &["list", "--process", "flaky-0", "--errors"]).1.lines().count(), 2);
    let (code, none) = trace(&sandbox, &["last", "--process", "nobody", "--errors"]);
    assert_eq!((code, none.trim()), (1, "phpeek-pm: there is no trace about nobody with an error here"));
    assert_eq!(trace(&sandbox, &["last", "--since", "soon"]).0, 64);
    let (code, said) = trace(&sandbox, &["show", "00", "--errors"]);
    assert!(code == 64 && said.contains("an id names its trace"), "{said}");
    assert_eq!(trace(&sandbox, &["analyze", "blame", "--process", "nobody"]).0, 1);
}

#[test]
fn a_trace_of_one_span_says_first_why_and_what_was_said_last() {
    let sandbox = told();
    let (_, death) = trace(&sandbox, &["last", "--errors"]);
    let lines: Vec<&str> = death.trim_start().lines().collect();
    assert!(lines[0].starts_with("trace ") && lines[1] == "process.exit flaky-0", "{death}");
    assert!(lines[2].contains("exit code 3") && lines[3].contains("ended with exit code 3 after"), "{death}");
    assert!(lines.last().is_some_and(|l| l.contains("1 span, 1 failed")) && !death.contains('█'), "{death}");
}

#[test]
fn ids_of_traces_complete_in_a_shell() {
    let sandbox = told();
    let script = run(&sandbox, &["completions", "bash"]).1;
    sandbox.write("completions.bash", &script);
    let typed = "source completions.bash\nPM=\"$0\"\ncompleted() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=()\n\
                 _phpeek_pm_known \"$PM\" \"${@: -1}\" \"${@: -2:1}\"; echo \"${COMPREPLY[*]}\"; }\n\
                 completed \"$PM\" trace --file traces.json show ''\ncompleted \"$PM\" trace li\n";
    let mut command = Command::new("bash");
    let asked = clean(&mut command, &sandbox).args(["-c", typed]).arg(program()).output().expect("bash");
    let said = String::from_utf8_lossy(&asked.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [ids(&sandbox).join(" ").as_str(), "list"],
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
}

#[test]
fn names_with_the_process_are_read_as_documented() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        serde_json::json!({"tracing_enabled": true, "tracing_exporter": "file",
            "tracing_file": sandbox.path("traces.json"), "tracing_span_names": "with_process"}),
        serde_json::json!({
            "once": {"type": "oneshot", "command": ["/bin/true"]},
            "web": {"command": sandbox.worker("web"), "depends_on": ["once"]},
        }),
    );
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    sandbox.started("web", 1);
    assert_eq!(supervisor.stop(), 0);
    let written = fs::read_to_string(sandbox.path("traces.json")).expect("the file");
    for name in [
        "process_manager.start\"",
        "process_manager.start_process web\"",
        "process.spawn web-0\"",
        "process.run once-0\"",
    ] {
        assert!(written.contains(&format!("\"name\":\"{name}")), "{name} in {written}");
    }
    let (code, drawn) = trace(&sandbox, &["last", "--start", "--width", "120"]);
    assert!(code == 0 && drawn.contains("wait_dependency web for once"), "{drawn}");
    assert!(!drawn.contains("web web") && !drawn.contains("web-0 web-0"), "{drawn}");
    assert!(
        trace(&sandbox, &["analyze", "critical-chain"]).1.contains("once"),
        "waits are known by their names"
    );
}

#[test]
fn json_is_what_the_exporter_wrote_and_can_be_read_again() {
    let sandbox = told();
    let (code, text) = trace(&sandbox, &["last", "--start", "--json"]);
    assert_eq!((code, text.lines().count()), (0, 1));
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert!(value["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").len() > 5);
    sandbox.write("again.json", &text);
    let again = run(&sandbox, &["trace", "last", "--file", "again.json"]);
    assert_eq!(again, trace(&sandbox, &["last", "--start"]));
    let all = trace(&sandbox, &["list", "--json"]).1;
    assert_eq!(all.lines().count(), 4);
}

#[test]
fn pictures_and_pages_are_whole_files() {
    let sandbox = told();
    let (code, svg) = trace(&sandbox, &["last", "--start", "--svg"]);
    assert!(code == 0 && svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    let (code, html) = trace(&sandbox, &["last", "--start", "--html"]);
    assert!(code == 0 && html.starts_with("<!DOCTYPE html>") && html.trim_end().ends_with("</html>"));
    let (code, said) = trace(&sandbox, &["last", "--start", "--html", "-o", "page.html"]);
    assert_eq!((code, said.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(sandbox.path("page.html")).expect("a file"), html);
    assert_eq!(trace(&sandbox, &["last", "--svg", "-o", "nowhere/a.svg"]).0, 73);
    assert_eq!(trace(&sandbox, &["last", "-o", "a.txt"]).0, 64, "text is for standard output");
    assert_eq!(trace(&sandbox, &["last", "--svg", "--html"]).0, 64);
    assert_eq!(trace(&sandbox, &["list", "--html"]).0, 64);
}

#[test]
fn a_terminal_is_not_filled_with_a_page() {
    let sandbox = told();
    let line = format!("{} trace last --file traces.json --html", program().display());
    let mut command = Command::new("script");
    let asked =
        clean(&mut command, &sandbox).args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output();
    let asked = asked.expect("`script` is not installed: it is in bsdutils");
    let said = String::from_utf8_lossy(&asked.stdout);
    assert_eq!((asked.status.code(), said.lines().count()), (Some(64), 1), "{said}");
    assert!(said.contains("--html -o trace.html"), "{said}");
}

#[test]
fn the_time_of_a_start_is_blamed_on_who_took_it() {
    let sandbox = told();
    let (code, blame) = trace(&sandbox, &["analyze", "blame"]);
    assert_eq!(code, 0, "{blame}");
    let first = blame.lines().next().expect("a line");
    assert!(first.ends_with(" migrate") && blame.lines().count() == 3, "{blame}");
    let (_, chain) = trace(&sandbox, &["analyze", "critical-chain", "--ascii"]);
    assert!(chain.contains("process_manager.start +"), "{chain}");
    let last = chain.lines().last().expect("a line");
    assert!(last.starts_with("  `-migrate @"), "the chain goes back to migrate:\n{chain}");
    let (_, json) = trace(&sandbox, &["analyze", "blame", "--json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert!(json["processes"][0]["own_ns"].as_u64().expect("a number") >= 300_000_000, "{json}");
}

#[test]
fn a_comparison_fails_when_something_got_slower() {
    let sandbox = told();
    let text = trace(&sandbox, &["last", "--start", "--json"]).1;
    let mut slower: Value = serde_json::from_str(&text).expect("JSON");
    let spans = slower["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array_mut().expect("spans");
    for span in spans.iter_mut().filter(|s| s["name"] == "process.run") {
        let end: u64 = span["endTimeUnixNano"].as_str().expect("a time").parse().expect("a number");
        span["endTimeUnixNano"] = (end + 2_000_000_000).to_string().into();
    }
    sandbox.write("slower.json", &slower.to_string());
    let compare = |before: &str, after: &str, more: &[&str]| {
        trace(&sandbox, &[&["analyze", "compare", before, after], more].concat())
    };
    let (code, same) = compare("traces.json", "traces.json", &["--fail-over", "20%"]);
    assert_eq!(code, 0, "{same}");
    let (code, worse) = compare("traces.json", "slower.json", &["--fail-over", "20%"]);
    assert_eq!(code, 1, "{worse}");
    assert!(worse.contains("migrate") && worse.contains("+2000.00 ms"), "{worse}");
    assert_eq!(compare("traces.json", "slower.json", &[]).0, 0, "without a bound nothing fails");
    assert_eq!(compare("traces.json", "slower.json", &["--fail-over", "100000"]).0, 0);
    assert_eq!(compare("slower.json", "traces.json", &["--fail-over", "0"]).0, 0, "faster is well");
    let start = ids(&sandbox).remove(3);
    assert_eq!(compare(&start, "slower.json", &["--fail-over", "20"]).0, 1, "an id from the file");
    assert_eq!(compare("traces.json", "slower.json", &["--fail-over", "much"]).0, 64);
}

#[test]
fn what_is_not_there_has_its_own_exit_codes() {
    let sandbox = told();
    let missing = run(&sandbox, &["trace", "list", "--file", "nowhere.json"]);
    assert!(missing.0 == 66 && missing.1.contains("cannot read nowhere.json"), "{missing:?}");
    assert_eq!(trace(&sandbox, &["show", "zz"]).0, 64, "no hexadecimal");
    let unknown = trace(&sandbox, &["show", &"0".repeat(32)]);
    assert_eq!((unknown.0, unknown.1.lines().count()), (1, 1), "{unknown:?}");
    assert_eq!(trace(&sandbox, &["list", "--errors"]).1.lines().count(), 2, "a head, and the crash");
    assert_eq!(run(&sandbox, &["trace", "last", "--socket", "nowhere.sock"]).0, 3, "no supervisor answers");
    assert_eq!(trace(&sandbox, &["--follow", "list"]).0, 64);

    sandbox.write("wrong.json", "{\"resourceSpans\":[]}\n{\"resourceSpans\": 7}\n");
    let wrong = run(&sandbox, &["trace", "list", "--file", "wrong.json"]);
    assert!(wrong.0 == 66 && wrong.1.contains("wrong.json, line 2"), "{wrong:?}");
    sandbox.write("empty.json", "");
    assert_eq!(run(&sandbox, &["trace", "last", "--file", "empty.json"]).0, 1);
}

#[test]
fn an_ambiguous_id_lists_what_it_may_mean() {
    let sandbox = told();
    let line = |id: &str| {
        format!(
            "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{\"traceId\":\"{id}\",\"spanId\":\"00000000000000aa\",\"name\":\"x\"}}]}}]}}]}}\n"
        )
    };
    let (a, b) = ("abcdef01".repeat(4), "abcdef02".repeat(4));
    sandbox.write("two.json", &(line(&a) + &line(&b)));
    let show = |id: &str| run(&sandbox, &["trace", "show", id, "--file", "two.json"]);
    let (code, text) = show("abcdef");
    assert_eq!(code, 64, "{text}");
    assert!(text.contains(&a[..12]) && text.contains(&b[..12]), "{text}");
    assert_eq!(show("ABCDEF02").0, 0, "capitals are fine");
}

#[test]
fn a_file_that_is_being_written_is_read_up_to_its_last_whole_line() {
    let sandbox = told();
    let text = fs::read_to_string(sandbox.path("traces.json")).expect("the file");
    sandbox.write("torn.json", &text[..text.len() - 40]);
    let (code, told) = run(&sandbox, &["trace", "list", "--file", "torn.json"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("torn.json ends within a line: its last"), "{told}");
}
