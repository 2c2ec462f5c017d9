//! Which traces are kept and where spans wait: the keys, the variables behind them, and what is refused.

use crate::{read, refused, valid};
use phpeek_actors::telemetry::CallersDecision;
use phpeek_pm::cli::check::json;
use phpeek_pm::config::{Severity, Strictness};
use phpeek_settings::sampling::Sampling;
use phpeek_settings::tracing::TracingSettings;
use std::path::Path;
use std::time::Duration;

fn with(keys: &str) -> String {
    format!("global: {{tracing_enabled: true, {keys}}}\nprocesses: {{app: {{command: [sleep, '1']}}}}\n")
}

fn tracing(keys: &str, vars: &[(&str, &str)]) -> TracingSettings {
    valid(&with(keys), vars).tracing.expect("tracing is on")
}

#[test]
fn errors_are_kept_unless_nothing_is_wanted() {
    let sampling = |keys: &str| tracing(keys, &[]).sampling;
    assert_eq!(sampling("tracing_exporter: stdout"), Sampling::default());
    let some = sampling("tracing_sample_rate: 0.1, tracing_keep_slow: 1500ms");
    assert_eq!((some.rate, some.keep_errors, some.keep_slow), (0.1, true, Some(Duration::from_millis(1500))));
    assert!(!sampling("tracing_sample_rate: 0.1, tracing_keep_errors: false").keep_errors);
    assert!(!sampling("tracing_sample_rate: 0.0").keep_errors);
    assert!(sampling("tracing_sample_rate: 0.0, tracing_keep_errors: true").keep_errors);
}

#[test]
fn the_sampler_of_the_environment_stands_behind_the_file() {
    use CallersDecision::{Ignored, Stands};
    let by = |keys: &str, name: &str, argument: &str| {
        let vars = [("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument)];
        let sampling = tracing(keys, &vars).sampling;
        (sampling.rate, sampling.caller)
    };
    let silent = "tracing_exporter: stdout";
    assert_eq!(by(silent, "always_on", ""), (1.0, Ignored));
    assert_eq!(by(silent, "always_off", ""), (0.0, Ignored));
    assert_eq!(by(silent, "traceidratio", "0.25"), (0.25, Ignored));
    assert_eq!(by(silent, "PARENTBASED_TraceIdRatio", "0.5"), (0.5, Stands));
    assert_eq!(by(silent, "parentbased_always_on", ""), (1.0, Stands));
    assert_eq!(by("tracing_sample_rate: 0.75", "always_off", ""), (0.75, Stands));
    for (name, argument) in [("jaeger_remote", ""), ("traceidratio", "2")] {
        assert_eq!(by(silent, name, argument), (1.0, Stands), "{name}");
        let vars = [("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument)];
        let said = json(&read(&with(silent), &vars).report, Strictness::Usual);
        assert!(said.contains("every trace is kept") && said.contains("OTEL_TRACES_SAMPLER"), "{said}");
    }
}

#[test]
fn the_spool_has_a_place_and_bounds() {
    let spool = |keys: &str, vars: &[(&str, &str)]| tracing(keys, vars).spool;
    let named = spool("tracing_spool_dir: /x/y, tracing_spool_max_mb: 8, tracing_spool_max_age: 1h", &[]);
    assert_eq!((named.directory.as_deref(), named.named), (Some(Path::new("/x/y")), true));
    assert_eq!((named.limits.bytes, named.limits.age), (8 << 20, Duration::from_secs(3600)));
    let of_service = spool("tracing_exporter: stdout", &[("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")]);
    assert_eq!(
        (of_service.directory.as_deref(), of_service.named),
        (Some(Path::new("/var/lib/a/spool")), false)
    );
    assert_eq!(spool("tracing_spool_dir: none", &[("STATE_DIRECTORY", "/x")]).directory, None);
    let by_override = [("PHPEEK_PM_GLOBAL_TRACING_SPOOL_DIR", "/over")];
    assert_eq!(spool("tracing_spool_dir: /x", &by_override).directory.as_deref(), Some(Path::new("/over")));
}

#[test]
fn what_cannot_be_is_refused() {
    for (keys, word) in [
        ("tracing_spool_dir: spool", "no absolute path"),
        ("tracing_spool_dir: /dev/null", "no directory"),
        ("tracing_spool_max_mb: 0", "tracing_spool_max_mb"),
        ("tracing_spool_max_age: 0", "tracing_spool_max_age"),
        ("tracing_keep_slow: soon", "tracing_keep_slow"),
        ("tracing_keep_errors: maybe", "tracing_keep_errors"),
    ] {
        let said = refused(&with(keys), &[]);
        assert!(said.contains(word), "{keys}: {said}");
    }
}

#[test]
fn spans_among_the_records_are_said_unless_they_are_asked_for() {
    let said = |keys: &str, vars: &[(&str, &str)]| {
        let report = read(&with(keys), vars).report;
        report.of(Severity::Warning).filter(|w| w.message.contains("between the log records")).count()
    };
    assert_eq!(said("tracing_service_name: x", &[]), 1);
    assert_eq!(said("tracing_service_name: x", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317")]), 0);
    assert_eq!(said("tracing_exporter: stdout", &[]), 0);
    assert_eq!(said("tracing_exporter: none", &[]), 0);
    assert_eq!(said("tracing_service_name: x", &[("OTEL_TRACES_EXPORTER", "console")]), 0);
    let off = "global: {tracing_enabled: false}\nprocesses: {app: {command: [sleep, '1']}}\n";
    assert_eq!(read(off, &[]).report.of(Severity::Warning).count(), 0);
}
