//! The `schedule_*` keys of a process, and the variables that its jobs find. Computes no time.

use super::block::Block;
use super::health::headers;
use super::keys::{HEARTBEAT, PROCESS};
use super::schedule::{timetable, zone_of};
use super::tree::Node;
use phpeek_core::schedule::{CatchUp, HeartbeatSpec, Overlap, ScheduleSpec};
use std::sync::Arc;

/// The schedule of a process, when it has one; what cannot be meant was found by the check of types.
pub(crate) fn compile(node: &Node) -> Option<Arc<ScheduleSpec>> {
    let block = Block::new(Some(node), PROCESS);
    let text = node.filled("schedule")?.to_owned();
    let zone = zone_of(node.filled("schedule_timezone").unwrap_or("UTC")).ok()?;
    let at_once = match block.int("schedule_max_concurrent")? {
        0 => u32::MAX, // no bound
        most => u32::try_from(most).ok()?,
    };
    Some(Arc::new(ScheduleSpec {
        timetable: timetable(&text, zone).ok()?,
        text,
        at_once,
        overlap: block.word("schedule_overlap", &Overlap::WORDS)?,
        jitter: block.time("schedule_jitter")?,
        catch_up: block.word("schedule_catch_up", &CatchUp::WORDS)?,
        retries: u32::try_from(block.int("schedule_retries")?).ok()?,
        retry_delay: block.time("schedule_retry_delay")?,
        timeout: block.time("schedule_timeout").filter(|timeout| !timeout.is_zero()),
        heartbeat: node.get("heartbeat").and_then(heartbeat).map(Arc::new),
    }))
}

/// Who is told of each job; nobody when it is switched off, or nothing names one.
fn heartbeat(node: &Node) -> Option<HeartbeatSpec> {
    let block = Block::new(Some(node), HEARTBEAT);
    if block.truth("enabled") == Some(false) {
        return None;
    }
    let url = |key: &str| block.text(key);
    let spec = HeartbeatSpec {
        start: url("start_url"),
        success: url("success_url").or_else(|| url("url")),
        failure: url("failure_url"),
        method: block.text("method")?,
        headers: headers(node),
        timeout: block.time("timeout")?,
        retries: u32::try_from(block.int("retry_count")?).ok()?,
        delay: block.time("retry_delay")?,
    };
    let told = [&spec.start, &spec.success, &spec.failure].into_iter().any(Option::is_some);
    told.then_some(spec)
}

/// The variables of a process, with those that tell a job of itself over them.
pub(crate) fn environment(name: &str, node: &Node, mut env: Vec<(String, String)>) -> Vec<(String, String)> {
    let Some(text) = node.filled("schedule") else { return env };
    for family in ["PHPEEK_PM", "CBOX_INIT"] {
        for (key, value) in [("PROCESS", name), ("SCHEDULED", "true"), ("SCHEDULE", text)] {
            let key = format!("{family}_{key}");
            env.retain(|(own, _)| *own != key);
            env.push((key, value.to_owned()));
        }
    }
    env
}
