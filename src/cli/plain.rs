//! The command lines by which services and images start a supervisor, read without clap: its tree of all commands costs a
//! tenth of such a start. Takes only what has one meaning, and gives it the one that clap does; all else is left to clap.

use super::serve::ServeArguments;
use std::ffi::OsString;
use std::path::PathBuf;

/// The file of the configuration and the options of `serve`, when that is what the words plainly say.
pub(super) fn serve(words: &[OsString]) -> Option<(Option<PathBuf>, ServeArguments)> {
    let (mut config, mut pid_file, mut command) = (None, None, false);
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let slot = match word.to_str()? {
            "serve" if !command => {
                command = true;
                continue;
            }
            "--config" | "-c" => &mut config,
            "--pid-file" => &mut pid_file,
            _ => return None,
        };
        let value =
            words.next().filter(|value| !value.is_empty() && !value.as_encoded_bytes().starts_with(b"-"));
        if slot.replace(PathBuf::from(value?)).is_some() {
            return None;
        }
    }
    Some((config, ServeArguments { pid_file, ..ServeArguments::default() }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]
    use super::*;
    use crate::cli::arguments::{Arguments, Command};
    use clap::Parser as _;

    const WORDS: [&str; 12] = [
        "serve",
        "--config",
        "-c",
        "--pid-file",
        "a",
        "",
        "-x",
        "--",
        "version",
        "--config=a",
        "help",
        "trace",
    ];

    fn lines(length: u32) -> impl Iterator<Item = Vec<OsString>> {
        (0..WORDS.len().pow(length)).map(move |number| {
            let word = |place| OsString::from(WORDS[number / WORDS.len().pow(place) % WORDS.len()]);
            std::iter::once(OsString::from("phpeek-pm")).chain((0..length).map(word)).collect()
        })
    }

    #[test]
    fn what_is_taken_means_the_same_to_clap() {
        let mut taken = 0;
        for words in (0..=5).flat_map(lines) {
            let Some((config, arguments)) = serve(&words) else { continue };
            taken += 1;
            let wanted =
                Arguments::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            let own = match wanted.command {
                None => ServeArguments::default(),
                Some(Command::Serve(own)) => own,
                other => panic!("{words:?}: {other:?}"),
            };
            assert_eq!(config, wanted.config, "{words:?}");
            assert_eq!(arguments.pid_file, own.or(wanted.serve).pid_file, "{words:?}");
        }
        assert!(taken > 100, "{taken}");
    }

    #[test]
    fn services_need_no_clap() {
        let words = ["phpeek-pm", "serve", "--config", "/etc/phpeek-pm.yaml"].map(OsString::from);
        assert_eq!(serve(&words).expect("plain").0, Some("/etc/phpeek-pm.yaml".into()));
        assert!(serve(&words[..1]).is_some() && serve(&words[..3]).is_none() && serve(&[]).is_some());
    }
}
