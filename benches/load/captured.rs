//! Reads the supervisor's standard output on a thread of its own, as fast as it comes, and counts the lines of
//! chatty workers in it: taken, lost, torn. Never makes the supervisor wait for more than a read.

use std::collections::{HashMap, VecDeque};
use std::io::Read;
use std::process::ChildStdout;
use std::sync::{Arc, Mutex, PoisonError};

const KEPT_LINES: usize = 5;

/// Lines of chatty workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Whole lines that came through.
    pub(crate) whole: u64,
    /// Lines that were missing between two that came.
    pub(crate) lost: u64,
    /// Lines with a missing piece, or out of order.
    pub(crate) torn: u64,
}

/// A count of lines by writer.
#[derive(Debug, Default)]
pub(crate) struct LineCounter {
    lines: Lines,
    tail: Vec<u8>,
    next: HashMap<u64, u64>,
    last: VecDeque<String>,
    length: usize,
}

impl LineCounter {
    /// For lines of `length` bytes, their end included.
    pub(crate) fn new(length: usize) -> Self {
        Self { length, ..Self::default() }
    }

    /// Takes the next bytes of the stream.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if self.tail.is_empty() {
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.tail);
                whole.extend_from_slice(line);
                self.line(&whole);
            }
        }
        self.tail.extend_from_slice(bytes);
    }

    fn line(&mut self, record: &[u8]) {
        let Some(at) = memchr::memmem::find(record, b"chatty ") else {
            if self.last.len() == KEPT_LINES {
                self.last.pop_front();
            }
            self.last.push_back(String::from_utf8_lossy(record).into_owned());
            return;
        };
        let text = record.get(at..).unwrap_or_default();
        let end = text.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b' ')).unwrap_or(text.len());
        let text = std::str::from_utf8(text.get(..end).unwrap_or_default()).unwrap_or_default();
        let mut words = text.split(' ').skip(1).map(str::parse::<u64>);
        let (Some(Ok(writer)), Some(Ok(number))) = (words.next(), words.next()) else {
            self.lines.torn += 1;
            return;
        };
        let next = self.next.entry(writer).or_default();
        if text.trim_end().len() + 1 != self.length || number < *next {
            self.lines.torn += 1;
        } else {
            self.lines.lost += number - *next;
            self.lines.whole += 1;
            *next = number + 1;
        }
    }

    /// The count so far.
    pub(crate) fn lines(&self) -> Lines {
        self.lines
    }
}

/// The reader of a supervisor's standard output.
#[derive(Debug)]
pub(crate) struct Captured {
    counter: Arc<Mutex<LineCounter>>,
}

impl Captured {
    /// Starts to read. The thread ends with the stream.
    pub(crate) fn read(mut stdout: ChildStdout, line_bytes: u32) -> Result<Self, String> {
        // A pipe of 1 MiB, so that this reader is not what is measured; 64 KiB do where that is not allowed.
        rustix::pipe::fcntl_setpipe_size(&stdout, 1 << 20).ok();
        let counter = Arc::new(Mutex::new(LineCounter::new(line_bytes as usize)));
        let shared = Arc::clone(&counter);
        std::thread::Builder::new()
            .name("captured".to_owned())
            .spawn(move || {
                let mut buffer = vec![0; 1 << 20];
                while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    shared.lock().unwrap_or_else(PoisonError::into_inner).feed(bytes);
                }
            })
            .map_err(|e| format!("cannot start a thread: {e}"))?;
        Ok(Self { counter })
    }

    /// The count so far.
    pub(crate) fn lines(&self) -> Lines {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner).lines()
    }

    /// The last lines that were not of a chatty worker.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner).last.iter().cloned().collect()
    }
}
