//! What is done to a running supervisor: kills, rolling restarts; crash loops and chatty workers go on by themselves.
//! Counts what it has done, for the accounts.

use crate::bench::{Bench, POLL, monotonic_ns};
use crate::captured::Lines;
use crate::options::Load;
use crate::procfs;
use crate::progress;
use hdrhistogram::Histogram;
use rustix::process::{Pid, Signal};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The longest restart that a histogram holds, in nanoseconds: far beyond the longest `--wait`.
const LONGEST: u64 = 10_000_000_000_000;

/// Between two rolling restarts: the supervisor learns of the last successor a little later than its record is
/// there, and a signal in between might be taken for one more of the same burst.
const BETWEEN_ROLLS_NS: u64 = 50_000_000;

/// The churn of a run.
#[derive(Debug)]
pub(crate) struct Churn {
    random: fastrand::Rng,
    /// Workers that were killed and are not back: number of worker, when it was killed.
    away: BTreeMap<u32, (u64, u64)>,
    latencies: Option<Histogram<u64>>,
    rolling_ms: Vec<f64>,
    rolled_at: u64,
    /// Kills that were sent.
    pub(crate) kills: u64,
    /// Rolling restarts that went through.
    pub(crate) rollings: u64,
    /// Workers that came back by a rolling restart, over all of them.
    pub(crate) rolled: u64,
}

impl Churn {
    /// Nothing done yet.
    pub(crate) fn new(load: &Load) -> Self {
        Self {
            random: fastrand::Rng::with_seed(load.seed),
            away: BTreeMap::new(),
            latencies: Histogram::new_with_bounds(1, LONGEST, 3).ok(),
            rolling_ms: Vec::new(),
            rolled_at: 0,
            kills: 0,
            rollings: 0,
            rolled: 0,
        }
    }

    /// Hurts the supervisor for `--duration`, then waits until all is as before.
    pub(crate) fn run(&mut self, bench: &mut Bench<'_>) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("cannot read /proc of the supervisor: {e}");
        let pid = bench.supervisor.pid();
        let (usage, lines, begin) =
            (procfs::usage(pid).map_err(failed)?, bench.supervisor.captured.lines(), Instant::now());
        while begin.elapsed() < bench.load.duration {
            let left = bench.load.duration.saturating_sub(begin.elapsed()).as_secs_f64();
            progress::tick(&format!("churn: {left:.0} s left, {} kills, {} rolled", self.kills, self.rolled));
            let rested = monotonic_ns().saturating_sub(self.rolled_at) >= BETWEEN_ROLLS_NS;
            if bench.load.signal_restarts && rested && self.away.is_empty() {
                self.roll(bench)?;
            }
            self.kill_what_is_due(bench, begin.elapsed())?;
            std::thread::sleep(POLL);
            self.look(bench)?;
        }
        let (seconds, after) = (begin.elapsed().as_secs_f64(), procfs::usage(pid).map_err(failed)?);
        note_lines(bench, lines, seconds);
        let cpu = after.cpu.saturating_sub(usage.cpu).as_secs_f64();
        bench.run.figures.set("churn_cpu_percent", cpu * 100.0 / seconds);
        self.wait_all_back(bench)?;
        self.note(bench);
        let footprint = procfs::footprint(pid).map_err(failed)?;
        bench.run.figures.set("pss_after_churn_kib", footprint.pss_kib as f64);
        Ok(())
    }

    /// Kills as many workers as the rate has made due, none that is away: a supervisor that is slower than the rate
    /// gets fewer kills. At most 64 in one look, so that catching up is no storm.
    fn kill_what_is_due(&mut self, bench: &Bench<'_>, since: Duration) -> Result<(), String> {
        let due = (since.as_secs_f64() * bench.load.kill_rate) as u64;
        let count = bench.load.processes;
        // A few misses of the dice are no harm: the next look comes in two milliseconds.
        for _ in 0..due.saturating_sub(self.kills).min(64) {
            let worker = self.random.u32(0..count);
            if self.away.contains_key(&worker) {
                continue;
            }
            let Some(starts) = bench.events.workers.get(worker as usize) else { continue };
            let Some(pid) = Pid::from_raw(starts.pid) else { continue };
            let at = monotonic_ns();
            rustix::process::kill_process(pid, Signal::KILL)
                .map_err(|e| format!("worker {worker} is gone although nobody killed it: {e}"))?;
            self.away.insert(worker, (at, starts.count));
            self.kills += 1;
        }
        Ok(())
    }

    /// Takes in new records, and measures those that are back.
    fn look(&mut self, bench: &mut Bench<'_>) -> Result<(), String> {
        bench.events.poll().map_err(|e| format!("cannot read the event file: {e}"))?;
        bench.supervisor.must_run()?;
        let latencies = &mut self.latencies;
        self.away.retain(|worker, (killed_at, count)| {
            let back = bench.events.workers.get(*worker as usize).filter(|starts| starts.count > *count);
            if let (Some(starts), Some(latencies)) = (back, latencies.as_mut()) {
                latencies.saturating_record(starts.last_at.saturating_sub(*killed_at).max(1));
            }
            back.is_none()
        });
        Ok(())
    }

    /// Sends SIGUSR1 and waits until every long-running worker has a successor.
    fn roll(&mut self, bench: &mut Bench<'_>) -> Result<(), String> {
        let before: Vec<u64> = bench.events.workers.iter().map(|w| w.count).collect();
        let (count, begin) = (bench.load.processes as usize, monotonic_ns());
        bench.supervisor.signal(Signal::USR1)?;
        bench.wait_until("rolling restart", |events| {
            events.workers.iter().zip(&before).take(count).all(|(now, before)| now.count > *before)
        })?;
        let end = bench.events.workers.iter().take(count).map(|w| w.last_at).max().unwrap_or(begin);
        self.rolling_ms.push(end.saturating_sub(begin) as f64 / 1e6);
        self.rollings += 1;
        self.rolled += count as u64;
        self.rolled_at = monotonic_ns();
        Ok(())
    }

    fn wait_all_back(&mut self, bench: &mut Bench<'_>) -> Result<(), String> {
        let away = self.away.clone();
        bench.wait_until("all back", |events| {
            away.iter().all(|(worker, (_, count))| {
                events.workers.get(*worker as usize).is_some_and(|starts| starts.count > *count)
            })
        })?;
        self.look(bench)
    }

    fn note(&mut self, bench: &mut Bench<'_>) {
        if let Some(latencies) = self.latencies.as_ref().filter(|_| bench.load.kill_rate > 0.0) {
            bench.note_restarts(latencies);
        }
        if !self.rolling_ms.is_empty() {
            self.rolling_ms.sort_by(f64::total_cmp);
            let middle = self.rolling_ms.get(self.rolling_ms.len() / 2).copied().unwrap_or_default();
            bench.run.figures.set("rolling_ms", middle);
            bench.run.figures.set("rollings", self.rolling_ms.len() as f64);
        }
        if bench.load.crash_loop > 0 {
            let crashes = bench.events.workers.iter().skip(bench.load.processes as usize);
            bench.run.figures.set("crash_starts", crashes.map(|w| w.count as f64).sum());
        }
    }
}

fn note_lines(bench: &mut Bench<'_>, before: Lines, seconds: f64) {
    if bench.load.chatty > 0 {
        let after = bench.supervisor.captured.lines();
        bench.run.figures.set("lines_per_s", (after.whole - before.whole) as f64 / seconds);
        bench.run.figures.set("lines_lost", (after.lost - before.lost) as f64);
        bench.run.figures.set("lines_torn", (after.torn - before.torn) as f64);
    }
}
