//! Every key that the configuration knows, once: its type and bounds, its default, whether it acts, what a reload can do
//! with it, and what it means. Parser, defaults, overrides, checks, suggestions, the JSON schema, `config/full.yaml` and the
//! README's table read these tables. Data only; how a value of a kind is judged is in `kind`.

mod blocks;
mod bounds;
mod global;
mod gone;
mod kind;
mod process;
#[cfg(test)]
mod tests;
mod theirs;

pub(crate) use blocks::{ACL, CHECK, DEPENDENCY, HEARTBEAT, HOOK, HOOKS, PROCESS_HOOKS, SHUTDOWN, TLS};
pub(crate) use blocks::{JSON, LEVELS, LOG_FILE, LOGGING, MULTILINE, PATTERN, ROTATE};
pub(crate) use global::{FEDERATE, GLOBAL, READINESS, TOKEN};
pub(crate) use gone::{ENTRYPOINT, GONE, OTHERS};
pub(crate) use kind::{CONDITIONS, Key, Kind, Reload, Standing};
pub(crate) use process::{MEMORY, PROCESS, RELOAD, WATCH};
pub(crate) use theirs::theirs;

/// Writes a table: name, kind, default, standing and reload, meaning, and an example where one is needed.
macro_rules! keys {
    ($(#[$meta:meta])* $vis:vis $table:ident;
     $($name:literal: $kind:expr, $default:literal, $standing:ident $reload:ident, $about:literal $(, eg $example:literal)?;)*) => {
        $(#[$meta])*
        $vis const $table: &[crate::keys::Key] = &[$(crate::keys::Key {
            name: $name,
            kind: $kind,
            default: $default,
            standing: crate::keys::Standing::$standing,
            reload: crate::keys::Reload::$reload,
            about: $about,
            example: concat!($($example)?),
        }),*];
    };
}
use keys;

keys! {
    /// The top level.
    pub(crate) ROOT;
    "version": Kind::Text, "1.0", Works Live, "of the format; 1.0 is the only one";
    "include": Kind::Files, "[]", Works Live, "more files, in the order of their names, relative to this one; what two files define is an error", eg "[]";
    "global": Kind::Map(GLOBAL), "", Works Live, "what is about the supervisor, and what processes take over";
    "signals": Kind::MapOf(&Kind::Text), "", Works Supervisor, "what a signal to the supervisor does: `restart`, `restart:NAME`, `stop`, `relay:NAME` (to its leader), `relay:NAME:group`, `signal:SIGNAL:NAME` (another in its place), `flush`, `reload`, `ignore`", eg "{ SIGRTMIN+3: restart:app, SIGWINCH: relay:app }";
    "hooks": Kind::Map(HOOKS), "", Works Supervisor, "commands before and after all processes start or stop";
    "processes": Kind::MapOf(&Kind::Map(PROCESS)), "", Works Live, "what runs, by name";
}

/// The only key of a mapping that says where a secret is.
pub(crate) const SECRET_FILE: &str = "file";

/// The key of a table.
pub(crate) fn find(table: &'static [Key], name: &str) -> Option<&'static Key> {
    table.iter().find(|key| key.name == name)
}

/// What a key of a table is when nobody writes it; empty when there is nothing to write. A name that the table lacks is a
/// slip of the pen here, which no test gets by: they are built with this check.
pub(crate) fn default(table: &'static [Key], name: &str) -> &'static str {
    let key = find(table, name);
    debug_assert!(key.is_some(), "there is no key {name:?}");
    key.map_or("", |key| key.default)
}

/// The blocks in which a key of this name can be written, each as its path; `NAME` stands for any process.
pub(crate) fn places(name: &str) -> Vec<String> {
    fn below(table: &'static [Key], path: &str, name: &str, found: &mut Vec<String>) {
        for key in table {
            if key.name == name {
                found.push(path.to_owned());
            }
            let at = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
            match (key.kind.table(), key.kind) {
                (Some(inner), Kind::MapOf(_)) => {
                    below(inner, &at(&format!("{}.NAME", key.name)), name, found)
                }
                (Some(inner), Kind::Map(_)) => below(inner, &at(key.name), name, found),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    below(ROOT, "", name, &mut found);
    found
}
