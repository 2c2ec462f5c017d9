//! What clap does not know of: words that people write out of habit, and what they mean here. Decides nothing of a command that
//! clap takes.

use clap::error::ErrorKind;
use std::ffi::{OsStr, OsString};

/// The words with `--config` before a lone file: `phpeek-pm app.yaml`, `phpeek-pm serve app.yaml`.
pub(super) fn with_config(words: Vec<OsString>) -> Vec<OsString> {
    let text = |at: usize| words.get(at).and_then(|word| word.to_str()).unwrap_or_default();
    let at = match text(1) {
        "serve" | "check-config" | "config" => 2,
        _ => 1,
    };
    let file = text(at).to_ascii_lowercase();
    let lone = !file.starts_with('-') && [".yaml", ".yml"].iter().any(|end| file.ends_with(end));
    if !lone || words.iter().any(|word| *word == *"--config" || *word == *"-c") {
        return words;
    }
    let mut words = words;
    words.insert(at, OsString::from("--config"));
    words
}

/// One more line for an error of the command line.
pub(super) fn tip(words: &[OsString], error: &clap::Error) -> Option<&'static str> {
    let has = |names: &[&str]| words.iter().any(|word| names.iter().any(|name| word == OsStr::new(name)));
    let second = words.get(1).and_then(|word| word.to_str()).unwrap_or_default();
    match error.kind() {
        ErrorKind::MissingRequiredArgument if second == "start" => Some(
            "`start NAME` starts a process of a supervisor that runs; the supervisor itself is started by `phpeek-pm serve`",
        ),
        ErrorKind::MissingRequiredArgument if second == "stop" => Some(
            "`stop NAME` stops one process; the supervisor itself ends, with all that it runs, on SIGTERM",
        ),
        ErrorKind::UnknownArgument if has(&["--daemon", "--daemonize", "--background", "-d", "-D"]) => {
            Some("it runs in the foreground: as the command of a container, or under systemd (Type=simple)")
        }
        ErrorKind::UnknownArgument if has(&["--nodaemon", "--foreground", "-n"]) => {
            Some("it always runs in the foreground: leave the option out")
        }
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand if second == "serve" => {
            Some("a configuration file is named by --config FILE")
        }
        _ => None,
    }
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
        for same in [
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
