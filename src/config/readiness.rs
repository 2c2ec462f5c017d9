//! `global.readiness` to who is told that all is ready. A name that is not there, or an address that is none, is an error:
//! what waits for readiness would wait for ever.

use super::block::Block;
use super::keys::READINESS;
use super::report::{Finding, Findings, Path};
use super::tree::Node;
use phpeek_core::name::ProcessName;
use phpeek_core::readiness::Mode;
use phpeek_core::spec::{ProcessKind, SystemSpec};
use phpeek_settings::readiness::{ReadinessSettings, ReadyFile};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Reads the block; `None` when nobody is to be told.
pub(crate) fn readiness(
    global: &Node,
    spec: &SystemSpec,
    findings: &mut Findings,
) -> Option<ReadinessSettings> {
    let node = global.get("readiness")?;
    let block = Block::new(Some(node), READINESS);
    if !block.truth("enabled")? {
        return None;
    }
    let root = Path::ROOT.key("global");
    let path = root.key("readiness");
    let port = u16::try_from(block.int("http_port")?).unwrap_or(0);
    let host = block.text("http_host");
    let http = host.filter(|_| port > 0).and_then(|host| {
        let ip = address(&host);
        if ip.is_none() {
            let place = node.get("http_host").map_or(node.place.clone(), |n| n.place.clone());
            let message = format!("http_host {host:?} is no address of this machine");
            let fault = Finding::error(path.key("http_host"), place, message);
            findings.push(fault.advice("write an address, as 127.0.0.1 or 0.0.0.0"));
        }
        ip.map(|ip| SocketAddr::new(ip, port))
    });
    // An empty path is one that somebody wrote: no file.
    let empty = node.get("path").and_then(Node::text) == Some("");
    let file = block.text("path").filter(|_| !empty).map(PathBuf::from);
    let content = block.text("content");
    let file = file.map(|path| ReadyFile { path, content });
    if file.is_none() && http.is_none() {
        let message = "readiness is enabled, and nobody is told: there is neither a path nor an http_port";
        findings.push(Finding::warning(path, node.place.clone(), message).advice("write one of them"));
    }
    let processes = chosen(node, spec, &path, findings);
    Some(ReadinessSettings { file, mode: block.word("mode", &Mode::WORDS)?, processes, http })
}

/// An address that can be listened on.
fn address(text: &str) -> Option<IpAddr> {
    match text {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        text => text.trim_start_matches('[').trim_end_matches(']').parse().ok(),
    }
}

fn chosen(node: &Node, spec: &SystemSpec, path: &Path<'_>, findings: &mut Findings) -> Vec<ProcessName> {
    let path = path.key("processes");
    let mut names = Vec::new();
    for item in node.get("processes").map(Node::items).unwrap_or_default() {
        let Some(name) = item.text() else { continue };
        let known = spec.processes.iter().find(|process| process.name.as_str() == name);
        let (message, advice) = match known {
            Some(process) if process.kind != ProcessKind::Scheduled => {
                names.push(process.name.clone());
                continue;
            }
            Some(_) => (format!("{name:?} is scheduled, and is never ready"), "take it out of this list"),
            None => (
                format!("there is no process {name:?} that is enabled: nothing would ever be ready"),
                "correct the name, enable the process, or take it out of this list",
            ),
        };
        findings.push(Finding::error(path, item.place.clone(), message).advice(advice));
    }
    names
}
