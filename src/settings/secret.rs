//! Which words say that a value is a secret: the one list of them. Judges names, never a value. Would rather take too
//! much for a secret than too little.

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
}
