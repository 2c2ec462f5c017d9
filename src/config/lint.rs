//! What is allowed and probably not meant: literal secrets, delays below a second, and the like. Warnings and
//! suggestions only.

use super::report::{Finding, Findings, Path};
use super::tree::{Node, Place};
use super::{secret, value};
use std::time::Duration;

/// Headers of requests to a receiver, by the same rule.
fn secret_headers(root: &Node, findings: &mut Findings) {
    let path = Path::ROOT;
    let path = path.key("global");
    let path = path.key("tracing_headers");
    for entry in root.at(&["global", "tracing_headers"]).map(Node::entries).unwrap_or_default() {
        let literal = entry.node.text().is_some_and(|t| !t.is_empty() && !t.contains("${"));
        if literal && secret::header(&entry.key) {
            let message = format!("the value of {} is a secret, and it is in the file", entry.key);
            let warning = Finding::warning(path.key(&entry.key), entry.place.clone(), message);
            findings.push(warning.advice("write ${VARIABLE} or {file: PATH}"));
        }
    }
}

/// Literal secrets, seen before `${…}` is replaced: a value that comes from outside is what one should write.
pub(crate) fn secrets(root: &Node, findings: &mut Findings) {
    secret_headers(root, findings);
    for process in root.get("processes").map(Node::entries).unwrap_or_default() {
        for entry in process.node.get("env").map(Node::entries).unwrap_or_default() {
            let literal = entry.node.text().is_some_and(|t| !t.is_empty() && !t.contains("${"));
            if literal && secret::name(&entry.key) {
                let path = format!("processes.{}.env.{}", process.key, entry.key);
                let message = format!("{} looks like a secret, and its value is in the file", entry.key);
                let warning = Finding::warning(&path, entry.place.clone(), message);
                findings
                    .push(warning.advice(format!("write ${{{}}} and set it in the environment", entry.key)));
            }
        }
    }
}

/// Everything else, on the tree as it will be used.
pub(crate) fn values(root: &Node, findings: &mut Findings) {
    version(root, findings);
    proxies(root, findings);
    port(root, findings);
    let below_a_second = |node: &Node| matches!(node.text().and_then(value::duration), Some(value::Span::Positive(d)) if d > Duration::ZERO && d < Duration::from_secs(1));
    for key in ["restart_backoff", "restart_backoff_initial"] {
        if let Some(node) = root.at(&["global", key]).filter(|n| below_a_second(n)) {
            warn(
                findings,
                format!("global.{key}"),
                node,
                "below one second, a crash loop costs much CPU",
                "write 1s or more",
            );
        }
    }
    if let Some(node) = root.at(&["global", "log_level"]).filter(|n| n.text() == Some("debug")) {
        warn(
            findings,
            "global.log_level",
            node,
            "debug is a lot of output",
            "write info outside of a search for a fault",
        );
    }
    if let Some(node) = root.at(&["global", "shutdown_timeout"])
        && let Some(value::Span::Positive(span)) = node.text().and_then(value::duration)
        && span < Duration::from_secs(10)
    {
        warn(
            findings,
            "global.shutdown_timeout",
            node,
            "below ten seconds, processes may be killed",
            "write 30",
        );
    }
    for process in root.get("processes").map(Node::entries).unwrap_or_default() {
        let path = Path::PROCESSES;
        let path = path.key(&process.key);
        if let Some(node) = process.node.at(&["health_check", "period"]).filter(|n| below_a_second(n)) {
            let path = format!("{path}.health_check.period");
            warn(findings, path, node, "probes more often than once a second cost much", "write 1 or more");
        }
        if let Some(node) =
            process.node.get("scale").filter(|n| n.text().and_then(value::int).is_some_and(|s| s > 20))
        {
            warn(
                findings,
                path.key("scale"),
                node,
                "more than 20 instances of one process",
                "see whether all are needed",
            );
        }
        scale_of_a_job(&process.node, &path, findings);
        shell(process.node.get("command"), &path, findings);
    }
}

/// What goes by the clock has as many runs as its ticks bring.
fn scale_of_a_job(process: &Node, path: &Path<'_>, findings: &mut Findings) {
    let more = |node: &&Node| node.text().and_then(value::int).is_some_and(|scale| scale > 1);
    if process.filled("schedule").is_some()
        && let Some(node) = process.get("scale").filter(more)
    {
        let message = "scale has no effect beside schedule: each tick is one run";
        let advice = "remove it; schedule_max_concurrent says how many may run at once";
        warn(findings, path.key("scale"), node, message, advice);
    }
}

/// The format has had one version so far.
fn version(root: &Node, findings: &mut Findings) {
    let Some((node, text)) = root.get("version").and_then(|node| Some((node, node.text()?))) else { return };
    if !matches!(text.trim(), "" | "1" | "1.0") {
        let message = format!("version {text:?} is not known, and the file is read as 1.0");
        warn(findings, "version", node, &message, "write \"1.0\"");
    }
}

/// Whoever may write X-Forwarded-For would be whoever he likes.
fn proxies(root: &Node, findings: &mut Findings) {
    for block in ["api_acl", "metrics_acl"] {
        let Some(acl) = root.at(&["global", block]) else { continue };
        let trusted = acl.get("trusted_proxies").is_some_and(|list| !list.items().is_empty());
        if let Some(node) = acl.get("trust_proxy")
            && node.text().and_then(value::truth) == Some(true)
            && !trusted
        {
            let message = "without trusted_proxies it counts for a peer on loopback alone";
            warn(findings, format!("global.{block}.trust_proxy"), node, message, "name the proxies");
        }
    }
}

fn shell(command: Option<&Node>, path: &Path<'_>, findings: &mut Findings) {
    let Some(words) = command.map(Node::items) else { return };
    let Some(program) = words.first() else { return };
    typed(words, path, findings);
    if let ([only], Some(line)) = (words, program.text())
        && is_a_line(line)
    {
        let message = format!("the name of the program is the whole of {line:?}: no shell takes it apart");
        let advice = "write a word an item, or [sh, -c, \"…\"] where a shell is needed";
        findings.push(Finding::warning(path.key("command"), only.place.clone(), message).advice(advice));
    }
    let script = words.iter().skip_while(|word| word.text() != Some("-c")).nth(1).and_then(Node::text);
    let is_shell = matches!(program.text(), Some("sh" | "bash" | "/bin/sh" | "/bin/bash"));
    if is_shell && !script.is_some_and(ends_with_exec) {
        let note = Finding::suggestion(path.key("command"), program.place.clone(), "the command is a shell");
        findings.push(note.advice("let it end with exec, so that signals reach the program"));
    }
}

/// Signs that a text program has put in the place of plain ones: a program takes them as they are.
fn typed(words: &[Node], path: &Path<'_>, findings: &mut Findings) {
    for word in words {
        let strange = word.text().and_then(|text| text.chars().next()).filter(|c| "“”„‘’–—".contains(*c));
        if let Some(sign) = strange {
            let message =
                format!("a word begins with {sign}, which no program takes for a quote or an option");
            let warning = Finding::warning(path.key("command"), word.place.clone(), message);
            findings.push(warning.advice("type it anew: \" and - are the plain signs"));
        }
    }
}

/// Whether it is a line for a shell, and not a path with a space in it.
fn is_a_line(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    words
        .next()
        .is_some_and(|second| !first.starts_with('/') || second.starts_with('-') || text.contains("&&"))
}

/// A port that usually speaks the other form of OTLP.
fn port(root: &Node, findings: &mut Findings) {
    let text = |key: &str| root.at(&["global", key]).and_then(Node::text);
    let (exporter, protocol) = (text("tracing_exporter").unwrap_or_default(), text("tracing_protocol"));
    let http = match (exporter, protocol) {
        ("otlp-http", _) => true,
        ("otlp-grpc", _) => false,
        ("otlp", Some(protocol)) => protocol.starts_with("http"),
        _ => return,
    };
    let Some(node) = root.at(&["global", "tracing_endpoint"]) else { return };
    let endpoint = node.text().unwrap_or_default().trim_end_matches('/');
    let host = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    let (usual, other) = if http { ("4318", "4317") } else { ("4317", "4318") };
    if host.rsplit_once(':').is_some_and(|(_, port)| port == other) {
        let (own, theirs) = if http { ("OTLP over HTTP", "gRPC") } else { ("gRPC", "OTLP over HTTP") };
        let message = format!("{own} is sent to port {other}, where {theirs} is usual");
        let note = Finding::suggestion("global.tracing_endpoint", node.place.clone(), message);
        findings.push(note.advice(format!("name port {usual}, or the other exporter")));
    }
}

/// Whether the last command of a script takes the place of the shell.
fn ends_with_exec(script: &str) -> bool {
    let last = script.trim().rsplit(['\n', ';', '&', '|']).next().unwrap_or_default();
    last.split_whitespace().next() == Some("exec")
}

fn warn(findings: &mut Findings, path: impl std::fmt::Display, node: &Node, message: &str, advice: &str) {
    let place: Place = node.place.clone();
    findings.push(Finding::warning(path, place, message).advice(advice));
}
