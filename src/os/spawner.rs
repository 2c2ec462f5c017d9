//! The threads that start programs: vfork holds its caller until the exec, and the supervision thread must not be
//! held. Owns the queue of orders and the queue of reports. An exec that hangs (the program or its directory lies on a
//! network disk that is gone) holds one thread and no other program: more threads are started, up to a bound, and none
//! takes a second order for a program that hangs in this directory. Never waits for a child; kills one only that hangs before its exec and is not wanted any more.

use super::capture::CaptureSink;
use super::child::Stack;
use super::environment::Environment;
use super::launch::{Child, Launch};
use super::leaves::Leaves;
use super::notify::EarSink;
use super::plan::failure;
use super::signals;
use super::sys::{self, Target};
use phpeek_actors::ports::LaunchOrder;
use phpeek_core::ids::{RunId, TaskId};
use phpeek_core::outcome::{SpawnFailure, SpawnFailureKind as Kind};
use phpeek_core::program::Program;
use phpeek_core::signal::Signal;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// One thread is too slow for many on a busy machine, a third brings nothing (measured).
const SPAWNERS: usize = 2;
/// Threads at most: when so many programs hang at once, nothing more can be started until one comes back.
const MOST: usize = 16;
/// Orders that wait most of the time.
const USUAL: usize = 16;
/// An exec that takes this long hangs.
const HANGS: Duration = Duration::from_secs(1);

/// What came of an order.
#[derive(Debug)]
pub(super) struct SpawnReport {
    /// Which task.
    pub(super) task: TaskId,
    /// The child: the leader of the task, or what is left of a failed one.
    pub(super) child: Option<Child>,
    /// Why there is no program, when there is none.
    pub(super) failure: Option<SpawnFailure>,
}

/// What a thread is at.
#[derive(Debug)]
struct Busy {
    task: TaskId,
    program: Arc<Program>,
    since: Instant,
    unwanted: Unwanted,
}

/// Whether the program is still wanted while its exec is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unwanted {
    No,
    /// It is killed when it turns out to hang.
    Yes,
    Killed,
}

impl Busy {
    fn hangs(&self) -> bool {
        self.since.elapsed() >= HANGS
    }
}

/// A child that waits for its tracer, which is the thread that made it.
#[derive(Debug)]
struct Trapped {
    pid: i32,
    signal: i32,
    /// Threads that are not its tracer; bit n is thread n.
    tried: u32,
}

#[derive(Debug, Default)]
struct Orders {
    queue: VecDeque<LaunchOrder>,
    closed: bool,
    threads: usize,
    /// How many threads wait for work.
    idle: usize,
    busy: [Option<Busy>; MOST],
    trapped: Vec<Trapped>,
}

impl Orders {
    /// The first order whose program does not hang already where it is to run.
    fn take(&mut self) -> Option<LaunchOrder> {
        let at = self.takable()?;
        self.queue.remove(at)
    }

    fn takable(&self) -> Option<usize> {
        let hanging: Vec<_> =
            self.busy.iter().flatten().filter(|b| b.hangs()).map(|b| place(&b.program)).collect();
        self.queue.iter().position(|order| !hanging.contains(&place(&order.program)))
    }

    /// Lets go what this thread is the tracer of, and forgets what no thread is.
    fn let_go(&mut self, thread: usize) {
        let bit = 1_u32 << thread.min(31);
        let threads = u32::try_from(self.threads).unwrap_or(u32::MAX);
        self.trapped.retain_mut(|trapped| {
            if trapped.tried & bit != 0 {
                return true;
            }
            trapped.tried |= bit;
            !sys::detach(trapped.pid, trapped.signal) && trapped.tried.count_ones() < threads
        });
    }
}

/// By what an exec that hangs is known: its file, or its directory.
fn place(program: &Program) -> (&str, Option<&Path>) {
    (program.command.program(), program.working_dir.as_deref())
}

/// What the threads and their owner share.
pub(super) struct Spawners {
    orders: Mutex<Orders>,
    ordered: Condvar,
    reports: Mutex<VecDeque<SpawnReport>>,
    /// Told after each report, when no thread is free, and by the reaper when its driver must look at the clock.
    pub(super) wake: Notify,
    /// The pid that each thread is just starting; 0 when none. The kernel writes them.
    slots: [AtomicI32; MOST],
    launch: Launch,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner) // the queues are whole between any two operations
}

impl Spawners {
    /// Starts the first thread, with all signals blocked in it; the others come when there is work for them. The mark of
    /// each task begins with `supervisor`.
    pub(super) fn start(base: Environment, supervisor: String, leaves: Arc<Leaves>) -> io::Result<Arc<Self>> {
        let spawners = Arc::new(Self {
            orders: Mutex::default(),
            ordered: Condvar::new(),
            reports: Mutex::default(),
            wake: Notify::new(),
            slots: [const { AtomicI32::new(0) }; MOST],
            launch: Launch::new(base, supervisor, leaves)?,
        });
        spawners.start_thread()?;
        Ok(spawners)
    }

    /// Where the output of children goes. Said once, before the first order.
    pub(super) fn capture_to(&self, sink: Arc<dyn CaptureSink>) {
        self.launch.capture_to(sink);
    }

    /// Who listens to what programs say. Said once, before the first order.
    pub(super) fn heard_by(&self, ears: Arc<dyn EarSink>) {
        self.launch.heard_by(ears);
    }

    /// What people should know of the cgroups of runs, once.
    pub(super) fn trouble(&self) -> Option<String> {
        self.launch.leaves.trouble()
    }

    /// Nobody is left of this run.
    pub(super) fn over(&self, run: RunId) {
        self.launch.over(run);
    }

    /// A program's streams that are not captured are ours from now on. Said once, before the first order.
    pub(super) fn hand_on_streams(&self) -> io::Result<()> {
        self.launch.hand_on_streams()
    }

    /// Whether the one program has our terminal.
    pub(super) fn is_in_front(&self) -> bool {
        self.launch.is_in_front()
    }

    /// Every program has these variables too. Said once, before the first order.
    pub(super) fn add_to_environment(&self, variables: &[(&str, String)]) {
        self.launch.add_to_environment(variables);
    }

    /// One more. It stays for good: a child may want a signal when the thread that made it ends.
    fn start_thread(self: &Arc<Self>) -> io::Result<()> {
        let number = lock(&self.orders).threads;
        let (shared, stack) = (Arc::clone(self), SendStack(Stack::new()?));
        let thread = std::thread::Builder::new().name(format!("spawner-{number}"));
        signals::with_all_blocked(|| thread.spawn(move || shared.work(stack, number)))??;
        lock(&self.orders).threads += 1;
        Ok(())
    }

    /// Takes an order.
    pub(super) fn order(self: &Arc<Self>, order: LaunchOrder) {
        let mut orders = lock(&self.orders);
        orders.queue.push_back(order);
        if orders.idle == 0 {
            self.wake.notify_one(); // the driver watches how long that lasts
        }
        let wanted = orders.threads < SPAWNERS && orders.queue.len() > 1;
        drop(orders);
        self.ordered.notify_one();
        if wanted {
            drop(self.start_thread()); // no thread to be had: the next order tries again, and until then one is enough
        }
    }

    /// The task is not wanted any more. An order that nobody has begun with is given up; a program whose exec hangs is
    /// killed; one that is about to begin begins.
    pub(super) fn cancel(&self, task: TaskId) {
        let mut orders = lock(&self.orders);
        if let Some(at) = orders.queue.iter().position(|order| order.task == task) {
            orders.queue.remove(at);
            drop(orders);
            let failure = Some(failure(Kind::Other, "stopped before it was started".to_owned()));
            lock(&self.reports).push_back(SpawnReport { task, child: None, failure });
        } else if let Some(busy) = orders.busy.iter_mut().flatten().find(|busy| busy.task == task) {
            busy.unwanted = Unwanted::Yes;
        }
        self.wake.notify_one();
    }

    /// A child that has made its maker its tracer shall go on with this signal.
    pub(super) fn let_go(&self, pid: i32, signal: i32) {
        lock(&self.orders).trapped.push(Trapped { pid, signal, tried: 0 });
        self.ordered.notify_all();
    }

    /// When [`Self::look`] has something to do, if it has.
    pub(super) fn next_look(&self) -> Option<Duration> {
        let orders = lock(&self.orders);
        let held = orders.idle == 0 && orders.threads < MOST && orders.takable().is_some();
        let watched = orders.busy.iter().flatten().filter(|busy| match busy.unwanted {
            Unwanted::Yes => true,
            Unwanted::No | Unwanted::Killed => held,
        });
        watched.map(|busy| HANGS.saturating_sub(busy.since.elapsed())).min()
    }

    /// Puts one more thread to work where all are held, and kills what hangs and is not wanted.
    pub(super) fn look(self: &Arc<Self>) {
        let mut orders = lock(&self.orders);
        for (busy, slot) in orders.busy.iter_mut().zip(&self.slots) {
            if let Some(busy) = busy.as_mut().filter(|busy| busy.unwanted == Unwanted::Yes && busy.hangs()) {
                busy.unwanted = Unwanted::Killed;
                sys::kill(Target::Process(slot.load(Ordering::SeqCst)), Some(Signal::KILL));
            }
        }
        let all_hang = orders.busy.iter().flatten().filter(|busy| busy.hangs()).count() == orders.threads;
        let wanted = all_hang && orders.threads < MOST && orders.takable().is_some();
        drop(orders);
        if wanted {
            drop(self.start_thread()); // no thread to be had: the next look tries again
        }
    }

    /// Lets the threads end; what they have not begun is given up.
    pub(super) fn close(&self) {
        let mut orders = lock(&self.orders);
        orders.queue.clear();
        orders.closed = true;
        drop(orders);
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

    fn work(&self, stack: SendStack, number: usize) {
        let SendStack(mut stack) = stack;
        let Some(slot) = self.slots.get(number) else { return };
        while let Some(order) = self.next(number) {
            let (child, failure) = match self.launch.start(&order, &mut stack, slot) {
                Ok(child) => (Some(child), None),
                Err((zombie, failure)) => (zombie, Some(failure)),
            };
            lock(&self.reports).push_back(SpawnReport { task: order.task, child, failure });
            slot.store(0, Ordering::SeqCst);
            self.wake.notify_one();
        }
    }

    fn next(&self, number: usize) -> Option<LaunchOrder> {
        let mut orders = lock(&self.orders);
        if let Some(busy) = orders.busy.get_mut(number) {
            *busy = None;
        }
        orders.idle += 1;
        loop {
            orders.let_go(number);
            if let Some(order) = orders.take() {
                orders.idle -= 1;
                if let Some(busy) = orders.busy.get_mut(number) {
                    let (task, program) = (order.task, Arc::clone(&order.program));
                    *busy = Some(Busy { task, program, since: Instant::now(), unwanted: Unwanted::No });
                }
                return Some(order);
            } else if orders.closed {
                return None;
            } else {
                orders.queue.shrink_to(USUAL);
                orders = self.ordered.wait(orders).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// A stack on its way to the thread that will be its only user.
struct SendStack(Stack);

#[expect(unsafe_code, reason = "a mapping may change its owner")]
// SAFETY: the stack is a mapping of this process that nothing else points to.
unsafe impl Send for SendStack {}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry::trace::SpanContext;
    use phpeek_actors::testkit::{SpecBuilder, system};
    use phpeek_core::ids::{InstanceId, ProcessId};
    use phpeek_core::program::Label;

    fn order(name: &str, instance: u32) -> LaunchOrder {
        let program = system(vec![SpecBuilder::new(name)]).processes.remove(0).program.clone();
        let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: instance }.run(1));
        let label = Label { number: Some(instance), incarnation: Some(1) };
        LaunchOrder { task, label, program, context: SpanContext::NONE }
    }

    fn busy(name: &str, ago: Duration) -> Busy {
        let LaunchOrder { task, program, .. } = order(name, 9);
        let since = Instant::now().checked_sub(ago).expect("the machine has run for a while");
        Busy { task, program, since, unwanted: Unwanted::No }
    }

    #[test]
    fn a_program_that_hangs_gets_no_second_thread_and_holds_up_no_other() {
        let mut orders = Orders { threads: 2, ..Orders::default() };
        orders.queue.extend([order("bad", 0), order("good", 1), order("bad", 2)]);
        assert_eq!(orders.takable(), Some(0), "nothing hangs yet");
        orders.busy[0] = Some(busy("bad", Duration::ZERO));
        assert_eq!(orders.takable(), Some(0), "it may only be slow");
        orders.busy[0] = Some(busy("bad", HANGS));
        let taken = orders.take().expect("the other program");
        assert_eq!(taken.task.instance().map(|i| i.serial), Some(1));
        assert_eq!((orders.takable(), orders.queue.len()), (None, 2), "the rest waits for it");
        let mut elsewhere = order("bad", 3);
        Arc::make_mut(&mut elsewhere.program).working_dir = Some("/elsewhere".into());
        orders.queue.push_back(elsewhere);
        let taken = orders.take().expect("its directory may be what hangs the other");
        assert_eq!(taken.task.instance().map(|i| i.serial), Some(3));
        orders.busy[0] = None;
        assert_eq!(orders.take().expect("it came back").task.instance().map(|i| i.serial), Some(0));
    }
}
