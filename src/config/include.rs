//! `include`: more files, laid beside the configuration's own. Owns what may stand in two files and what may not;
//! reads values as little as any other step before `schema`.

use super::report::{Finding, Findings, Included, Path as YamlPath};
use super::tree::{Entry, Node, Place, Value};
use super::vars::Vars;
use super::{files, foreign, substitute};
use std::path::{Path, PathBuf};

/// Most files that are included.
const MAX_FILES: usize = 1000;

/// Blocks of which each file may have its part.
const SHARED: [&str; 4] = ["global", "signals", "hooks", "processes"];

/// Lays the files that `root` includes beside it. Their trees become part of `root`; the files are given back in the
/// order of their numbers.
pub(crate) fn include(
    root: &mut Node,
    file: Option<&Path>,
    vars: &dyn Vars,
    findings: &mut Findings,
) -> Vec<Included> {
    let Some(mut named) = root.get("include").cloned() else { return Vec::new() };
    substitute::expand_tree(&mut named, vars, &mut Findings::default());
    let here = file.and_then(Path::parent).unwrap_or(Path::new(""));
    let patterns: Vec<&Node> = match &named.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![&named],
    };
    let mut found: Vec<(PathBuf, Place)> = Vec::new();
    for node in patterns {
        // What is no text was told by the check of types.
        let Some(pattern) = node.text().filter(|text| !text.trim().is_empty()) else { continue };
        match matching(&here.join(pattern)) {
            Ok(paths) => found.extend(paths.into_iter().map(|path| (path, node.place.clone()))),
            Err(message) => wrong(node.place.clone(), message, "name files, as conf.d/*.yaml", findings),
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.dedup_by(|a, b| a.0 == b.0);
    if found.len() > MAX_FILES {
        let message = format!("{} files are more than {MAX_FILES}", found.len());
        wrong(named.place.clone(), message, "put several processes into one file", findings);
        return Vec::new();
    }
    let own = file.map_or("the configuration".to_owned(), |f| f.display().to_string());
    let mut included: Vec<Included> = Vec::new();
    for (path, place) in found {
        let text = match files::text(&path) {
            Ok(text) => text,
            Err(message) => {
                let advice = match path.is_dir() {
                    true => format!("name the files in it, as {}", path.join("*.yaml").display()),
                    false => files::advice(&path),
                };
                let message = format!("the file {} cannot be read: {message}", path.display());
                wrong(place, message, &advice, findings);
                continue;
            }
        };
        let foreign = foreign::told(&text, Some(&path), included.len() + 1);
        included.push(Included { path, text });
        let Some(new) = included.last() else { continue };
        if let Some(foreign) = foreign {
            findings.push(foreign);
            continue;
        }
        if let Some(tree) = files::tree(&new.text, included.len(), findings) {
            let name = |file: usize| match file.checked_sub(1).and_then(|at| included.get(at)) {
                Some(other) => other.path.display().to_string(),
                None => own.clone(),
            };
            Merge { name: &name, file: included.len(), findings }.roots(root, tree);
        }
    }
    included
}

fn wrong(place: Place, message: String, advice: &str, findings: &mut Findings) {
    findings.push(Finding::error("include", place, message).advice(advice));
}

/// The files of a pattern, in the order of their names. A name without a wildcard must be there.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let text = pattern.to_str().ok_or_else(|| "the path is not UTF-8".to_owned())?;
    if !text.contains(['*', '?', '[']) {
        return Ok(vec![pattern.to_owned()]);
    }
    let paths = glob::glob(text).map_err(|error| format!("{text:?} is no pattern: {error}"))?;
    // What cannot be looked into has no files for us, as for a shell.
    Ok(paths.filter_map(Result::ok).filter(|path| path.is_file()).take(MAX_FILES + 1).collect())
}

struct Merge<'a, 'f> {
    /// The name of a file by its number.
    name: &'a dyn Fn(usize) -> String,
    /// The number of the file that is laid beside the others.
    file: usize,
    findings: &'f mut Findings,
}

impl Merge<'_, '_> {
    fn roots(&mut self, root: &mut Node, tree: Node) {
        let Value::Map(entries) = tree.value else {
            return;
        };
        for entry in entries {
            match entry.key.as_str() {
                "version" => {}
                "include" => {
                    let message = "an included file cannot include others".to_owned();
                    wrong(entry.place, message, "name them in the first file", self.findings);
                }
                shared if SHARED.contains(&shared) => self.block(root, entry),
                _ => self.lay(root, entry, &YamlPath::ROOT),
            }
        }
    }

    /// A block of which each file has its part.
    fn block(&mut self, root: &mut Node, entry: Entry) {
        let both = root.get(&entry.key).is_some_and(|own| matches!(own.value, Value::Map(_)));
        match (both, entry.node.value) {
            (true, Value::Map(parts)) => {
                let (path, place) = (YamlPath::ROOT, entry.place);
                let path = path.key(&entry.key);
                let Some(own) = root.entry(&entry.key, &place) else { return };
                for part in parts {
                    self.lay(own, part, &path);
                }
            }
            (_, Value::Null) => {}
            (_, value) => {
                let node = Node { place: entry.node.place, value };
                self.lay(root, Entry { node, ..entry }, &YamlPath::ROOT);
            }
        }
    }

    /// Adds an entry that no other file may have.
    fn lay(&mut self, block: &mut Node, entry: Entry, path: &YamlPath<'_>) {
        let Value::Map(entries) = &mut block.value else { return };
        let Some(other) = entries.iter_mut().find(|e| e.key == entry.key) else {
            return entries.push(entry);
        };
        if other.node.is_nothing() {
            return *other = entry;
        }
        let before = match other.place {
            Place::File { file, .. } => (self.name)(file),
            _ => (self.name)(0),
        };
        let message = format!("{:?} is written in {before} and in {}", entry.key, (self.name)(self.file));
        let fault = Finding::error(path.key(&entry.key), entry.place, message);
        self.findings.push(fault.advice("keep one of them"));
    }
}
