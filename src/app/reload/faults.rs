//! What is wrong with a configuration, in few words: for who has sent it, and for spans and events. The report for people
//! is made elsewhere.

use phpeek_config::{Finding, Report, Severity};

/// Whether a path of the configuration leads into this process.
pub(super) fn is_about(path: &str, name: &str) -> bool {
    let rest = path.strip_prefix("processes.").and_then(|path| path.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What is wrong with what somebody has sent, in one text: there is no file to point into.
pub(super) fn in_words<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let one = |finding: &Finding| {
        let advice = finding.advice.as_deref().map_or(String::new(), |advice| format!(" ({advice})"));
        format!("{}{advice}", sentence(finding))
    };
    findings.map(one).collect::<Vec<_>>().join("; ")
}

/// The first fault, and how many there are beside it.
pub(super) fn first(report: &Report) -> String {
    let mut errors = report.of(Severity::Error);
    let first = errors.next().map_or_else(|| "the configuration is faulty".to_owned(), sentence);
    match errors.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    }
}

fn sentence(finding: &Finding) -> String {
    match finding.path.as_str() {
        "" => finding.message.clone(),
        path => format!("{path}: {}", finding.message),
    }
}
