//! Listeners alone: a list of facts goes in, spans or records come out. No actor, no machine, no clock that runs.
#![allow(clippy::expect_used, reason = "a test may fail")]

mod gone;
mod journal;
mod story;
mod tale;
