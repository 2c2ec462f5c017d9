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
}

/// The environment of this program. What is not UTF-8 is read with replacement characters.
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
}

impl Vars for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        Self::get(self, name).cloned()
    }

    fn all(&self) -> Vec<(String, String)> {
        self.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}
