//! Which files a process watches, and so which folders are to be. Looks at folders, and follows no link below them.

use glob::{MatchOptions, Pattern};
use phpeek_core::watching::WatchSpec;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// More folders than this are more than the kernel watches for a user by default, and a slip.
const MOST: usize = 100_000;

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// One of `paths`.
#[derive(Debug)]
enum Wanted {
    /// A file, or a folder with all below it.
    Path(PathBuf),
    /// A glob, the folder before its first wildcard, and how deep below that it reaches.
    Glob { pattern: Pattern, base: PathBuf, depth: usize },
}

/// What does not count.
#[derive(Debug)]
enum Ignored {
    /// A name, wherever it is.
    Name(Pattern),
    /// A path or a glob.
    Path(Pattern),
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Rules {
    wanted: Vec<Wanted>,
    ignored: Vec<Ignored>,
}

impl Rules {
    /// What is no pattern was refused with the configuration.
    pub(super) fn of(spec: &WatchSpec) -> Self {
        let absolute = |text: &String| std::path::absolute(text).unwrap_or_else(|_| PathBuf::from(text));
        let ignored = spec.ignore.iter().filter_map(|text| match text.contains('/') {
            true => Pattern::new(&absolute(text).to_string_lossy()).ok().map(Ignored::Path),
            false => Pattern::new(text).ok().map(Ignored::Name),
        });
        let wanted = spec.paths.iter().filter_map(|text| wanted(absolute(text)));
        Self { wanted: wanted.collect(), ignored: ignored.collect() }
    }

    /// Whether a change of this file counts.
    pub(super) fn has(&self, path: &Path) -> bool {
        let wanted = self.wanted.iter().any(|wanted| match wanted {
            Wanted::Path(own) => path.starts_with(own),
            Wanted::Glob { pattern, .. } => pattern.matches_path_with(path, OPTIONS),
        });
        wanted && !self.ignores(path)
    }

    fn ignores(&self, path: &Path) -> bool {
        self.ignored.iter().any(|ignored| match ignored {
            Ignored::Name(name) => path
                .components()
                .any(|part| matches!(part, Component::Normal(part) if name.matches(&part.to_string_lossy()))),
            Ignored::Path(own) => path.ancestors().any(|above| own.matches_path_with(above, OPTIONS)),
        })
    }

    /// Tells of the folders in which something may change that counts, and of those in which one of these may come: of
    /// each before it is looked into. Watched from then on, none that comes below it meanwhile is passed over.
    pub(super) fn each_folder(&self, mut tell: impl FnMut(&Path)) {
        let mut found = BTreeSet::new();
        let mut enter = |folder: PathBuf| {
            if !found.contains(&folder) {
                tell(&folder);
                found.insert(folder);
            }
            found.len() < MOST
        };
        for wanted in &self.wanted {
            let (base, depth) = match wanted {
                Wanted::Path(path) => (path, usize::MAX),
                Wanted::Glob { base, depth, .. } => (base, *depth),
            };
            if let Some(above) = base.parent().and_then(nearest) {
                enter(above.to_owned());
            }
            if base.is_dir() {
                self.below(base, depth, &mut enter);
            }
        }
    }

    /// Whether below a folder that has come there is a file already that counts; of one with very many, that is taken to be so.
    pub(super) fn has_below(&self, folder: &Path) -> bool {
        let mut open = vec![folder.to_owned()];
        let mut looked = 0;
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                looked += 1;
                let path = entry.path();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if looked > MOST || !is_folder && self.has(&path) {
                    return true;
                }
                if is_folder && !self.ignores(&path) {
                    open.push(path);
                }
            }
        }
        false
    }

    /// Goes on for as long as `enter` lets it.
    fn below(&self, base: &Path, depth: usize, enter: &mut impl FnMut(PathBuf) -> bool) {
        let mut open = vec![(base.to_owned(), depth)];
        while let Some((folder, depth)) = open.pop() {
            if !enter(folder.clone()) {
                return;
            }
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if depth > 0 && is_folder && !self.ignores(&path) {
                    open.push((path, depth - 1));
                }
            }
        }
    }

    /// What is not there: it is waited for.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Path> {
        let bases = self.wanted.iter().map(|wanted| match wanted {
            Wanted::Path(path) => path.as_path(),
            Wanted::Glob { base, .. } => base,
        });
        bases.filter(|base| !base.exists())
    }
}

fn wanted(path: PathBuf) -> Option<Wanted> {
    let wild = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    let parts: Vec<Component<'_>> = path.components().collect();
    let Some(first) = parts.iter().position(wild) else { return Some(Wanted::Path(path)) };
    let base: PathBuf = parts.iter().take(first).collect();
    let deep = parts.iter().any(|part| part.as_os_str() == "**");
    let depth = if deep { usize::MAX } else { parts.len() - first - 1 };
    let pattern = Pattern::new(&path.to_string_lossy()).ok()?;
    Some(Wanted::Glob { pattern, base, depth })
}

/// The nearest folder that is there.
fn nearest(path: &Path) -> Option<&Path> {
    path.ancestors().find(|above| above.is_dir())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::fs;
    use std::time::Duration;

    fn rules(paths: &[&str], ignore: &[&str]) -> Rules {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Rules::of(&WatchSpec {
            paths: own(paths),
            ignore: own(ignore),
            pause: Duration::ZERO,
            cascade: false,
        })
    }

    #[test]
    fn what_counts_is_what_is_written() {
        let rules = rules(
            &["/a/src/**/*.php", "/a/etc", "/a/one?.txt", "/a/flat/*.txt"],
            &["node_modules", "*.tmp", "/a/etc/skip/*"],
        );
        for (path, counts) in [
            ("/a/src/x.php", true),
            ("/a/src/b/c/x.php", true),
            ("/a/src/b/c/x.txt", false),
            ("/a/src/node_modules/x.php", false),
            ("/a/etc/any/thing", true),
            ("/a/etc/any/thing.tmp", false),
            ("/a/etc/skip/it", false),
            ("/a/etc/skip/it/below", false),
            ("/a/etcetera", false),
            ("/a/one1.txt", true),
            ("/a/flat/x.txt", true),
            ("/a/flat/deep/x.txt", false),
        ] {
            assert_eq!(rules.has(Path::new(path)), counts, "{path}");
        }
    }

    #[test]
    fn folders_are_those_in_which_something_that_counts_may_change() {
        let root = tempfile::tempdir().expect("room");
        let at = |name: &str| root.path().join(name);
        for folder in ["src/a/b", "src/node_modules/x", "flat/deep"] {
            fs::create_dir_all(at(folder)).expect("room");
        }
        let text = |name: &str| at(name).to_string_lossy().into_owned();
        let rules = rules(
            &[&text("src"), &text("flat/*.txt"), &text("not/there/*.php"), &text("file.txt")],
            &["node_modules"],
        );
        let wanted: BTreeSet<PathBuf> =
            ["src", "src/a", "src/a/b", "flat", ""].map(|name| at(name).components().collect()).into();
        let mut found = BTreeSet::new();
        rules.each_folder(|folder| assert!(found.insert(folder.to_owned()), "{} twice", folder.display()));
        assert_eq!(found, wanted);
        let missing: Vec<_> = rules.missing().map(Path::to_owned).collect();
        assert_eq!(missing, [at("not/there"), at("file.txt")]);
        assert!(!rules.has_below(&at("src/a")));
        fs::write(at("src/a/b/f"), "").expect("room");
        assert!(rules.has_below(&at("src/a")));
    }

    #[test]
    fn a_folder_that_comes_when_the_one_above_it_is_told_of_is_told_of_too() {
        let root = tempfile::tempdir().expect("room");
        let src = root.path().join("src");
        fs::create_dir(&src).expect("room");
        let rules = rules(&[&src.join("**/*.php").to_string_lossy()], &[]);
        let mut found = Vec::new();
        rules.each_folder(|folder| {
            found.push(folder.to_owned());
            // As somebody who makes the next one just after it was watched: no event will be missed, and none needed.
            if folder.starts_with(&src) && found.len() < 5 {
                fs::create_dir(folder.join("next")).expect("room");
            }
        });
        assert_eq!(found.last(), Some(&src.join("next/next/next")), "{found:?}");
    }
}
