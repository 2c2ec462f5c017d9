//! Procfiles, as Heroku, foreman and their like read them: `name: command` for a shell. Texts only.

use super::model::{Imported, Process, Value};
use super::words;

/// Characters that are shown of a line that means nothing here.
const SHOWN: usize = 40;

/// The lines of a Procfile: names and commands.
pub(crate) fn lines(text: &str) -> Vec<(String, String)> {
    written(text).filter_map(|(_, line)| named(line)).collect()
}

/// What is no comment, each with its number.
fn written(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Name and command of a line, if it has both.
fn named(line: &str) -> Option<(String, String)> {
    let (name, command) = line.split_once(':')?;
    let (name, command) = (name.trim(), command.trim());
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    (plain && !name.is_empty() && !command.is_empty()).then(|| (name.to_owned(), command.to_owned()))
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
    for (number, line) in written(text).filter(|(_, line)| named(line).is_none()) {
        let more = if line.chars().nth(SHOWN).is_some() { "..." } else { "" };
        let shown: String = line.chars().take(SHOWN).collect();
        all.lost.push(format!("line {number} is no `name: command`: {shown}{more}"));
    }
    all.notes.push("A file .env beside a Procfile is read by foreman: write `env_file: .env` for the processes that need it.".to_owned());
    for process in processes(&found) {
        all.add(process);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_mean_nothing_are_named() {
        let text = "# c\n\nweb: puma\nworker sidekiq\na b: x\n";
        assert_eq!(lines(text), [("web".to_owned(), "puma".to_owned())]);
        let lost = import(text).lost;
        let wanted = ["line 4 is no `name: command`: worker sidekiq", "line 5 is no `name: command`: a b: x"];
        assert_eq!(lost, wanted);
    }
}
