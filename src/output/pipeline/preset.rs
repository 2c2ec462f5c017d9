//! Lines of programs that wrap those of others: what a worker of PHP-FPM said, and what nginx heard of an application. Owns
//! how these programs write; a line that they have not written is nobody's wrap. Pure; never fails.

use super::json::Parsed;
use phpeek_core::level::Level;
use phpeek_settings::lines::Preset;
use std::borrow::Cow;

/// What is in the wrap; `None`: the line is a text as any other.
pub(super) fn unwrap(preset: Preset, line: &str) -> Option<Parsed<'_>> {
    match preset {
        Preset::PhpFpm => php_fpm(line),
        Preset::Nginx => nginx(line),
    }
}

/// `[28-Nov-2026 10:00:00] WARNING: [pool www] child 7 said into stderr: "text"` (zlog.c, fpm_stdio.c), and what a worker
/// writes where `decorate_workers_output` is off.
fn php_fpm(line: &str) -> Option<Parsed<'_>> {
    let Some((word, rest)) = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
        .filter(|(time, _)| time.contains(':'))
        .and_then(|(_, rest)| rest.split_once(": "))
    else {
        return php(line, Vec::new());
    };
    let level = match word {
        "DEBUG" => Level::Debug,
        "NOTICE" => Level::Info,
        "WARNING" => Level::Warn,
        "ERROR" | "ALERT" => Level::Error,
        _ => return None,
    };
    let Some((pool, child, said)) = said(rest) else {
        return Some(Parsed { level: Some(level), message: Some(Cow::Borrowed(rest)), fields: Vec::new() });
    };
    // The level is that of every line that is handed on, and says nothing of it.
    let fields = vec![("pool".to_owned(), quoted(pool)), ("child".to_owned(), Cow::Borrowed(child))];
    php(said, fields.clone()).or(Some(Parsed { level: None, message: Some(Cow::Borrowed(said)), fields }))
}

/// Pool, pid and text of what a worker said.
fn said(rest: &str) -> Option<(&str, &str, &str)> {
    let (pool, rest) = rest.strip_prefix("[pool ")?.split_once("] child ")?;
    let (child, rest) = rest.split_once(" said into ")?;
    let rest = rest.strip_prefix("stderr: ").or_else(|| rest.strip_prefix("stdout: "))?;
    let text = rest.strip_suffix(", pipe is closed").unwrap_or(rest).strip_prefix('"')?;
    let is_pid = !child.is_empty() && child.len() < 12 && child.bytes().all(|byte| byte.is_ascii_digit());
    is_pid.then_some((pool, child, text.strip_suffix('"').unwrap_or(text))) // the end of a long line is cut off
}

/// What PHP logs: `NOTICE: PHP message: PHP Warning:  text`.
fn php<'a>(text: &'a str, fields: Vec<(String, Cow<'a, str>)>) -> Option<Parsed<'a>> {
    let logged = text.strip_prefix("NOTICE: ").unwrap_or(text);
    let message = logged.strip_prefix("PHP message: ").unwrap_or(text);
    let level = message.strip_prefix("PHP ").and_then(|rest| rest.split_once(':')).and_then(|(kind, _)| {
        Some(match kind {
            "Fatal error" | "Parse error" | "Recoverable fatal error" | "Core error" | "Compile error" => {
                Level::Error
            }
            "Warning" | "Core warning" | "Compile warning" | "Deprecated" => Level::Warn,
            "Notice" | "Strict Standards" => Level::Info,
            _ => return None,
        })
    });
    let is_php = level.is_some() || message.len() < text.len();
    is_php.then_some(Parsed { level, message: Some(Cow::Borrowed(message)), fields })
}

/// `2026/11/28 10:00:00 [error] 7#7: *3 text` (ngx_log.c). Of `FastCGI sent in stderr: "text" while …` the text is the message.
fn nginx(line: &str) -> Option<Parsed<'_>> {
    let (time, rest) = line.split_once(" [")?;
    let (word, rest) = rest.split_once("] ")?;
    let (threads, rest) = rest.split_once(": ")?;
    let numbers = |text: &str, also: &[u8]| text.bytes().all(|b| b.is_ascii_digit() || also.contains(&b));
    if time.len() != 19 || !numbers(time, b"/: ") || !numbers(threads, b"#") {
        return None;
    }
    let level = match word {
        "debug" => Level::Debug,
        "info" | "notice" => Level::Info,
        "warn" => Level::Warn,
        "error" | "crit" | "alert" | "emerg" => Level::Error,
        _ => return None,
    };
    let numbered = rest.strip_prefix('*').and_then(|rest| rest.split_once(' '));
    let numbered =
        numbered.filter(|(number, _)| !number.is_empty() && number.len() < 20 && numbers(number, b""));
    let (connection, rest) = numbered.map_or((None, rest), |(number, rest)| (Some(number), rest));
    let mut fields: Vec<_> =
        connection.map(|number| ("connection".to_owned(), Cow::Borrowed(number))).into_iter().collect();
    let sent = rest.strip_prefix("FastCGI sent in stderr: \"").and_then(|rest| rest.rsplit_once("\" while "));
    let Some((sent, during)) = sent else {
        return Some(Parsed { level: Some(level), message: Some(Cow::Borrowed(rest)), fields });
    };
    fields.push(("while".to_owned(), quoted(during)));
    php(sent, fields.clone()).or(Some(Parsed {
        level: Some(level),
        message: Some(Cow::Borrowed(sent)),
        fields,
    }))
}

/// A text as JSON.
fn quoted(text: &str) -> Cow<'_, str> {
    Cow::Owned(serde_json::Value::from(text).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(preset: Preset, line: &str) -> Option<(Option<Level>, String, String)> {
        let Parsed { level, message, fields } = unwrap(preset, line)?;
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some((level, message.unwrap_or_default().into_owned(), fields.join(" ")))
    }

    fn is(level: Option<Level>, message: &str, fields: &str) -> Option<(Option<Level>, String, String)> {
        Some((level, message.to_owned(), fields.to_owned()))
    }

    #[test]
    fn php_fpm_hands_on_what_its_workers_say() {
        let said = |text: &str| {
            of(
                Preset::PhpFpm,
                &format!("[28-Nov-2026 10:00:00] WARNING: [pool www] child 7 said into {text}"),
            )
        };
        let own = r#"pool="www" child=7"#;
        assert_eq!(said(r#"stdout: "a "quoted" word""#), is(None, r#"a "quoted" word"#, own));
        assert_eq!(said(r#"stderr: "last", pipe is closed"#), is(None, "last", own));
        assert_eq!(said(r#"stderr: "it was cut off..."#), is(None, "it was cut off...", own));
        assert_eq!(
            said(r#"stderr: "NOTICE: PHP message: PHP Warning:  no file in /a.php on line 2""#),
            is(Some(Level::Warn), "PHP Warning:  no file in /a.php on line 2", own)
        );
        assert_eq!(said(r#"stderr: "NOTICE: PHP message: mine""#), is(None, "mine", own));
        assert_eq!(said(r#"stderr: "{"level":"error"}""#), is(None, r#"{"level":"error"}"#, own));
    }

    #[test]
    fn what_php_fpm_says_itself_has_its_level_and_other_lines_are_left_alone() {
        let of = |line: &str| of(Preset::PhpFpm, line);
        assert_eq!(
            of("[28-Nov-2026 10:00:00.123456] NOTICE: fpm is running, pid 1"),
            is(Some(Level::Info), "fpm is running, pid 1", "")
        );
        assert_eq!(
            of("[28-Nov-2026 10:00:00] WARNING: [pool www] child 7 exited on signal 11 (SIGSEGV)"),
            is(Some(Level::Warn), "[pool www] child 7 exited on signal 11 (SIGSEGV)", "")
        );
        assert_eq!(of("PHP Fatal error:  no"), is(Some(Level::Error), "PHP Fatal error:  no", ""));
        for line in
            ["", "[", "[x] WARNING: y", "127.0.0.1 - \"GET /index.php\" 200", "[1:2] LOUD: x", "{\"a\": 1}"]
        {
            assert_eq!(of(line), None, "{line}");
        }
    }

    #[test]
    fn nginx_hands_on_what_an_application_says() {
        let of = |line: &str| of(Preset::Nginx, line);
        assert_eq!(
            of("2026/11/28 10:00:00 [notice] 1#1: start worker processes"),
            is(Some(Level::Info), "start worker processes", "")
        );
        assert_eq!(
            of(r#"2026/11/28 10:00:00 [error] 7#7: *3 open() "/x" failed (2: No such file), client: ::1"#),
            is(Some(Level::Error), r#"open() "/x" failed (2: No such file), client: ::1"#, "connection=3")
        );
        let sent = r#"FastCGI sent in stderr: "PHP message: PHP Deprecated:  old" while reading upstream, client: ::1"#;
        assert_eq!(
            of(&format!("2026/11/28 10:00:00 [error] 7#7: *3 {sent}")),
            is(
                Some(Level::Warn),
                "PHP Deprecated:  old",
                r#"connection=3 while="reading upstream, client: ::1""#
            )
        );
        for line in
            ["", "127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 3", "a [error] 7#7: x"]
        {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
