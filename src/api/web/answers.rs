//! Where it is heard what a server has answered: whoever counts. Owns nothing; costs nothing where nobody listens.

use std::time::Duration;

/// Hears of each answer, in the thread that gives it.
pub trait Answers: Send + Sync {
    /// So long it took to begin it. The route is one of ours, whatever was asked for.
    fn given(&self, method: &str, route: &'static str, status: u16, took: Duration);
}
