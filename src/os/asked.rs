//! Those who were asked to end, so that they are looked at again. A value.

use phpeek_core::ids::TaskId;
use phpeek_core::signal::Signal;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Instant;

/// Leaders that were asked to end, in the order of the requests.
#[derive(Debug, Default)]
pub(super) struct Asked(pub(super) RefCell<VecDeque<Request>>);

#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) at: Instant,
    pub(super) leader: i32,
    pub(super) task: TaskId,
    pub(super) signal: Signal,
}
