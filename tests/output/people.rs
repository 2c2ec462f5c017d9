//! Records for people: what stands in them can be told apart, and nothing in them is obeyed by a terminal.

use super::*;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

fn say(output: &Output, value: &str) {
    output.log(LogRecord {
        at: Duration::ZERO,
        level: Level::Warn,
        message: "it happened".into(),
        process: ProcessName::new("web").ok(),
        instance: Some(0),
        fields: vec![("why", value.to_owned().into()), ("signal", "SIGTERM".into()), ("code", 3.into())],
    });
}

#[test]
fn values_with_spaces_are_quoted_and_no_control_character_passes() {
    let mut file = tempfile::tempfile().expect("a file");
    let (system, output) = start(LogFormat::Text, Level::Info, file.try_clone().expect("a copy").into());
    say(&output, "no \"way\"\nat all");
    let mut child = child(&output, "web", Stream::Stdout);
    let every: String = ('\0'..='\u{2100}').filter(|c| *c != '\n').collect();
    child.write_all(format!("{every}\u{feff}\u{e0041}|\n").as_bytes()).expect("room");
    drop(child);
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    let mut text = String::new();
    std::io::Seek::rewind(&mut file).expect("a file can be rewound");
    file.read_to_string(&mut text).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].ends_with(" WARN [web-0] it happened why=\"no \\\"way\\\"\\nat all\" signal=SIGTERM code=3"),
        "{text}"
    );
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(
        !text.contains(['\u{202e}', '\u{2066}', '\u{2028}', '\u{200f}', '\u{feff}', '\u{e0041}']),
        "{text:?}"
    );
    assert_eq!(lines.len(), 2, "{text:?}");
}

/// What a terminal shows of a record of the format that is meant for it.
fn on_a_terminal() -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).expect("mine");
    unlockpt(&terminal).expect("open");
    let name = ptsname(&terminal, Vec::new()).expect("a name");
    let stdout = rustix::fs::open(
        &*name,
        rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY,
        rustix::fs::Mode::empty(),
    );
    let (system, output) = start(LogFormat::Auto, Level::Info, stdout.expect("the other side"));
    say(&output, "no way");
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    let mut shown = vec![0; 4096];
    let count = File::from(terminal).read(&mut shown).expect("a record");
    String::from_utf8(shown[..count].to_vec()).expect("UTF-8")
}

#[test]
fn a_terminal_gets_text_and_everything_else_json() {
    let shown = on_a_terminal();
    let inks = ["\x1b[0m", "\x1b[2m", "\x1b[33m", "\x1b[36m"];
    let bare = inks.iter().fold(shown.clone(), |text, ink| text.replace(ink, ""));
    assert!(
        bare.trim_end().ends_with(" WARN [web-0] it happened why=\"no way\" signal=SIGTERM code=3"),
        "{shown:?}"
    );
    let coloured = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    assert_eq!(shown.contains('\x1b'), coloured, "{shown:?}");
    let (out, _) = written(LogFormat::Auto, Level::Info, b"hello\n", 100);
    assert_eq!(records(&out)[0]["msg"], "hello");
}
