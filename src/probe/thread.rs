//! The thread in which questions are asked, and the port in front of it. It begins with the first question; one that is
//! lost to a fault is begun anew by the next question, so that a fault of ours does not make a process look ill.

use super::{dial, grpc, http};
use phpeek_actors::ports::{ProbeAnswer, ProbeOrder, Prober};
use phpeek_core::health::Question;
use phpeek_core::health::facts::{Answer, ProbeFault};
use phpeek_core::ids::ProbeId;
use phpeek_os::threads::ThreadRuntime;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{Instant, sleep};

/// So many questions within a [`SPAN`] are many. They come together, since probes begin together: the first of them then waits
/// for the others, instead of a wake for each.
const MANY: u32 = 10;
const SPAN: Duration = Duration::from_millis(100);
const GATHER: Duration = Duration::from_millis(1);

/// What the thread is told. Bounded by the machines: each check has one question at a time.
enum Job {
    Ask(Box<ProbeOrder>),
    Forget(ProbeId),
}

/// The port. Lives on the supervision thread.
pub struct Probes {
    jobs: RefCell<Option<UnboundedSender<Job>>>,
    /// First thing in the thread: it must block all signals there.
    first: fn(),
}

impl Probes {
    /// Nothing runs before the first question.
    #[must_use]
    pub fn new(first: fn()) -> Self {
        Self { jobs: RefCell::default(), first }
    }

    /// Hands a job to the thread, which is begun if it is not there. What no thread takes has no answer: its time will
    /// be over.
    fn hand(&self, job: Job) {
        let mut jobs = self.jobs.borrow_mut();
        let job = match &*jobs {
            Some(sender) => match sender.send(job) {
                Ok(()) => return,
                Err(lost) => lost.0,
            },
            None => job,
        };
        *jobs = begin(self.first).ok();
        if let Some(sender) = &*jobs {
            let taken = sender.send(job);
            debug_assert!(taken.is_ok(), "the thread has just begun");
        }
    }
}

impl Prober for Probes {
    fn ask(&self, order: ProbeOrder) {
        self.hand(Job::Ask(Box::new(order)));
    }

    fn forget(&self, probe: ProbeId) {
        if self.jobs.borrow().is_some() {
            self.hand(Job::Forget(probe));
        }
    }
}

fn begin(first: fn()) -> io::Result<UnboundedSender<Job>> {
    let (sender, jobs) = unbounded_channel();
    let runtime = ThreadRuntime::new()?;
    std::thread::Builder::new().name("probes".to_owned()).spawn(move || {
        first();
        runtime.block_on(serve(jobs));
    })?;
    Ok(sender)
}

/// How many questions have come lately.
struct Pace {
    since: Instant,
    count: u32,
    /// Whether the span before this one had many.
    many: bool,
}

impl Pace {
    /// One more has come; whether there are many.
    fn one_more(&mut self) -> bool {
        if self.since.elapsed() >= SPAN {
            let passed = self.since.elapsed() < SPAN * 2 && self.count >= MANY;
            *self = Self { since: Instant::now(), count: 0, many: passed };
        }
        self.count += 1;
        self.many || self.count >= MANY
    }
}

/// Asks until nobody can ask any more.
async fn serve(mut jobs: UnboundedReceiver<Job>) {
    let mut asked = JoinSet::new();
    let mut handles: HashMap<ProbeId, AbortHandle> = HashMap::new();
    let mut pace = Pace { since: Instant::now(), count: 0, many: false };
    loop {
        match next(&mut jobs, &mut asked).await {
            Next::Job(None) => return,
            Next::Job(Some(job)) => {
                if pace.one_more() {
                    sleep(GATHER).await;
                }
                let mut job = Some(job);
                while let Some(own) = job {
                    take(own, &mut asked, &mut handles);
                    job = jobs.try_recv().ok();
                    pace.count += u32::from(job.is_some());
                }
            }
            Next::Over(Ok(probe)) => drop(handles.remove(&probe)),
            // It was forgotten, or has panicked, and then its time will be over.
            Next::Over(Err(_)) => handles.retain(|_, handle| !handle.is_finished()),
        }
    }
}

fn take(job: Job, asked: &mut JoinSet<ProbeId>, handles: &mut HashMap<ProbeId, AbortHandle>) {
    match job {
        Job::Ask(order) => {
            let at_once = match &order.question {
                Question::Tcp(address) => dial::at_once(address).map(|came| of_tcp(address, came)),
                _ => None,
            };
            let probe = order.probe;
            match at_once {
                Some(answer) => order.hearer.do_send(ProbeAnswer { probe, answer }),
                None => drop(handles.insert(probe, asked.spawn(answer(order)))),
            }
        }
        Job::Forget(probe) => {
            if let Some(handle) = handles.remove(&probe) {
                handle.abort();
            }
        }
    }
}

fn of_tcp<T>(address: &str, came: io::Result<T>) -> Answer {
    match came {
        Ok(_) => Answer::well(format!("{address} takes connections")),
        Err(error) => dial::answer(address, &error),
    }
}

/// What the thread has to do next.
enum Next {
    Job(Option<Job>),
    Over(Result<ProbeId, JoinError>),
}

async fn next(jobs: &mut UnboundedReceiver<Job>, asked: &mut JoinSet<ProbeId>) -> Next {
    poll_fn(|context| match asked.poll_join_next(context) {
        Poll::Ready(Some(over)) => Poll::Ready(Next::Over(over)),
        Poll::Ready(None) | Poll::Pending => jobs.poll_recv(context).map(Next::Job),
    })
    .await
}

/// Asks, and tells the answer.
async fn answer(order: Box<ProbeOrder>) -> ProbeId {
    let ProbeOrder { probe, question, timeout, context, hearer, .. } = *order;
    let asking = async {
        match &question {
            Question::Tcp(address) => of_tcp(address, dial::connect(address).await),
            Question::Http(question) => http::ask(question, &context).await,
            Question::Grpc(question) => grpc::ask(question, timeout, &context).await,
            Question::Exec(_) => Answer::bad(ProbeFault::NotStarted, "a program is started by the launcher"),
            Question::Notify(_) | Question::Log(_) => {
                Answer::bad(ProbeFault::Answer, "what is told is asked of nobody")
            }
        }
    };
    let answer = match tokio::time::timeout(timeout, asking).await {
        Ok(answer) => answer,
        Err(_) => Answer::bad(ProbeFault::TimedOut, format!("no answer within {timeout:?}")),
    };
    hearer.do_send(ProbeAnswer { probe, answer });
    probe
}

#[cfg(test)]
mod tests;
