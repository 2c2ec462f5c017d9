//! The load harness: real supervisor, real workers, a receiver that can fail. `cargo bench --bench load -- --help`
//! tells all of it. It knows the program under test from outside only. This file puts the parts together; it measures
//! nothing itself.
#![allow(clippy::print_stdout, reason = "tables and comparisons are the harness's output")]
#![allow(clippy::disallowed_methods, reason = "it is a program that runs a supervisor, and no supervisor")]

mod accounting;
mod bench;
mod captured;
mod churn;
mod compare;
mod events;
mod figures;
mod jail;
mod options;
mod picture;
mod procfs;
mod progress;
mod receiver;
mod report;
mod scenario;
mod shape;
mod suite;
mod supervisor;
mod workload;

use clap::Parser;
use options::{Load, Options};
use report::{Cell, Report, Run};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use suite::Plan;

fn main() -> ExitCode {
    if std::env::args_os().len() == 1 {
        // `cargo test --all-targets` starts bench targets with no argument at all; `cargo bench` passes --bench.
        println!("load: nothing is measured without --bench or an option; try --help");
        return ExitCode::SUCCESS;
    }
    let options = Options::parse();
    let result = match options.compare.as_deref() {
        Some([old, new]) => compare_files(old, new, options.threshold),
        _ => measure(&options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            progress::say(&format!("load: {error}"));
            ExitCode::from(2)
        }
    }
}

/// True when nothing is worse.
fn compare_files(old: &Path, new: &Path, threshold: f64) -> Result<bool, String> {
    let comparison = compare::compare(&Report::read(old)?, &Report::read(new)?, threshold);
    print!("{}", comparison.table);
    for failure in &comparison.failures {
        println!("FAILED: {failure}");
    }
    Ok(comparison.failures.is_empty())
}

/// True when every run went through, and with `--strict` also every account is even.
fn measure(options: &Options) -> Result<bool, String> {
    options.load.check()?;
    let plans = match options.suite {
        Some(suite) => suite::plans(suite, &options.load),
        None => vec![Plan::of(options.load.clone())],
    };
    let binary = binary()?;
    let worker = workload::worker_program()?;
    let version = supervisor::version(&binary);
    jail::enter()?;
    let _cleanup = jail::Cleanup;
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); plans.len()];
    for round in 1..=options.runs {
        // Each round begins with another setting, so that none always follows the same one.
        let first = (round as usize - 1) % plans.len();
        let pairs: Vec<(&Plan, &mut Vec<Run>)> = plans.iter().zip(&mut runs).collect();
        let mut pairs = std::collections::VecDeque::from(pairs);
        pairs.rotate_left(first);
        for (plan, runs) in pairs {
            progress::step(&format!("run {round} of {}: {}", options.runs, plan.load.label()));
            runs.push(run_once(&plan.load, &binary, &worker)?);
        }
    }
    let mut report = Report::new(binary.display().to_string(), version);
    for (plan, runs) in plans.into_iter().zip(runs) {
        report.cells.push(Cell::of(plan.load.label(), plan.baseline, runs));
    }
    progress::say("done");
    print!("{}", report.tables());
    if let Some(path) = &options.json {
        report.write(path)?;
    }
    if let Some(path) = &options.svg {
        picture::draw(&report, path)?;
    }
    Ok(report.cells.iter().all(|cell| went_well(cell, options.strict)))
}

fn went_well(cell: &Cell, strict: bool) -> bool {
    let even = |key| cell.runs.iter().all(|run| run.figures.get(key).is_none_or(|value| value == 0.0));
    cell.failures() == 0 && (!strict || even("spans_off") && even("left_behind") && even("exit_code"))
}

fn run_once(load: &Load, binary: &Path, worker: &Path) -> Result<Run, String> {
    if jail::interrupted() {
        return Err("interrupted".to_owned());
    }
    let directory = jail::run_directory_root().join("run");
    let failed = |e: std::io::Error| format!("cannot prepare {}: {e}", directory.display());
    if directory.exists() {
        std::fs::remove_dir_all(&directory).map_err(failed)?;
    }
    std::fs::create_dir_all(&directory).map_err(failed)?;
    Ok(scenario::run(load, binary, worker, &directory))
}

/// The supervisor under test.
fn binary() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("PHPEEK_PM_BIN") {
        return std::fs::canonicalize(&given).map_err(|e| format!("PHPEEK_PM_BIN {}: {e}", given.display()));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    progress::step("cargo build --release");
    let status = Command::new(cargo)
        .args(["build", "--release", "--bin", "phpeek-pm"])
        .current_dir(root)
        .status()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !status.success() {
        return Err("cargo build --release failed".to_owned());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let binary = root.join(target).join("release/phpeek-pm");
    std::fs::canonicalize(&binary).map_err(|e| format!("{}: {e}", binary.display()))
}
