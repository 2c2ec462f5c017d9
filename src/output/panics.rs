//! What a panic of a part of the output costs: what that part had in hand, which is counted and told, and nothing else.
//! Owns the accounts of it. What the panic says, the panic hook has told; the part goes on, and so do the children.

use super::sink::Sink;
use phpeek_core::name::ProcessName;
use std::sync::atomic::Ordering::Relaxed;

impl Sink {
    /// A part that reads or frames has panicked, over so many lines at most.
    pub(super) fn panicked(&self, process: Option<&ProcessName>, lines: u64) {
        let mut queue = self.lock();
        queue.stats.drop_panic(lines);
        queue.losses.panicked(process, lines);
        let busy = queue.busy;
        drop(queue);
        if !busy {
            self.work.notify_one(); // who writes tells of it
        }
    }

    /// Who writes has panicked: what it had in hand is what the accounts have and the queue has not.
    pub(super) fn writer_panicked(&self) {
        let mut queue = self.lock();
        let (mut lines, mut bytes, mut own) = (0, 0, 0);
        for chunk in &queue.chunks {
            lines += chunk.lines;
            *(if chunk.records > 0 { &mut own } else { &mut bytes }) += chunk.bytes.len();
        }
        let lost = queue.stats.lose_in_hand(lines);
        let records = std::mem::take(&mut queue.in_hand);
        queue.stats.records_dropped += records;
        queue.losses.records(records);
        queue.losses.panicked(None, lost);
        queue.own = own;
        self.bytes.store(bytes, Relaxed);
        self.tell_of_room(&mut queue);
    }
}

#[cfg(test)]
mod tests;
