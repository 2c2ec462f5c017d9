//! One file by its name, through rotation: what has had the name before is read to its end, then what has it now. Owns what
//! is open for it, and what was said of it; each complaint once, until all is well again.

use super::rotate;
use super::source::{self, Flow, Source, Way};
use super::watch::{Event, Id, Watch};
use phpeek_core::name::ProcessName;
use phpeek_settings::lines::Rotate;
use rustix::fs::SeekFrom;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// So many files that have lost the name wait to be read; of more the oldest is given up.
const WAITING: usize = 8;
/// Reads of one file before it is the turn of another.
const READS: usize = 16;
/// How often a folder may come just before the one above it is watched.
const TRIES: u32 = 16;
/// Between a rotation that has failed and the next try.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Wanted {
    pub(super) process: ProcessName,
    pub(super) name: Arc<str>,
    pub(super) path: PathBuf,
    pub(super) rotate: Option<Rotate>,
}

/// What is to be said.
pub(super) type Told = Result<String, String>;

/// How a complaint, or its end, is said, of a process or of all.
pub(in super::super) type Say = Arc<dyn Fn(Option<&ProcessName>, Told) + Send + Sync>;

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) wanted: Wanted,
    pub(super) way: Way,
    /// Oldest first.
    before: VecDeque<Source>,
    now: Option<Source>,
    /// Folders in which its name, or that of what it leads to, comes and goes; without a name: one above, until there is one.
    folders: Vec<(Id, Option<OsString>)>,
    /// There may be something to read.
    pub(super) ready: bool,
    /// Who takes it had no room.
    pub(super) full: bool,
    /// Something was seen under its name, or nothing: what comes now is new.
    looked: bool,
    rotates: Option<Rotate>,
    /// No rotation before that.
    not_before: Option<SystemTime>,
    /// When it is old enough, while something is in it.
    pub(super) due: Option<SystemTime>,
    complaint: Option<String>,
}

impl Tail {
    pub(super) fn new(wanted: Wanted, out: OwnedFd) -> Self {
        Self {
            rotates: wanted.rotate,
            wanted,
            way: Way::new(out),
            before: VecDeque::new(),
            now: None,
            folders: Vec::new(),
            ready: false,
            full: false,
            looked: false,
            not_before: None,
            due: None,
            complaint: None,
        }
    }

    /// Looks which file has the name now.
    pub(super) fn look(&mut self, watch: &mut Watch, say: &mut dyn FnMut(Told)) {
        let path = self.wanted.path.clone();
        let first = !std::mem::replace(&mut self.looked, true);
        if let Err(error) = self.watch_folders(watch) {
            return self.complain(&error, say);
        }
        let (file, found) = match source::open(&path) {
            Ok(opened) => opened,
            // It is waited for; what had the name is read on.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.complain(&error, say),
        };
        if self.now.as_ref().is_some_and(|now| now.identity == source::identity(&found)) {
            return;
        }
        let at = if first { found.len() } else { 0 };
        let mut fresh = Source::new(file, &found, at);
        match watch.file(&fresh.file, &path) {
            Ok(id) => fresh.watch = Some(id),
            Err(error) => return self.complain(&error, say),
        }
        if let Some(old) = self.now.replace(fresh) {
            self.put_aside(old, watch, say);
        }
        self.ready = true;
        if self.complaint.take().is_some() {
            say(Ok(format!("{} is followed again", path.display())));
        }
    }

    fn put_aside(&mut self, old: Source, watch: &mut Watch, say: &mut dyn FnMut(Told)) {
        self.before.push_back(old);
        if self.before.len() > WAITING
            && let Some(lost) = self.before.pop_front()
        {
            let left = lost.file.metadata().map_or(0, |found| found.len().saturating_sub(lost.at));
            release(&lost, watch);
            let path = self.wanted.path.display();
            say(Err(format!("{path} was rotated faster than it is read: {left} bytes are lost")));
        }
    }

    /// The folder of the name, and that of what it leads to; or the nearest above that is there.
    fn watch_folders(&mut self, watch: &mut Watch) -> io::Result<()> {
        let mut fresh = Vec::new();
        let path = &self.wanted.path;
        let target = std::fs::read_link(path).ok().map(|to| path.parent().unwrap_or(path).join(to));
        let mut done = Ok(());
        for path in [Some(path), target.as_ref()].into_iter().flatten() {
            match watch_folder(path, watch) {
                Ok(folder) => fresh.push(folder),
                Err(error) => done = Err(error),
            }
        }
        for (id, _) in std::mem::replace(&mut self.folders, fresh) {
            watch.drop_one(id);
        }
        done
    }

    /// Whether it has to look which file has its name.
    pub(super) fn hears(&mut self, event: &Event) -> bool {
        match event {
            Event::Lost => {
                self.ready = true;
                true
            }
            Event::Gone(id) => self.folders.iter().any(|(of, _)| of == id) || self.of_file(*id),
            Event::At(id, name) if self.of_file(*id) => {
                self.ready = true;
                name.is_some() // never of a file
            }
            Event::At(id, name) => {
                let concerns = |own: &Option<OsString>| own.is_none() || name.is_none() || own == name;
                self.folders.iter().any(|(of, own)| of == id && concerns(own))
            }
        }
    }

    fn of_file(&mut self, id: Id) -> bool {
        self.before.iter().chain(&self.now).any(|source| source.watch == Some(id))
    }

    /// Hands on what there is, for a turn. An error: nobody takes it any more.
    pub(super) fn pump(
        &mut self,
        watch: &mut Watch,
        buffer: &mut [u8],
        say: &mut dyn FnMut(Told),
    ) -> io::Result<()> {
        (self.ready, self.full) = (false, false);
        for _ in 0..READS {
            match self.step(watch, buffer, say)? {
                Flow::End => {
                    self.rotate(watch, say);
                    return Ok(());
                }
                Flow::Full => {
                    self.full = true;
                    return Ok(());
                }
                Flow::More => {}
            }
        }
        self.ready = true;
        Ok(())
    }

    fn step(&mut self, watch: &mut Watch, buffer: &mut [u8], say: &mut dyn FnMut(Told)) -> io::Result<Flow> {
        let mut place = 0;
        while let Some(source) = self.before.get_mut(place) {
            match guarded(source, &mut self.way, buffer)? {
                Ok(Flow::End) => {
                    // The newest of them may be written on until its writer opens the name anew.
                    let lives = source.watch.is_some() && source.file.metadata().is_ok_and(|f| f.nlink() > 0);
                    if lives && place + 1 == self.before.len() {
                        place += 1;
                    } else if let Some(old) = self.before.remove(place) {
                        release(&old, watch);
                    }
                }
                Ok(flow) => return Ok(flow),
                Err(error) => {
                    if let Some(old) = self.before.remove(place) {
                        release(&old, watch);
                    }
                    self.complain(&error, say);
                }
            }
        }
        let Some(now) = &mut self.now else { return Ok(Flow::End) };
        match guarded(now, &mut self.way, buffer)? {
            Ok(Flow::End) if now.file.metadata().is_ok_and(|found| found.nlink() == 0) => {
                release(now, watch); // open, it would take its room on the disk for ever
                self.now = None;
                Ok(Flow::End)
            }
            Ok(flow) => Ok(flow),
            Err(error) => {
                self.complain(&error, say);
                Ok(Flow::End) // with the next change once more
            }
        }
    }

    /// Rotates what has been read to its end, when it is large or old enough.
    fn rotate(&mut self, watch: &mut Watch, say: &mut dyn FnMut(Told)) {
        self.due = None;
        let (Some(rule), Some(now)) = (self.rotates, &mut self.now) else { return };
        let Ok(found) = now.file.metadata() else { return };
        let (path, time) = (&self.wanted.path, SystemTime::now());
        if found.len() == 0 || self.not_before.is_some_and(|until| time < until) {
            return;
        }
        let due = rule.max_age.map(|age| rotate::due(path, &found, age));
        let large = rule.max_size.is_some_and(|most| found.len() >= most);
        if !large && due.is_none_or(|due| due > time) {
            self.due = due;
            return;
        }
        match rotate::rotate(path, now.identity, rule.max_files) {
            Ok(copy) => {
                let at = std::mem::take(&mut now.at);
                if let Ok(found) = copy.metadata() {
                    let copy = Source::new(copy, &found, at);
                    self.put_aside(copy, watch, say);
                }
                self.ready = true;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                self.not_before = Some(time + AFTER_FAILURE);
                let message = format!("cannot rotate {}: {error}; it is followed on", path.display());
                self.complain_once(message, say);
            }
        }
    }

    /// Where a file was cut and is written on at its old end, its beginning is a hole.
    pub(super) fn skip_hole(&mut self, say: &mut dyn FnMut(Told)) {
        let Some(now) = self.now.as_mut().filter(|now| now.at == 0) else { return };
        if let Ok(data @ 1..) = rustix::fs::seek(&now.file, SeekFrom::Data(0)) {
            now.at = data;
            if self.rotates.take().is_some() {
                let path = self.wanted.path.display();
                let message =
                    format!("{path} is not rotated any more: its writer does not open it to append");
                self.complain_once(message, say);
            }
        }
    }

    fn complain(&mut self, error: &io::Error, say: &mut dyn FnMut(Told)) {
        let path = self.wanted.path.display();
        let why = phpeek_os::file_watch::why(error);
        self.complain_once(format!("cannot follow {path}: {why}"), say);
    }

    fn complain_once(&mut self, message: String, say: &mut dyn FnMut(Told)) {
        if self.complaint.as_ref() != Some(&message) {
            say(Err(message.clone()));
            self.complaint = Some(message);
        }
    }

    /// It is followed no more.
    pub(super) fn end(self, watch: &mut Watch) {
        self.before.iter().chain(&self.now).for_each(|source| release(source, watch));
        self.folders.iter().for_each(|(id, _)| watch.drop_one(*id));
    }
}

/// A read whose errors are those of the file; outside of it those of who takes it.
fn guarded(source: &mut Source, way: &mut Way, buffer: &mut [u8]) -> io::Result<io::Result<Flow>> {
    match source.pump(way, buffer) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(error),
        done => Ok(done),
    }
}

fn release(source: &Source, watch: &mut Watch) {
    if let Some(id) = source.watch {
        watch.drop_one(id);
    }
}

/// Watches the folder of a path, or the nearest above it that is there.
fn watch_folder(path: &Path, watch: &mut Watch) -> io::Result<(Id, Option<OsString>)> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut name = path.file_name().map(OsStr::to_owned);
        let mut below: Option<&Path> = None;
        let mut found = Err(io::Error::from(io::ErrorKind::NotFound));
        for folder in path.ancestors().skip(1) {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            found = watch.folder(folder);
            match &found {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                _ => break,
            }
            (name, below) = (None, Some(folder));
        }
        let id = found?;
        if tries == TRIES || below.is_none_or(|folder| !folder.is_dir()) {
            return Ok((id, name));
        }
        watch.drop_one(id); // it has come before the one above it was watched: nobody would tell of it
    }
}
