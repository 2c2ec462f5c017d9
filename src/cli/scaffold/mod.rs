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

/// Runs the command. 0: written. 1: no such preset, a file is there and stays, or cannot be made.
pub(super) fn run(arguments: &ScaffoldArguments) -> Result<u8, Fault> {
    let mut asked = Asked::at(io::stdin().lock(), io::stderr());
    let mut arguments = arguments.clone();
    let chosen = match &arguments.preset {
        Some(name) => presets::named(name)?,
        None if arguments.interactive => asked.preset()?,
        None => return Err(Fault::Nothing(format!("name a preset:\n{}", presets::list()))),
    };
    if arguments.interactive {
        asked.rest(chosen, &mut arguments);
    }
    plain_name(&arguments.app_name)?;
    let may_ask = arguments.interactive || io::stdin().is_terminal();
    for (name, text) in files::files(chosen, &arguments) {
        let path = arguments.output.join(name);
        let there = path.symlink_metadata().is_ok();
        if there
            && !(may_ask && asked.yes(&format!("{} is there already. Overwrite it?", path.display()), false))
        {
            let why = format!(
                "{} is there already and is not overwritten: name another directory with --output",
                path.display()
            );
            return Err(Fault::Nothing(why));
        }
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
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain) {
        return Ok(());
    }
    let why = format!(
        "--app-name {name:?}: it begins with a letter or digit and has lower case letters, digits, - and _ alone"
    );
    Err(Fault::Usage(why))
}
