//! Where it is heard what a server has answered: whoever counts. Owns nothing; costs nothing where nobody listens.

use std::time::Duration;

/// Hears of each answer, in the thread that gives it.
pub trait Answers: Send + Sync {
    /// So long it took to begin it. The route is one of ours, whatever was asked for.
    fn given(&self, method: &str, route: &'static str, status: u16, took: Duration);
}

/// Beside an answer: the route that gave it, as it stands in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routed(pub &'static str);

/// What was answered, route and status, for tests.
#[cfg(test)]
#[derive(Default)]
pub struct Answered(std::sync::Mutex<Vec<(&'static str, u16)>>);

#[cfg(test)]
impl Answered {
    /// All of it.
    pub fn all(&self) -> Vec<(&'static str, u16)> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
impl Answers for Answered {
    fn given(&self, _: &str, route: &'static str, status: u16, _: Duration) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((route, status));
    }
}
