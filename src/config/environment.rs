//! The variables of a process: `env_file`, and `env` over it. Reads each file once; never shows what one holds,
//! because it may be secret.

use super::files;
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Value};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// Variables by name.
type Variables = Vec<(String, String)>;

/// Reads what processes find in their environments.
pub(crate) struct Environments<'a> {
    /// What paths are relative to.
    folder: &'a std::path::Path,
    /// What each file holds, or why it cannot be used.
    known: HashMap<PathBuf, Result<Variables, String>>,
}

impl<'a> Environments<'a> {
    pub(crate) fn new(folder: &'a std::path::Path) -> Self {
        Self { folder, known: HashMap::new() }
    }

    /// What paths of the configuration are relative to.
    pub(crate) fn folder(&self) -> &'a std::path::Path {
        self.folder
    }

    /// The variables of one process, in the order of their names: later files win, and `env` over them.
    pub(crate) fn of(&mut self, node: &Node, path: &Path<'_>, findings: &mut Findings) -> Variables {
        let own = node.get("env").map(Node::entries).unwrap_or_default();
        let Some(written) = node.get("env_file") else {
            let mut all: Variables = own.iter().map(|e| checked(e, path, findings)).collect();
            all.sort();
            return all;
        };
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        let files = match &written.value {
            Value::List(items) => items.iter().collect(),
            _ => vec![written],
        };
        for file in files {
            let Some(name) = file.text().filter(|text| !text.trim().is_empty()) else { continue };
            let place = self.folder.join(name);
            let read = self.known.entry(place.clone()).or_insert_with(|| {
                let text = files::text(&place);
                text.map_err(|why| format!("it cannot be read: {why}")).and_then(|text| variables(&text))
            });
            match read {
                Ok(variables) => all.extend(variables.iter().cloned()),
                Err(why) => {
                    let message = format!("the file {}: {why}", place.display());
                    let fault = Finding::error(path.key("env_file"), file.place.clone(), message);
                    findings.push(fault.advice("name a file of KEY=VALUE lines that is there"));
                }
            }
        }
        all.extend(own.iter().map(|e| checked(e, path, findings)));
        all.into_iter().collect()
    }
}

/// One entry of `env`.
fn checked(entry: &super::tree::Entry, path: &Path<'_>, findings: &mut Findings) -> (String, String) {
    if !is_name(&entry.key) {
        let message = format!("{:?} is no name of a variable", entry.key);
        let fault = Finding::error(path.key("env").key(&entry.key), entry.place.clone(), message);
        findings.push(fault.advice("a name is not empty and holds no ="));
    }
    (entry.key.clone(), entry.node.text().unwrap_or_default().to_owned())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// The variables of a file: `KEY=VALUE`, with or without `export`; `#` begins a comment; a value may be quoted.
fn variables(text: &str) -> Result<Variables, String> {
    let mut all = Variables::new();
    for (number, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
            .filter(|(key, value)| {
                is_name(key) && !key.contains(char::is_whitespace) && !value.contains('\0')
            })
            .ok_or_else(|| format!("line {number} is no KEY=VALUE"))?;
        let value = unquoted(value).ok_or_else(|| format!("line {number}: a quote is never closed"))?;
        all.push((key.to_owned(), value));
    }
    Ok(all)
}

/// A value without its quotes and without the comment behind it.
fn unquoted(value: &str) -> Option<String> {
    if let Some(inside) = value.strip_prefix('\'') {
        let (inside, after) = inside.split_once('\'')?;
        return ends(after).then(|| inside.to_owned());
    }
    let Some(inside) = value.strip_prefix('"') else {
        let end = value.find(" #").or_else(|| value.find("\t#")).unwrap_or(value.len());
        let bare = if value.starts_with('#') { "" } else { value.get(..end)? };
        return Some(bare.trim_end().to_owned());
    };
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside.chars();
    loop {
        match rest.next()? {
            '"' => return ends(rest.as_str()).then_some(out),
            '\\' => match rest.next()? {
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                plain @ ('"' | '\\' | '$' | '`') => out.push(plain),
                other => out.extend(['\\', other]),
            },
            plain => out.push(plain),
        }
    }
}

/// Behind a closing quote there is nothing but a comment.
fn ends(after: &str) -> bool {
    let after = after.trim_start();
    after.is_empty() || after.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_compose_reads_them() {
        let text = "# comment\n A=one \n\nexport B=\"two \\\"words\\\"\\n\" # c\nC='three # four'\nD=\nE=a#b\nF=a # b\nG=x=y\nH=#\n";
        let read = variables(text);
        let wanted = [
            ("A", "one"),
            ("B", "two \"words\"\n"),
            ("C", "three # four"),
            ("D", ""),
            ("E", "a#b"),
            ("F", "a"),
            ("G", "x=y"),
            ("H", ""),
        ];
        assert_eq!(read, Ok(wanted.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec()));
        for wrong in ["A", "=b", "A B=c", "A='x", "A=\"x", "A='x' y", "A=\"\\"] {
            assert!(variables(wrong).is_err_and(|e| e.starts_with("line 1")), "{wrong}");
        }
    }
}
