//! Keys of `global` that are allowed and probably not meant: numbers that are very large or very small, and what is
//! switched on and seen by nobody. Warnings and suggestions only, each as PHPeek PM and Cbox Init have it.

use super::report::{Finding, Findings, Severity};
use super::tree::Node;
use super::value;

/// A number, when it is told of, and what is said then.
struct Odd {
    key: &'static str,
    is: fn(f64) -> bool,
    severity: Severity,
    message: &'static str,
    advice: &'static str,
}

const NUMBERS: [Odd; 7] = [
    Odd {
        key: "shutdown_timeout",
        is: |seconds| seconds > 300.0,
        severity: Severity::Suggestion,
        message: "a stop may take more than five minutes: what runs the container must wait as long",
        advice: "see that it does (stop_grace_period, terminationGracePeriodSeconds), or write 300 or less",
    },
    Odd {
        key: "max_restart_attempts",
        is: |attempts| attempts < 0.0,
        severity: Severity::Warning,
        message: "without a bound, what always fails is started again for ever",
        advice: "write 3, or a number that you would wait for",
    },
    Odd {
        key: "max_restart_attempts",
        is: |attempts| attempts == 0.0,
        severity: Severity::Warning,
        message: "what has failed once is not started again",
        advice: "write 1 or more, or restart: never for those that this is meant for",
    },
    Odd {
        key: "max_restart_attempts",
        is: |attempts| attempts > 10.0,
        severity: Severity::Suggestion,
        message: "more than ten restarts hide a process that never comes up for a long time",
        advice: "write 10 or less",
    },
    Odd {
        key: "resource_metrics_interval",
        is: |seconds| seconds < 2.0,
        severity: Severity::Warning,
        message: "to look at each instance more often than every two seconds costs CPU",
        advice: "write 2 or more",
    },
    Odd {
        key: "resource_metrics_interval",
        is: |seconds| seconds > 60.0,
        severity: Severity::Suggestion,
        message: "what uses much for less than a minute may not be seen",
        advice: "write 60 or less",
    },
    Odd {
        key: "resource_metrics_max_samples",
        is: |samples| samples < 60.0,
        severity: Severity::Warning,
        message: "so few samples are a short history",
        advice: "write 60 or more",
    },
];

/// Looks through them.
pub(crate) fn values(root: &Node, findings: &mut Findings) {
    let Some(global) = root.get("global") else { return };
    for odd in &NUMBERS {
        let Some(node) = global.get(odd.key) else { continue };
        if number(node).is_some_and(odd.is) {
            say(findings, odd.severity, (odd.key, node), odd.message, odd.advice);
        }
    }
    unseen(global, findings);
    open(global, findings);
}

fn number(node: &Node) -> Option<f64> {
    let text = node.text()?;
    if let Ok(number) = text.trim().parse() {
        return Some(number);
    }
    match value::duration(text)? {
        value::Span::Positive(time) => Some(time.as_secs_f64()),
        value::Span::Negative => None,
    }
}

fn is_on(global: &Node, key: &str) -> bool {
    global.get(key).and_then(Node::text).and_then(value::truth) == Some(true)
}

/// What instances use, measured and on no page.
fn unseen(global: &Node, findings: &mut Findings) {
    let Some(node) = global.get("resource_metrics_enabled") else { return };
    let shown = ["metrics_enabled", "otlp_metrics"].iter().any(|key| is_on(global, key));
    if is_on(global, "resource_metrics_enabled") && !shown {
        let message = "what instances use is measured, and is on no page of metrics";
        let advice = "set metrics_enabled: true (or otlp_metrics), or leave this out";
        say(findings, Severity::Warning, ("resource_metrics_enabled", node), message, advice);
    }
}

/// An API without a token, or without records of what was asked for. Beyond loopback the first is an error.
fn open(global: &Node, findings: &mut Findings) {
    let Some(node) = global.get("api_enabled").filter(|_| is_on(global, "api_enabled")) else { return };
    let mut say = |message, advice| {
        say(findings, Severity::Suggestion, ("api_enabled", node), message, advice);
    };
    let token = global.filled("api_auth").is_some() || global.get("api_tokens").is_some();
    let block_is_on = |key: &str| global.get(key).is_some_and(|block| is_on(block, "enabled"));
    if !token && global.get("api_auth").is_none() && !["api_acl", "api_tls"].into_iter().any(block_is_on) {
        say("everybody on this machine may use the API", "set api_auth or api_tokens");
    }
    if !is_on(global, "audit_enabled") {
        say("nothing records who asked the API for what", "set audit_enabled: true");
    }
}

fn say(findings: &mut Findings, severity: Severity, (key, node): (&str, &Node), message: &str, advice: &str) {
    let (path, place) = (format!("global.{key}"), node.place.clone());
    let finding = match severity {
        Severity::Warning => Finding::warning(path, place, message),
        Severity::Error | Severity::Suggestion => Finding::suggestion(path, place, message),
    };
    findings.push(finding.advice(advice));
}
