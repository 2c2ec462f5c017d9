//! What the keys of one process, and of hooks, must be together: the key that a health check needs, what contradicts
//! what. Types are judged before, by `schema`.

use super::keys::{HOOKS, PROCESS_HOOKS};
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Value};
use phpeek_core::template::{self, Place};

/// Judges one process.
pub(crate) fn check(node: &Node, path: &Path<'_>, findings: &mut Findings) {
    if let Some(check) = node.get("health_check") {
        health_check(check, &path.key("health_check"), findings);
    }
    if let Some(block) = node.get("heartbeat") {
        heartbeat(block, &path.key("heartbeat"), findings);
    }
    if let Some(health) = node.get("health") {
        let path = path.key("health");
        if node.get("health_check").is_some() {
            let advice = "write startup, readiness and liveness below health, or health_check alone";
            wrong(health, &path, "health stands beside health_check", advice, findings);
        }
        for kind in health.entries().iter().filter(|e| !e.node.is_nothing()) {
            let path = path.key(&kind.key);
            if let Some(mode) = kind.node.get("mode") {
                wrong(
                    mode,
                    &path,
                    "a check below health has no mode: its place says it",
                    "remove mode",
                    findings,
                );
            }
            health_check(&kind.node, &path, findings);
        }
    }
    if let Some(hooks) = node.get("hooks") {
        lists_of_hooks(hooks, PROCESS_HOOKS.iter().map(|k| k.name), &path.key("hooks"), findings);
    }
    if let Some(hook) = node.at(&["shutdown", "pre_stop_hook"]) {
        hook_has_command(hook, &path.key("shutdown").key("pre_stop_hook"), findings);
    }
    if let Some(reload) = node.get("reload") {
        one_of_two(reload, &path.key("reload"), findings);
    }
    for who in ["user", "group"] {
        if let Some(written) = node.get(who).filter(|_| node.filled(who).is_none()) {
            let message = format!("{who} is empty: it runs as whoever starts the supervisor");
            findings.push(Finding::suggestion(path.key(who), written.place.clone(), message));
        }
    }
    let never = node.get("restart").and_then(Node::text) == Some("never");
    if let Some(codes) = node.get("recycle_codes").filter(|codes| never && !codes.items().is_empty()) {
        let message = "recycle_codes start it again, and restart is never";
        wrong(codes, &path.key("recycle_codes"), message, "remove one of the two", findings);
    }
}

/// Judges the hooks of the whole.
pub(crate) fn hooks(root: &Node, findings: &mut Findings) {
    if let Some(hooks) = root.get("hooks") {
        lists_of_hooks(hooks, HOOKS.iter().map(|k| k.name), &Path::ROOT.key("hooks"), findings);
    }
}

fn wrong(node: &Node, path: &Path<'_>, message: &str, advice: &str, findings: &mut Findings) {
    findings.push(Finding::error(path, node.place.clone(), message).advice(advice));
}

/// A health check needs the key that its type asks.
fn health_check(check: &Node, path: &Path<'_>, findings: &mut Findings) {
    let kind = check.get("type").and_then(Node::text);
    let needed = match kind {
        Some("tcp" | "grpc") => "address",
        Some("http") => "url",
        Some("exec") => "command",
        Some("log") => "pattern",
        Some(_) => "",
        None => {
            let advice = "write type: tcp, http, exec, grpc, notify or log";
            return wrong(check, path, "a health check needs a type", advice, findings);
        }
    };
    if !needed.is_empty() && check.get(needed).is_none() {
        let message = format!("a health check of this type needs {needed}");
        let advice = "tcp and grpc take address, http url, exec command, log pattern";
        wrong(check, path, &message, advice, findings);
    }
    if needed == "address"
        && let Some(address) = check.get("address").and_then(Node::text)
    {
        let filled = first(address);
        let port = filled.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.and_then(|(_, port)| port.parse::<u16>().ok()).is_none_or(|port| port == 0) {
            let message = format!("the address {address:?} is not host:port");
            let advice = "write 127.0.0.1:6379; {{port}}, {{instance}} and {{name}} are those of an instance";
            wrong(check, path, &message, advice, findings);
        }
    }
    if needed == "url" {
        http(check, path, findings);
    }
    for who in ["user", "group"].into_iter().filter(|_| kind != Some("exec")) {
        if let Some(node) = check.get(who).filter(|_| check.filled(who).is_some()) {
            let message = format!("{who} is for checks of type exec alone: others run no program");
            wrong(node, path, &message, "remove it", findings);
        }
    }
}

/// What no request could be made of would make a process look ill.
fn http(check: &Node, path: &Path<'_>, findings: &mut Findings) {
    urls(check, &["url"], first, path, findings);
    headers(check, path, findings);
}

/// Nobody would be told at an address that is none.
fn heartbeat(block: &Node, path: &Path<'_>, findings: &mut Findings) {
    urls(block, &["url", "start_url", "success_url", "failure_url"], str::to_owned, path, findings);
    headers(block, path, findings);
}

/// A text as a first instance might have it: whatever is wrong with it then is wrong with all of them.
fn first(text: &str) -> String {
    template::fill(text, &Place { name: "name", number: 0, port: Some(1) })
}

/// Each is looked at as `filled` makes it.
fn urls(block: &Node, keys: &[&str], filled: fn(&str) -> String, path: &Path<'_>, findings: &mut Findings) {
    let advice = "write http://127.0.0.1/";
    for node in keys.iter().filter_map(|key| block.get(key)) {
        let Some(url) = node.text().map(filled) else { continue };
        let rest = url.strip_prefix("http://").or(url.strip_prefix("https://"));
        // Braces belong into no url: this is a placeholder that nobody knows.
        let plain = !url.contains("{{") && url.bytes().all(|byte| byte.is_ascii_graphic());
        let host = |rest: &str| is_authority(rest.split(['/', '?', '#']).next().unwrap_or_default());
        let message = match rest {
            None => format!("the url {url:?} is no http:// or https://"),
            Some(rest) if !plain || !host(rest) => {
                format!("the url {url:?} names no host, or holds what no url may")
            }
            Some(_) => continue,
        };
        wrong(node, path, &message, advice, findings);
    }
}

fn headers(check: &Node, path: &Path<'_>, findings: &mut Findings) {
    for header in check.get("headers").map(Node::entries).unwrap_or_default() {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let name = !header.key.is_empty() && header.key.bytes().all(token);
        let value = header.node.text().unwrap_or_default();
        if !name || !value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
            let message = format!("{:?} with its value is no header", header.key);
            wrong(&header.node, path, &message, "write NAME: plain text", findings);
        }
    }
}

/// `host`, `host:port`, an IPv6 address in brackets; maybe with a user before it.
fn is_authority(text: &str) -> bool {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':').or((!port.is_empty()).then_some("x"))),
        None => host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
    };
    !host.is_empty() && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn lists_of_hooks(
    hooks: &Node,
    lists: impl Iterator<Item = &'static str>,
    path: &Path<'_>,
    findings: &mut Findings,
) {
    for list in lists {
        let path = path.key(list);
        for (index, hook) in hooks.get(list).map(Node::items).unwrap_or_default().iter().enumerate() {
            hook_has_command(hook, &path.index(index), findings);
        }
    }
}

fn hook_has_command(hook: &Node, path: &Path<'_>, findings: &mut Findings) {
    if matches!(hook.value, Value::Map(_)) && hook.get("command").is_none() {
        wrong(hook, path, "a hook needs a command", "write command: [\"program\", \"argument\"]", findings);
    }
}

fn one_of_two(reload: &Node, path: &Path<'_>, findings: &mut Findings) {
    let message = match (reload.get("signal"), reload.get("command")) {
        (Some(_), Some(_)) => "reload has a signal and a command",
        (None, None) if matches!(reload.value, Value::Map(_)) => "reload needs a signal or a command",
        _ => return,
    };
    wrong(reload, path, message, "write one of signal and command", findings);
}
