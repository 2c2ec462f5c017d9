//! What a newcomer writes, and every word of the answer: `golden/messages.txt` holds both. `UPDATE_GOLDEN=1` writes it anew.

use crate::reports::held;
use phpeek_pm::app::load;
use phpeek_pm::cli::check::{Detail, human};
use phpeek_pm::config::{Source, Strictness};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A process that is well; what follows belongs to it.
const WEB: &str = "processes:\n  web:\n    command: [sleep, \"1\"]\n";

/// Texts that are no YAML, or none that says what was meant.
const SYNTAX: &[(&str, &str)] = &[
    ("a tab indents", "processes:\n\tweb: {command: [x]}\n"),
    ("a tab behind spaces", "processes:\n  web:\n    command: [x]\n    \tuser: x\n"),
    ("a NUL", "processes:\n  web:\n    command: [sl\0eep]\n"),
    ("an escape character", "processes:\n  web:\n    command: [a\u{1b}[31mb]\n"),
    ("a no-break space", "processes:\n  web:\n\u{a0}\u{a0}  command: [a]\n"),
    ("a star without quotes", "processes:\n  web:\n    command: [a]\n    schedule: * * * * *\n"),
    ("an ampersand without quotes", "processes:\n  web:\n    command: [sh, -c, & x]\n"),
    ("a percent sign", "processes:\n  web:\n    command: [a]\n    user: %x\n"),
    ("an at sign", "processes:\n  web:\n    command: [a]\n    user: @x\n"),
    ("an anchor that is not there", "processes:\n  web: *base\n"),
    ("a merge of no mapping", "processes:\n  web:\n    <<: 3\n    command: [a]\n"),
    ("no colon behind a name", "processes:\n  web\n    command: [a]\n"),
    ("no space behind a colon", "processes:\n  web:\n    command:[a]\n"),
    ("an equals sign for a colon", "processes:\n  web:\n    command=[a]\n"),
    ("a colon in a value", "processes:\n  web:\n    command: [a]\n    working_dir: C: x\n"),
    ("a key too deep", "processes:\n  web:\n    command: a\n      user: x\n"),
    ("a key between two depths", "processes:\n  web:\n    command: [a]\n   user: x\n"),
    ("an open bracket", "processes:\n  web:\n    command: [a, b\n    user: x\n"),
    ("an open brace", "processes:\n  web: {command: [a], scale: 2\n  db: {command: [b]}\n"),
    ("a bracket open to the end", "processes:\n  web: {command: [a, \n"),
    ("an open quote", "processes:\n  web:\n    command: \"a b\n    user: x\n"),
    (
        "an open quote in a list",
        "processes:\n  web:\n    command: [\"a\", \"b]\n  db:\n    command: [\"x\"]\n",
    ),
    ("a bracket too many", "processes:\n  web:\n    command: [a]]\n"),
    ("no comma", "processes:\n  web:\n    command: [\"a\" b]\n"),
    ("words behind a quote", "processes:\n  web:\n    command: [a]\n    user: \"x\" y\n"),
    ("a list behind its key", "processes:\n  web:\n    command: - a\n"),
    ("an escape that is none", "processes:\n  web:\n    command: [\"a\\d+\"]\n"),
    ("a placeholder without quotes", "processes:\n  web:\n    command: [a]\n    env: {PORT: {{port}}}\n"),
    ("a template", "processes:\n{% for x in y %}\n  web:\n    command: [a]\n{% endfor %}\n"),
    ("a merge of versions", "<<<<<<< HEAD\nprocesses:\n=======\nprocesses:\n>>>>>>> x\n"),
    ("Markdown around it", "```yaml\nprocesses:\n  web:\n    command: [a]\n```\n"),
    ("a comment of JavaScript", "{\n  // x\n  \"processes\": {\"web\": {\"command\": [\"a\"]}}}\n"),
    ("a second document", "processes:\n  web:\n    command: [a]\n---\nprocesses: {}\n"),
    (
        "keys twice",
        "processes:\n  web:\n    command: [a]\n    scale: 1\n    scale: 2\n  web:\n    command: [b]\n",
    ),
    ("a text and no mapping", "hello\n"),
    ("a list and no mapping", "- a\n- b\n"),
    ("comments alone", "# nothing yet\n"),
    ("lines of Windows", "processes:\r\n  web:\r\n    command: [sleep, \"1\"]\r\n    scal: 2\r\n"),
];

/// Values of the wrong form, and words that mean something elsewhere.
const VALUES: &[(&str, &str)] = &[
    ("processes as a list", "processes:\n  - name: web\n    command: [x]\n"),
    (
        "a command as one text",
        "processes:\n  web:\n    command: php artisan queue:work --sleep=3\n  job:\n    command: cd /app && php x\n",
    ),
    ("a command as one word", "processes: {web: {command: [\"cd /app && php x\"]}}\n"),
    ("a shell that ends well", "processes: {web: {command: [sh, -c, \"exec sleep 100\"]}}\n"),
    ("no command, an empty one", "processes:\n  web:\n  db:\n    command: []\n  c:\n    command: [\"\"]\n"),
    ("quotes of a text program", "processes:\n  web:\n    command: [“sleep”, –n]\n"),
    ("version 2", "version: \"2.0\"\nprocesses: {web: {command: [x]}}\n"),
    (
        "HTTP on the port of gRPC",
        "global: {tracing_enabled: true, tracing_exporter: otlp-http, tracing_endpoint: \"localhost:4317\"}\nprocesses: {web: {command: [x]}}\n",
    ),
    (
        "gRPC on the port of HTTP",
        "global: {tracing_enabled: true, tracing_exporter: otlp-grpc, tracing_endpoint: \"localhost:4318\"}\nprocesses: {web: {command: [x]}}\n",
    ),
    (
        "wrong forms everywhere",
        "version: [1]\nglobal:\n  shutdown_timeout: [x]\n  tracing_enabled: maybe\n  api_port: eighty\n  api_acl: x\nhooks: x\nsignals: []\ninclude: {a: b}\nprocesses:\n  web:\n    command: {a: b}\n    scale: many\n    env: [A=1]\n    depends_on: db\n    health_check: x\n    logging: []\n    restart: 3\n    user: [x]\n  db: x\n",
    ),
    (
        "words of others for values",
        "processes:\n  web:\n    command: [x]\n    restart: unless-stopped\n    shutdown: {signal: SIGTRM}\n    depends_on: {db: {condition: process_healthy}}\n  db:\n    command: [x]\n    restart: on_failure\n    schedule: \"61 * * * *\"\n",
    ),
    (
        "a name that is nearly one",
        "processes:\n  web:\n    command: [x]\n    depends_on: [dbb]\n  db:\n    command: [x]\n",
    ),
    ("a variable that is not set", "processes:\n  web:\n    command: [x]\n    scale: ${HOW_MANY}\n"),
    (
        "a process of another place",
        "web:\n  command: [x]\nlog_level: info\nprocesses:\n  db:\n    command: [x]\n",
    ),
];

/// Keys that are another program's, below a process.
const KEYS: &[(&str, &[&str])] = &[
    (
        "supervisord",
        &[
            "process_name",
            "numprocs",
            "directory",
            "autostart",
            "autorestart",
            "startsecs",
            "stopsignal",
            "stopasgroup",
            "stdout_logfile",
            "priority",
        ],
    ),
    (
        "systemd",
        &[
            "ExecStart",
            "ExecStartPre",
            "ExecReload",
            "Restart",
            "RestartSec",
            "User",
            "EnvironmentFile",
            "LimitNOFILE",
            "TimeoutStopSec",
            "KillMode",
            "After",
        ],
    ),
    (
        "compose",
        &[
            "image",
            "ports",
            "environment",
            "healthcheck",
            "deploy",
            "container_name",
            "stop_grace_period",
            "mem_limit",
            "ulimits",
        ],
    ),
    (
        "process-compose",
        &[
            "availability",
            "readiness_probe",
            "is_daemon",
            "disabled",
            "replicas",
            "ready_log_line",
            "namespace",
        ],
    ),
    (
        "s6",
        &[
            "run",
            "finish",
            "up",
            "notification-fd",
            "timeout-kill",
            "down-signal",
            "dependencies",
            "max-death-tally",
        ],
    ),
    (
        "pm2",
        &[
            "script",
            "args",
            "interpreter",
            "exec_mode",
            "instances",
            "max_memory_restart",
            "cron_restart",
            "min_uptime",
            "out_file",
            "wait_ready",
            "name",
        ],
    ),
    (
        "kubernetes",
        &["livenessProbe", "resources", "terminationGracePeriodSeconds", "securityContext", "workingDir"],
    ),
];

/// Files of somebody else, by their names.
const FOREIGN: &[(&str, &str)] = &[
    ("supervisord.conf", "[supervisord]\nnodaemon=true\n[program:x]\ncommand=x\n"),
    ("app.service", "[Service]\nExecStart=/usr/bin/x\n"),
    ("settings.toml", "title = \"x\"\n[a.b]\nc = 1\n"),
    ("ecosystem.json", "{\"apps\": []}"),
    ("ecosystem.yml", "apps:\n  - script: x.js\n"),
    ("jobs", "# jobs\n*/5 * * * * root php x y z\n"),
    ("Procfile", "web: puma\n"),
    ("compose.yaml", "services:\n  web:\n    image: nginx\n"),
    ("pod.yaml", "apiVersion: v1\nkind: Pod\n"),
    ("start.sh", "#!/bin/sh\nexec nginx\n"),
    ("Dockerfile", "FROM debian\nCMD [\"nginx\"]\n"),
    (".env", "A=1\nB=2\n"),
    ("nginx.conf", "user www-data;\nevents {\n}\n"),
    ("package.json", "{\"name\": \"x\", \"scripts\": {}}"),
    ("index.html", "<!DOCTYPE html>\n<html></html>\n"),
];

/// The report of a text as the file of this name, without its summary.
fn answer(text: &str, name: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    told(&path, name)
}

fn told(path: &Path, name: &str) -> String {
    let mut report = load(&Source::File(path.to_owned()), &BTreeMap::new()).report;
    report.file = Some(PathBuf::from(name));
    let whole = human(&report, Detail::Full, Strictness::Usual);
    let whole = whole.replace(&path.display().to_string(), name);
    let (findings, rest) = whole.split_once("Summary\n").expect("a summary");
    let verdict = rest.trim_end().lines().last().expect("a verdict");
    format!("{findings}{verdict}\n")
}

#[test]
fn each_slip_is_answered_in_exactly_these_words() {
    let mut all = String::new();
    let mut add = |title: &str, answer: String| all.push_str(&format!("=== {title}\n{answer}\n"));
    for (title, text) in SYNTAX.iter().chain(VALUES) {
        add(title, answer(text, "phpeek-pm.yaml"));
    }
    for (whose, keys) in KEYS {
        let lines: Vec<String> = keys.iter().map(|key| format!("    {key}: x\n")).collect();
        add(&format!("words of {whose}"), answer(&format!("{WEB}{}", lines.concat()), "phpeek-pm.yaml"));
    }
    for (name, text) in FOREIGN {
        add(name, answer(text, name));
    }
    held(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/golden/messages.txt")),
        "UPDATE_GOLDEN",
        &all,
    );
}

#[test]
fn what_cannot_be_read_says_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("folder")).expect("a folder");
    std::fs::write(at("latin"), b"processes:\n  web: {command: [caf\xe9]}\n").expect("a file");
    std::fs::write(at("wide"), b"\xff\xfea\0").expect("a file");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO");
    let mut all = String::new();
    for name in ["folder", "latin", "wide", "fifo", "missing", "-"] {
        let path = if name == "-" { PathBuf::from(name) } else { at(name) };
        all.push_str(&format!("=== {name}\n{}\n", told(&path, name)));
    }
    held(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/golden/unreadable.txt")),
        "UPDATE_GOLDEN",
        &all,
    );
}

/// A long value is no long message, and what may be a secret is in none.
#[test]
fn what_is_repeated_of_a_value_is_short_and_no_secret() {
    let long = "z".repeat(5000);
    let said = answer(&format!("{WEB}    restart: {long}\n    usre: {long}\n"), "phpeek-pm.yaml");
    assert!(said.lines().all(|line| line.chars().count() < 300), "{said}");
    let said = answer(
        "processes:\n  web:\n    command: mysql --password=geheim -u root\n    env: [PASSWORD=geheim]\n",
        "x.yaml",
    );
    assert!(said.contains("must be a list") && !said.contains("geheim"), "{said}");
}
