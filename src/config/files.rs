//! Files of a configuration: found, read within a bound, and turned into trees.

use super::discover::{self, Found};
use super::report::{Finding, Findings};
use super::tree::{Node, Place, Value};
use super::vars::{Source, Vars};
use super::{parse, plain, syntax};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes: a device or a log given by mistake must not fill the memory.
const MAX_FILE: u64 = 16 << 20;

/// The configuration's own file and its text.
pub(crate) fn read(source: &Source, vars: &dyn Vars, findings: &mut Findings) -> (Option<PathBuf>, String) {
    let (path, by) = match (source, discover::discover(source, vars)) {
        (Source::Text(text), _) => return (None, text.clone()),
        (_, Found::Nothing) => return (None, String::new()),
        (_, Found::Lying(path) | Found::Asked(path)) => (path, None),
        (_, Found::Named { path, by }) => (path, Some(by)),
    };
    match text(&path) {
        Ok(text) => (Some(path), text),
        Err(message) => {
            let by = by.map_or(String::new(), |by| format!(", which {by} names,"));
            let message = format!("the file {}{by} cannot be read: {message}", path.display());
            findings.push(Finding::error("", Place::Nowhere, message).advice(advice(&path)));
            (Some(path), String::new())
        }
    }
}

/// What to do about a file that cannot be read.
pub(crate) fn advice(path: &Path) -> String {
    let shown = path.display();
    match std::fs::metadata(path) {
        _ if path == Path::new("-") => "name /dev/stdin to read standard input".to_owned(),
        Ok(data) if data.is_dir() => {
            format!("name the file in it, as {}", path.join("phpeek-pm.yaml").display())
        }
        Ok(data) if data.file_type().is_fifo() || data.file_type().is_socket() => {
            "name a file, or /dev/stdin".to_owned()
        }
        Ok(_) if std::fs::File::open(path).is_err() => {
            format!("let this user read it: `ls -l {shown}` tells whose it is")
        }
        Ok(_) => "name a text in UTF-8; `phpeek-pm example minimal` shows one".to_owned(),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            format!("let this user into its folders: `namei -l {shown}` tells whose they are")
        }
        Err(_) => "name a file that is there".to_owned(),
    }
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    if path == Path::new("-") {
        return Err("standard input is no file".to_owned());
    }
    // Opening one waits for who writes to it, perhaps for ever; what a shell hands over has no name of its own.
    if std::fs::metadata(path).is_ok_and(|data| data.file_type().is_fifo())
        && std::fs::canonicalize(path).is_ok()
    {
        return Err("it is a FIFO, which gives its text only once".to_owned());
    }
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it is larger than {MAX_FILE} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&error))?;
    Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text))
}

/// What a file is that is no UTF-8, and where.
fn not_utf8(error: &std::string::FromUtf8Error) -> String {
    let bytes = error.as_bytes();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return "it is UTF-16, and not UTF-8".to_owned();
    }
    let before = bytes.get(..error.utf8_error().valid_up_to()).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let own = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let column = String::from_utf8_lossy(own).chars().count() + 1;
    let wrong = bytes.get(before.len()).copied().unwrap_or_default();
    format!("it is not UTF-8: line {line}, column {column} has the byte 0x{wrong:02x}")
}

/// The tree of a file, by its number. What the reader with places refuses is tried with the other one: no file that
/// others load is refused for its form.
pub(crate) fn tree(text: &str, file: usize, findings: &mut Findings) -> Option<Node> {
    if text.is_empty() {
        let place = if file == 0 { Place::Nowhere } else { Place::File { file, line: 1, column: 1 } };
        return Some(Node { place, value: Value::Null });
    }
    let mut own = Findings::default();
    let fault = match parse::parse(text, file, &mut own) {
        Ok(root) => {
            findings.append(own);
            return shaped(without_anchors(root), findings);
        }
        Err(fault) => fault,
    };
    if fault.syntax
        && let Some(root) = plain::parse(text)
    {
        return shaped(without_anchors(root), findings);
    }
    if !fault.syntax && !fault.message.contains("a key must be a plain text") {
        let error = Finding::error("", fault.place, fault.message);
        findings.push(error.advice("mend it; nothing after this place was read"));
        return None;
    }
    // In serde_yaml's words where it sees the fault too: they name where it began.
    let known = if fault.syntax { plain::fault(text, file) } else { None };
    let (message, place) = known.unwrap_or((fault.message, fault.place));
    findings.push(syntax::error(text, file, &message, &place));
    None
}

/// A file without a key says nothing: then no more is said of it.
fn shaped(root: Node, findings: &mut Findings) -> Option<Node> {
    let what = match &root.value {
        Value::List(_) => "a list",
        Value::Scalar(_) => "a text",
        _ => return Some(root),
    };
    let message = format!("the file must be a mapping, and is {what}");
    let advice =
        "begin with `processes:`, and the name of a process below it; `phpeek-pm example minimal` shows one";
    findings.push(Finding::error("", root.place, message).advice(advice));
    None
}

/// `x-…` at the top holds anchors, as in compose files: once they are followed nobody reads it, so nothing in it is
/// replaced or judged.
fn without_anchors(mut root: Node) -> Node {
    if let Value::Map(entries) = &mut root.value {
        entries.retain(|e| !e.key.starts_with("x-"));
    }
    root
}
