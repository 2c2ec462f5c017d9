//! The `config` command: the configuration that would act, value by value, with the origin of each. Starts nothing, and shows no
//! secret.

use super::check::{self, Detail};
use super::first;
use super::say::{report_faults, say};
use super::source::source;
use super::table::{draw, left};
use crate::app::effective;
use crate::exit;
use clap::Args;
use phpeek_config::{Origin, ProcessEnv, Setting, Strictness};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Options of `config`.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// One JSON array instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Leave out what nobody has written.
    #[arg(long)]
    pub set: bool,
}

/// Runs the command. 0: shown. 78: the configuration has errors, which are told on standard error.
pub(super) fn run(file: Option<PathBuf>, arguments: &ConfigArguments) -> u8 {
    let (settings, report) = effective(&source(file), &ProcessEnv);
    if !report.passed(Strictness::Usual) {
        report_faults(&check::human(&report, Detail::Full, Strictness::Usual));
        report_faults(&first::without_a_file(&report));
        return exit::CONFIG;
    }
    let shown = settings.iter().filter(|setting| !arguments.set || setting.origin != Origin::Default);
    if arguments.json {
        let all: Vec<Value> = shown.map(item).collect();
        say(format!("{:#}\n", Value::from(all)));
    } else {
        let rows: Vec<_> = shown.map(row).collect();
        say(draw([left("KEY"), left("VALUE"), left("ORIGIN")], &rows));
    }
    exit::OK
}

fn row(setting: &Setting) -> [String; 3] {
    let origin = match &setting.origin {
        Origin::File { file, line } => {
            format!("{}:{line}", file.as_ref().map_or("text".to_owned(), |file| file.display().to_string()))
        }
        Origin::Variable(name) => format!("${name}"),
        Origin::Default => "default".to_owned(),
    };
    let value = setting.value.as_deref().unwrap_or("(hidden)");
    let value = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    [setting.path.clone(), value, origin]
}

fn item(setting: &Setting) -> Value {
    let (kind, file, line, variable) = match &setting.origin {
        Origin::File { file, line } => {
            ("file", file.as_ref().map(|file| file.display().to_string()), Some(*line), None)
        }
        Origin::Variable(name) => ("environment", None, None, Some(name.clone())),
        Origin::Default => ("default", None, None, None),
    };
    json!({ "path": setting.path, "value": setting.value, "hidden": setting.value.is_none(), "origin": kind, "file": file,
        "line": line, "variable": variable })
}
