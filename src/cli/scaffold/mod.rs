//! The `scaffold` command: the configuration of a kind of application and, when they are asked for, the files of an image of
//! it. Starts nothing; what is there is overwritten only when somebody says so.

mod files;
mod presets;
mod questions;
mod wanted;

pub(super) use wanted::ScaffoldArguments;

use super::fault::Fault;
use super::say::complain;
use crate::exit;
use questions::Asked;
use std::fs;
use std::io::{self, IsTerminal as _};
use wanted::{PLAIN_NAME, is_plain};

/// Runs the command. 0: written. 1: no such preset, a file is there and stays, one cannot be made, or nobody answers any more.
pub(super) fn run(arguments: &ScaffoldArguments) -> Result<u8, Fault> {
    let mut asked = Asked::at(io::stdin().lock(), io::stderr());
    let mut arguments = arguments.clone();
    let chosen = match &arguments.preset {
        Some(name) => presets::named(name)?,
        None if arguments.interactive => asked.preset()?,
        None => return Err(Fault::Nothing(format!("name a preset:\n{}", presets::list()))),
    };
    plain_name(&arguments.app_name)?;
    if arguments.interactive {
        asked.rest(chosen, &mut arguments)?;
    }
    let may_ask = arguments.interactive || io::stdin().is_terminal();
    let files = files::files(chosen, &arguments);
    // All is asked before anything is written: a half of it would be of no use.
    for (name, _) in &files {
        let path = arguments.output.join(name);
        if path.symlink_metadata().is_err() {
            continue;
        }
        let question = format!("{} is there already. Overwrite it?", path.display());
        if !(may_ask && asked.yes(&question, false)?) {
            let why = format!(
                "{} is there already and is not overwritten, and nothing was written: name another directory with --output",
                path.display()
            );
            return Err(Fault::Nothing(why));
        }
    }
    for (name, text) in files {
        let path = arguments.output.join(name);
        let made = fs::create_dir_all(&arguments.output).and_then(|()| fs::write(&path, text));
        made.map_err(|error| Fault::Nothing(format!("cannot write {}: {error}", path.display())))?;
        complain(&format!("wrote {}", path.display()));
    }
    let file = arguments.output.join(files::CONFIG);
    complain(&format!("look through them, then `phpeek-pm check-config --host --config {}`", file.display()));
    Ok(exit::OK)
}

/// It becomes a part of file names, labels and the compose project.
fn plain_name(name: &str) -> Result<(), Fault> {
    if is_plain(name) {
        return Ok(());
    }
    Err(Fault::Usage(format!("--app-name {name:?}: {PLAIN_NAME}")))
}
