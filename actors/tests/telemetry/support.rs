//! A store, an exporter, a sieve and a log that panic when the plan says so.

use bytes::Bytes;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
use opentelemetry_sdk::trace::SpanProcessor as _;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_actors::telemetry::{
    Answer, Batch, Dropped, ExportFuture, Flush, FlushKind, FlushOutcome, News, Parts, Queue, QueueProcessor,
    Sieve, SpanExporter, SpanStore, TelemetryActor, Unsampled,
};
use phpeek_core::backoff::Backoff;
use phpeek_core::batch::Rules;
use phpeek_core::otel::OtelSignal;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// How often each call panics, from the first on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    pub(crate) keep: u32,
    pub(crate) batch: u32,
    pub(crate) put_back: u32,
    pub(crate) sift: u32,
    pub(crate) export: u32,
    pub(crate) attempt: u32,
    pub(crate) log: u32,
    /// How many attempts fail.
    pub(crate) attempt_fails: u32,
    /// The span over which the exporter panics, by its number.
    pub(crate) poison: Option<u64>,
    /// Whether what the store holds outlives it.
    pub(crate) durable: bool,
}

/// Counts down; panics until nothing is left.
#[derive(Clone, Default)]
struct Fuse(Rc<Cell<u32>>);

impl Fuse {
    fn new(times: u32) -> Self {
        Self(Rc::new(Cell::new(times)))
    }

    fn take(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }

    fn burn(&self) {
        if self.take() {
            // Without the hook's noise.
            std::panic::resume_unwind(Box::new("planted"));
        }
    }
}

/// What lies on the disk, when there is one.
type Disk = Rc<RefCell<Vec<u64>>>;

struct Store {
    plan: [Fuse; 3],
    disk: Disk,
    durable: bool,
    taken: usize,
    recovered: u64,
}

impl SpanStore for Store {
    fn keep(&mut self, news: &mut Vec<News>) {
        if !news.is_empty() {
            self.plan[0].burn();
        }
        for one in news.drain(..) {
            if let News::Ended(span) = one {
                self.disk.borrow_mut().push(number(&span));
            }
        }
    }

    fn waiting(&self) -> u64 {
        self.disk.borrow().len() as u64
    }

    fn batch(&mut self, most: usize) -> Option<Batch> {
        self.plan[1].burn();
        let disk = self.disk.borrow();
        self.taken = disk.len().min(most);
        let request: Vec<u8> = disk.iter().take(self.taken).flat_map(|n| n.to_be_bytes()).collect();
        (self.taken > 0).then(|| Batch { request: Bytes::from(request), spans: self.taken as u64 })
    }

    fn settle(&mut self) {
        self.disk.borrow_mut().drain(..std::mem::take(&mut self.taken));
    }

    fn put_back(&mut self) {
        self.taken = 0;
        self.plan[2].burn();
    }

    fn dropped(&self) -> Dropped {
        Dropped::default()
    }

    fn recovered(&self) -> u64 {
        self.recovered
    }

    fn is_durable(&self) -> bool {
        self.durable
    }

    fn lose_what_does_not_last(&mut self) -> u64 {
        if self.durable { 0 } else { self.disk.borrow_mut().drain(..).count() as u64 }
    }
}

struct Exporter {
    plan: [Fuse; 3],
    poison: Option<u64>,
    taken: Rc<RefCell<Vec<u64>>>,
}

impl SpanExporter for Exporter {
    fn target(&self) -> String {
        "a test".to_owned()
    }

    fn export(&mut self, batch: Batch) -> ExportFuture {
        self.plan[0].burn();
        let (attempt, fails) = (self.plan[1].clone(), self.plan[2].take());
        let (taken, poison) = (self.taken.clone(), self.poison);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            attempt.burn();
            let spans: Vec<u64> = batch
                .request
                .chunks_exact(8)
                .map(|bytes| u64::from_be_bytes(bytes.try_into().expect("eight")))
                .collect();
            if poison.is_some_and(|poison| spans.contains(&poison)) {
                std::panic::resume_unwind(Box::new("planted"));
            }
            if fails {
                return Answer::Retry { after: None, cause: "planted".to_owned() };
            }
            taken.borrow_mut().extend(spans);
            Answer::TAKEN
        })
    }
}

struct Everything(Fuse);

impl Sieve for Everything {
    fn pass(&mut self, news: &mut Vec<News>, out: &mut Vec<News>) -> u64 {
        self.0.burn();
        out.append(news);
        0
    }

    fn decide_all(&mut self, _: &mut Vec<News>) -> u64 {
        0
    }

    fn undecided(&self) -> u64 {
        0
    }
}

struct Log {
    panics: AtomicU32,
    said: Mutex<Vec<String>>,
}

impl LogSink for Log {
    fn enabled(&self, _: Level) -> bool {
        true
    }

    fn log(&self, record: LogRecord) {
        if self.panics.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok() {
            std::panic::resume_unwind(Box::new("planted"));
        }
        self.said.lock().expect("nothing panics while it is held").push(record.message.to_string());
    }
}

/// An actor and what it is made of.
pub(crate) struct Bench {
    pub(crate) queue: Arc<Queue>,
    actor: actix::Addr<TelemetryActor>,
    log: Arc<Log>,
    taken: Rc<RefCell<Vec<u64>>>,
    next: Cell<u64>,
}

fn number(span: &SpanData) -> u64 {
    u64::from_be_bytes(span.span_context.span_id().to_bytes())
}

impl Bench {
    pub(crate) fn new(plan: Plan) -> Self {
        let queue = Arc::new(Queue::new(1000));
        let log = Arc::new(Log { panics: AtomicU32::new(plan.log), said: Mutex::default() });
        let (disk, taken) = (Disk::default(), Rc::<RefCell<Vec<u64>>>::default());
        let in_store = [plan.keep, plan.batch, plan.put_back].map(Fuse::new);
        let in_exporter = [plan.export, plan.attempt, plan.attempt_fails].map(Fuse::new);
        let (sift, to) = (Fuse::new(plan.sift), taken.clone());
        let second = Duration::from_secs(1);
        let parts = Parts {
            signal: OtelSignal::Traces,
            queue: queue.clone(),
            sift: Box::new(move || Box::new(Everything(sift.clone()))),
            store: Box::new(move || {
                let disk = if plan.durable { disk.clone() } else { Disk::default() };
                let recovered = disk.borrow().len() as u64;
                Box::new(Store { plan: in_store.clone(), disk, durable: plan.durable, taken: 0, recovered })
            }),
            exporter: Box::new(move || {
                Box::new(Exporter { plan: in_exporter.clone(), poison: plan.poison, taken: to.clone() })
            }),
            rules: Rules {
                batch: 512,
                backlog_batch: 4096,
                first_delay: second / 10,
                delay: second,
                backoff: Backoff::new(second, second * 30).expect("1 s is less than 30 s"),
            },
            linger: second / 10,
            clock: Clock::starting_at(SystemTime::UNIX_EPOCH),
            log: log.clone(),
            trim: Box::new(|| {}),
        };
        let actor = actix::Actor::start(TelemetryActor::new(parts));
        queue.wakes(actor.clone().recipient());
        Self { queue, actor, log, taken, next: Cell::new(1) }
    }

    pub(crate) fn end_spans(&self, count: u64) {
        let processor = QueueProcessor::new(self.queue.clone(), Unsampled::Queued);
        for _ in 0..count {
            let number = self.next.replace(self.next.get() + 1);
            processor.on_end(span(number));
        }
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    pub(crate) async fn flush(&self) -> FlushOutcome {
        let (reply, answer) = oneshot::channel();
        self.actor.do_send(Flush { limit: Duration::from_secs(5), kind: FlushKind::Last, reply });
        tokio::time::timeout(Duration::from_secs(60), answer).await.expect("in time").expect("answered")
    }

    pub(crate) fn said(&self, text: &str) -> bool {
        self.log.said.lock().expect("nothing panics while it is held").iter().any(|said| said.contains(text))
    }

    /// How many spans the receiver has; none of them twice.
    pub(crate) fn taken(&self) -> u64 {
        let mut taken = self.taken.borrow().clone();
        let all = taken.len();
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(all, taken.len(), "spans were delivered twice");
        all as u64
    }
}

fn span(number: u64) -> SpanData {
    let id = SpanId::from_bytes(number.to_be_bytes());
    SpanData {
        span_context: SpanContext::new(1.into(), id, Default::default(), false, Default::default()),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "x".into(),
        start_time: SystemTime::UNIX_EPOCH,
        end_time: SystemTime::UNIX_EPOCH,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: Default::default(),
    }
}
