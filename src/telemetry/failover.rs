//! Several receivers, of which one is enough: the first that takes spans is kept, the next is tried when it does not.
//! Owns the choice. A batch is offered to each receiver once an attempt, and only after the one before has said "not
//! now"; one that refuses it for good ends the attempt. Lives on the telemetry arbiter; called by the `TelemetryActor`.

use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long another receiver is used before the first, which is the one that is wanted, is tried again.
const RETURN_AFTER: Duration = Duration::from_secs(60);

/// Sends to the first of several receivers that takes it.
pub struct Failover(Rc<RefCell<Choice>>);

struct Choice {
    exporters: Vec<Box<dyn SpanExporter>>,
    current: usize,
    since: Instant,
}

impl Failover {
    /// The receivers in the order of preference.
    #[must_use]
    pub fn new(exporters: Vec<Box<dyn SpanExporter>>) -> Self {
        Self(Rc::new(RefCell::new(Choice { exporters, current: 0, since: Instant::now() })))
    }
}

impl Choice {
    /// Where an attempt begins.
    fn first(&mut self, now: Instant) -> usize {
        if self.current != 0 && now.saturating_duration_since(self.since) >= RETURN_AFTER {
            self.use_from(0, now);
        }
        self.current
    }

    fn use_from(&mut self, index: usize, now: Instant) {
        if self.current != index {
            self.current = index;
            self.since = now;
        }
    }

    fn export(&mut self, index: usize, batch: Batch) -> Option<ExportFuture> {
        Some(self.exporters.get_mut(index)?.export(batch))
    }
}

impl SpanExporter for Failover {
    fn target(&self) -> String {
        let choice = self.0.borrow();
        choice.exporters.get(choice.current).map(|e| e.target()).unwrap_or_default()
    }

    fn export(&mut self, batch: Batch) -> ExportFuture {
        let choice = self.0.clone();
        Box::pin(async move {
            let (first, count) = {
                let mut choice = choice.borrow_mut();
                (choice.first(Instant::now()), choice.exporters.len())
            };
            let mut causes: Vec<String> = Vec::new();
            let mut soonest: Option<Duration> = None;
            for step in 0..count {
                let index = (first + step) % count;
                // The borrow ends before the wait: an attempt may be dropped in the middle.
                let attempt = choice.borrow_mut().export(index, batch.clone());
                let Some(attempt) = attempt else { break };
                match attempt.await {
                    Answer::Retry { after, cause } => {
                        soonest = soonest.into_iter().chain(after).min();
                        causes.push(cause);
                    }
                    answer => {
                        choice.borrow_mut().use_from(index, Instant::now());
                        return answer;
                    }
                }
            }
            Answer::Retry { after: soonest, cause: causes.join("; ") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    struct Scripted(Answer, Rc<RefCell<Vec<u8>>>, u8);

    fn batch() -> Batch {
        Batch { request: Bytes::new(), spans: 1 }
    }

    impl SpanExporter for Scripted {
        fn target(&self) -> String {
            self.2.to_string()
        }

        fn export(&mut self, _: Batch) -> ExportFuture {
            self.1.borrow_mut().push(self.2);
            Box::pin(std::future::ready(self.0.clone()))
        }
    }

    fn retry(seconds: Option<u64>, cause: &str) -> Answer {
        Answer::Retry { after: seconds.map(Duration::from_secs), cause: cause.to_owned() }
    }

    fn over(answers: [Answer; 3]) -> (Failover, Rc<RefCell<Vec<u8>>>) {
        let tried = Rc::<RefCell<Vec<u8>>>::default();
        let exporters = answers.into_iter().zip(0u8..).map(|(answer, n)| {
            let exporter: Box<dyn SpanExporter> = Box::new(Scripted(answer, tried.clone(), n));
            exporter
        });
        (Failover::new(exporters.collect()), tried)
    }

    #[tokio::test]
    async fn the_next_is_tried_and_the_one_that_works_is_kept() {
        let (mut failover, tried) =
            over([retry(None, "down"), Answer::Accepted { rejected: 0 }, retry(None, "never asked")]);
        for _ in 0..2 {
            assert_eq!(failover.export(batch()).await, Answer::Accepted { rejected: 0 });
        }
        assert_eq!(*tried.borrow(), [0, 1, 1]);
        let now = Instant::now();
        assert_eq!(failover.0.borrow_mut().first(now), 1);
        assert_eq!(failover.0.borrow_mut().first(now + RETURN_AFTER), 0, "the wanted one is tried again");
    }

    #[tokio::test]
    async fn all_down_is_one_answer_with_every_cause() {
        let (mut failover, tried) = over([retry(Some(9), "a"), retry(None, "b"), retry(Some(4), "c")]);
        assert_eq!(failover.export(batch()).await, retry(Some(4), "a; b; c"));
        assert_eq!(*tried.borrow(), [0, 1, 2]);
    }

    #[tokio::test]
    async fn a_batch_that_is_refused_for_good_goes_nowhere_else() {
        let refused = Answer::Refused { cause: "bad".to_owned() };
        let (mut failover, tried) = over([refused.clone(), retry(None, "b"), retry(None, "c")]);
        assert_eq!(failover.export(batch()).await, refused);
        assert_eq!(*tried.borrow(), [0]);
    }
}
