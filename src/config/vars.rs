//! Where a configuration comes from: the file, and the environment with the two names of the product.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The two names of the product, and where each keeps its files.
pub(crate) struct Family {
    pub(crate) prefix: &'static str,
    pub(crate) name: &'static str,
    /// Below the home directory.
    pub(crate) home: &'static str,
    /// Below `/`.
    pub(crate) etc: &'static str,
}

pub(crate) const FAMILIES: [Family; 2] = [
    Family {
        prefix: "PHPEEK_PM_",
        name: "phpeek-pm",
        home: ".phpeek/pm/config",
        etc: "etc/phpeek/pm/config",
    },
    Family {
        prefix: "CBOX_INIT_",
        name: "cbox-init",
        home: ".cbox/init/config",
        etc: "etc/cbox/init/config",
    },
];

/// Where the configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This file; it must be there.
    File(PathBuf),
    /// The first of the documented places; none is no fault.
    Discover,
    /// This text (`demo`, tests).
    Text(String),
}

/// A source of environment variables.
pub trait Vars {
    /// The value of a variable.
    fn get(&self, name: &str) -> Option<String>;
    /// All of them.
    fn all(&self) -> Vec<(String, String)>;
    /// Whether the value of a variable is text in UTF-8, or there is none.
    fn is_text(&self, _: &str) -> bool {
        true
    }
}

/// What is said of a variable that is not.
pub(crate) fn no_text(name: &str) -> (String, &'static str) {
    (format!("the variable {name} holds bytes that are no UTF-8"), "set it to text in UTF-8, or unset it")
}

/// The environment of this program. What is not UTF-8 is read with replacement characters, and is said not to be text.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnv;

impl Vars for ProcessEnv {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|v| v.to_string_lossy().into_owned())
    }

    fn all(&self) -> Vec<(String, String)> {
        let text = |t: std::ffi::OsString| t.to_string_lossy().into_owned();
        std::env::vars_os().map(|(k, v)| (text(k), text(v))).collect()
    }

    fn is_text(&self, name: &str) -> bool {
        std::env::var_os(name).is_none_or(|value| value.to_str().is_some())
    }
}

impl Vars for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        Self::get(self, name).cloned()
    }

    fn all(&self) -> Vec<(String, String)> {
        self.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}
