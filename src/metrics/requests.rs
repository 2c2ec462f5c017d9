//! How long requests of the API took, by method, route and status. Counted by the thread that has answered, read by the one
//! that writes the page. Bounded: a route is one of the table, a method one that is known.

use super::histogram::{Histogram, REQUEST};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is counted together: method, route, status.
pub(crate) type Key = (&'static str, &'static str, u16);

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/// See the top of the file. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<BTreeMap<Key, Histogram>>>);

impl Requests {
    /// One was answered.
    pub fn answered(&self, method: &str, route: &'static str, status: u16, took: Duration) {
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("_OTHER");
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = all.entry((method, route, status)).or_insert_with(|| Histogram::new(REQUEST));
        one.observe(took.as_secs_f64());
    }

    /// All of them, as they are now.
    pub(crate) fn all(&self) -> BTreeMap<Key, Histogram> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_is_counted_by_route_and_no_method_that_somebody_makes_up_is_one_more() {
        let requests = Requests::default();
        for method in ["GET", "GET", "BREW", "BOIL"] {
            requests.answered(method, "/processes", 200, Duration::from_millis(2));
        }
        let counts: Vec<_> = requests.all().into_iter().map(|((m, r, s), h)| (m, r, s, h.count())).collect();
        assert_eq!(counts, [("GET", "/processes", 200, 2), ("_OTHER", "/processes", 200, 2)]);
    }
}
