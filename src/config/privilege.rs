//! What a process may use and do, from its keys: limits, priority, capabilities. Types are judged before, by `schema`;
//! whether the kernel grants it is told at the start.

use super::names::{int, truth};
use super::report::{Finding, Findings, Path};
use super::tree::Node;
use super::value;
use phpeek_core::privilege::{Capabilities, Limit, Privilege, Resource};
use phpeek_core::signal::Signal;

/// Nothing where none of its keys is written.
pub(crate) fn compile(node: &Node, path: &Path<'_>, findings: &mut Findings) -> Option<Privilege> {
    let limit = |resource: Resource| {
        let (soft, hard) = value::limit(node.at(&["limits", resource.as_str()])?.text()?)?;
        Some(Limit { resource, soft, hard })
    };
    let set = |key: &str| node.at(&["capabilities", key]).map(capabilities);
    let found = Privilege {
        limits: Resource::ALL.into_iter().filter_map(limit).collect(),
        umask: node.filled("umask").and_then(value::umask),
        nice: int(node, "nice").and_then(|n| i8::try_from(n).ok()),
        oom_score_adj: int(node, "oom_score_adj").and_then(|n| i16::try_from(n).ok()),
        no_new_privs: truth(node, "no_new_privs").unwrap_or(false),
        bounding: set("bounding"),
        ambient: set("ambient"),
        groups: node.get("groups").map(|groups| texts(groups).map(str::to_owned).collect()),
        pdeathsig: node.filled("pdeathsig").and_then(|name| Signal::parse(name).ok()),
    };
    let groups = node.get("groups").map(Node::items).unwrap_or_default();
    for (place, group) in groups.iter().enumerate() {
        if group.text().is_some_and(|text| text.trim().is_empty()) {
            let fault =
                Finding::error(path.key("groups").index(place), group.place.clone(), "the group is empty");
            findings.push(fault.advice("name one, or remove it"));
        }
    }
    if let (Some(bounding), Some(ambient)) = (found.bounding, found.ambient)
        && let Some(beyond) = ambient.first_beyond(bounding)
    {
        let place = node.at(&["capabilities", "ambient"]).unwrap_or(node).place.clone();
        let message = format!("ambient has {}, and bounding keeps it away", Capabilities::name(beyond));
        let path = path.key("capabilities");
        let fault = Finding::error(path.key("ambient"), place, message);
        findings.push(fault.advice("add it to bounding, or remove it from ambient"));
    }
    (found != Privilege::default()).then_some(found)
}

fn texts(list: &Node) -> impl Iterator<Item = &str> {
    list.items().iter().filter_map(Node::text)
}

fn capabilities(list: &Node) -> Capabilities {
    texts(list).filter_map(Capabilities::number).fold(Capabilities::default(), Capabilities::and)
}
