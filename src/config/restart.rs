//! What follows an end that nobody asked for: `restart_*` and `max_restart_attempts`, of `global` and of a process,
//! which takes over what it does not say.

use super::block::Block;
use super::keys::{GLOBAL, PROCESS};
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Place};
use super::value::{self, Span};
use phpeek_core::backoff::Backoff;
use phpeek_core::budget::Attempts;
use phpeek_core::spec::{ProcessKind, RestartPolicy, RestartSpec};
use std::time::Duration;

/// The wait that takes the place of none. A program that ends at once would be started as fast as the machine can,
/// for ever: clean ends spend no budget, and the budget may have no bound. A run that lived longer than this is
/// followed at once all the same.
const FLOOR: Duration = Duration::from_millis(10);

const INITIAL: &str = "restart_backoff_initial";
const MAX: &str = "restart_backoff_max";
/// The older name of both.
const BASE: &str = "restart_backoff";

/// What holds for every process that says nothing else.
pub(crate) fn global(node: &Node, findings: &mut Findings) -> Option<RestartSpec> {
    let block = Block::new(Some(node), GLOBAL);
    let base = block.time(BASE)?;
    let path = Path::ROOT;
    Some(RestartSpec {
        policy: block.word("restart_policy", &RestartPolicy::WORDS)?,
        attempts: attempts(block.int("max_restart_attempts")?),
        backoff: backoff(node, (base, base.saturating_mul(12)), &path.key("global"), findings)?,
        stable_after: window(block.time_or_off("restart_stability_window")?),
    })
}

/// What holds for one process.
pub(crate) fn process(
    node: &Node,
    kind: ProcessKind,
    usual: &RestartSpec,
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<RestartSpec> {
    let block = Block::new(Some(node), PROCESS);
    let waits = node.get(INITIAL).is_some() || node.get(MAX).is_some();
    let backoff = match waits {
        true => backoff(node, (usual.backoff.initial(), usual.backoff.max()), path, findings)?,
        false => usual.backoff,
    };
    Some(RestartSpec {
        policy: policy(node, kind, usual.policy, path, findings),
        attempts: block.int("max_restart_attempts").map_or(usual.attempts, attempts),
        backoff,
        stable_after: block.time_or_off("restart_stability_window").map_or(usual.stable_after, window),
    })
}

fn policy(
    node: &Node,
    kind: ProcessKind,
    usual: RestartPolicy,
    path: &Path<'_>,
    findings: &mut Findings,
) -> RestartPolicy {
    let own = Block::new(Some(node), PROCESS).word("restart", &RestartPolicy::WORDS);
    if kind != ProcessKind::Oneshot {
        return own.unwrap_or(usual);
    }
    if own == Some(RestartPolicy::Always) {
        let fault = Finding::error(
            path.key("restart"),
            place(node, "restart"),
            "a oneshot cannot be restarted always",
        );
        findings.push(fault.advice("write never or on-failure, or make it a longrun"));
    }
    own.unwrap_or(RestartPolicy::Never)
}

fn attempts(written: i64) -> Attempts {
    u32::try_from(written).map_or(Attempts::Unlimited, Attempts::AtMost)
}

fn window(written: Span) -> Option<Duration> {
    match written {
        Span::Negative => None,
        Span::Positive(window) => Some(window),
    }
}

/// The waits: what is written, and for what is not, the usual ones as far as they fit.
fn backoff(
    node: &Node,
    usual: (Duration, Duration),
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<Backoff> {
    let (given_initial, given_max) = (span(node, INITIAL), span(node, MAX));
    let (mut initial, mut max) = (given_initial.unwrap_or(usual.0), given_max.unwrap_or(usual.1));
    if initial > max {
        match (given_initial, given_max) {
            (Some(_), Some(_)) => {
                let message = format!("{MAX} is shorter than {INITIAL}");
                let fault = Finding::error(path.key(MAX), place(node, MAX), message);
                findings.push(fault.advice(format!("raise it, or lower {INITIAL}")));
                max = initial;
            }
            (None, Some(_)) => initial = max,
            _ => max = initial,
        }
    }
    if initial.is_zero() {
        (initial, max) = (FLOOR, FLOOR);
        let zero = [INITIAL, BASE, MAX].into_iter().find(|key| span(node, key) == Some(Duration::ZERO));
        let key = zero.unwrap_or(BASE);
        let wait = FLOOR.as_millis();
        let message = format!("without a wait between runs {wait} ms are kept to those that end at once");
        let warning = Finding::warning(path.key(key), place(node, key), message);
        findings.push(warning.advice("write 1s or more"));
    }
    Backoff::new(initial, max.max(initial))
}

fn span(node: &Node, key: &str) -> Option<Duration> {
    window(value::duration(node.get(key)?.text()?)?)
}

fn place(node: &Node, key: &str) -> Place {
    node.get(key).map_or(node.place.clone(), |n| n.place.clone())
}
