//! Where spans wait until a receiver has them: encoded once, in a spool directory that outlives this program, or in
//! memory. Owns the choice between the two: memory takes what the disk cannot, and the disk is tried again.

pub mod begin;
mod disk;
mod intake;
mod lock;
mod memory;
pub mod reader;
pub mod record;
mod recover;
mod segment;
mod store;
mod voice;

pub use lock::{LOCK, Pending, SpoolError, lock, lock_within};
pub use phpeek_actors::telemetry::{SpoolReport, SpoolState};
pub use store::{Place, Spool, SpoolParts};

use begin::Begin;
use record::Kind;

/// Something that has to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Spans that were lost by it.
    lost: u64,
    message: String,
}

/// Records on their way to the disk, in one write.
#[derive(Debug, Default)]
struct Records {
    bytes: Vec<u8>,
    /// Spans among them.
    spans: u64,
    begun: Vec<Begin>,
    /// Spans that are open no more.
    ended: Vec<[u8; 8]>,
}

impl Records {
    fn span(&mut self, span: [u8; 8], encoded: &[u8]) {
        record::append(&mut self.bytes, Kind::Span, encoded);
        self.spans += 1;
        self.ended.push(span);
    }

    fn begin(&mut self, begin: Begin) {
        record::append(&mut self.bytes, Kind::Begun, &begin.encode());
        self.begun.push(begin);
    }

    fn gone(&mut self, span: [u8; 8]) {
        record::append(&mut self.bytes, Kind::Gone, &span);
        self.ended.push(span);
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.spans = 0;
        self.begun.clear();
        self.ended.clear();
    }
}
