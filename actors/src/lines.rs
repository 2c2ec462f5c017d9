//! Lines of processes that can be asked for, and those that come: what stands between whoever keeps them and whoever hands
//! them out. Values and one port; keeps nothing.

use crate::feed::Feed;
use phpeek_core::level::Level;
use phpeek_core::name::ProcessName;
use std::sync::Arc;
use std::time::SystemTime;

/// Where lines come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The process; none of a hook of the system.
    pub process: Option<ProcessName>,
    /// The number of its instance.
    pub number: Option<u32>,
    /// The hook, when it is one.
    pub hook: Option<Arc<str>>,
    /// What the file is called that they were read from, when it is one.
    pub file: Option<Arc<str>>,
    /// Which run of the instance.
    pub run: Option<u64>,
    /// `stdout`, `stderr` or `file`.
    pub stream: &'static str,
}

/// How the text of a block is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Lines with newlines between them.
    Lines,
    /// One entry, whatever is in it.
    Entry,
    /// The beginning of a line that goes on in the next block of its stream.
    Partial,
}

/// Lines that came together: of one origin, one time and one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where they come from.
    pub origin: Arc<Origin>,
    /// The number of the first: all lines of all processes are numbered in the order in which they came, and every
    /// start begins with a higher number than any before it had.
    pub first: u64,
    /// How many they are.
    pub count: u32,
    /// When they came.
    pub at: SystemTime,
    /// How much they matter.
    pub level: Level,
    /// How the text is to be read.
    pub shape: Shape,
    /// What they say; bytes that are no text may be in it.
    pub text: Vec<u8>,
    /// More fields of an entry, each value as JSON.
    pub fields: Box<[(String, String)]>,
}

/// One line of a block.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Its block.
    pub of: &'a Block,
    /// Its number.
    pub number: u64,
    /// What it says.
    pub text: &'a [u8],
}

impl Block {
    /// Its lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<Line<'_>> {
        let line = |(number, text)| Line { of: self, number, text };
        match self.shape {
            Shape::Lines => (self.first..).zip(self.text.split(|byte| *byte == b'\n')).map(line).collect(),
            Shape::Entry | Shape::Partial => vec![line((self.first, &self.text))],
        }
    }

    /// What it takes of a bound, with what is around it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const AROUND: usize = 128;
        let fields = self.fields.iter().map(|(name, value)| name.len() + value.len() + AROUND / 2);
        AROUND + self.text.capacity() + fields.sum::<usize>()
    }

    /// The number after its last line.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }
}

/// Which lines are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Of this process alone.
    pub process: Option<ProcessName>,
    /// Of its instance of this number alone.
    pub number: Option<u32>,
    /// Of this stream alone.
    pub stream: Option<String>,
    /// Of this level and above.
    pub level: Option<Level>,
    /// From this time on.
    pub since: Option<SystemTime>,
}

impl Wanted {
    /// Whether lines of this origin may be wanted.
    #[must_use]
    pub fn is_of(&self, origin: &Origin) -> bool {
        self.process.as_ref().is_none_or(|process| origin.process.as_ref() == Some(process))
            && self.number.is_none_or(|number| origin.number == Some(number))
            && self.stream.as_ref().is_none_or(|stream| stream == origin.stream)
    }

    /// Whether these lines are wanted.
    #[must_use]
    pub fn is(&self, block: &Block) -> bool {
        self.is_of(&block.origin)
            && self.level.is_none_or(|level| block.level >= level)
            && self.since.is_none_or(|since| block.at >= since)
    }
}

/// Where a reader who follows begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// With so many of the lines that are kept.
    Newest(usize),
    /// After the line of this number.
    After(u64),
}

/// What a reader who follows is given.
#[derive(Debug)]
pub struct Following {
    /// What was kept, in the order of the numbers; the first of it may be more than was asked for.
    pub kept: Vec<Arc<Block>>,
    /// So many lines after the one that was named are not kept any more, at most.
    pub lost: u64,
    /// Whether the one that was named is of another supervisor: what came after it there, nobody knows here.
    pub gap: bool,
    /// What comes, in the same order: nothing that is kept comes again.
    pub comes: Feed<Arc<Block>>,
    /// The number of the first line that can come.
    pub next: u64,
}

/// Whoever keeps lines. Any thread may ask; the lines that come do not wait for it.
pub trait LineSource: Send + Sync {
    /// Blocks that hold the newest lines, at least so many if there are, in the order of the numbers.
    fn newest(&self, wanted: &Wanted, most: usize) -> Vec<Arc<Block>>;

    /// What is kept, and what comes.
    fn follow(&self, wanted: Wanted, from: From) -> Following;
}
