//! What clap does not know of: words that people write out of habit, and what they mean here. Decides nothing of a command that
//! clap takes.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::{OsStr, OsString};

/// The words with `--config` before a lone file: `phpeek-pm app.yaml`, `phpeek-pm serve app.yaml`.
pub(super) fn with_config(words: Vec<OsString>) -> Vec<OsString> {
    let text = |at: usize| words.get(at).and_then(|word| word.to_str()).unwrap_or_default();
    let named = ["serve", "check-config", "config"].contains(&text(1));
    let file = |at: &usize| {
        let word = text(*at).to_ascii_lowercase();
        let free = *at == 1 || !text(at - 1).starts_with('-') || FLAGS.contains(&text(at - 1));
        free && !word.starts_with('-') && [".yaml", ".yml"].iter().any(|end| word.ends_with(end))
    };
    let mut places = if named { 2..words.len() } else { 1..words.len().min(2) };
    match places.find(file) {
        Some(at) if !words.iter().any(|word| *word == *"--config" || *word == *"-c") => {
            let mut words = words;
            words.insert(at, OsString::from("--config"));
            words
        }
        _ => words,
    }
}

/// Options of these commands behind which no value stands.
const FLAGS: [&str; 8] = ["--json", "--set", "--strict", "--host", "--quiet", "-q", "--watch", "--dry-run"];

/// What others call what is done here otherwise: words that are no commands, and what to write.
const HABITS: [(&[&str], &str); 12] = [
    (
        &["up", "daemon", "start-all", "supervisord", "server", "init-system"],
        "the supervisor is started by `phpeek-pm serve`, in the foreground",
    ),
    (
        &["down", "shutdown", "quit", "stop-all", "terminate", "halt"],
        "the supervisor ends, with all that it runs, on SIGTERM; `phpeek-pm stop NAME` stops one process",
    ),
    (
        &["check", "validate", "configtest", "test", "lint", "verify", "-t"],
        "a configuration is checked by `phpeek-pm check-config --config FILE`",
    ),
    (
        &["ps", "ls", "jlist", "prettylist", "show", "info", "avail"],
        "`phpeek-pm status` and `phpeek-pm list` show what runs",
    ),
    (&["tail", "log", "maintail", "fg", "attach"], "`phpeek-pm logs NAME -f` follows what a process says"),
    (&["kill"], "`phpeek-pm signal NAME KILL` sends a signal, `phpeek-pm stop NAME` stops a process"),
    (
        &["reread", "update", "add", "remove", "apply", "daemon-reload"],
        "`phpeek-pm plan FILE` shows what would change, `phpeek-pm reload` applies the file",
    ),
    (&["monit", "monitor", "dashboard", "tui", "ui"], "`phpeek-pm top` shows what runs, live"),
    (
        &["enable", "disable"],
        "write `enabled:` or `initial_state:` of the process in the configuration, and `phpeek-pm reload`",
    ),
    (&["exec", "--"], "`phpeek-pm run -- CMD` supervises one program without a file"),
    (
        &["convert", "migrate"],
        "`phpeek-pm import KIND FILE` writes the file of another supervisor as a configuration",
    ),
    (
        &["generate", "new", "create", "startup"],
        "`phpeek-pm init` writes a configuration, `phpeek-pm scaffold` what an image needs",
    ),
];

/// One more line for an error of the command line.
pub(super) fn tip(words: &[OsString], error: &clap::Error) -> Option<&'static str> {
    let has = |names: &[&str]| words.iter().any(|word| names.iter().any(|name| word == OsStr::new(name)));
    let second = words.get(1).and_then(|word| word.to_str()).unwrap_or_default();
    let background = ["--daemon", "--daemonize", "--background", "--detach", "-d", "-D"];
    match error.kind() {
        ErrorKind::MissingRequiredArgument if second == "start" => Some(
            "`start NAME` starts a process of a supervisor that runs; the supervisor itself is started by `phpeek-pm serve`",
        ),
        ErrorKind::MissingRequiredArgument if second == "stop" => Some(
            "`stop NAME` stops one process; the supervisor itself ends, with all that it runs, on SIGTERM",
        ),
        ErrorKind::MissingRequiredArgument if second == "run" => Some(
            "`phpeek-pm run -- CMD ARGS` supervises one program; a configuration is run by `phpeek-pm serve`",
        ),
        ErrorKind::UnknownArgument if has(&background) => {
            Some("it runs in the foreground: as the command of a container, or under systemd (Type=notify)")
        }
        ErrorKind::UnknownArgument if has(&["--nodaemon", "--foreground", "--no-daemon", "-n"]) => {
            Some("it always runs in the foreground: leave the option out")
        }
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand
            if second == "serve" && !is_option(error) =>
        {
            Some("a configuration file is named by --config FILE")
        }
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => {
            HABITS.iter().find(|(habits, _)| habits.contains(&second)).map(|(_, tip)| *tip)
        }
        _ => None,
    }
}

/// Whether what is not known looks like an option.
fn is_option(error: &clap::Error) -> bool {
    matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(word)) if word.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_file_is_the_configuration() {
        let of = |line: &str| {
            let words = with_config(line.split(' ').map(OsString::from).collect());
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("phpeek-pm a.yaml"), "phpeek-pm --config a.yaml");
        assert_eq!(of("phpeek-pm serve ./x/a.YML --watch"), "phpeek-pm serve --config ./x/a.YML --watch");
        assert_eq!(of("phpeek-pm config --set a.yaml"), "phpeek-pm config --set --config a.yaml");
        for same in [
            "phpeek-pm serve --pid-file a.yaml",
            "phpeek-pm",
            "phpeek-pm serve",
            "phpeek-pm plan a.yaml",
            "phpeek-pm -c a.yaml",
            "phpeek-pm check-config -c b.yaml",
        ] {
            assert_eq!(of(same), same);
        }
    }
}
