//! Files that are no configuration of ours and that people name all the same: another supervisor's, a crontab, a unit. Knows them
//! by what they look like; reads nothing of them.

use super::report::Finding;
use super::tree::Place;
use std::path::Path;

/// What to do with a file.
enum Next {
    /// `import` knows it by this kind.
    Import(&'static str),
    /// This.
    Say(&'static str),
}

use Next::{Import, Say};

const EXAMPLE: Next = Say("`phpeek-pm example minimal` shows the form of a configuration");

/// What this text, of the file of this number, is, if it is somebody else's.
pub(crate) fn told(text: &str, path: Option<&Path>, file: usize) -> Option<Finding> {
    let name = path.map_or("FILE".to_owned(), |path| path.display().to_string());
    let (line, what, next) = kind(text, path)?;
    let place = Place::File { file, line, column: 1 };
    let advice = match next {
        Import(kind) => format!("`phpeek-pm import {kind} {name}` writes it as a configuration"),
        Say(advice) => advice.to_owned(),
    };
    Some(Finding::error("", place, format!("this is {what}, no YAML of ours")).advice(advice))
}

/// The line that gives it away, what it is, and what to do.
fn kind(text: &str, path: Option<&Path>) -> Option<(usize, &'static str, Next)> {
    if text.starts_with("#!") {
        let next =
            Say("name it in a command, as `command: [./start.sh]`, or run it with `phpeek-pm run -- FILE`");
        return Some((1, "a script", next));
    }
    let mut lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let (number, first) = lines.find(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']))?;
    if let Some(section) = section(first) {
        let key = |(_, line): (usize, &str)| {
            line.split_once('=').is_some_and(|(key, _)| !key.contains([':', '"', '{', '[']))
        };
        let (what, next) = of_section(section);
        return lines.any(key).then_some((number, what, next));
    }
    let named = path.and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    let apps = first.starts_with('{') && text.contains("\"apps\"") && !text.contains("\"processes\"");
    if apps || text.contains("module.exports") {
        return Some((number, "an ecosystem file of PM2", Import("pm2")));
    }
    if named == "Procfile" || named.starts_with("Procfile.") {
        return Some((number, "a Procfile", Import("procfile")));
    }
    if let Some((what, next)) = by_look(text, first) {
        return Some((number, what, next));
    }
    // A crontab begins with one, or with a few words about it; a long file of ours is not looked through.
    let mut jobs = std::iter::once((number, first)).chain(lines.take(60));
    let (number, _) = jobs.find(|(_, line)| is_job(line))?;
    Some((number, "a crontab", Import("crontab")))
}

/// The name of the section that a line of an INI file begins.
fn section(line: &str) -> Option<&str> {
    let (section, _) = line.strip_prefix('[')?.split_once(']')?;
    section.chars().all(|c| c.is_ascii_alphanumeric() || ":_-. %()".contains(c)).then_some(section)
}

/// Files that are no lists of processes at all, by how they begin and what stands in the first column.
fn by_look(text: &str, first: &str) -> Option<(&'static str, Next)> {
    const INIT: Next = Say("`phpeek-pm init` writes a configuration for what lies here");
    let head = || text.lines().take(400);
    let begins = |words: &[&str]| head().any(|line| words.iter().any(|word| line.starts_with(word)));
    let assigns = |line: &str| {
        let (name, _) = line.trim_start_matches("export ").split_once('=').unwrap_or_default();
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let matter = || head().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    if first.starts_with('<') && !first.starts_with("<<") {
        return Some(("XML or a page of the web", EXAMPLE));
    }
    if first.starts_with('{')
        && !text.contains("\"processes\"")
        && (text.contains("\"scripts\"") || text.contains("\"require\""))
    {
        return Some(("a package.json or composer.json", INIT));
    }
    if (first.starts_with("FROM ") || first.starts_with("ARG "))
        && begins(&["RUN ", "CMD ", "COPY ", "ENTRYPOINT "])
    {
        return Some((
            "a Dockerfile",
            Say("what its CMD runs is a command here: `phpeek-pm run -- CMD` runs it as it is"),
        ));
    }
    if begins(&["events {", "http {", "server {"]) {
        return Some(("a configuration of nginx", INIT));
    }
    if matter().all(assigns) {
        return Some(("a file of variables", Say("name it as env_file of a process")));
    }
    if first.split_once('=').is_some_and(|(key, _)| !key.contains(':'))
        && head().any(|line| section(line).is_some())
    {
        return Some(("an INI or TOML file", EXAMPLE));
    }
    if begins(&["processes:"]) {
        return None;
    }
    if begins(&["apiVersion:"]) && begins(&["kind:"]) {
        return Some((
            "a manifest of Kubernetes",
            Say("what a container of it runs is written under processes"),
        ));
    }
    if begins(&["services:"])
        && head().any(|line| ["image:", "build:"].iter().any(|key| line.trim_start().starts_with(key)))
    {
        return Some(("a compose file", Say("what one container of it runs is written under processes")));
    }
    if begins(&["apps:"]) && text.contains("script:") {
        return Some(("an ecosystem file of PM2", Import("pm2")));
    }
    None
}

fn of_section(section: &str) -> (&'static str, Next) {
    const OWN: [&str; 6] =
        ["supervisord", "supervisorctl", "unix_http_server", "inet_http_server", "include", "rpcinterface"];
    const PARTS: [&str; 5] = ["program", "group", "eventlistener", "fcgi-program", "rpcinterface"];
    let part = section.split(':').next().unwrap_or(section);
    if OWN.contains(&section) || (section.contains(':') && PARTS.contains(&part)) {
        return ("a supervisord file", Import("supervisord"));
    }
    match section {
        "Unit" | "Service" | "Install" | "Timer" | "Socket" => (
            "a systemd unit",
            Say("its ExecStart is a command here, as a list; `phpeek-pm example minimal` shows the form"),
        ),
        _ => ("an INI or TOML file", EXAMPLE),
    }
}

/// Five fields of a clock, with a star in the first two or numbers, and a command. No YAML of ours has such a line.
fn is_job(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let clock = |word: &&&str| word.chars().all(|c| c.is_ascii_digit() || "*,-/".contains(c));
    words.len() > 5
        && !line.contains(": ")
        && words.iter().take(5).filter(clock).count() == 5
        && line.contains('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_known_and_ours_is_not_taken_for_one() {
        let of = |text: &str| kind(text, None).map(|(line, what, _)| (line, what));
        assert_eq!(of("; x\n[supervisord]\nnodaemon=true\n"), Some((2, "a supervisord file")));
        assert_eq!(of("[program:web]\ncommand=x\n"), Some((1, "a supervisord file")));
        assert_eq!(of("[Service]\nExecStart=/x\n"), Some((1, "a systemd unit")));
        assert_eq!(of("[mysqld]\nport = 3306\n"), Some((1, "an INI or TOML file")));
        assert_eq!(of("{\"apps\": [{\"script\": \"x\"}]}"), Some((1, "an ecosystem file of PM2")));
        assert_eq!(of("MAILTO=x\n*/5 * * * * root php x\n"), Some((2, "a crontab")));
        assert_eq!(of("#!/bin/sh\nexec x\n"), Some((1, "a script")));
        assert_eq!(of("\n<html>\n"), Some((2, "XML or a page of the web")));
        assert_eq!(of("# x\nFROM a\nRUN x\n"), Some((2, "a Dockerfile")));
        assert_eq!(of("A=1\nexport B=\"2\"\n"), Some((1, "a file of variables")));
        assert_eq!(of("title = 1\n[a.b]\nc = 2\n"), Some((1, "an INI or TOML file")));
        assert_eq!(of("services:\n  web:\n    image: x\n"), Some((1, "a compose file")));
        assert_eq!(of("apiVersion: v1\nkind: Pod\n"), Some((1, "a manifest of Kubernetes")));
        assert_eq!(of("apps:\n  - script: x\n"), Some((1, "an ecosystem file of PM2")));
        assert_eq!(of("user x;\nevents {\n}\n"), Some((1, "a configuration of nginx")));
        assert_eq!(of("{\"name\": \"x\", \"scripts\": {}}"), Some((1, "a package.json or composer.json")));
        assert_eq!(
            kind("web: x\n", Some(Path::new("a/Procfile"))).map(|(_, what, _)| what),
            Some("a Procfile")
        );
        for ours in [
            include_str!("../../config/full.yaml"),
            include_str!("../../config/php-stack.yaml"),
            "processes:\n  a:\n    schedule: 0 3 * * 1\n    command:\n      [x, y]\n",
            "[a, b]\nx: A=1\n",
            "<<: *a\n",
            "services: {}\nprocesses:\n  a: {command: [x], image: y}\n",
            "{\"processes\": {\"scripts\": {}}}",
            "",
        ] {
            assert_eq!(of(ours), None, "{ours}");
        }
    }
}
