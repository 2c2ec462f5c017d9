//! The two threads that start programs: vfork holds its caller until the exec, and the supervision thread must not
//! be held. Owns the queue of orders and the queue of reports. Never waits for a child, never signals one. Called
//! by the reaper's `Children`.

use super::capture::{Capture, CaptureSink, Stream};
use super::child::{Call, Failed, Stack, Step};
use super::environment::Environment;
use super::plan::{Plan, failure};
use super::{limits, signals, sys};
use phpeek_actors::ports::LaunchOrder;
use phpeek_core::ids::TaskId;
use phpeek_core::outcome::{SpawnFailure, SpawnFailureKind as Kind};
use phpeek_core::program::Program;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One thread is too slow on a busy machine, a third brings nothing (measured).
const SPAWNERS: usize = 2;

/// What came of an order.
#[derive(Debug)]
pub(super) struct SpawnReport {
    /// Which task.
    pub(super) task: TaskId,
    /// The child: the leader of the task, or what is left of a failed one.
    pub(super) pid: Option<i32>,
    /// Why there is no program, when there is none.
    pub(super) failure: Option<SpawnFailure>,
}

#[derive(Debug, Default)]
struct Orders {
    queue: VecDeque<LaunchOrder>,
    closed: bool,
}

/// What the threads and their owner share.
pub(super) struct Spawners {
    orders: Mutex<Orders>,
    ordered: Condvar,
    reports: Mutex<VecDeque<SpawnReport>>,
    /// Told after each report, and by the reaper when its driver must look at the clock.
    pub(super) wake: Notify,
    /// The pid that each thread is just starting; 0 when none. The kernel writes them.
    slots: [AtomicI32; SPAWNERS],
    sink: Arc<dyn CaptureSink>,
    base: Environment,
    null: OwnedFd,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner) // the queues are whole between any two operations
}

impl Spawners {
    /// Starts the threads, with all signals blocked in them.
    pub(super) fn start(sink: Arc<dyn CaptureSink>, base: Environment) -> io::Result<Arc<Self>> {
        let spawners = Arc::new(Self {
            orders: Mutex::default(),
            ordered: Condvar::new(),
            reports: Mutex::default(),
            wake: Notify::new(),
            slots: [const { AtomicI32::new(0) }; SPAWNERS],
            sink,
            base,
            null: sys::null()?,
        });
        for slot in 0..SPAWNERS {
            let (shared, stack) = (Arc::clone(&spawners), SendStack(Stack::new()?));
            let thread = std::thread::Builder::new().name(format!("spawner-{slot}"));
            let started = signals::with_all_blocked(|| thread.spawn(move || shared.work(stack, slot)))?;
            if let Err(error) = started {
                spawners.close();
                return Err(error);
            }
        }
        Ok(spawners)
    }

    /// Takes an order.
    pub(super) fn order(&self, order: LaunchOrder) {
        lock(&self.orders).queue.push_back(order);
        self.ordered.notify_one();
    }

    /// Lets the threads end; what they have not begun is given up.
    pub(super) fn close(&self) {
        *lock(&self.orders) = Orders { queue: VecDeque::new(), closed: true };
        self.ordered.notify_all();
    }

    /// Whether a thread is just starting this pid. Ask before [`Self::reports`]: a report is queued before its
    /// slot is cleared, so a child of ours is seen in one of the two.
    pub(super) fn is_starting(&self, pid: i32) -> bool {
        self.slots.iter().any(|slot| slot.load(Ordering::SeqCst) == pid)
    }

    /// Takes what has been reported.
    pub(super) fn reports(&self) -> VecDeque<SpawnReport> {
        std::mem::take(&mut *lock(&self.reports))
    }

    fn work(&self, stack: SendStack, slot: usize) {
        let SendStack(mut stack) = stack;
        let Some(slot) = self.slots.get(slot) else { return };
        while let Some(order) = self.next() {
            let (pid, failure) = match self.launch(&order, &mut stack, slot) {
                Ok(pid) => (Some(pid), None),
                Err((zombie, failure)) => (zombie, Some(failure)),
            };
            lock(&self.reports).push_back(SpawnReport { task: order.task, pid, failure });
            slot.store(0, Ordering::SeqCst);
            self.wake.notify_one();
        }
    }

    fn next(&self) -> Option<LaunchOrder> {
        let mut orders = lock(&self.orders);
        loop {
            if let Some(order) = orders.queue.pop_front() {
                return Some(order);
            }
            if orders.closed {
                return None;
            }
            orders = self.ordered.wait(orders).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn launch(
        &self,
        order: &LaunchOrder,
        stack: &mut Stack,
        slot: &AtomicI32,
    ) -> Result<i32, (Option<i32>, SpawnFailure)> {
        let program = &*order.program;
        let plan = Plan::new(order, &self.base).map_err(|f| (None, f))?;
        let user = plan.credentials.as_ref().and_then(|credentials| credentials.user);
        let pipe = |wanted: bool| {
            wanted.then(|| sys::pipe(user)).transpose().map_err(|e| (None, no_pipe(program, &e)))
        };
        let (stdout, stderr) = (pipe(program.output.stdout)?, pipe(program.output.stderr)?);
        let null = self.null.as_raw_fd();
        let write_end =
            |pipe: &Option<(OwnedFd, OwnedFd)>| pipe.as_ref().map_or(null, |(_, w)| w.as_raw_fd());
        let (argv, envp, candidates) = (plan.argv(), plan.envp(&self.base), plan.candidates());
        let descriptors = [null, write_end(&stdout), write_end(&stderr)];
        let mut call = Call::new(argv.as_ptr(), envp.as_ptr(), candidates.as_ptr(), descriptors);
        if let Some(directory) = &plan.directory {
            call.directory = directory.as_ptr();
        }
        if let Some(credentials) = &plan.credentials {
            (call.groups, call.groups_len) = (credentials.groups.as_ptr(), credentials.groups.len());
            (call.group, call.user) = (credentials.group, credentials.user);
        }
        if let Some(limit) = limits::at_start() {
            call.nofile = limit;
        }
        let pid = stack.spawn(&call, slot).map_err(|failed| (failed.zombie, explain(program, &failed)))?;
        for (pipe, stream) in [(stdout, Stream::Stdout), (stderr, Stream::Stderr)] {
            if let Some((read_end, _)) = pipe {
                self.sink.capture(Capture {
                    process: program.name.clone(),
                    task: order.task,
                    number: order.number,
                    stream,
                    read_end,
                });
            }
        }
        Ok(pid)
    }
}

/// A stack on its way to the thread that will be its only user.
struct SendStack(Stack);

#[expect(unsafe_code, reason = "a mapping may change its owner")]
// SAFETY: the stack is a mapping of this process that nothing else points to.
unsafe impl Send for SendStack {}

fn no_pipe(program: &Program, error: &io::Error) -> SpawnFailure {
    let reason = sys::reason(error.raw_os_error().unwrap_or(libc::EIO));
    failure(
        Kind::Resources,
        format!("cannot capture the output of {:?}: {reason}", program.command.program()),
    )
}

/// Names what failed and why, in words.
fn explain(of: &Program, failed: &Failed) -> SpawnFailure {
    let program = of.command.program();
    let reason = sys::reason(failed.errno);
    let short_of_room = matches!(failed.errno, libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE);
    let (kind, message) = match failed.step {
        Step::Directory => {
            let directory = of.working_dir.as_deref().unwrap_or(std::path::Path::new(""));
            (Kind::WorkingDirectory, format!("cannot enter the directory {directory:?}: {reason}"))
        }
        Step::User => {
            let user = of.user.as_deref().unwrap_or_default();
            (Kind::Credentials, format!("cannot become user {user:?}: {reason}"))
        }
        Step::Group => {
            let whose = of.group.as_deref().or(of.user.as_deref()).unwrap_or_default();
            (Kind::Credentials, format!("cannot take the groups of {whose:?}: {reason}"))
        }
        Step::Exec => match failed.errno {
            // The kernel says the same when a script names an interpreter that is not there.
            libc::ENOENT if program.contains('/') && of.working_dir.is_none() && exists(program) => {
                (Kind::NotFound, format!("cannot run {program:?}: its interpreter is missing"))
            }
            // As PHPeek PM's documentation shows it.
            libc::ENOENT if !program.contains('/') => {
                (Kind::NotFound, format!("exec: {program:?}: executable file not found in $PATH"))
            }
            libc::ENOENT | libc::ENOTDIR => (Kind::NotFound, format!("cannot run {program:?}: {reason}")),
            libc::EACCES | libc::EPERM | libc::ENOEXEC | libc::EISDIR => {
                (Kind::NotExecutable, format!("cannot run {program:?}: {reason}"))
            }
            _ => (Kind::Other, format!("cannot run {program:?}: {reason}")),
        },
        Step::Clone | Step::ProcessGroup | Step::Signals | Step::Descriptors | Step::Limits => {
            (Kind::Other, format!("cannot make a process for {program:?}: {reason}"))
        }
    };
    let room_matters = matches!(kind, Kind::Other);
    failure(if short_of_room && room_matters { Kind::Resources } else { kind }, message)
}

fn exists(program: &str) -> bool {
    std::path::Path::new(program).exists()
}
