//! Takes secrets out of lines that leave the log: values of keys that name one, credentials in URLs, private keys.
//! Would rather hide too much than too little. Pure; never fails.

use super::last_words::CUT;
use super::pipeline;
use phpeek_settings::lines::Redaction;
use phpeek_settings::secret::{is_part_of_a_name, word as secret_word};
use std::borrow::Cow;

/// Stands for what was hidden.
pub(super) const MASK: &str = "****";

/// What begins so and is long is a token by itself: of JSON web tokens, AWS, GitHub, Slack, Stripe.
const TOKENS: [&str; 9] =
    ["eyJ", "AKIA", "ASIA", "ghp_", "gho_", "github_pat_", "xoxb-", "xoxp-", "sk_live_"];
const TOKEN_BYTES: usize = 20;
/// A line of nothing but this many base64 characters is taken for a piece of a key.
const BASE64: usize = 40;
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// The lines without their secrets, and without what the configuration of the process wants hidden.
pub(super) fn lines(mut lines: Vec<String>, own: &[Redaction]) -> Vec<String> {
    hide_keys(&mut lines);
    for line in &mut lines {
        if let Cow::Owned(clean) = pipeline::redact(own, Cow::Borrowed(line)) {
            *line = clean;
        }
        if let Cow::Owned(clean) = urls(line) {
            *line = clean;
        }
        if let Cow::Owned(clean) = values(line) {
            *line = clean;
        }
    }
    lines
}

/// Private keys go over several lines, and the window may have lost the first of them, or the last.
fn hide_keys(lines: &mut [String]) {
    let base64 = |line: &str| {
        let line = line.trim();
        !line.is_empty() && line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
    };
    // An end without a beginning: the window begins inside.
    let ends = lines.iter().position(|line| line.contains(END));
    let begins = lines.iter().position(|line| line.contains(BEGIN));
    let mut inside = ends.is_some_and(|end| begins.is_none_or(|begin| end < begin));
    let mut before = false;
    for line in lines {
        let begin = line.find(BEGIN).filter(|_| line.contains("PRIVATE KEY"));
        let end = line.rfind(END).map(|at| at + END.len());
        let piece = base64(line) && (before || line.trim().len() >= BASE64);
        before = piece;
        match (begin, end) {
            (Some(begin), Some(end)) if begin < end => {
                let rest =
                    line.get(end..).and_then(|rest| rest.split_once("-----")).map_or("", |(_, rest)| rest);
                *line = format!("{}{MASK}{rest}", line.get(..begin).unwrap_or_default());
                inside = false;
            }
            (Some(begin), _) => {
                line.truncate(begin);
                line.push_str(MASK);
                inside = true;
            }
            (None, Some(_)) => {
                *line = MASK.to_owned();
                inside = false;
            }
            (None, None) if inside || piece => *line = MASK.to_owned(),
            (None, None) => {}
        }
    }
}

/// `scheme://user:password@host`, and a token in the place of the user.
fn urls(line: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        let length = url.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c)).unwrap_or(url.len());
        let (url, after) = url.split_at(length);
        out.push_str(before);
        // A password may hold what should have been encoded, so the last @ counts.
        match (url.rfind('@'), url.find(':')) {
            (Some(host), Some(colon)) if colon < host => {
                out.extend([url.get(..=colon), Some(MASK), url.get(host..)].into_iter().flatten());
            }
            (Some(host), _) if host >= 20 => out.extend([Some(MASK), url.get(host..)].into_iter().flatten()),
            (None, Some(colon)) if url.ends_with(CUT) => {
                out.extend([url.get(..=colon), Some(MASK)].into_iter().flatten());
            }
            _ => out.push_str(url),
        }
        rest = after;
    }
    if out.is_empty() {
        return Cow::Borrowed(line);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `key=value`, `key: value`, `"key":"value"`, `[key] => value`, `--key value`, `Bearer value`.
fn values(line: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_part_of_a_name) {
        let (before, word) = rest.split_at(start);
        let (word, after) = word.split_at(word.find(|c| !is_part_of_a_name(c)).unwrap_or(word.len()));
        out.push_str(before);
        if word.len() >= TOKEN_BYTES && TOKENS.iter().any(|begin| word.starts_with(begin)) {
            out.push_str(MASK);
            rest = after;
            continue;
        }
        out.push_str(word);
        rest = after;
        let Some(key) = Key::of(word) else { continue };
        let Some(value) = key.value(word, after) else { continue };
        let hidden = value.end > value.start;
        out.push_str(after.get(..value.start).unwrap_or_default());
        out.push_str(if hidden { MASK } else { "" });
        rest = after.get(value.end..).unwrap_or_default();
    }
    if out.is_empty() {
        return Cow::Borrowed(line);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What kind of secret a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// One value.
    Plain,
    /// A header: the rest of the line.
    Header,
    /// The word itself announces it.
    Scheme,
}

impl Key {
    fn of(word: &str) -> Option<Self> {
        let found = secret_word(word)?;
        Some(match found {
            "authorization" | "cookie" => Self::Header,
            "bearer" => Self::Scheme,
            _ => Self::Plain,
        })
    }

    /// Where the value is in what follows the key, if one follows.
    fn value(self, word: &str, after: &str) -> Option<std::ops::Range<usize>> {
        let bytes = after.as_bytes();
        let skip = |from: usize, set: &[u8]| {
            from + bytes.get(from..).unwrap_or_default().iter().take_while(|b| set.contains(b)).count()
        };
        let sign = skip(0, b" \t\"'\\])");
        let begun = match bytes.get(sign) {
            Some(b'=') => skip(skip(sign, b"=>"), b" \t\\"),
            Some(b':') => skip(skip(sign, b":="), b" \t\\"),
            _ if self == Self::Scheme || word.starts_with("--") => skip(0, b" \t\\"),
            _ => return None,
        };
        if begun == 0 {
            return None;
        }
        let quote = bytes.get(begun).copied().filter(|b| b"\"'".contains(b));
        let start = begun + usize::from(quote.is_some());
        let value = after.get(start..)?;
        let length = match quote {
            Some(quote) => quoted(value, quote),
            None if self == Self::Header => value.len(),
            None if bytes.get(sign) == Some(&b':') => {
                value.find([',', ';', '}', ']', '&', '"']).unwrap_or(value.len())
            }
            None => value.find(|c: char| c.is_whitespace() || ",;&)]}\"'".contains(c)).unwrap_or(value.len()),
        };
        Some(start..start + length)
    }
}

/// Up to the quote that ends it; one behind a backslash does not, unless the whole text is escaped so.
fn quoted(value: &str, quote: u8) -> usize {
    let bytes = value.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if bytes.get(at + 1) == Some(&quote) && !closes(bytes.get(at + 2)) => at += 2,
            b'\\' if bytes.get(at + 1) == Some(&quote) => return at,
            b if *b == quote => return at,
            _ => at += 1,
        }
    }
    value.len()
}

/// Whether what follows a quote says that it was the closing one.
fn closes(next: Option<&u8>) -> bool {
    next.is_none_or(|b| b",}] \t)".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(line: &str) -> String {
        lines(vec![line.to_owned()], &[]).join("\n")
    }

    #[test]
    fn values_of_secret_keys_are_hidden() {
        for (line, clean) in [
            ("DB_PASSWORD=hunter2 DB_HOST=db", "DB_PASSWORD=**** DB_HOST=db"),
            ("password: correct horse battery", "password: ****"),
            (r#"{"user":"a","password":"hunt\"er2","n":1}"#, r#"{"user":"a","password":"****","n":1}"#),
            (r#"msg="{\"token\":\"abc\",\"n\":1}""#, r#"msg="{\"token\":\"****\",\"n\":1}""#),
            ("    [password] => hunter2", "    [password] => ****"),
            ("mysql --password hunter2 -h db", "mysql --password **** -h db"),
            ("--api-key=abc def", "--api-key=**** def"),
            ("Authorization: Basic dXNlcjpwYXNz", "Authorization: ****"),
            ("curl -H 'Cookie: a=b; c=d'", "curl -H 'Cookie: ****"),
            ("sent Bearer abc.def-ghi to it", "sent Bearer **** to it"),
            ("AWS_SECRET_ACCESS_KEY='x y z' next", "AWS_SECRET_ACCESS_KEY='****' next"),
            ("?client_secret=abc&x=1", "?client_secret=****&x=1"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "jwt ****"),
        ] {
            assert_eq!(one(line), clean);
        }
    }

    #[test]
    fn credentials_in_urls_are_hidden() {
        for (line, clean) in [
            ("at postgres://app:hunter2@db:5432/x failed", "at postgres://app:****@db:5432/x failed"),
            ("redis://:p@ss/word@host", "redis://:****@host"),
            ("https://ghp_0123456789abcdef0123@github.com/x", "https://****@github.com/x"),
            ("postgres://app:hunt…", "postgres://app:****"),
        ] {
            assert_eq!(one(line), clean);
        }
    }

    #[test]
    fn what_names_no_secret_is_left_alone() {
        for line in [
            "",
            "PHP Fatal error: Uncaught Exception: no such table in /app/x.php:12",
            "GET http://localhost:8080/health 500",
            "the password is wrong",
            "token expired",
            "git@github.com:a/b.git",
            "ssh://git@github.com/a",
            "0123456789abcdef",
            "ä: ö=ü",
        ] {
            assert_eq!(one(line), line);
        }
    }

    #[test]
    fn private_keys_are_hidden_whatever_part_of_them_is_seen() {
        let key = [
            "before",
            "-----BEGIN RSA PRIVATE KEY-----",
            "MIIEowIBAAKCAQEAx0123456789012345678901234567890123456789012345",
            "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0Vni",
            "c2hvcnQ=",
            "-----END RSA PRIVATE KEY-----",
            "after",
        ];
        for from in 0..=5 {
            for to in from..key.len() {
                let window = key[from..=to].iter().map(|line| (*line).to_owned()).collect();
                let clean = lines(window, &[]).join("\n");
                let whole = from <= 3 || to >= 5; // of the last line alone nobody can tell
                for secret in ["MIIE", "q83v"].iter().chain(whole.then_some(&"c2hv")) {
                    assert!(!clean.contains(secret), "{from}..={to}: {clean}");
                }
                assert!(from > 0 || clean.starts_with("before"));
                assert!(to < 6 || clean.ends_with("after"));
            }
        }
        assert_eq!(one(r"k=-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- x"), "k=**** x");
    }

    #[test]
    fn what_the_configuration_wants_hidden_is_hidden_too() {
        let rule = |pattern: &str, replacement: &str| Redaction {
            pattern: regex::Regex::new(pattern).expect("an expression").into(),
            replacement: replacement.to_owned(),
        };
        let own = [rule("[0-9]{12}([0-9]{4})", "card $1"), rule("jane", "***")];
        let told = lines(vec!["jane paid with 4111111111111111, password=x".to_owned()], &own);
        assert_eq!(told, ["*** paid with card 1111, password=****"]);
    }

    proptest! {
        #[test]
        fn no_secret_survives(
            before in "[a-zA-Z ,:={}\"']{0,12}", prefix in "([A-Z]{1,4}_)?",
            word in prop::sample::select(vec!["password", "PASSWD", "Secret", "token", "api_key", "apiKey", "X-Api-Key"]),
            form in 0..7usize, secret in "[A-Z0-9]{8,20}", after in "( [a-z]{0,8})?",
        ) {
            let key = format!("{prefix}{word}");
            let line = match form {
                0 => format!("{before} {key}={secret}{after}"),
                1 => format!("{before} {key}: {secret}{after}"),
                2 => format!("{before} \"{key}\":\"{secret}\"{after}"),
                3 => format!("{before} '{key}' => '{secret}'{after}"),
                4 => format!("{before} --{key} {secret}{after}"),
                5 => format!("{before} {key} = \"{secret}\"{after}"),
                _ => format!("{before} x://{key}:{secret}@host{after}"),
            };
            let clean = one(&line);
            prop_assert!(!clean.contains(&secret), "{} became {}", line, clean);
        }

        #[test]
        fn any_text_is_taken(text in prop::collection::vec(".{0,80}", 0..12)) {
            let count = text.len();
            prop_assert_eq!(lines(text, &[]).len(), count);
        }
    }
}
