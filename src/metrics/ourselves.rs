//! What the supervisor itself uses, under the names that clients of Prometheus give it, without a prefix. A page as another exporter's:
//! where one that is federated has the same series, both stand there. Read when somebody asks.

use phpeek_os::usage::{Own, of_self};
use std::fmt::Write as _;
use std::time::UNIX_EPOCH;

/// The page; what cannot be read is not on it.
pub(crate) fn text() -> String {
    page(&of_self())
}

fn page(own: &Own) -> String {
    let seconds = own.cpu.map(|cpu| cpu.as_secs_f64());
    let began = own.began.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|at| at.as_secs_f64());
    let all = [
        (
            "process_cpu_seconds_total",
            "counter",
            "Processor time of the supervisor itself, in seconds",
            seconds,
        ),
        ("process_start_time_seconds", "gauge", "When it was started, in seconds since 1970", began),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in all {
        family(&mut text, (name, kind, help), value.map(|value| format!("{value:.2}")));
    }
    let whole = [
        ("process_resident_memory_bytes", "Memory of the supervisor itself that is resident", own.resident),
        ("process_virtual_memory_bytes", "Its addresses", own.addresses),
        ("process_virtual_memory_max_bytes", "How many it may have", own.most_addresses),
        ("process_open_fds", "Its open descriptors", own.descriptors),
        ("process_max_fds", "How many it may have", own.most_descriptors),
        ("process_threads", "Its threads", own.threads),
    ];
    for (name, help, value) in whole {
        family(&mut text, (name, "gauge", help), value.map(|value| value.to_string()));
    }
    text
}

fn family(text: &mut String, (name, kind, help): (&str, &str, &str), value: Option<String>) {
    let Some(value) = value else { return };
    // What is written to is memory.
    write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n").ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_known_is_told_under_the_usual_names() {
        let own = Own {
            cpu: Some(Duration::from_millis(1250)),
            threads: Some(7),
            began: Some(UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)),
            ..Own::default()
        };
        let values: Vec<String> =
            page(&own).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        let wanted = [
            "process_cpu_seconds_total 1.25",
            "process_start_time_seconds 1700000000.50",
            "process_threads 7",
        ];
        assert_eq!(values, wanted);
    }
}
