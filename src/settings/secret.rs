//! Which words say that a value is a secret, the one list of them, and what is shown of a command in which such words
//! stand. Judges names and the look of a text, never the strength of a value. Would rather take too much for a secret
//! than too little.

/// What stands for what is not shown; an edit that holds it keeps what was there.
pub const HIDDEN: &str = "***";

/// A name that holds one of these, in any case, names a secret. `_`, `-` and `.` in it do not count.
const WORDS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "authorization",
    "bearer",
    "cookie",
    "honeycombteam",
];

/// A name that is one of these, or ends in one behind `_`, `-` or `.`, as `DB_PASS`, names one too.
const LAST: [&str; 3] = ["pass", "auth", "pin"];

/// Whether a character belongs to a name in running text.
#[must_use]
pub fn is_part_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || "_-.".contains(c)
}

/// The word by which a name says that its value is a secret, as it stands in the list.
#[must_use]
pub fn word(name: &str) -> Option<&'static str> {
    let bare: String = name.chars().filter(|c| !"_-.".contains(*c)).map(|c| c.to_ascii_lowercase()).collect();
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or(name);
    let short = || LAST.into_iter().find(|known| last.eq_ignore_ascii_case(known));
    WORDS.into_iter().find(|known| bare.contains(known)).or_else(short)
}

/// Arguments without the secrets that their names tell of: `--password=…`, `--token …`, `user:password@host`.
#[must_use]
pub fn arguments<T: AsRef<str>>(argv: &[T]) -> Vec<String> {
    let mut hide = false;
    let argument = |argument: &T| {
        let argument = argument.as_ref();
        let after_its_name = std::mem::take(&mut hide);
        if after_its_name && !argument.starts_with('-') {
            return HIDDEN.to_owned();
        }
        match argument.split_once('=') {
            Some((name, _)) if word(name).is_some() => format!("{name}={HIDDEN}"),
            None if argument.starts_with('-') && word(argument).is_some() => {
                hide = true;
                argument.to_owned()
            }
            _ if holds_credentials(argument) => HIDDEN.to_owned(),
            _ => argument.to_owned(),
        }
    };
    argv.iter().map(argument).collect()
}

/// `scheme://user:password@host`, or a text that speaks of a secret, as a script does.
#[must_use]
pub fn holds_credentials(argument: &str) -> bool {
    let in_url = argument.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split('/').next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    });
    let speaks = argument.contains([' ', ':', '"', '\''])
        && argument.split(|c: char| !is_part_of_a_name(c)).any(|name| word(name).is_some());
    in_url || speaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_however_its_name_is_written() {
        for (name, found) in [
            ("DB_PASSWORD", "password"),
            ("x-api_key", "apikey"),
            ("githubToken", "token"),
            ("x-honeycomb-team", "honeycombteam"),
            ("api_auth", "auth"),
            ("DB_PASS", "pass"),
        ] {
            assert_eq!(word(name), Some(found), "{name}");
        }
        for name in ["", "compass", "author", "monkey", "log_level", "shipping"] {
            assert_eq!(word(name), None, "{name}");
        }
    }

    #[test]
    fn arguments_that_name_a_secret_are_shown_without_it() {
        for (argv, wanted) in [
            (&["nginx", "-g", "daemon off;"][..], &["nginx", "-g", "daemon off;"][..]),
            (&["x", "--password=hunter2", "a"], &["x", "--password=***", "a"]),
            (&["x", "--api-key", "hunter2", "a"], &["x", "--api-key", "***", "a"]),
            (&["x", "--no-password", "-v"], &["x", "--no-password", "-v"]),
            (&["x", "redis://u:hunter2@h/0", "http://h/?a=b"], &["x", "***", "http://h/?a=b"]),
            (&["sh", "-c", "TOKEN=hunter2 run"], &["sh", "-c", "TOKEN=***"]),
            (&["sh", "-c", "A=1 TOKEN=hunter2 run"], &["sh", "-c", "***"]),
            (&["sh", "-c", "curl -H 'Authorization: Bearer hunter2'"], &["sh", "-c", "***"]),
        ] {
            assert_eq!(arguments(argv), wanted, "{argv:?}");
        }
    }
}
