//! What an import reads: files and directories, each within a bound.

use super::ini::File;
use super::s6::Files;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// A file of any of these kinds is smaller.
const MOST: u64 = 4 << 20;
/// And there are fewer of them below a directory.
const MOST_FILES: usize = 5000;
/// No directory of s6-overlay is deeper.
const DEEPEST: usize = 6;

/// A file; - is standard input.
pub(super) fn file(path: &Path) -> Result<File, String> {
    let here = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let here = fs::canonicalize(here).unwrap_or_else(|_| here.to_owned());
    let text = if path == Path::new("-") {
        bounded(io::stdin().lock())
    } else if path.is_dir() {
        return Err("it is a directory: name a file".to_owned());
    } else {
        fs::File::open(path).and_then(bounded)
    };
    let text = text.map_err(|error| error.to_string())?;
    Ok(File { label: path.display().to_string(), here: here.display().to_string(), text })
}

fn bounded(from: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        let why = format!("it is larger than {} MiB, as no file of this kind is", MOST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The files of a pattern, relative to the file that names it, in the order of their names; in place of one that cannot be
/// read, why.
pub(super) fn matching(main: &Path, pattern: &str) -> Vec<Result<File, String>> {
    let pattern = main.parent().unwrap_or(Path::new("")).join(pattern);
    let paths = pattern.to_str().and_then(|pattern| glob::glob(pattern).ok()).into_iter().flatten().flatten();
    paths.map(|path| file(&path).map_err(|why| format!("{}: {why}", path.display()))).collect()
}

/// The files below a directory of s6-overlay, by their paths as version 3 or 2 has them, and where it lies in the image.
pub(super) fn folder(path: &Path) -> Result<(Files, String), String> {
    if !path.is_dir() {
        return Err("it is no directory: name /etc/s6-overlay, or the directory that becomes it".to_owned());
    }
    let full = fs::canonicalize(path).map_err(|error| error.to_string())?;
    let name = full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let own = ["s6-rc.d", "services.d", "cont-init.d"].contains(&name.as_str());
    let (root, mut files) = if own {
        (full.parent().unwrap_or(&full).to_owned(), Files::new())
    } else {
        (full.clone(), Files::new())
    };
    let inner = ["etc/s6-overlay", "s6-overlay"].map(|inner| root.join(inner));
    let root = inner.into_iter().find(|inner| !own && inner.is_dir()).unwrap_or(root);
    for part in ["s6-rc.d", "services.d", "cont-init.d", "cont-finish.d", "fix-attrs.d"] {
        if !own || part == name {
            collect(&root.join(part), part, DEEPEST, &mut files).map_err(|error| error.to_string())?;
        }
    }
    let shown = root.display().to_string();
    let base = shown
        .find("/etc/")
        .or_else(|| shown.strip_suffix("/etc").map(str::len))
        .and_then(|at| shown.get(at..));
    Ok((files, base.unwrap_or("/etc/s6-overlay").to_owned()))
}

fn collect(folder: &Path, below: &str, depth: usize, files: &mut Files) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = format!("{below}/{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() && depth > 0 {
            collect(&path, &name, depth - 1, files)?;
        } else if path.is_file() {
            if files.len() >= MOST_FILES {
                return Err(io::Error::other(format!("there are more than {MOST_FILES} files in it")));
            }
            let named =
                |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            files.insert(name, fs::File::open(&path).and_then(bounded).map_err(named)?);
        }
    }
    Ok(())
}
