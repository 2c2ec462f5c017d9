//! Command lines: what a shell is needed for, and the words of what needs none. Texts only.

use super::model::{Value, literal};

/// A line that was written for `/bin/sh`, as a command of ours: words where that is all there is, else the shell, which a
/// program at the end replaces so that signals reach it.
pub(crate) fn command(line: &str) -> Value {
    let line = line.trim();
    if !line.contains(|c: char| SHELL.contains(c))
        && !assigns(line)
        && let Some(words) = shlex::split(line)
        && !words.is_empty()
        && !words.first().is_some_and(|word| BUILTIN.contains(&word.as_str()))
    {
        return Value::List(words.iter().map(|word| literal(word)).collect());
    }
    Value::List(vec!["sh".to_owned(), "-c".to_owned(), literal(&ending_with_exec(line))])
}

/// What a shell would act on.
const SHELL: &str = "$&|;<>()*?[]{}~`\\#!\n";
/// Commands that only a shell has.
const BUILTIN: [&str; 9] = ["cd", "exec", "export", "source", ".", "eval", "set", "ulimit", "umask"];

/// Whether it begins with a variable of its own.
fn assigns(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    first.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The line, with `exec` before its last program where it is one program, or several of which each must succeed.
fn ending_with_exec(line: &str) -> String {
    let (before, last) = match line.rfind("&&") {
        Some(at) => line.split_at(at + 2),
        None => ("", line),
    };
    let risky = |text: &str| {
        text.contains([';', '|', '`', '(', '\n']) || text.replace("2>&1", "").replace(">&2", "").contains('&')
    };
    let first = last.split_whitespace().next().unwrap_or_default();
    let has_shell_word = BUILTIN.contains(&first) || ["if", "for", "while", "{", "!", "["].contains(&first);
    if first.is_empty() || risky(&before.replace("&&", "")) || risky(last) || has_shell_word {
        return line.to_owned();
    }
    let mut rest = last.trim_start();
    let mut variables = String::new();
    while assigns(rest) && !rest.contains(['"', '\'']) {
        let (variable, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        variables.push_str(variable);
        variables.push(' ');
        rest = after.trim_start();
    }
    if rest.is_empty() || assigns(rest) {
        return line.to_owned();
    }
    let space = if before.is_empty() { "" } else { " " };
    format!("{before}{space}{variables}exec {rest}")
}

/// A name for what a line runs: its program, and of an interpreter what it runs.
pub(crate) fn name_of(line: &str) -> String {
    let last = line.rsplit("&&").next().unwrap_or(line);
    let plain = last.split(['>', '|', ';']).next().unwrap_or(last);
    let words = plain.split_whitespace().filter(|word| !word.contains('=') && !word.starts_with('-'));
    let base =
        |word: &str| word.trim_matches(['"', '\'', '(', ')']).rsplit('/').next().unwrap_or(word).to_owned();
    let names: Vec<String> =
        words.map(base).filter(|name| !HANDLED.contains(&name.as_str())).take(3).collect();
    let name = match names.as_slice() {
        [first, second, third] if TALKERS.contains(&first.as_str()) && second == "artisan" => {
            format!("{second}-{third}")
        }
        [first, second, ..] if TALKERS.contains(&first.as_str()) => second.clone(),
        [first, ..] => first.clone(),
        [] => "job".to_owned(),
    };
    let fits = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(fits).take(40).collect();
    let name =
        name.trim_matches('-').trim_end_matches(".sh").trim_end_matches(".py").trim_end_matches(".php");
    if name.is_empty() { "job".to_owned() } else { name.to_owned() }
}

/// Words that only introduce a program.
const HANDLED: [&str; 10] =
    ["exec", "nice", "nohup", "sudo", "env", "time", "timeout", "flock", "chronic", "cd"];
/// Programs that run another one.
const TALKERS: [&str; 11] =
    ["run-parts", "php", "python", "python3", "node", "ruby", "sh", "bash", "bundle", "perl", "java"];

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Value {
        Value::List(["sh", "-c", line].map(str::to_owned).to_vec())
    }

    #[test]
    fn a_shell_stands_between_only_where_one_is_needed() {
        let words = |all: &[&str]| Value::List(all.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(
            command("bundle exec puma -C 'my file.rb'"),
            words(&["bundle", "exec", "puma", "-C", "my file.rb"])
        );
        assert_eq!(command("gunicorn app:app -b :$PORT"), shell("exec gunicorn app:app -b :$PORT"));
        assert_eq!(command("A=1 B=2 node x.js"), shell("A=1 B=2 exec node x.js"));
        assert_eq!(
            command("cd /app && php artisan x >> /dev/null 2>&1"),
            shell("cd /app && exec php artisan x >> /dev/null 2>&1")
        );
        assert_eq!(command("a; b"), shell("a; b"));
        assert_eq!(command("a & b && c"), shell("a & b && c"));
        assert_eq!(command("echo ${X} {{y}}"), shell("exec echo $${X} {{{{y}}"));
        assert_eq!(command("cd /app"), shell("cd /app"));
    }

    #[test]
    fn names_tell_what_runs() {
        assert_eq!(name_of("cd /srv && php artisan schedule:run >> /dev/null 2>&1"), "artisan-schedule-run");
        assert_eq!(name_of("/usr/bin/python3 /opt/x/backup.py --all"), "backup");
        assert_eq!(
            name_of("test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )"),
            "cron.daily"
        );
        assert_eq!(name_of(""), "job");
    }
}
