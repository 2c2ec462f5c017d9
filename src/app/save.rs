//! Writes the configuration to its file: as a whole or not at all, and readable for nobody who could not read it before.

use phpeek_config::{Edits, ProcessEnv, Read, SaveError, Scales, Source, saved};
use phpeek_core::causes::chain;
use std::fs::{Metadata, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What stands in the file afterwards. An error, in words: nothing was written.
pub(super) fn save(source: &Source, read: Read, (edits, scales): (&Edits, &Scales)) -> Result<Read, String> {
    let Some((file, text)) =
        saved(source, &ProcessEnv, read, (edits, scales)).map_err(|e: SaveError| chain(&e))?
    else {
        return Ok(read);
    };
    write(&file, &text).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    Ok(Read::of_text(&text))
}

/// Puts a file with this text in the place of what the path leads to.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let target = file.canonicalize()?;
    let before = fs::metadata(&target)?;
    let mut beside = target.clone().into_os_string();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = put(&beside, text, &before).and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        fs::remove_file(&beside).ok(); // it may not have been made
    }
    written
}

/// What it holds may be secret: until it belongs to whom it belonged to before, nobody else can read it.
fn put(path: &Path, text: &str, before: &Metadata) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
        let (user, group) = (before.uid(), before.gid());
        fchown(&file, Some(user), Some(group)).map_err(|error| {
            let why = format!("its owner {user}:{group} cannot be kept: {error}");
            io::Error::new(error.kind(), why)
        })?;
    }
    file.set_permissions(Permissions::from_mode(kept(before.mode())))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The mode of before, where somebody has chosen it: what all may read has the mode that new files have, and a process that
/// came over the API may have brought a secret.
fn kept(before: u32) -> u32 {
    if before & 0o007 == 0 { before & 0o7770 } else { 0o600 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn those_whom_somebody_chose_can_still_read_it_and_nobody_else() {
        let folder = tempfile::tempdir().expect("a directory");
        let (file, link) = (folder.path().join("a.yaml"), folder.path().join("link.yaml"));
        fs::write(&file, "a: 1\n").expect("it is written");
        std::os::unix::fs::symlink("a.yaml", &link).expect("a link");
        // Root can give it to somebody; for anybody else it stays ours.
        let given = fchown(fs::File::open(&file).expect("it is there"), Some(65_534), Some(65_534)).is_ok();
        for (mode, kept) in [(0o640, 0o640), (0o444, 0o600), (0o644, 0o600), (0o660, 0o660), (0o600, 0o600)] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).expect("a mode");
            write(&link, "a: 2\n").expect("it is written");
            let after = fs::metadata(&file).expect("it is there");
            assert_eq!(after.mode() & 0o7777, kept, "{mode:o}");
            assert_eq!(after.uid() == 65_534, given);
            assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
            assert_eq!(fs::read_to_string(&file).expect("it is there"), "a: 2\n");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a directory").count(), 2);
    }
}
