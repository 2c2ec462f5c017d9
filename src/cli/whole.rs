//! Whole numbers on the command line, and what is said of a text that is none. Decides nothing of what they count.

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;

/// Takes one that lies within these bounds, the first of which is named.
pub(super) fn whole<T, R>(bounds: R) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display,
    R: RangeBounds<T> + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.ok_or_else(|| match (bounds.start_bound(), bounds.end_bound()) {
            (Bound::Included(least), Bound::Included(most)) => {
                format!("a whole number from {least} to {most} is wanted")
            }
            (Bound::Included(least), _) => format!("a whole number from {least} is wanted"),
            _ => "a whole number is wanted".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_within_bounds_is_told_them() {
        let width = whole::<u16, _>(60..=400);
        assert_eq!(width("60"), Ok(60));
        for wrong in ["59", "401", "-1", "abc", "1.5", ""] {
            assert_eq!(width(wrong), Err("a whole number from 60 to 400 is wanted".to_owned()), "{wrong}");
        }
        assert_eq!(whole::<usize, _>(0..)("x"), Err("a whole number from 0 is wanted".to_owned()));
    }
}
