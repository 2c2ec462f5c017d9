//! What wakes the `TelemetryActor`.

use actix::Message;

/// The queue has something to look at.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Wake;
