//! Reads which file of a crate names items of which other, as far as words tell it: `use` lines and paths, outside of
//! comments, texts and tests. A name that a file only hands on (`pub use`) is followed to the file that has it, and handing
//! on ties nobody; neither does `mod`. Macros are not expanded, and a method call names no file.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A path as it is written, such as `super`, `model`, `Span`.
type Path = Vec<String>;

/// One file of a crate.
#[derive(Debug, Default)]
struct File {
    /// Its name for people.
    name: String,
    /// The paths that it names.
    paths: Vec<Path>,
    /// What it hands on: the name, and the path behind it.
    handed_on: HashMap<String, Path>,
    /// What it calls modules of elsewhere.
    aliases: HashMap<String, Path>,
}

/// The files of a crate, by their module.
#[derive(Debug, Default)]
pub(crate) struct Crate(BTreeMap<Path, File>);

impl Crate {
    /// A crate of these files: the path below the folder of its root (`lib.rs`, `a/b.rs`), a name, and the text.
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Self {
        Self(files.into_iter().map(|(below, name, text)| (module(below), File::read(name, text))).collect())
    }

    /// From each file to the others that it names items of.
    pub(crate) fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut arrows = BTreeMap::new();
        for (module, file) in &self.0 {
            let to = file.paths.iter().filter_map(|path| self.find(module, path, 0));
            let others: BTreeSet<&str> = to.filter(|to| *to != file.name).collect();
            arrows.insert(file.name.as_str(), others);
        }
        arrows
    }

    /// The file that has what `path` means in `module`.
    fn find(&self, module: &Path, path: &[String], depth: usize) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (module.clone(), rest),
            "super" => (module.split_last()?.1.to_vec(), rest),
            name => match self.0.get(module)?.aliases.get(name) {
                Some(other) if depth < 9 && other.first() != Some(first) => {
                    let whole: Vec<String> = other.iter().chain(rest).cloned().collect();
                    return self.find(module, &whole, depth + 1);
                }
                _ if self.0.contains_key(&child(module, name)) => (module.clone(), path),
                _ => return None,
            },
        };
        while let Some((next, after)) = rest.split_first() {
            at = match next.as_str() {
                "super" => at.split_last()?.1.to_vec(),
                name if self.0.contains_key(&child(&at, name)) => child(&at, name),
                _ => break,
            };
            rest = after;
        }
        let file = self.0.get(&at)?;
        match rest.first().and_then(|name| file.handed_on.get(name)) {
            Some(behind) if depth < 9 => self.find(&at, behind, depth + 1),
            _ => Some(&file.name),
        }
    }
}

fn child(of: &[String], name: &str) -> Path {
    of.iter().cloned().chain([name.to_owned()]).collect()
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`; the root of a crate is nothing.
fn module(below: &str) -> Path {
    let mut steps: Path = below.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if steps.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        steps.pop();
    }
    steps
}

impl File {
    fn read(name: &str, text: &str) -> Self {
        let mut file = Self { name: name.to_owned(), ..Self::default() };
        let words = without_tests(words(text));
        let mut at = 0;
        while at < words.len() {
            if words[at] == "use" {
                let public = words[..at].iter().rev().take(4).any(|w| w == "pub")
                    && !words[..at].iter().rev().take_while(|w| *w != "pub").any(|w| w == ";" || w == "}");
                let end = words[at..].iter().position(|w| w == ";").map_or(words.len(), |n| at + n);
                file.take_use(&words[at + 1..end], &[], public);
                at = end;
            } else if is_name(&words[at]) && words.get(at + 1).is_some_and(|w| w == "::") {
                let mut path = vec![words[at].clone()];
                while words.get(at + 1).is_some_and(|w| w == "::")
                    && words.get(at + 2).is_some_and(|w| is_name(w))
                {
                    path.push(words[at + 2].clone());
                    at += 2;
                }
                file.paths.push(path);
            }
            at += 1;
        }
        file
    }

    /// A tree of `use`, without the word itself and the semicolon.
    fn take_use(&mut self, words: &[String], before: &[String], public: bool) {
        let mut path = before.to_vec();
        for (at, word) in words.iter().enumerate() {
            match word.as_str() {
                "::" => {}
                "{" => {
                    let inside = &words[at + 1..words.len().saturating_sub(1)];
                    return branches(inside).iter().for_each(|branch| self.take_use(branch, &path, public));
                }
                "*" => return self.paths.push(path),
                "as" => return self.take_name(path, words.get(at + 1).cloned(), public),
                "self" if !path.is_empty() => {}
                _ => path.push(word.clone()),
            }
        }
        let name = path.last().cloned();
        self.take_name(path, name, public);
    }

    fn take_name(&mut self, path: Path, name: Option<String>, public: bool) {
        if let Some(name) = name.filter(|_| path.len() > 1 || public) {
            self.aliases.insert(name.clone(), path.clone());
            if public {
                self.handed_on.insert(name, path);
                return;
            }
        }
        self.paths.push(path);
    }
}

/// The parts between commas that no brace is around.
fn branches(words: &[String]) -> Vec<&[String]> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                found.push(&words[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&words[from..]);
    found.into_iter().filter(|branch| !branch.is_empty()).collect()
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single marks; no comments, no texts.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let raw = rest
            .trim_start_matches('b')
            .strip_prefix('r')
            .map(|r| r.bytes().take_while(|b| *b == b'#').count());
        let is_raw =
            |n: &usize| rest.trim_start_matches('b').get(1 + n..).is_some_and(|r| r.starts_with('"'));
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |n| n + 2)
        } else if let Some(hashes) = raw.filter(is_raw) {
            let begin = rest.find('"').unwrap_or(0) + 1;
            let end = format!("\"{}", "#".repeat(hashes));
            rest[begin..].find(&end).map_or(rest.len(), |n| begin + n + end.len())
        } else if c == '"' || rest.starts_with("b\"") || rest.starts_with("c\"") {
            quoted(rest, '"')
        } else if c == '\'' {
            // A character, or the mark of a lifetime.
            match rest[1..].chars().next() {
                Some('\\') => quoted(rest, '\''),
                Some(inner) if rest[1 + inner.len_utf8()..].starts_with('\'') => 2 + inner.len_utf8(),
                _ => 1,
            }
        } else if is_name(rest) {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else {
            if !c.is_whitespace() {
                found.push(c.to_string());
            }
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The length of a text in quotes, with all that a backslash keeps.
fn quoted(text: &str, quote: char) -> usize {
    let begin = text.find(quote).unwrap_or(0) + 1;
    let mut escaped = false;
    for (at, c) in text[begin..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return begin + at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Without what stands behind `#[cfg(test)]`, up to its semicolon or closing brace.
fn without_tests(words: Vec<String>) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        if words[at..].iter().zip(MARK).filter(|(a, b)| a == b).count() < MARK.len() {
            kept.push(words[at].clone());
            at += 1;
            continue;
        }
        let mut depth = 0;
        while at < words.len() {
            match words[at].as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 && [";", "}"].contains(&words[at - 1].as_str()) {
                break;
            }
        }
    }
    kept
}

/// The arrows that are part of a circle: from whose end there is a way back to where they begin.
pub(crate) fn circles<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<(&'a str, &'a str)> {
    let leads_to = |from: &'a str, goal: &str| {
        let (mut seen, mut left) = (BTreeSet::from([from]), vec![from]);
        while let Some(at) = left.pop() {
            let next = arrows.get(at).into_iter().flatten().copied();
            left.extend(next.filter(|to| seen.insert(to)));
        }
        seen.contains(goal)
    };
    let all = arrows.iter().flat_map(|(from, to)| to.iter().map(|to| (*from, *to)));
    all.filter(|(from, to)| leads_to(to, from)).collect()
}

#[test]
fn a_circle_is_seen_and_what_is_none_is_not() {
    let of = |files: &[(&'static str, &'static str)]| {
        let read = Crate::of(files.iter().map(|(path, text)| (*path, *path, *text)));
        circles(&read.arrows()).into_iter().map(|(a, b)| format!("{a} {b}")).collect::<Vec<_>>()
    };
    let none = of(&[
        ("lib.rs", "mod a; mod b; pub use a::A; // crate::b\n"),
        ("a.rs", "use super::b; fn a() { b::b(); \"crate::c::c\"; } pub struct A;"),
        ("b.rs", "#[cfg(test)] mod tests { use crate::a::A; } fn b<'a>() { 'x'; '\\''; }"),
        ("c/mod.rs", "mod d; pub struct C; pub use d::D;"),
        ("c/d.rs", "use super::C; pub struct D;"),
    ]);
    assert_eq!(none, Vec::<String>::new());
    assert_eq!(
        of(&[("a.rs", "use crate::b::{self, B as C};"), ("b.rs", "fn f() { super::a::g() }")]).len(),
        2
    );
    // Through a name that a third file hands on.
    let round = of(&[
        ("lib.rs", "pub(crate) use b::B;"),
        ("a.rs", "use crate::B;"),
        ("b.rs", "use super::{c::d, a::{A}};"),
        ("c.rs", ""),
    ]);
    assert_eq!(round, ["a.rs b.rs", "b.rs a.rs"]);
    assert_eq!(of(&[("main.rs", "mod a; fn f() { a::g() }"), ("a.rs", "use super::f;")]).len(), 2);
}
