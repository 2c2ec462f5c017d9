//! Waiting for a condition, with a deadline. The only place of the tests that sleeps, and only between two looks.

use std::time::{Duration, Instant};

/// More than anything in a test may take on a busy machine. A condition that holds is seen within milliseconds; this
/// is only how long a broken program can hold a test up.
pub const LONG: Duration = Duration::from_secs(30);

/// Between two looks. Short enough not to be seen, long enough to leave the processors to the program under test.
const PAUSE: Duration = Duration::from_millis(4);

/// Looks until there is a value; fails with `what` and `state()` when the deadline has passed.
pub fn wait_for<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(began.elapsed() < limit, "not seen within {limit:?}: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Looks until the condition holds.
pub fn wait_until(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(limit, what, || condition().then_some(()));
}

/// Lets time pass: for a storm whose length is what is asked for, and for nothing else.
pub fn let_pass(time: Duration) {
    std::thread::sleep(time);
}
