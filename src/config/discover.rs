//! Which file is the configuration. Looks, reads nothing. Called by `load`.

use super::{FAMILIES, Source, Vars};
use std::path::PathBuf;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Somebody named this file: it must be there.
    Named { path: PathBuf, by: String },
    /// It lies in a documented place.
    Lying(PathBuf),
    /// There is none: the environment alone.
    Nothing,
}

/// The first of: flag, environment, home, /etc, working directory.
pub(crate) fn discover(source: &Source, vars: &dyn Vars) -> Found {
    if let Source::File(path) = source {
        return Found::Named { path: path.clone(), by: "--config".to_owned() };
    }
    for family in &FAMILIES {
        let variable = format!("{}CONFIG", family.prefix);
        if let Some(path) = vars.get(&variable).filter(|p| !p.is_empty()) {
            return Found::Named { path: PathBuf::from(path), by: variable };
        }
    }
    candidates(vars).into_iter().find(|p| p.is_file()).map_or(Found::Nothing, Found::Lying)
}

fn candidates(vars: &dyn Vars) -> Vec<PathBuf> {
    let mut bases: Vec<PathBuf> = Vec::new();
    if let Some(home) = vars.get("HOME").filter(|h| !h.is_empty()) {
        bases.extend(FAMILIES.iter().map(|f| PathBuf::from(&home).join(f.home)));
    }
    bases.extend(FAMILIES.iter().map(|f| PathBuf::from(f.etc)));
    bases.extend(FAMILIES.iter().map(|f| PathBuf::from(format!("/etc/{0}/{0}", f.name))));
    bases.extend(FAMILIES.iter().map(|f| PathBuf::from(f.name)));
    bases.into_iter().flat_map(|b| ["yaml", "yml"].map(|e| b.with_extension(e))).collect()
}
