//! The `import` command: what another supervisor reads, as a configuration of ours on standard output, with a comment for each
//! thing that means something else here; what has no counterpart is told on standard error. Reads files and directories,
//! starts nothing; each format has a file of its own, which sees texts alone.

mod checked;
mod crontab;
mod expand;
mod ini;
pub(super) mod model;
mod pm2;
mod pm2_left;
pub(super) mod procfile;
mod program;
mod read;
mod s6;
mod s6_script;
mod script;
mod supervisord;
pub(super) mod words;

use super::fault::Fault;
use super::say::{complain, hand_over, report_faults};
use crate::app::load;
use crate::exit;
use clap::{Args, ValueEnum};
use crontab::Form;
use model::Imported;
use phpeek_config::{ProcessEnv, Severity, Source};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Options of `import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// What kind of file it is.
    pub kind: Kind,
    /// The file, for s6-overlay the directory; - is standard input. Default: the kind's usual name here, or in /etc.
    pub file: Option<PathBuf>,
    /// Where to write the configuration; what is there is not overwritten. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Of a crontab: jobs name a user before the command, as in /etc/crontab. Else it is told from the file.
    #[arg(long, conflicts_with = "user")]
    pub system: bool,
    /// Of a crontab: jobs name no user, as in `crontab -l`.
    #[arg(long)]
    pub user: bool,
}

/// Who reads the file today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// supervisord.conf, with the files that it includes.
    Supervisord,
    /// A Procfile of Heroku, foreman and their like.
    Procfile,
    /// A crontab, a user's or the system's.
    Crontab,
    /// PM2's ecosystem file: ecosystem.config.js as it is written, or JSON.
    Pm2,
    /// A directory of s6-overlay, version 2 or 3.
    S6Overlay,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Supervisord => "supervisord",
            Self::Procfile => "procfile",
            Self::Crontab => "crontab",
            Self::Pm2 => "pm2",
            Self::S6Overlay => "s6-overlay",
        }
    }

    /// Where such a file usually is.
    fn usual(self) -> &'static [&'static str] {
        match self {
            Self::Supervisord => {
                &["supervisord.conf", "/etc/supervisor/supervisord.conf", "/etc/supervisord.conf"]
            }
            Self::Procfile => &["Procfile"],
            Self::Crontab => &["crontab", "/etc/crontab"],
            // The first is what `pm2 init` writes and `pm2 start` takes.
            Self::Pm2 => &[
                "ecosystem.config.js",
                "ecosystem.config.cjs",
                "ecosystem.config.json",
                "ecosystem.json",
                "pm2.json",
                "process.json",
            ],
            Self::S6Overlay => &["/etc/s6-overlay", "/etc/services.d"],
        }
    }
}

/// Runs the command. 0: written. 1: nothing of it could be imported. 66: it cannot be read. 73: the output cannot be made.
pub(super) fn run(arguments: &ImportArguments) -> Result<u8, Fault> {
    let kind = arguments.kind;
    let path = match &arguments.file {
        Some(path) => path.clone(),
        None => {
            let there = kind.usual().iter().find(|path| Path::new(path).exists());
            let names = || kind.usual().join(", ");
            let why = || Fault::Nothing(format!("there is no {}: name the file", names()));
            PathBuf::from(there.ok_or_else(why)?)
        }
    };
    let all = imported(arguments, &path)?;
    for lost in &all.lost {
        complain(&format!("not carried over: {lost}"));
    }
    if all.processes.is_empty() {
        return Err(Fault::Nothing(format!("{} holds no process that could be imported", path.display())));
    }
    let yaml = all.yaml(&format!("{} {}", kind.word(), path.display()));
    let code = match &arguments.output {
        None => hand_over(&yaml),
        Some(output) => {
            let made = OpenOptions::new().write(true).create_new(true).open(output);
            made.and_then(|mut file| file.write_all(yaml.as_bytes())).map_err(|source| {
                match source.kind() {
                    ErrorKind::AlreadyExists => Fault::There { path: output.clone() },
                    _ => Fault::Make { path: output.clone(), source },
                }
            })?;
            exit::OK
        }
    };
    verdict(&all, yaml);
    Ok(code)
}

fn imported(arguments: &ImportArguments, path: &Path) -> Result<Imported, Fault> {
    let wrong = |why: String| Fault::Unreadable { path: path.to_owned(), why };
    if arguments.kind == Kind::S6Overlay {
        let (files, base) = read::folder(path).map_err(wrong)?;
        return Ok(s6::import(&files, &base));
    }
    let main = read::file(path).map_err(wrong)?;
    match arguments.kind {
        Kind::Supervisord => Ok(supervisord::import(&main, &|pattern| read::matching(path, pattern))),
        Kind::Procfile => Ok(procfile::import(&main.text)),
        Kind::Crontab => {
            let known = path.starts_with("/etc/cron.d") || path == Path::new("/etc/crontab");
            let form = match (arguments.system, arguments.user) {
                (true, _) => Form::System,
                (_, true) => Form::User,
                _ if known => Form::System,
                _ => Form::Unknown,
            };
            Ok(crontab::import(&main.text, form))
        }
        Kind::Pm2 | Kind::S6Overlay => pm2::import(&main.text).map_err(wrong),
    }
}

/// What the check says of it, so that nobody learns it at the start.
fn verdict(all: &Imported, yaml: String) {
    let report = load(&Source::Text(yaml), &ProcessEnv).report;
    let errors: Vec<_> = report.of(Severity::Error).collect();
    for error in &errors {
        report_faults(&format!("error: {}\n", report.headline(error)));
    }
    let passes =
        if errors.is_empty() { "it passes check-config" } else { "it does not pass check-config yet" };
    complain(&format!(
        "{} imported, {} not carried over; {passes}",
        counted(all.processes.len(), "process", "processes"),
        counted(all.lost.len(), "thing", "things")
    ));
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
