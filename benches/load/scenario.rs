//! One run: start, idle, churn, stop, accounts. Every wait is bounded; a failed step keeps what was measured before.

use crate::accounting::{Backoff, Deeds, Keeps, accounts};
use crate::bench::Bench;
use crate::churn::Churn;
use crate::events::Events;
use crate::options::{Load, Tracing};
use crate::procfs;
use crate::progress;
use crate::receiver::OtlpReceiver;
use crate::report::Run;
use crate::supervisor::{Supervisor, configuration};
use hdrhistogram::Histogram;
use rustix::process::Signal;
use std::path::Path;
use std::time::{Duration, Instant};

/// After the start, exporters and allocators are given this long to come to rest before idleness is measured.
const SETTLE: Duration = Duration::from_millis(1500);

/// Runs a setting once in `directory`, which exists and is empty.
pub(crate) fn run(load: &Load, binary: &Path, worker: &Path, directory: &Path) -> Run {
    match begin(load, binary, worker, directory) {
        Ok((mut bench, receiver)) => {
            let mut churn = Churn::new(load);
            let result = bench.measure(&mut churn).and_then(|()| bench.stop());
            if let Err(error) = result {
                bench.run.error = Some(format!("{error}\n{}", bench.supervisor.last_words()));
            } else {
                bench.settle_accounts(&churn, &receiver);
            }
            crate::jail::kill_all();
            bench.run
        }
        Err(error) => Run { error: Some(error), ..Run::default() },
    }
}

fn begin<'a>(
    load: &'a Load,
    binary: &Path,
    worker: &Path,
    directory: &Path,
) -> Result<(Bench<'a>, OtlpReceiver), String> {
    let receiver =
        OtlpReceiver::start(load.receiver, load.slow_by).map_err(|e| format!("no receiver: {e}"))?;
    let path = directory.join("events");
    let events =
        Events::create(&path, load.processes + load.crash_loop).map_err(|e| format!("no event file: {e}"))?;
    let yaml = configuration(load, worker, &path, &receiver.endpoint());
    std::fs::write(directory.join("phpeek-pm.yaml"), yaml).map_err(|e| format!("no configuration: {e}"))?;
    let supervisor = Supervisor::start(binary, worker, directory, load)?;
    Ok((Bench { load, supervisor, events, run: Run::default() }, receiver))
}

impl Bench<'_> {
    fn measure(&mut self, churn: &mut Churn) -> Result<(), String> {
        self.wait_all_up()?;
        self.idle()?;
        if self.load.churns() {
            churn.run(self)?;
        }
        Ok(())
    }

    fn wait_all_up(&mut self) -> Result<(), String> {
        let wanted = (self.load.processes + self.load.crash_loop) as usize;
        self.wait_until("all up", |events| events.first_starts.len() >= wanted)?;
        let usage = procfs::usage(self.supervisor.pid()).map_err(|e| format!("cannot read its CPU: {e}"))?;
        let launched = self.events.launched_at.ok_or("the launcher has left no record")?;
        let mut up: Vec<f64> =
            self.events.first_starts.iter().map(|at| at.saturating_sub(launched) as f64 / 1e6).collect();
        up.sort_by(f64::total_cmp);
        let figures = &mut self.run.figures;
        figures.set("first_up_ms", up.first().copied().unwrap_or_default());
        figures.set("all_up_ms", up.last().copied().unwrap_or_default());
        figures.set("start_cpu_ms", usage.cpu.as_secs_f64() * 1e3);
        let step = up.len().div_ceil(200).max(1);
        self.run.up_ms = up.into_iter().step_by(step).collect();
        Ok(())
    }

    fn idle(&mut self) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("cannot read /proc of the supervisor: {e}");
        let pid = self.supervisor.pid();
        // With a crash loop or chatty workers nothing is ever idle; their figures belong to the churn.
        let quiet = self.load.crash_loop == 0 && self.load.chatty == 0 && !self.load.idle.is_zero();
        std::thread::sleep(SETTLE);
        if quiet {
            progress::tick("idle");
            let (before, begin) = (procfs::usage(pid).map_err(failed)?, Instant::now());
            std::thread::sleep(self.load.idle);
            let (after, seconds) = (procfs::usage(pid).map_err(failed)?, begin.elapsed().as_secs_f64());
            let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
            self.run.figures.set("idle_cpu_us_per_s", cpu * 1e6 / seconds);
            let switches = after.switches.saturating_sub(before.switches);
            self.run.figures.set("idle_switches_per_s", switches as f64 / seconds);
        }
        let footprint = procfs::footprint(pid).map_err(failed)?;
        self.run.figures.set("pss_kib", footprint.pss_kib as f64);
        self.run.figures.set("threads", footprint.threads as f64);
        self.run.figures.set("descriptors", footprint.descriptors as f64);
        self.supervisor.must_run()
    }

    fn stop(&mut self) -> Result<(), String> {
        progress::tick("stop");
        let begin = Instant::now();
        self.supervisor.signal(Signal::TERM)?;
        let status = self.supervisor.wait(self.load.wait)?.ok_or("it does not end after SIGTERM")?;
        let ended = begin.elapsed();
        let left_at_end = crate::jail::wait_until_empty(Duration::ZERO);
        let left = if left_at_end > 0 { crate::jail::wait_until_empty(Duration::from_secs(2)) } else { 0 };
        let gone = if left_at_end > 0 { begin.elapsed() } else { ended };
        let figures = &mut self.run.figures;
        figures.set("stop_ms", ended.as_secs_f64() * 1e3);
        figures.set("all_gone_ms", gone.as_secs_f64() * 1e3);
        figures.set("left_behind", left_at_end as f64);
        let signal = std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0);
        figures.set("exit_code", f64::from(status.code().unwrap_or(128 + signal)));
        if left > 0 {
            return Err(format!("{left} processes are still there two seconds after the supervisor's end"));
        }
        self.events.poll().map_err(|e| format!("cannot read the event file: {e}"))
    }

    fn settle_accounts(&mut self, churn: &Churn, receiver: &OtlpReceiver) {
        if self.load.tracing == Tracing::Off {
            return;
        }
        let received = receiver.received();
        let figures = &mut self.run.figures;
        figures.set("export_calls", received.calls as f64);
        figures.set("spans_received", received.distinct() as f64);
        if !self.load.receiver.takes_spans() {
            return;
        }
        let (workers, crashing) = self.events.workers.split_at(self.load.processes as usize);
        let dependencies = self.load.shape.dependencies(self.load.processes);
        let deeds = Deeds {
            processes: self.events.workers.len() as u64,
            crash_loops: self.load.crash_loop.into(),
            dependencies: dependencies.iter().map(|d| d.len() as u64).sum(),
            starts: workers.iter().map(|w| w.count).sum(),
            crash_starts: crashing.iter().map(|w| w.count).sum(),
            kills: churn.kills,
            folded: received.folded,
            backoff: if self.load.has_backoff() { Backoff::Some } else { Backoff::Zero },
            rollings: churn.rollings,
            rolled: churn.rolled,
        };
        let keeps = if self.load.tracing == Tracing::On { Keeps::All } else { Keeps::Some };
        let accounts = accounts(deeds, keeps, &received.by_name);
        figures.set("spans_expected", accounts.values().map(|a| a.at_least as f64).sum());
        figures.set("spans_off", accounts.values().map(|a| a.difference().unsigned_abs() as f64).sum());
        figures.set("span_duplicates", received.duplicates as f64);
        figures.set("spans_without_parent", received.without_parent() as f64);
        self.run.accounts = accounts;
    }

    /// Notes the latencies of restarts.
    pub(crate) fn note_restarts(&mut self, latencies: &Histogram<u64>) {
        self.run.figures.set_restarts(latencies);
        self.run.restart_percentiles = latencies
            .iter_quantiles(5)
            .map(|step| (step.quantile_iterated_to() * 100.0, step.value_iterated_to() as f64 / 1000.0))
            .collect();
    }
}
