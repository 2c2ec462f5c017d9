//! Listens to what programs say of themselves, in a thread of its own that begins with the first of them and sleeps while
//! nobody speaks. A flood holds up nobody but who sends it: of each program so much is read in a time, and no more. Decides
//! nothing.

mod message;

use message::{LONGEST, Message};
use phpeek_actors::ports::{NewsDesk, RunNews};
use phpeek_core::health::news::{News, Saying};
use phpeek_core::ids::RunId;
use phpeek_os::notify::{Datagram, Door, Ear, EarSink, NotifySocket};
use phpeek_os::threads::ThreadRuntime;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinSet};

/// Datagrams of one program that are read at once.
const BATCH: usize = 64;
/// After these nothing of it is read for so long.
const PAUSE: Duration = Duration::from_millis(20);

/// What the thread is told.
enum Job {
    Listen(Ear),
    Over(RunId),
}

/// The port of the spawners.
pub struct Ears {
    jobs: Mutex<Option<UnboundedSender<Job>>>,
    desk: Arc<dyn NewsDesk>,
    /// First thing in the thread: it must block all signals there.
    first: fn(),
}

impl Ears {
    /// Nothing runs before the first program that may speak.
    #[must_use]
    pub fn new(desk: Arc<dyn NewsDesk>, first: fn()) -> Self {
        Self { jobs: Mutex::default(), desk, first }
    }

    fn jobs(&self) -> MutexGuard<'_, Option<UnboundedSender<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner) // a sender or none
    }

    /// Hands an ear to the thread, which is begun if it is not there.
    fn hand(&self, ear: Ear) -> io::Result<()> {
        let mut jobs = self.jobs();
        let job = Job::Listen(ear);
        let job = match &*jobs {
            Some(sender) => match sender.send(job) {
                Ok(()) => return Ok(()),
                Err(lost) => lost.0,
            },
            None => job,
        };
        let sender = jobs.insert(self.begin()?);
        sender.send(job).map_err(|_| io::Error::other("it has ended"))
    }

    fn begin(&self) -> io::Result<UnboundedSender<Job>> {
        let (sender, jobs) = unbounded_channel();
        let (runtime, first, desk) = (ThreadRuntime::new()?, self.first, Arc::clone(&self.desk));
        std::thread::Builder::new().name("notify".to_owned()).spawn(move || {
            first();
            runtime.block_on(serve(jobs, desk));
        })?;
        Ok(sender)
    }
}

impl EarSink for Ears {
    fn listen(&self, ear: Ear) {
        let run = ear.run;
        if let Err(error) = self.hand(ear) {
            let why = format!("the thread that listens could not be begun: {error}").into();
            self.desk.bring(RunNews { run, news: vec![News::Said(Saying::Dropped { count: 1, why })] });
        }
    }

    fn over(&self, run: RunId) {
        if let Some(sender) = &*self.jobs() {
            sender.send(Job::Over(run)).ok(); // a thread that is gone listens to nobody
        }
    }
}

/// Listens until nobody can be handed over any more.
async fn serve(mut jobs: UnboundedReceiver<Job>, desk: Arc<dyn NewsDesk>) {
    let mut tasks = JoinSet::new();
    let mut handles: HashMap<RunId, Vec<AbortHandle>> = HashMap::new();
    while let Some(job) = jobs.recv().await {
        while tasks.try_join_next().is_some() {} // what has ended is forgotten
        match job {
            Job::Listen(ear) => {
                let run = ear.run;
                let handle = tasks.spawn(listen(ear, Arc::clone(&desk)));
                handles.entry(run).or_default().push(handle);
            }
            Job::Over(run) => {
                handles.remove(&run).into_iter().flatten().for_each(|handle| handle.abort());
            }
        }
    }
}

/// One end, as the runtime wants it.
struct End(Door);

impl AsRawFd for End {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

#[expect(
    deprecated,
    reason = "an end holds its descriptor open as long as it lives, which is all that is asked"
)]
fn watch(end: End) -> io::Result<AsyncFd<End>> {
    AsyncFd::with_interest(end, Interest::READABLE)
}

/// Reads one end until it is closed.
async fn listen(Ear { run, door }: Ear, desk: Arc<dyn NewsDesk>) {
    let Ok(end) = watch(End(door)) else { return };
    let mut dropped = 0;
    loop {
        let Ok(mut ready) = end.readable().await else { return };
        let heard = match &end.get_ref().0 {
            Door::Socket(socket) => hear(socket, &mut dropped),
            Door::Pipe(read) => match newline(read) {
                Ok(news) => news,
                Err(_) => return, // nobody can write any more
            },
        };
        let Heard { news, any, drained } = heard;
        if drained {
            ready.clear_ready();
        }
        if !news.is_empty() {
            desk.bring(RunNews { run, news });
        }
        if any {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What was read at once.
struct Heard {
    news: Vec<News>,
    /// Whether there was anything.
    any: bool,
    /// Whether there is no more.
    drained: bool,
}

fn hear(socket: &NotifySocket, dropped: &mut u64) -> Heard {
    let (mut message, mut wrong, before) = (Message::default(), None, *dropped);
    let (mut any, mut drained) = (false, false);
    let mut buffer = [0; LONGEST + 1];
    for _ in 0..BATCH {
        match socket.receive(&mut buffer) {
            Ok(datagram) => {
                any = true;
                let bytes = buffer.get(..datagram.len).unwrap_or_default();
                if let Err(why) = take(socket, &mut message, datagram, bytes) {
                    *dropped += 1;
                    wrong = Some(why);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                drained = true;
                break;
            }
        }
    }
    let mut news = message.news();
    // The first is told, and then each time that there are twice as many.
    if let Some(why) = wrong.filter(|_| before == 0 || before.ilog2() < dropped.ilog2()) {
        news.push(News::Said(Saying::Dropped { count: *dropped, why: why.into() }));
    }
    Heard { news, any, drained }
}

fn take(
    socket: &NotifySocket,
    message: &mut Message,
    datagram: Datagram,
    bytes: &[u8],
) -> Result<(), String> {
    match datagram.sender {
        _ if datagram.cut || bytes.len() > LONGEST => Err(format!("it is longer than {LONGEST} bytes")),
        None => Err("nobody knows who has sent it".to_owned()),
        Some(sender) if !socket.knows(sender) => Err(format!(
            "process {} of user {} does not belong to this run, or is gone",
            sender.pid, sender.uid
        )),
        Some(_) => message.take(bytes),
    }
}

/// Looks for the newline of s6. What follows it is of no interest.
///
/// # Errors
/// At the end of the pipe.
fn newline(read: impl AsFd) -> Result<Heard, io::Error> {
    let mut buffer = [0; 512];
    match rustix::io::read(&read, &mut buffer) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(count) => {
            let said = buffer.get(..count).unwrap_or_default().contains(&b'\n');
            Ok(Heard { news: said.then_some(News::Ready).into_iter().collect(), any: true, drained: false })
        }
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {
            Ok(Heard { news: Vec::new(), any: false, drained: true })
        }
        Err(error) => Err(error.into()),
    }
}
