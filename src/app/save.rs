//! Writes the configuration to its file: as a whole or not at all, readable for its owner alone, since what was added over
//! the API may hold secrets.

use phpeek_config::{Edits, ProcessEnv, Read, SaveError, Source, saved};
use phpeek_core::causes::chain;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What stands in the file afterwards. An error, in words: nothing was written.
pub(super) fn save(source: &Source, read: Read, edits: &Edits) -> Result<Read, String> {
    let Some((file, text)) = saved(source, &ProcessEnv, read, edits).map_err(|e: SaveError| chain(&e))?
    else {
        return Ok(read);
    };
    write(&file, &text).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    Ok(Read::of_text(&text))
}

/// Puts a file with this text in the place of what the path leads to.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let target = file.canonicalize()?;
    let mut beside = target.clone().into_os_string();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = put(&beside, text).and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        fs::remove_file(&beside).ok(); // it may not have been made
    }
    written
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
