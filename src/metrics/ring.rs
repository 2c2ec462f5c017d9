//! What one instance used, sample by sample: the newest, oldest first, and no more than were asked for. Owns how two
//! readings make a share of a processor.

use phpeek_os::usage::Usage;
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

/// What an instance used at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When.
    pub at: SystemTime,
    /// Percent of one processor since the sample before, or since the run began.
    pub cpu: f64,
    /// Percent of the machine's memory.
    pub memory: f64,
    /// The numbers that it was made of.
    pub usage: Usage,
}

/// See the top of the file.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    samples: VecDeque<Sample>,
    /// The newest, while its run goes on.
    pub(crate) live: Option<Sample>,
    /// Readings that failed.
    pub(crate) errors: u64,
}

impl Ring {
    /// A reading; `most` are kept.
    pub(crate) fn add(&mut self, at: SystemTime, usage: Usage, machine: u64, most: usize) {
        let before = self.live.filter(|live| live.usage.began == usage.began);
        let (spent, lived) = match before {
            Some(Sample { at: then, usage: own, .. }) => {
                (usage.cpu.saturating_sub(own.cpu), at.duration_since(then).unwrap_or_default())
            }
            None => (usage.cpu, usage.age),
        };
        let memory = share(usage.resident, machine);
        let sample = Sample { at, cpu: percent(spent, lived), memory, usage };
        self.live = Some(sample);
        while self.samples.len() >= most.max(1) {
            self.samples.pop_front();
        }
        if most > 0 {
            self.samples.push_back(sample);
        }
    }

    /// The newest since then, oldest first.
    pub(crate) fn since(&self, since: SystemTime, limit: usize) -> Vec<Sample> {
        let found = self.samples.iter().rev().take_while(|sample| sample.at >= since).take(limit);
        let mut found: Vec<_> = found.copied().collect();
        found.reverse();
        found
    }
}

fn percent(spent: Duration, lived: Duration) -> f64 {
    if lived < Duration::from_millis(1) { 0.0 } else { spent.as_secs_f64() / lived.as_secs_f64() * 100.0 }
}

#[expect(clippy::cast_precision_loss, reason = "a share of bytes needs no last digit")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(began: u64, cpu_ms: u64, age_s: u64) -> Usage {
        let (cpu, age) = (Duration::from_millis(cpu_ms), Duration::from_secs(age_s));
        Usage { began, cpu, age, resident: 50, ..Usage::default() }
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_share_is_of_the_time_since_the_sample_before_in_the_same_run() {
        let mut ring = Ring::default();
        ring.add(at(10), usage(1, 1000, 10), 200, 9);
        ring.add(at(15), usage(1, 6000, 15), 200, 9);
        ring.add(at(20), usage(2, 100, 1), 200, 9);
        let shares: Vec<_> = ring.since(at(0), 9).iter().map(|s| (s.cpu.round(), s.memory.round())).collect();
        assert_eq!(shares, [(10.0, 25.0), (100.0, 25.0), (10.0, 25.0)]);
    }

    #[test]
    fn the_newest_are_kept_and_given_oldest_first() {
        let mut ring = Ring::default();
        (0..7).for_each(|n| ring.add(at(n), usage(1, n, n), 200, 3));
        let times = |since, limit| -> Vec<_> { ring.since(at(since), limit).iter().map(|s| s.at).collect() };
        assert_eq!(times(0, 9), [at(4), at(5), at(6)]);
        assert_eq!((times(0, 2), times(6, 9)), (vec![at(5), at(6)], vec![at(6)]));
    }
}
