//! An error with its causes, in one line for people. Pure.

use std::error::Error;

/// The message and those of its causes behind it. A cause whose words stand in the line already adds nothing.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    #[derive(Debug)]
    struct Nested(&'static str, Option<Box<Nested>>);

    impl fmt::Display for Nested {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Nested {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|inner| inner as _)
        }
    }

    #[test]
    fn each_cause_is_said_once() {
        let inner = Nested("refused", None);
        let middle = Nested("cannot connect", Some(Box::new(inner)));
        let same = Nested("cannot connect", Some(Box::new(middle)));
        assert_eq!(chain(&Nested("no spans", Some(Box::new(same)))), "no spans: cannot connect: refused");
    }
}
