//! Files of a configuration: found, read within a bound, and turned into trees.

use super::discover::{self, Found};
use super::report::{Finding, Findings};
use super::tree::{Node, Place, Value};
use super::vars::{Source, Vars};
use super::{parse, plain};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes: a device or a log given by mistake must not fill the memory.
const MAX_FILE: u64 = 16 << 20;

/// The configuration's own file and its text.
pub(crate) fn read(source: &Source, vars: &dyn Vars, findings: &mut Findings) -> (Option<PathBuf>, String) {
    let (path, by) = match (source, discover::discover(source, vars)) {
        (Source::Text(text), _) => return (None, text.clone()),
        (_, Found::Nothing) => return (None, String::new()),
        (_, Found::Lying(path)) => (path, None),
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
fn advice(path: &Path) -> String {
    let shown = path.display();
    match std::fs::metadata(path) {
        _ if path == Path::new("-") => "standard input is no file: name /dev/stdin to read it".to_owned(),
        Ok(data) if data.is_dir() => {
            format!("name the file in it, as {}", path.join("phpeek-pm.yaml").display())
        }
        Ok(_) if std::fs::File::open(path).is_err() => {
            format!("let this user read it: `ls -l {shown}` tells whose it is")
        }
        Ok(_) => "name a text in UTF-8; `phpeek-pm example minimal` shows one".to_owned(),
        Err(_) => "name a file that is there".to_owned(),
    }
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it is larger than {MAX_FILE} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text))
}

/// The tree of a file, by its number. What the reader with places refuses is tried with the other one: no file that
/// others load is refused for its form.
pub(crate) fn tree(text: &str, file: usize, findings: &mut Findings) -> Option<Node> {
    let mut own = Findings::default();
    let fault = match parse::parse(text, file, &mut own) {
        Ok(root) => {
            findings.append(own);
            return Some(without_anchors(root));
        }
        Err(fault) => fault,
    };
    if fault.syntax
        && let Some(root) = plain::parse(text)
    {
        return Some(without_anchors(root));
    }
    // In serde_yaml's words where it sees the fault too: they are those that its users know.
    let known = if fault.syntax { plain::fault(text, file) } else { None };
    let (message, place) = known.unwrap_or((fault.message, fault.place));
    if let Some(tab) = tab(text, file, &place) {
        let error = Finding::error("", tab, "a tab stands where YAML takes spaces alone");
        findings.push(error.advice("indent with spaces; nothing after this place was read"));
        return None;
    }
    let error = Finding::error("", place, format!("the file is no valid YAML: {message}"));
    findings.push(error.advice("mend the syntax; nothing after this place was read"));
    None
}

/// The tab at or right beside the place of a fault that stands before a value.
fn tab(text: &str, file: usize, place: &Place) -> Option<Place> {
    let Place::File { line, .. } = place else { return None };
    let near = text.lines().enumerate().skip(line.saturating_sub(2)).take(3);
    let before =
        |text: &str| text.chars().take_while(|c| c.is_whitespace() || *c == '-').position(|c| c == '\t');
    let (at, column) = near.filter_map(|(at, text)| Some((at, before(text)?))).next()?;
    Some(Place::File { file, line: at + 1, column: column + 1 })
}

/// `x-…` at the top holds anchors, as in compose files: once they are followed nobody reads it, so nothing in it is
/// replaced or judged.
fn without_anchors(mut root: Node) -> Node {
    if let Value::Map(entries) = &mut root.value {
        entries.retain(|e| !e.key.starts_with("x-"));
    }
    root
}
