//! What each instance of a process has of its own: its port, and the texts that name it. Owns what is wrong with them.

use super::names::int;
use super::report::{Finding, Findings, Path};
use super::tree::Node;
use phpeek_core::name::ProcessName;
use phpeek_core::program::Numbering;
use phpeek_core::template::{is_template, wants_port};
use std::num::NonZeroU16;

/// A process, as far as its programs are told of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered<'a> {
    pub(crate) name: &'a ProcessName,
    pub(crate) port_base: Option<NonZeroU16>,
}

/// The port of the first instance. The last that there may be must have one, too.
pub(crate) fn port_base(
    node: &Node,
    scale: u32,
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<NonZeroU16> {
    let written = node.get("port_base")?;
    let base = NonZeroU16::new(u16::try_from(int(node, "port_base")?).ok()?)?;
    let most = int(node, "max_scale").unwrap_or(0).max(i64::from(scale));
    let last = i64::from(base.get()) + most - 1;
    if last > i64::from(u16::MAX) {
        let message = format!(
            "the last of {most} instances would have the port {last}, and 65535 is the last that there is"
        );
        let fault = Finding::error(path.key("port_base"), written.place.clone(), message);
        findings.push(fault.advice("lower port_base, scale or max_scale"));
    }
    Some(base)
}

/// In what the texts of a program, or of a question, differ from instance to instance.
pub(crate) fn of<'t>(
    texts: impl Iterator<Item = &'t str> + Clone,
    port_base: Option<NonZeroU16>,
    node: &Node,
    path: &Path<'_>,
    findings: &mut Findings,
) -> Numbering {
    if port_base.is_none() && texts.clone().any(wants_port) {
        let message = "{{port}} stands here, and the process has no port_base";
        let fault = Finding::error(path, node.place.clone(), message);
        findings.push(fault.advice("set port_base of the process; {{{{ is a literal {{"));
    }
    let mut texts = texts;
    Numbering { port_base, templates: texts.any(is_template) }
}
