//! Reads the records that workers append to the event file (the format stands in `worker.rs`), and keeps for each
//! worker what the harness must know: how often it started, when, and as which process. Reads only; never waits.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

const RECORD: usize = 32;
const KIND_START: u32 = 1;
const KIND_LAUNCH: u32 = 2;

/// The starts of one worker so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Starts {
    /// How many.
    pub(crate) count: u64,
    /// CLOCK_MONOTONIC of the last, in nanoseconds.
    pub(crate) last_at: u64,
    /// The process of the last.
    pub(crate) pid: i32,
}

/// The event file, read as it grows.
#[derive(Debug)]
pub(crate) struct Events {
    file: File,
    rest: Vec<u8>,
    /// When the supervisor was executed, in nanoseconds of CLOCK_MONOTONIC.
    pub(crate) launched_at: Option<u64>,
    /// The first start of each worker that has one, in the order of the file.
    pub(crate) first_starts: Vec<u64>,
    /// By number of worker.
    pub(crate) workers: Vec<Starts>,
}

impl Events {
    /// Creates the empty file and reads it from its beginning.
    pub(crate) fn create(path: &Path, workers: u32) -> io::Result<Self> {
        File::create(path)?;
        Ok(Self {
            file: File::open(path)?,
            rest: Vec::new(),
            launched_at: None,
            first_starts: Vec::new(),
            workers: vec![Starts::default(); workers as usize],
        })
    }

    /// Takes in what has been appended.
    pub(crate) fn poll(&mut self) -> io::Result<()> {
        let Self { file, rest, .. } = self;
        file.read_to_end(rest)?;
        let bytes = std::mem::take(&mut self.rest);
        let (records, rest) = bytes.as_chunks::<RECORD>();
        for record in records {
            self.take(record);
        }
        self.rest = rest.to_vec();
        Ok(())
    }

    fn take(&mut self, record: &[u8; RECORD]) {
        let word = |at: usize| u32::from_ne_bytes(std::array::from_fn(|i| record[at + i]));
        let at = u64::from_ne_bytes(std::array::from_fn(|i| record[16 + i]));
        match word(0) {
            KIND_LAUNCH => self.launched_at = Some(at),
            KIND_START => {
                let Some(worker) = self.workers.get_mut(word(4) as usize) else { return };
                if worker.count == 0 {
                    self.first_starts.push(at);
                }
                *worker = Starts { count: worker.count + 1, last_at: at, pid: word(8) as i32 };
            }
            _ => {}
        }
    }

    /// Starts of all workers together.
    pub(crate) fn total_starts(&self) -> u64 {
        self.workers.iter().map(|w| w.count).sum()
    }
}
