//! The lines that are added to a file, as `tail -F` has them: asleep in inotify(7) until there is something, awake again
//! when the file was rotated. Standard input and pipes are read until they end.

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The longest line that is taken: four times what an exporter puts into a batch (2 MiB of protobuf), as JSON.
const LONGEST: u64 = 64 << 20;

/// Whether a path means standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A line and its number from where the reading began, from 1.
pub(super) struct Line {
    pub(super) text: Vec<u8>,
    pub(super) number: usize,
}

/// Reads on and on.
pub(super) struct Tail {
    reader: Box<dyn BufRead>,
    /// What is there to wait for; nothing for what ends by itself.
    watch: Option<Watch>,
    /// The beginning of a line whose end was not written yet.
    begun: Vec<u8>,
    lines: usize,
}

impl std::fmt::Debug for Tail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tail").field("lines", &self.lines).finish_non_exhaustive()
    }
}

/// A regular file that others write to.
struct Watch {
    path: PathBuf,
    /// Device and number of the file that is open.
    identity: (u64, u64),
    /// The file that has taken its place, until what is left in the old one was read.
    successor: Option<File>,
    changes: OwnedFd,
}

impl Tail {
    /// Regular files are read from where they end, everything else from where it is.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if is_stdin(path) {
            return Ok(Self::new(Box::new(BufReader::new(io::stdin())), None));
        }
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Self::new(Box::new(BufReader::new(file)), None));
        }
        let changes = inotify::init(CreateFlags::CLOEXEC)?;
        // The folder tells of a file that was put into the place of another.
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        inotify::add_watch(&changes, folder, WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::MODIFY)?;
        file.seek(SeekFrom::End(0))?;
        let identity = (metadata.dev(), metadata.ino());
        let watch = Watch { path: path.to_owned(), identity, successor: None, changes };
        Ok(Self::new(Box::new(BufReader::new(file)), Some(watch)))
    }

    fn new(reader: Box<dyn BufRead>, watch: Option<Watch>) -> Self {
        Self { reader, watch, begun: Vec::new(), lines: 0 }
    }

    /// The next line that says something; None when there will be none.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let room = LONGEST.saturating_sub(self.begun.len() as u64);
            self.reader.by_ref().take(room).read_until(b'\n', &mut self.begun)?;
            let whole = self.begun.ends_with(b"\n");
            if !whole && self.begun.len() as u64 >= LONGEST {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 64 MiB"));
            }
            let over = !whole && self.watch.is_none();
            if whole || over {
                self.lines += usize::from(!self.begun.is_empty());
                let text = std::mem::take(&mut self.begun);
                if !text.iter().all(u8::is_ascii_whitespace) {
                    return Ok(Some(Line { text, number: self.lines }));
                }
                if over {
                    return Ok(None);
                }
                continue;
            }
            if let Some(next) = self.watch.as_mut().map(Watch::wait).transpose()?.flatten() {
                // The rest of a line that was never ended went with the file that was moved away.
                self.begun.clear();
                self.reader = Box::new(BufReader::new(next));
            }
        }
    }
}

impl Watch {
    /// Sleeps until something happens in the folder; gives another file that has taken the place of the one that is read.
    fn wait(&mut self) -> io::Result<Option<File>> {
        if self.successor.is_some() {
            return Ok(self.successor.take());
        }
        self.successor = self.replaced();
        if self.successor.is_none() {
            let mut space = [MaybeUninit::uninit(); 4096];
            inotify::Reader::new(&self.changes, &mut space).next()?;
        }
        // The old file may have got more in between: it is read once more before the new one is taken.
        Ok(None)
    }

    fn replaced(&mut self) -> Option<File> {
        let file = File::open(&self.path).ok()?;
        let metadata = file.metadata().ok()?;
        let identity = (metadata.dev(), metadata.ino());
        let other = identity != self.identity;
        self.identity = identity;
        other.then_some(file)
    }
}
