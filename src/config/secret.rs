//! Which keys and lines may hold a secret, so that no report repeats it. Judges names and the look of a line, never a
//! value's strength; when in doubt a line is not shown.

use phpeek_settings::secret::{is_part_of_a_name, word};

/// Keys whose value, or every value below, is taken for a secret.
const BLOCKS: [&str; 4] = ["env", "headers", "tracing_headers", "tracing_proxy"];

/// How far above a line its opening bracket or quote is looked for, in lines.
const FAR: usize = 64;

fn holds(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether the name of a variable or key says that its value is a secret. `…_FILE` and `…_PATH` name a place.
pub(crate) fn name(name: &str) -> bool {
    let ends = |end: &str| {
        name.len()
            .checked_sub(end.len())
            .and_then(|at| name.get(at..))
            .is_some_and(|t| t.eq_ignore_ascii_case(end))
    };
    (word(name).is_some() || ends("_key")) && !ends("_file") && !ends("_path")
}

/// Whether the name of a header says that its value is a secret.
pub(crate) fn header(header: &str) -> bool {
    name(header) || holds(header, "key")
}

/// Whether the value at this YAML path may be a secret.
pub(crate) fn in_path(path: &str) -> bool {
    path.split(['.', '[']).any(|step| BLOCKS.contains(&step) || name(step))
}

/// Whether a value looks as if a secret were in it, whatever its key.
pub(crate) fn in_value(text: &str) -> bool {
    mentions(text)
}

/// Whether this line, or one that it belongs to, may hold a secret. Works on text, because a broken file has no tree.
pub(crate) fn near_line(text: &str, line: usize) -> bool {
    let lines: Vec<&str> = text.lines().take(line).collect();
    let Some((own, above)) = lines.split_last() else { return false };
    if mentions(own) {
        return true;
    }
    let mut indent = indent_of(own);
    let mut open = 0;
    for (distance, line) in above.iter().rev().enumerate() {
        open += brackets(line);
        let blank = line.trim_start();
        if blank.is_empty() || blank.starts_with('#') {
            continue;
        }
        let outer =
            indent_of(line) < indent || (indent_of(line) == indent && own.trim_start().starts_with('-'));
        if outer {
            indent = indent_of(line);
        }
        if (outer || (distance < FAR && (open > 0 || odd_quotes(line)))) && mentions(line) {
            return true;
        }
        if indent == 0 && distance >= FAR {
            break;
        }
    }
    false
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// How many more brackets are opened than closed.
fn brackets(line: &str) -> i64 {
    line.bytes().fold(0, |open, byte| match byte {
        b'{' | b'[' => open + 1,
        b'}' | b']' => open - 1,
        _ => open,
    })
}

/// A quoted text that goes on in the next line.
fn odd_quotes(line: &str) -> bool {
    ['"', '\''].into_iter().any(|quote| line.matches(quote).count() % 2 == 1)
}

fn mentions(line: &str) -> bool {
    let block = |name: &str| {
        line.match_indices(name).any(|(at, _)| {
            let before = line.get(..at).and_then(|l| l.chars().next_back());
            let after = line.get(at + name.len()..).unwrap_or_default().trim_start_matches(['"', '\'', ' ']);
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && after.starts_with(':')
        })
    };
    // `user:password@host` and `?key=…` of a URL are the other usual places.
    let credentials = line.split([' ', '"', '\'']).any(|word| {
        (word.contains(':') && word.contains('@'))
            || word.split_once('?').is_some_and(|(_, q)| q.contains('='))
    });
    credentials
        || line.contains("-----BEGIN")
        || line.split(|c| !is_part_of_a_name(c)).any(|name| word(name).is_some())
        || holds(line, "_key")
        || BLOCKS.iter().any(|b| block(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_and_names_of_places_are_none() {
        for yes in ["DB_PASSWORD", "api_auth", "x-api_key", "SIGNING_KEY", "Authorization", "githubToken"] {
            assert!(name(yes), "{yes}");
        }
        for no in ["", "KEYS", "PASSWORD_FILE", "cert_path", "monkey", "log_level"] {
            assert!(!name(no), "{no}");
        }
        assert!(in_path("processes.web.env.HARMLESS") && in_path("hooks.pre-start[0].env.A"));
        assert!(in_path("global.tracing_headers.x-team") && in_path("global.tracing_proxy"));
        assert!(header("x-honeycomb-team") && header("X-Api-Key") && !header("x-tenant"));
        assert!(in_path("global.api_auth") && !in_path("processes.environment.scale"));
    }

    #[test]
    fn a_line_is_hidden_for_itself_for_its_block_and_for_an_open_bracket() {
        let text = "a:\n  env:\n    X: 1\n    Y: [1]\n  scale: 1\n  b: {headers: {\n  c: d\n  f: 1}}\nz: 2\nu: http://a:b@c\n";
        let hidden: Vec<usize> = (1..=10).filter(|n| near_line(text, *n)).collect();
        assert_eq!(hidden, [2, 3, 4, 6, 7, 8, 10]);
    }
}
