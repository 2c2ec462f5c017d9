//! Fakes for tests: a launcher without processes, sinks that record, a recorder of spans. They follow tokio's clock,
//! so a test that pauses it needs no sleep. Never part of the program: behind the feature `testkit`.

mod launcher;
mod lines;
mod meter;
mod prober;
mod recorder;
mod sinks;
mod spec;

pub use launcher::{Behaviour, FakeLauncher, Grandchildren, Obeys, Sent};
pub use lines::NoLines;
pub use meter::FakeMeter;
pub use prober::FakeProber;
pub use recorder::{SpanRecorder, attribute, duration, error_type, is_error};
pub use sinks::{RecordingBoard, RecordingLog};
pub use spec::{SpecBuilder, check, exec_check, hook, hooks, system};
