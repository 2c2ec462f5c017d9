//! Procfiles, as Heroku, foreman and their like read them: `name: command` for a shell. Texts only.

use super::model::{Imported, Process, Value};
use super::words;

/// The lines of a Procfile: names and commands.
pub(crate) fn lines(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let named = lines.filter_map(|line| line.split_once(':'));
    let plain =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let named = named.map(|(name, command)| (name.trim().to_owned(), command.trim().to_owned()));
    named.filter(|(name, command)| plain(name) && !command.is_empty()).collect()
}

/// The processes of these lines. What is called `release` ends before the others begin, as it does at Heroku.
pub(crate) fn processes(lines: &[(String, String)]) -> Vec<Process> {
    let release = lines.iter().any(|(name, _)| name == "release");
    let one = |(number, (name, line)): (usize, &(String, String))| {
        let mut process = Process::named(name);
        if name == "release" {
            process.set("type", Value::plain("oneshot"));
        }
        process.set("command", words::command(line));
        if line.contains("$PORT") || line.contains("${PORT") {
            let base = 5000 + 100 * number;
            process.set_noted(
                "port_base",
                Value::plain(base),
                "PORT of its first instance, as foreman counts; the next has one more",
            );
        }
        if release && name != "release" {
            process.set("depends_on", Value::List(vec!["release".to_owned()]));
        }
        process
    };
    lines.iter().enumerate().map(one).collect()
}

/// The whole file.
pub(super) fn import(text: &str) -> Imported {
    let found = lines(text);
    let mut all = Imported::default();
    let written =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    if written > found.len() {
        all.lost.push(format!("{} lines are no `name: command`", written - found.len()));
    }
    all.notes.push("A file .env beside a Procfile is read by foreman: write `env_file: .env` for the processes that need it.".to_owned());
    for process in processes(&found) {
        all.add(process);
    }
    all
}
