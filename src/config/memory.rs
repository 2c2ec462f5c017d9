//! `memory` and `max_memory_mb` of a process: its bounds of memory, and what contradicts what.

use super::block::Block;
use super::keys::{MEMORY, PROCESS};
use super::report::{Finding, Findings, Path};
use super::tree::Node;
use phpeek_core::spec::{MemorySpec, ProcessKind, RestartPolicy};

const MB: u64 = 1 << 20;

/// The bounds of each instance; none when there are none.
pub(crate) fn compile(
    node: &Node,
    (kind, policy): (ProcessKind, Option<RestartPolicy>),
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<MemorySpec> {
    let block = node.get("memory");
    let bounds = Block::new(block, MEMORY);
    let (soft, hard) = (bounds.size("soft"), bounds.size("hard"));
    let documented = Block::new(Some(node), PROCESS).int("max_memory_mb").filter(|most| *most > 0);
    let documented = documented.and_then(|most| u64::try_from(most).ok()).map(|most| most.saturating_mul(MB));
    let at = |key: &str| node.get(key).unwrap_or(node).place.clone();
    if soft.is_some() && documented.is_some() {
        let message = "max_memory_mb stands beside memory.soft, which means the same";
        let fault = Finding::error(path.key("max_memory_mb"), at("max_memory_mb"), message);
        findings.push(fault.advice("remove one of the two"));
    }
    let soft = soft.or(documented);
    if let (Some(soft), Some(hard)) = (soft, hard)
        && soft > hard
    {
        let message = "it is killed above memory.hard before it could be replaced above the soft bound";
        let fault = Finding::error(path.key("memory"), at("memory"), message);
        findings.push(fault.advice("write a soft bound below the hard one"));
    }
    if soft.is_some() && (policy == Some(RestartPolicy::Never) || kind != ProcessKind::LongRun) {
        let key = if documented.is_some() { "max_memory_mb" } else { "memory" };
        let message = "nothing would follow it, so it is not stopped above its soft bound of memory";
        let warning = Finding::warning(path.key(key), at(key), message);
        findings.push(warning.advice("write memory: {hard: SIZE}, above which it is killed in any case"));
    }
    (soft.is_some() || hard.is_some()).then_some(MemorySpec { soft, hard })
}
