//! Several receivers, of which one is enough: the first that takes spans is kept, the next is tried when it does not.
//! Owns the choice. A batch is offered to each receiver once an attempt, and only after the one before has said "not
//! now"; one that refuses it for good ends the attempt. Lives on the telemetry arbiter.

use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long another receiver is used before the first, which is the one that is wanted, is tried again.
const RETURN_AFTER: Duration = Duration::from_secs(60);

/// How long the first may take then: the other one works, and what waits for it must not wait for long.
const RETURN_PATIENCE: Duration = Duration::from_secs(2);

/// Sends to the first of several receivers that takes it.
pub struct Failover(Rc<RefCell<Choice>>);

struct Choice {
    exporters: Vec<Box<dyn SpanExporter>>,
    current: usize,
    /// Who is being asked.
    asked: usize,
    since: Instant,
}

impl Failover {
    /// The receivers in the order of preference.
    #[must_use]
    pub fn new(exporters: Vec<Box<dyn SpanExporter>>) -> Self {
        Self(Rc::new(RefCell::new(Choice { exporters, current: 0, asked: 0, since: Instant::now() })))
    }
}

impl Choice {
    /// Where an attempt begins, and whether that is only to see whether the first is there again.
    fn first(&self, now: Instant) -> (usize, bool) {
        let away = self.current != 0;
        if away && now.saturating_duration_since(self.since) >= RETURN_AFTER {
            return (0, true);
        }
        (self.current, false)
    }

    fn use_from(&mut self, index: usize, now: Instant) {
        if self.current != index {
            self.current = index;
            self.since = now;
        }
    }

    fn export(&mut self, index: usize, batch: Batch) -> Option<ExportFuture> {
        self.asked = index;
        Some(self.exporters.get_mut(index)?.export(batch))
    }
}

impl SpanExporter for Failover {
    fn target(&self) -> String {
        let choice = self.0.borrow();
        choice.exporters.get(choice.current).map(|e| e.target()).unwrap_or_default()
    }

    fn is_alive(&self) -> bool {
        let choice = self.0.borrow();
        choice.exporters.get(choice.asked).is_some_and(|exporter| exporter.is_alive())
    }

    fn export(&mut self, batch: Batch) -> ExportFuture {
        let choice = self.0.clone();
        Box::pin(async move {
            let ((first, returning), count) = {
                let choice = choice.borrow();
                (choice.first(Instant::now()), choice.exporters.len())
            };
            if returning {
                choice.borrow_mut().since = Instant::now();
            }
            let (mut causes, mut soonest, mut limited) = (Vec::new(), None::<Duration>, false);
            for step in 0..count {
                let index = (first + step) % count;
                // The borrow ends before the wait: an attempt may be dropped in the middle.
                let attempt = choice.borrow_mut().export(index, batch.clone());
                let Some(attempt) = attempt else { break };
                let answer = match returning && step == 0 {
                    true => timeout(RETURN_PATIENCE, attempt).await.unwrap_or_else(|_| late()),
                    false => attempt.await,
                };
                limited |= matches!(answer, Answer::Limited { .. });
                match answer {
                    Answer::Retry { after, cause } | Answer::Limited { after, cause } => {
                        soonest = soonest.into_iter().chain(after).min();
                        causes.push(cause);
                    }
                    answer => {
                        choice.borrow_mut().use_from(index, Instant::now());
                        return answer;
                    }
                }
            }
            let (after, cause) = (soonest, causes.join("; "));
            if limited { Answer::Limited { after, cause } } else { Answer::Retry { after, cause } }
        })
    }
}

fn late() -> Answer {
    Answer::Retry { after: None, cause: "the first receiver did not answer within 2 s".to_owned() }
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
        let (mut failover, tried) = over([retry(None, "down"), Answer::TAKEN, retry(None, "never asked")]);
        for _ in 0..2 {
            assert_eq!(failover.export(batch()).await, Answer::TAKEN);
        }
        assert_eq!(*tried.borrow(), [0, 1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_is_tried_again_each_minute_and_not_waited_for_long() {
        let (mut failover, tried) = over([retry(None, "down"), Answer::TAKEN, retry(None, "never asked")]);
        for _ in 0..2 {
            assert_eq!(failover.export(batch()).await, Answer::TAKEN);
            tokio::time::advance(RETURN_AFTER).await;
        }
        assert_eq!(failover.export(batch()).await, Answer::TAKEN);
        assert_eq!(*tried.borrow(), [0, 1, 0, 1, 0, 1], "it is still down");
        failover.0.borrow_mut().exporters[0] = Box::new(Silent);
        tokio::time::advance(RETURN_AFTER).await;
        let begin = Instant::now();
        assert_eq!(failover.export(batch()).await, Answer::TAKEN);
        assert_eq!(begin.elapsed(), RETURN_PATIENCE);
        failover.0.borrow_mut().exporters[0] = Box::new(Scripted(Answer::TAKEN, tried.clone(), 7));
        for _ in 0..2 {
            tokio::time::advance(RETURN_AFTER).await;
            assert_eq!(failover.export(batch()).await, Answer::TAKEN);
        }
        assert_eq!(tried.borrow()[7..], [7, 7], "it is back, and kept");
        assert_eq!(failover.target(), "7");
    }

    struct Silent;

    impl SpanExporter for Silent {
        fn target(&self) -> String {
            "silence".to_owned()
        }

        fn export(&mut self, _: Batch) -> ExportFuture {
            Box::pin(std::future::pending())
        }
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
