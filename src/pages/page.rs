//! The pages: what each asks of the supervision thread, and what its answer looks like. An answer that does not come is
//! told as such, and is never one that says that all is well.

use bytes::Bytes;
use http::StatusCode;
use phpeek_core::readiness::Seen;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A supervision thread that is busy for so long is not well.
const PATIENCE: Duration = Duration::from_secs(5);

const JSON: &str = "application/json";

/// What is asked of the supervision thread. Whoever asked may have gone away.
#[derive(Debug)]
pub enum Inquiry {
    /// Whether it answers.
    Life(oneshot::Sender<()>),
    /// Whether everything that starts with the system was up once.
    Start(oneshot::Sender<bool>),
    /// Whether all that counts is ready, and what counts.
    Readiness(oneshot::Sender<(bool, Vec<Seen>)>),
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// `/livez`
    Life,
    /// `/startupz`
    Start,
    /// `/readyz`
    Readiness,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) body: Bytes,
}

impl Shown {
    fn json(well: bool, value: &Value) -> Self {
        let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        Self { status, kind: JSON, body: Bytes::from(format!("{value}\n")) }
    }

    pub(super) fn error(status: StatusCode, text: &str) -> Self {
        Self { status, kind: JSON, body: Bytes::from(format!("{}\n", json!({ "error": text }))) }
    }
}

impl Page {
    /// Asks, and makes a page of the answer.
    pub(super) async fn show(self, supervision: &mpsc::Sender<Inquiry>) -> Shown {
        let shown = match self {
            Self::Life => {
                ask(supervision, Inquiry::Life).await.map(|()| Shown::json(true, &json!({"status": "alive"})))
            }
            Self::Start => ask(supervision, Inquiry::Start)
                .await
                .map(|started| Shown::json(started, &json!({ "started": started }))),
            Self::Readiness => ask(supervision, Inquiry::Readiness).await.map(|(ready, all)| {
                let one = |seen: &Seen| {
                    json!({
                        "name": seen.name.as_str(), "state": seen.state.as_str(),
                        "health": seen.condition.as_str(), "ready": seen.ready,
                    })
                };
                let processes: Vec<Value> = all.iter().map(one).collect();
                Shown::json(ready, &json!({ "ready": ready, "processes": processes }))
            }),
        };
        shown.unwrap_or_else(|| {
            Shown::error(
                StatusCode::SERVICE_UNAVAILABLE,
                "the supervisor does not answer: it is busy, or it ends",
            )
        })
    }
}

/// `None` when there is no answer, or not in time.
async fn ask<T>(
    supervision: &mpsc::Sender<Inquiry>,
    question: impl FnOnce(oneshot::Sender<T>) -> Inquiry,
) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    let asked = async {
        supervision.send(question(reply)).await.ok()?;
        answer.await.ok()
    };
    tokio::time::timeout(PATIENCE, asked).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_core::lifecycle::InstanceState;
    use phpeek_core::name::ProcessName;
    use phpeek_core::readiness::Condition;

    #[tokio::test(start_paused = true)]
    async fn a_supervisor_that_does_not_answer_is_not_well() {
        let (send, mut asked) = mpsc::channel(1);
        for page in [Page::Life, Page::Start, Page::Readiness] {
            let shown = page.show(&send).await; // the clock goes on by itself
            assert_eq!(shown.status, StatusCode::SERVICE_UNAVAILABLE, "{page:?}");
            drop(asked.try_recv());
        }
        drop(asked);
        assert_eq!(Page::Life.show(&send).await.status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn what_is_so_is_shown() {
        let (send, mut asked) = mpsc::channel(1);
        let answers = async {
            while let Some(inquiry) = asked.recv().await {
                match inquiry {
                    Inquiry::Life(reply) => drop(reply.send(())),
                    Inquiry::Start(reply) => drop(reply.send(false)),
                    Inquiry::Readiness(reply) => {
                        let seen = Seen {
                            name: ProcessName::new("a").expect("a plain name"),
                            state: InstanceState::Running,
                            condition: Condition::Unchecked,
                            ready: true,
                        };
                        drop(reply.send((true, vec![seen])));
                    }
                }
            }
        };
        let looks = async move {
            let life = Page::Life.show(&send).await;
            assert_eq!((life.status, &life.body[..]), (StatusCode::OK, &b"{\"status\":\"alive\"}\n"[..]));
            let start = Page::Start.show(&send).await;
            assert_eq!(start.status, StatusCode::SERVICE_UNAVAILABLE);
            let ready = Page::Readiness.show(&send).await;
            let body: Value = serde_json::from_slice(&ready.body).expect("JSON");
            let one = json!({"name": "a", "state": "running", "health": "none", "ready": true});
            assert_eq!((ready.status, body), (StatusCode::OK, json!({"ready": true, "processes": [one]})));
        };
        tokio::join!(answers, looks);
    }
}
