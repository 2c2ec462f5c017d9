//! The `init` command: a first configuration, with a comment for each thing that somebody may want to change. Asks nothing,
//! overwrites nothing, and starts nothing.

pub(super) mod draft;
mod found;

use super::fault::Fault;
use super::say::{complain, hand_over};
use crate::exit;
use clap::Args;
use found::{found, remarks};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Options of `init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// Where to write it; - is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "phpeek-pm.yaml")]
    pub output: PathBuf,
}

/// Runs the command. 0: written. 73: the file is there already, or cannot be made.
pub(super) fn run(arguments: &InitArguments) -> Result<u8, Fault> {
    let found = found(Path::new(""));
    let path = &arguments.output;
    let text = draft::draft_for(&found, elsewhere(path).as_deref());
    for remark in remarks(Path::new(""), &found) {
        complain(&remark);
    }
    if path == Path::new("-") {
        return Ok(hand_over(text));
    }
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Fault::There { path: path.clone() },
        _ => Fault::Make { path: path.clone(), source },
    })?;
    let file = path.display();
    complain(&format!(
        "wrote {file} for {}: look through it, then `phpeek-pm check-config --host --config {file}`",
        found.told()
    ));
    Ok(exit::OK)
}

/// This folder, when the file lies in another: whoever serves that one need not be here.
fn elsewhere(output: &Path) -> Option<String> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let (there, here) = (folder.canonicalize().ok()?, Path::new(".").canonicalize().ok()?);
    (there != here).then_some(here)?.to_str().map(str::to_owned)
}
