//! Files that are no configuration of ours and that people name all the same: another supervisor's, a crontab, a unit. Knows them
//! by what they look like; reads nothing of them.

use super::report::Finding;
use super::tree::Place;
use std::path::Path;

/// What this text is, if it is somebody else's file.
pub(crate) fn told(text: &str, path: Option<&Path>) -> Option<Finding> {
    let file = path.map_or("FILE".to_owned(), |path| path.display().to_string());
    let (line, what, kind) = kind(text, path)?;
    let place = Place::File { file: 0, line, column: 1 };
    let advice = match kind {
        Some(kind) => format!("`phpeek-pm import {kind} {file}` writes it as a configuration"),
        None => "`phpeek-pm example minimal` shows the form of a configuration".to_owned(),
    };
    Some(Finding::error("", place, format!("this is {what}, no YAML of ours")).advice(advice))
}

/// The line that gives it away, what it is, and the kind by which `import` knows it.
fn kind(text: &str, path: Option<&Path>) -> Option<(usize, &'static str, Option<&'static str>)> {
    let mut lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let (number, first) = lines.find(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']))?;
    if let Some(section) = first.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name)
        && section.chars().all(|c| c.is_ascii_alphanumeric() || ":_-. %()".contains(c))
    {
        let key = |(_, line): (usize, &str)| {
            line.split_once('=').is_some_and(|(key, _)| !key.contains([':', '"', '{', '[']))
        };
        let (what, kind) = of_section(section);
        return lines.any(key).then_some((number, what, kind));
    }
    let named = path.and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    let apps = first.starts_with('{') && text.contains("\"apps\"") && !text.contains("\"processes\"");
    if apps || text.contains("module.exports") {
        return Some((number, "an ecosystem file of PM2", Some("pm2")));
    }
    if named == "Procfile" || named.starts_with("Procfile.") {
        return Some((number, "a Procfile", Some("procfile")));
    }
    // A crontab begins with one, or with a few words about it; a long file of ours is not looked through.
    let mut jobs = std::iter::once((number, first)).chain(lines.take(60));
    let (number, _) = jobs.find(|(_, line)| is_job(line))?;
    Some((number, "a crontab", Some("crontab")))
}

fn of_section(section: &str) -> (&'static str, Option<&'static str>) {
    const OWN: [&str; 6] =
        ["supervisord", "supervisorctl", "unix_http_server", "inet_http_server", "include", "rpcinterface"];
    const PARTS: [&str; 5] = ["program", "group", "eventlistener", "fcgi-program", "rpcinterface"];
    let part = section.split(':').next().unwrap_or(section);
    if OWN.contains(&section) || (section.contains(':') && PARTS.contains(&part)) {
        return ("a supervisord file", Some("supervisord"));
    }
    match section {
        "Unit" | "Service" | "Install" | "Timer" | "Socket" => ("a systemd unit", None),
        _ => ("an INI file", None),
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
        assert_eq!(of("[mysqld]\nport = 3306\n"), Some((1, "an INI file")));
        assert_eq!(of("{\"apps\": [{\"script\": \"x\"}]}"), Some((1, "an ecosystem file of PM2")));
        assert_eq!(of("MAILTO=x\n*/5 * * * * root php x\n"), Some((2, "a crontab")));
        assert_eq!(
            kind("web: x\n", Some(Path::new("a/Procfile"))).map(|(_, what, _)| what),
            Some("a Procfile")
        );
        for ours in [
            include_str!("../../config/full.yaml"),
            include_str!("../../config/php-stack.yaml"),
            "processes:\n  a:\n    schedule: 0 3 * * 1\n    command:\n      [x, y]\n",
            "[a, b]\nx: A=1\n",
            "",
        ] {
            assert_eq!(of(ours), None, "{ours}");
        }
    }
}
