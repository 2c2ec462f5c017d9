//! The scripts of s6's services: what one of execline or of a shell comes to here. Texts only.

use super::model::{Process, Value, literal};

/// How it tells that it is ready: by itself, or through a program of s6 that asks another.
pub(super) fn readiness(name: &str, fd: &str, run: &str, process: &mut Process, lost: &mut Vec<String>) {
    let asked = run.split_once("s6-notifyoncheck").map(|(_, rest)| rest);
    let check = match asked {
        None => {
            vec![("type", Value::plain("notify")), ("protocol", Value::plain("s6")), ("fd", Value::plain(fd))]
        }
        Some(rest) => {
            let rest = rest.replace("\\\n", " ");
            let line = rest.lines().next().unwrap_or_default();
            let words = shlex::split(line.trim()).unwrap_or_default();
            let Some(script) = words.iter().skip_while(|word| *word != "-c").nth(1) else {
                lost.push(format!(
                    "{name}: s6-notifyoncheck tells when it is ready: write a health_check of type exec"
                ));
                return;
            };
            let command = ["sh", "-c", script.as_str()].iter().map(|word| literal(word)).collect();
            vec![
                ("type", Value::plain("exec")),
                ("command", Value::List(command)),
                ("mode", Value::plain("readiness")),
            ]
        }
    };
    process.set("health_check", Value::Map(check));
}

/// The command of a script: what a simple execline script does, else the script itself by the shell that it names.
pub(super) fn run(text: &str, path: &str, process: &mut Process) {
    let first = text.lines().next().unwrap_or_default();
    if first.contains("execlineb") {
        if !execline(text, process) {
            process.note("its script is execline, which is not here: write its steps as a command");
            process.set("command", Value::List(vec!["execlineb".into(), "-P".into(), literal(path)]));
        }
        return;
    }
    // What stands behind with-contenv reads the script.
    let reader = first.split_once("with-contenv ").and_then(|(_, rest)| rest.split_whitespace().next());
    let shell = first
        .rsplit(['/', ' '])
        .find(|word| ["sh", "bash", "ash", "dash", "zsh", "python3", "php"].contains(word))
        .or(reader)
        .unwrap_or("sh");
    for word in ["s6-setuidgid", "s6-notifyoncheck", "s6-svwait", "s6-svc", "with-contenv"] {
        if text.lines().skip(1).any(|line| line.contains(word)) {
            process.note(format!("its script calls {word}, which is not here"));
        }
    }
    process.set("command", Value::List(vec![shell.to_owned(), literal(path)]));
}

/// A script of one program, with words before it that have a key here; false when there is more to it.
pub(super) fn execline(text: &str, process: &mut Process) -> bool {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(words) = shlex::split(&lines.collect::<Vec<_>>().join(" ")).filter(|words| !words.is_empty())
    else {
        return false;
    };
    let mut words: &[String] = &words;
    loop {
        let names: Vec<&str> =
            words.iter().map(|word| word.rsplit('/').next().unwrap_or(word)).take(4).collect();
        let skip = match names.as_slice() {
            ["with-contenv" | "exec", ..] => 1,
            ["fdmove", "-c", "2", "1"] => 4,
            ["s6-setuidgid", user, ..] => {
                process.set_default("user", Value::Text(literal(user)));
                2
            }
            ["cd", ..] => {
                process.set_default(
                    "working_dir",
                    Value::Text(literal(words.get(1).map_or("", String::as_str))),
                );
                2
            }
            _ => break,
        };
        words = words.get(skip..).unwrap_or_default();
    }
    const STEPS: [&str; 14] = [
        "if",
        "ifelse",
        "ifthenelse",
        "foreground",
        "background",
        "importas",
        "backtick",
        "define",
        "export",
        "redirfd",
        "pipeline",
        "s6-envuidgid",
        "multisubstitute",
        "s6-notifyoncheck",
    ];
    let first = words.first().map(|word| word.rsplit('/').next().unwrap_or(word)).unwrap_or_default();
    if words.is_empty() || STEPS.contains(&first) || words.iter().any(|word| word == "{" || word == "}") {
        return false;
    }
    process.set("command", Value::List(words.iter().map(|word| literal(word)).collect()));
    true
}
