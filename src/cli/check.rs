//! The report of `check-config`, for people and as JSON. Pure functions from a report to a text; never prints.

use phpeek_config::{Excerpt, Finding, Place, Report, Severity, Strictness};
use phpeek_viewer::text;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Everything, with excerpts and the summary.
    Full,
    /// One line a finding, and the verdict.
    Quiet,
}

/// The report for people.
#[must_use]
pub fn human(report: &Report, detail: Detail, strict: Strictness) -> String {
    let mut out = String::new();
    for (severity, title) in
        [(Severity::Error, "Errors"), (Severity::Warning, "Warnings"), (Severity::Suggestion, "Suggestions")]
    {
        let found: Vec<&Finding> = report.of(severity).collect();
        if found.is_empty() || (detail == Detail::Quiet && severity == Severity::Suggestion) {
            continue;
        }
        if detail == Detail::Full {
            line(&mut out, format_args!("{title} ({})", found.len()));
        }
        for (number, finding) in found.iter().enumerate() {
            match detail {
                Detail::Full => full(&mut out, report, finding, number + 1),
                Detail::Quiet => {
                    line(&mut out, format_args!("{}: {}", word(severity), report.headline(finding)))
                }
            }
        }
        if detail == Detail::Full {
            out.push('\n');
        }
    }
    if detail == Detail::Full {
        summary(&mut out, report);
    }
    line(&mut out, format_args!("{}", verdict(report, strict)));
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail; an empty line is what is left if it ever did.
    if writeln!(out, "{text}").is_err() {
        out.push('\n');
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Suggestion => "suggestion",
    }
}

fn full(out: &mut String, report: &Report, finding: &Finding, number: usize) {
    line(out, format_args!("  {number}. {}", report.headline(finding)));
    if let Place::File { line: at, column, .. } = &finding.place
        && finding.severity != Severity::Suggestion
    {
        match report.excerpt(finding) {
            Excerpt::Shown(text) => excerpt(out, *at, *column, text),
            Excerpt::Hidden => line(out, format_args!("     {at} | (not shown: the line may hold a secret)")),
            Excerpt::Nothing => {}
        }
    }
    if let Some(advice) = &finding.advice {
        line(out, format_args!("     = {advice}"));
    }
}

/// A tab is what the report may be about; other controls would act on the terminal.
fn visible(c: char) -> char {
    match c {
        '\t' => '→',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// The written line with a caret under the place; a long line is cut around it.
fn excerpt(out: &mut String, at: usize, column: usize, text: &str) {
    const WIDTH: usize = 100;
    let skip = column.saturating_sub(WIDTH / 2);
    let shown: String = text.chars().skip(skip).take(WIDTH).map(visible).collect();
    let gutter = at.to_string().len();
    line(out, format_args!("     {at} | {shown}"));
    let blank = column.saturating_sub(1).saturating_sub(skip);
    line(out, format_args!("     {:gutter$} | {:blank$}^", "", ""));
}

fn summary(out: &mut String, report: &Report) {
    line(out, format_args!("Summary"));
    let file = report.file.as_ref().map_or("none".to_owned(), |file| file.display().to_string());
    line(out, format_args!("  file:             {file}"));
    for included in &report.included {
        line(out, format_args!("  included:         {}", included.path.display()));
    }
    if let Some(summary) = &report.summary {
        line(out, format_args!("  version:          {}", summary.version));
        line(out, format_args!("  processes:        {}", summary.process_count));
        line(out, format_args!("  log level:        {}", summary.log_level));
        line(out, format_args!("  shutdown timeout: {} s", summary.shutdown_timeout));
        line(out, format_args!("  tracing:          {}", summary.tracing));
    }
    if let Some(profile) = report.summary.as_ref().and_then(|summary| summary.php_fpm_profile) {
        line(out, format_args!("  php-fpm profile:  {profile}"));
    }
    let machine = match report.host_seen {
        true => "looked at",
        false => "not looked at; --host looks for programs, users, directories and certificates",
    };
    line(out, format_args!("  this machine:     {machine}"));
    out.push('\n');
}

fn counts(report: &Report) -> [usize; 3] {
    [Severity::Error, Severity::Warning, Severity::Suggestion].map(|s| report.of(s).count())
}

fn verdict(report: &Report, strict: Strictness) -> String {
    let [errors, warnings, suggestions] = counts(report);
    let verdict = match (report.passed(Strictness::Usual), report.passed(strict)) {
        (true, true) => "the configuration is valid",
        (true, false) => "the configuration is valid, and its warnings fail the strict check",
        _ => "the configuration is not valid",
    };
    let counts = [(errors, "error"), (warnings, "warning"), (suggestions, "suggestion")];
    format!("{verdict}: {}", counts.map(|(number, thing)| text::count(number, thing)).join(", "))
}

/// The report as one JSON object, with the documented keys and the ones that were used in fact.
#[must_use]
pub fn json(report: &Report, strict: Strictness) -> String {
    let [errors, warnings, suggestions] = counts(report);
    let items = |severity| report.of(severity).map(|f| item(report, f)).collect::<Vec<Value>>();
    let file = report.file.as_ref().map(|f| f.display().to_string());
    let summary = report.summary.as_ref();
    let whole = json!({
        "valid": report.passed(Strictness::Usual),
        "passed": report.passed(strict),
        "counts": { "errors": errors, "warnings": warnings, "suggestions": suggestions },
        "config_path": file,
        "host": report.host_seen,
        "version": summary.map(|s| s.version.as_str()),
        "process_count": summary.map(|s| s.process_count),
        "php_fpm_profile": summary.and_then(|s| s.php_fpm_profile),
        "summary": {
            "config_path": file,
            "version": summary.map(|s| s.version.as_str()),
            "process_count": summary.map(|s| s.process_count),
            "log_level": summary.map(|s| s.log_level),
            "shutdown_timeout": summary.map(|s| s.shutdown_timeout),
            "tracing": summary.map(|s| s.tracing.as_str()),
        },
        "errors": items(Severity::Error),
        "warnings": items(Severity::Warning),
        "suggestions": items(Severity::Suggestion),
    });
    format!("{whole:#}\n")
}

fn item(report: &Report, finding: &Finding) -> Value {
    let (file, line, column, variable) = match &finding.place {
        Place::File { file, line, column } => {
            (report.path_of(*file).map(|f| f.display().to_string()), Some(*line), Some(*column), None)
        }
        Place::Variable(name) => (None, None, None, Some(name.to_string())),
        Place::Nowhere => (None, None, None, None),
    };
    json!({ "message": finding.message, "path": finding.path, "file": file, "line": line, "column": column,
        "variable": variable, "advice": finding.advice })
}
