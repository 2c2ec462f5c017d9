//! What the control thread wants to know of the supervision thread: asked by message, one inquiry of a kind in
//! flight, its answer for all who wait. Owns the bound of what asking may cost supervision.

use super::change::{Change, PlanReport};
use super::order::{Begun, Heard, Order};
use super::past::{Past, PastOf};
use super::report::TelemetryReport;
use super::snapshot::Snapshot;
use super::view::View;
use bytes::Bytes;
use phpeek_actors::panics::Panics;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

/// Between two inquiries of one kind: however many ask, supervision answers at most 200 times a second, with a copy of
/// some 40 bytes for each instance.
const PACE: Duration = Duration::from_millis(5);
/// A supervision thread that does not answer within this is in trouble that the asker should hear of.
const PATIENCE: Duration = Duration::from_secs(5);
/// Inquiries on their way: one of each kind.
const KINDS: usize = 4;

/// A question to the supervision thread. Whoever answers may be late; an answer that nobody waits for is no fault.
#[derive(Debug)]
pub enum Inquiry {
    /// The state of everything.
    Status(oneshot::Sender<View>),
    /// Where spans went.
    Telemetry(oneshot::Sender<TelemetryReport>),
    /// Send spans now.
    Flush(oneshot::Sender<()>),
    /// Something a process is to do.
    Order(Box<Order>, oneshot::Sender<Begun>),
    /// Another configuration.
    Change(Box<(Change, Heard)>, oneshot::Sender<Begun>),
    /// What a reload of this file would do; an error in words for people.
    Plan(PathBuf, oneshot::Sender<Result<PlanReport, String>>),
    /// What was run.
    Past(PastOf, oneshot::Sender<Past>),
    /// What has come of an operation, by its number; `None` when nobody knows it.
    Operation(u64, oneshot::Sender<Option<Begun>>),
}

/// Where the supervision thread hears of inquiries.
pub type Inquiries = mpsc::Receiver<Inquiry>;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    /// The supervision thread does not give one.
    #[error("the supervisor does not answer: it is busy, or about to end")]
    Silent,
    /// What makes it has panicked.
    #[error("internal error: a part of the supervisor has panicked, and goes on")]
    Panicked,
}

/// A way to ask, for one server, and where it is heard.
#[must_use]
pub fn channel() -> (mpsc::Sender<Inquiry>, Inquiries) {
    mpsc::channel(KINDS)
}

/// Asks one kind of question for all who want to know.
pub(super) struct Desk<T>(mpsc::UnboundedSender<oneshot::Sender<Option<T>>>);

impl<T: Clone + Send + 'static> Desk<T> {
    /// Opens a desk on this runtime: `inquiry` puts the question, `answer` makes of the reply what is handed out.
    pub(super) fn open<R: Send + 'static>(
        supervision: mpsc::Sender<Inquiry>,
        inquiry: fn(oneshot::Sender<R>) -> Inquiry,
        (answer, panics): (fn(R) -> T, &Panics),
    ) -> Self {
        let panics = panics.clone();
        // As many as there are connections, at most.
        let (desk, mut waiting) = mpsc::unbounded_channel::<oneshot::Sender<Option<T>>>();
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                let begun = Instant::now();
                // Only who waits before the question is put may have its answer: it must not be older than the wish.
                let mut all = vec![first];
                while let Ok(another) = waiting.try_recv() {
                    all.push(another);
                }
                let (reply, replied) = oneshot::channel();
                if supervision.send(inquiry(reply)).await.is_err() {
                    return;
                }
                if let Ok(reply) = replied.await {
                    let answer = panics.caught("answers", || answer(reply));
                    for one in all {
                        drop(one.send(answer.clone())); // an error: it has gone away
                    }
                }
                sleep_until(begun + PACE).await;
            }
        });
        Self(desk)
    }

    /// The answer to a question that is put after this call.
    pub(super) async fn ask(&self) -> Result<T, Unanswered> {
        let (reply, replied) = oneshot::channel();
        self.0.send(reply).map_err(|_| Unanswered::Silent)?;
        let answer = timeout(PATIENCE, replied).await.ok().and_then(Result::ok).ok_or(Unanswered::Silent)?;
        answer.ok_or(Unanswered::Panicked)
    }
}

/// The state of everything, written once for all who asked at the same time.
pub(super) struct Status {
    /// Whether all is up, or will not be.
    pub(super) settled: bool,
    /// JSON; or why there is none.
    pub(super) body: Result<Bytes, String>,
}

impl Status {
    fn of(snapshot: &Snapshot) -> Self {
        let body = serde_json::to_string(snapshot).map(|text| (text + "\n").into());
        Self {
            settled: snapshot.ready || snapshot.hopeless,
            body: body.map_err(|error: serde_json::Error| error.to_string()),
        }
    }
}

/// A desk for each kind of question.
pub(super) struct Desks {
    pub(super) status: Desk<Arc<Status>>,
    pub(super) telemetry: Desk<Arc<TelemetryReport>>,
    pub(super) flush: Desk<()>,
}

impl Desks {
    pub(super) fn open(supervision: &mpsc::Sender<Inquiry>, panics: &Panics) -> Self {
        let to = || supervision.clone();
        Self {
            status: Desk::open(
                to(),
                Inquiry::Status,
                (|view| Arc::new(Status::of(&view.snapshot())), panics),
            ),
            telemetry: Desk::open(to(), Inquiry::Telemetry, (Arc::new, panics)),
            flush: Desk::open(to(), Inquiry::Flush, (|()| (), panics)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use futures_util::future::join_all;
    use phpeek_actors::clock::Clock;
    use phpeek_actors::testkit::RecordingLog;
    use std::time::SystemTime;

    fn panics() -> Panics {
        Panics::new(Arc::new(RecordingLog::default()), Clock::starting_at(SystemTime::UNIX_EPOCH))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_panics_is_told_to_who_asked_and_the_next_one_has_his() {
        let (supervision, mut inquiries) = channel();
        let answer = |plan: Result<PlanReport, String>| match plan {
            Err(text) if !text.is_empty() => text,
            _ => std::panic::resume_unwind(Box::new("planted")),
        };
        let ask = |reply| Inquiry::Plan(PathBuf::new(), reply);
        let desk: Desk<String> = Desk::open(supervision, ask, (answer, &panics()));
        let answers = async {
            for text in ["", "well"] {
                let Some(Inquiry::Plan(_, reply)) = inquiries.recv().await else {
                    panic!("another question")
                };
                reply.send(Err(text.to_owned())).expect("somebody waits");
            }
        };
        let asks = async {
            assert_eq!(desk.ask().await, Err(Unanswered::Panicked));
            assert_eq!(desk.ask().await, Ok("well".to_owned()));
        };
        tokio::join!(answers, asks);
    }

    #[tokio::test(start_paused = true)]
    async fn one_inquiry_serves_all_who_wait_and_its_answer_is_no_older_than_the_wish() {
        let (supervision, mut inquiries) = channel();
        let desk: Arc<Desk<u32>> = Arc::new(Desk::open(supervision, Inquiry::Flush, (|()| 7, &panics())));
        let asks = || {
            (0..50).map(|_| {
                let desk = desk.clone();
                async move { desk.ask().await }
            })
        };
        let first = tokio::spawn(join_all(asks()));
        let Some(Inquiry::Flush(reply)) = inquiries.recv().await else { panic!("another question") };
        // These come while the first inquiry is under way: its answer is not for them.
        let second = tokio::spawn(join_all(asks()));
        tokio::task::yield_now().await;
        let put = Instant::now();
        reply.send(()).expect("somebody waits");
        assert!(first.await.expect("no panic").iter().all(|a| *a == Ok(7)));
        let Some(Inquiry::Flush(reply)) = inquiries.recv().await else { panic!("another question") };
        assert!(put.elapsed() >= PACE - Duration::from_millis(1), "{:?}", put.elapsed());
        assert!(!second.is_finished());
        reply.send(()).expect("somebody waits");
        assert!(second.await.expect("no panic").iter().all(|a| *a == Ok(7)));
        assert!(inquiries.try_recv().is_err(), "two questions for a hundred");
    }

    #[tokio::test(start_paused = true)]
    async fn a_supervisor_that_is_silent_or_gone_is_said_to_be() {
        let (supervision, inquiries) = channel();
        let desk: Desk<()> = Desk::open(supervision, Inquiry::Flush, (|()| (), &panics()));
        assert_eq!(desk.ask().await, Err(Unanswered::Silent));
        drop(inquiries);
        assert_eq!(desk.ask().await, Err(Unanswered::Silent));
    }
}
