//! What a panic of a part of telemetry is: which part it was, what it says, and an attempt of which it is an answer.

use super::words::words;
use super::{Answer, ExportFuture};
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll};

/// What runs at the moment, and is made anew when it panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Actor,
    Sift,
    Store,
    Exporter,
}

impl Part {
    pub(super) fn told(self, items: &str) -> String {
        let what = match self {
            Self::Actor => "the telemetry actor".to_owned(),
            Self::Sift => "the sampling of traces".to_owned(),
            Self::Store => format!("the store of {items}"),
            Self::Exporter => format!("the exporter of {items}"),
        };
        format!("{what} has panicked and was started again")
    }
}

/// An attempt of which a panic is an answer.
pub(super) struct Caught(pub(super) ExportFuture);

impl Future for Caught {
    type Output = Result<Answer, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        // After a panic it is not polled again.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(text(payload.as_ref()))),
        }
    }
}

/// What a panic says.
pub(super) fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    words(text.unwrap_or("without a word"), 200)
}
