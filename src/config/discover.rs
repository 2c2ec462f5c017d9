//! Which file is the configuration. Looks, reads nothing.

use super::vars::{FAMILIES, Source, Vars};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Somebody named this file: it must be there.
    Named { path: PathBuf, by: String },
    /// The file that whoever asks has named.
    Asked(PathBuf),
    /// It lies in a documented place.
    Lying(PathBuf),
    /// There is none: the environment alone.
    Nothing,
}

/// The first of: flag, environment, home, /etc, working directory.
pub(crate) fn discover(source: &Source, vars: &dyn Vars) -> Found {
    if let Source::File(path) = source {
        return Found::Asked(path.clone());
    }
    for family in &FAMILIES {
        let variable = format!("{}CONFIG", family.prefix);
        if let Some(path) = vars.get(&variable).filter(|p| !p.is_empty()) {
            return Found::Named { path: PathBuf::from(path), by: variable };
        }
    }
    candidates(vars, Path::new("/"), Path::new(""))
        .into_iter()
        .find(|p| p.is_file())
        .map_or(Found::Nothing, Found::Lying)
}

/// The documented places in their order. `root` is what `/etc` is below, `here` the working directory.
pub(crate) fn candidates(vars: &dyn Vars, root: &Path, here: &Path) -> Vec<PathBuf> {
    let mut bases: Vec<PathBuf> = Vec::new();
    if let Some(home) = vars.get("HOME").filter(|h| !h.is_empty()) {
        bases.extend(FAMILIES.iter().map(|f| PathBuf::from(&home).join(f.home)));
    }
    bases.extend(FAMILIES.iter().map(|f| root.join(f.etc)));
    bases.extend(FAMILIES.iter().map(|f| root.join(format!("etc/{0}/{0}", f.name))));
    bases.extend(FAMILIES.iter().map(|f| here.join(f.name)));
    bases.into_iter().flat_map(|b| ["yaml", "yml"].map(|e| b.with_extension(e))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]

    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_documented_places_are_searched_in_their_order() {
        let dir = tempfile::tempdir().expect("a directory");
        let (home, root, here) = (dir.path().join("home"), dir.path().join("root"), dir.path().join("here"));
        let vars = BTreeMap::from([("HOME".to_owned(), home.to_string_lossy().into_owned())]);
        let order = [
            home.join(".phpeek/pm/config.yaml"),
            home.join(".phpeek/pm/config.yml"),
            home.join(".cbox/init/config.yaml"),
            home.join(".cbox/init/config.yml"),
            root.join("etc/phpeek/pm/config.yaml"),
            root.join("etc/phpeek/pm/config.yml"),
            root.join("etc/cbox/init/config.yaml"),
            root.join("etc/cbox/init/config.yml"),
            root.join("etc/phpeek-pm/phpeek-pm.yaml"),
            root.join("etc/phpeek-pm/phpeek-pm.yml"),
            root.join("etc/cbox-init/cbox-init.yaml"),
            root.join("etc/cbox-init/cbox-init.yml"),
            here.join("phpeek-pm.yaml"),
            here.join("phpeek-pm.yml"),
            here.join("cbox-init.yaml"),
            here.join("cbox-init.yml"),
        ];
        assert_eq!(candidates(&vars, &root, &here), order);
        assert_eq!(candidates(&BTreeMap::new(), &root, &here), order[4..]);
    }

    #[test]
    fn a_named_file_comes_before_one_that_lies_there() {
        let dir = tempfile::tempdir().expect("a directory");
        let lying = dir.path().join(".phpeek/pm/config.yml");
        std::fs::create_dir_all(lying.parent().expect("a parent")).expect("a directory");
        std::fs::write(&lying, "").expect("a file");
        let mut vars = BTreeMap::from([("HOME".to_owned(), dir.path().to_string_lossy().into_owned())]);
        assert_eq!(discover(&Source::Discover, &vars), Found::Lying(lying));
        vars.insert("CBOX_INIT_CONFIG".to_owned(), "/c".to_owned());
        let by = |path: &str, by: &str| Found::Named { path: path.into(), by: by.to_owned() };
        assert_eq!(discover(&Source::Discover, &vars), by("/c", "CBOX_INIT_CONFIG"));
        vars.insert("PHPEEK_PM_CONFIG".to_owned(), "/p".to_owned());
        assert_eq!(discover(&Source::Discover, &vars), by("/p", "PHPEEK_PM_CONFIG"));
        assert_eq!(discover(&Source::File("/f".into()), &vars), Found::Asked("/f".into()));
    }
}
