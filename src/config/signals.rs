//! The `signals:` map: which signal to the supervisor means what.

use super::names::Names;
use super::report::{Finding, Findings};
use super::tree::Node;
use phpeek_core::signal::{Reach, Signal};
use phpeek_core::spec::{ProcessKind, SignalAction};
use std::collections::BTreeMap;

const ACTIONS: &str = "write restart, restart:NAME, stop, relay:NAME, relay:NAME:group, signal:SIGNAL:NAME, signal:SIGNAL:NAME:group, flush, reload or ignore";

/// The defaults, overridden by the maps at the top level and under `global`.
pub(crate) fn compile(
    root: &Node,
    names: &Names<'_>,
    findings: &mut Findings,
) -> BTreeMap<Signal, SignalAction> {
    let mut bound = BTreeMap::from([
        (Signal::TERM, SignalAction::Stop),
        (Signal::INT, SignalAction::Stop),
        (Signal::QUIT, SignalAction::Stop),
        (Signal::HUP, SignalAction::Reload),
        (Signal::USR1, SignalAction::RestartAll),
        (Signal::USR2, SignalAction::Flush),
    ]);
    let mut written: BTreeMap<Signal, (String, SignalAction)> = BTreeMap::new();
    for path in [&["signals"][..], &["global", "signals"][..]] {
        let Some(map) = root.at(path) else { continue };
        for entry in map.entries() {
            let below = format!("{}.{}", path.join("."), entry.key);
            let fault = |message: String, advice: &str| {
                Finding::error(&below, entry.place.clone(), message).advice(advice.to_owned())
            };
            let signal = match signal(&entry.key) {
                Ok(signal) => signal,
                Err((message, advice)) => {
                    findings.push(fault(message, advice));
                    continue;
                }
            };
            let action = match action(entry.node.text().unwrap_or_default(), names) {
                Ok(action) => action,
                Err((message, advice)) => {
                    findings.push(fault(message, &advice));
                    continue;
                }
            };
            match written.get(&signal) {
                Some((other, before))
                    if other.starts_with("global.") == below.starts_with("global.") || *before != action =>
                {
                    findings.push(fault(
                        format!("{signal} is bound twice, here and at {other}"),
                        "keep one of them",
                    ));
                }
                _ => {
                    bound.insert(signal, action.clone());
                    written.insert(signal, (below, action));
                }
            }
        }
    }
    warn_unless_one_stops(root, &bound, findings);
    bound
}

fn warn_unless_one_stops(root: &Node, bound: &BTreeMap<Signal, SignalAction>, findings: &mut Findings) {
    if !bound.values().any(|a| *a == SignalAction::Stop) {
        let place = root.at(&["signals"]).or_else(|| root.at(&["global", "signals"]));
        let place = place.map_or(super::tree::Place::Nowhere, |n| n.place.clone());
        findings.push(
            Finding::warning("signals", place, "no signal stops the supervisor any more")
                .advice("bind stop to one; a container runtime sends SIGTERM, then kills"),
        );
    }
}

fn signal(text: &str) -> Result<Signal, (String, &'static str)> {
    let signal = Signal::parse(text).map_err(|e| (e.to_string(), "write SIGUSR1, USR1, 10 or SIGRTMIN+3"))?;
    if !signal.can_be_caught() {
        return Err((format!("{signal} cannot be caught"), "bind another signal"));
    }
    if signal == Signal::CHLD || signal.number() == 13 {
        return Err((format!("{signal} is needed by the supervisor itself"), "bind another signal"));
    }
    Ok(signal)
}

fn action(text: &str, names: &Names<'_>) -> Result<SignalAction, (String, String)> {
    let unknown = || (format!("{text:?} is no action of a signal"), ACTIONS.to_owned());
    let Some((verb, rest)) = text.split_once(':') else {
        return Ok(match text {
            "restart" => SignalAction::RestartAll,
            "stop" => SignalAction::Stop,
            "flush" => SignalAction::Flush,
            "reload" => SignalAction::Reload,
            "ignore" => SignalAction::Ignore,
            _ => return Err(unknown()),
        });
    };
    match verb {
        "restart" => {
            let (process, kind) = names.resolve(rest.trim())?;
            if kind == ProcessKind::LongRun {
                return Ok(SignalAction::Restart(process));
            }
            let why = "and only a long-running process can be restarted";
            let message = format!("{:?} is {}, {why}", rest.trim(), kind.as_str());
            Err((message, "name a long-running process".to_owned()))
        }
        "relay" => relay(rest, None, names),
        "signal" => {
            let (signal, whom) = rest.split_once(':').ok_or_else(unknown)?;
            let signal =
                Signal::parse(signal.trim()).map_err(|error| (error.to_string(), ACTIONS.to_owned()))?;
            relay(whom, Some(signal), names)
        }
        _ => Err(unknown()),
    }
}

/// `NAME`, or `NAME:group`.
fn relay(whom: &str, instead: Option<Signal>, names: &Names<'_>) -> Result<SignalAction, (String, String)> {
    let (name, reach) = match whom.rsplit_once(':') {
        None => (whom, Reach::Leader),
        Some((name, "leader")) => (name, Reach::Leader),
        Some((name, "group")) => (name, Reach::All),
        Some(_) => return Err((format!("{whom:?} is neither NAME nor NAME:group"), ACTIONS.to_owned())),
    };
    let (process, _) = names.resolve(name.trim())?;
    Ok(SignalAction::Relay { process, instead, reach })
}
