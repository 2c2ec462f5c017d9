//! The unit that all durations of one drawing have, so that they can be compared at a glance. Pure.

use super::model::Trace;
use super::text::Charset;

/// A unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// For what takes less than a millisecond.
    Micros,
    /// For what takes less than ten seconds.
    Millis,
    /// For what takes about a day at most.
    Seconds,
    /// For all that takes longer.
    Days,
}

impl Scale {
    /// The unit of a drawing whose longest duration this is, in nanoseconds.
    pub(super) fn of(longest: u64) -> Self {
        match longest {
            0..1_000_000 => Self::Micros,
            1_000_000..10_000_000_000 => Self::Millis,
            10_000_000_000..100_000_000_000_000 => Self::Seconds,
            _ => Self::Days,
        }
    }

    /// The unit of the drawing of a trace.
    pub(super) fn of_trace(trace: &Trace) -> Self {
        // A span without a beginning took longer than its trace.
        Self::of(trace.spans.iter().map(super::model::Span::took).fold(trace.took(), u64::max))
    }

    /// Nanoseconds of the unit, digits behind the point, and its name.
    pub(super) fn parts(self) -> (u64, usize, &'static str) {
        match self {
            Self::Micros => (1_000, 0, "µs"),
            Self::Millis => (1_000_000, 2, "ms"),
            Self::Seconds => (1_000_000_000, 3, "s"),
            Self::Days => (86_400_000_000_000, 2, "d"),
        }
    }

    /// A duration in at most eleven columns, when it is no longer than the one that the unit was chosen for. What is not
    /// nothing does not show as nothing.
    pub(super) fn show(self, nanos: u64, charset: Charset) -> String {
        let (unit, decimals, name) = self.parts();
        let name = if charset == Charset::Ascii { name.replace('µ', "u") } else { name.to_owned() };
        let (whole, rest) = (nanos / unit, nanos % unit);
        let steps = (0..decimals).fold(1_u128, |steps, _| steps * 10);
        let parts = u128::from(rest) * steps / u128::from(unit);
        match decimals {
            0 if nanos > 0 && whole == 0 => format!("<1 {name}"),
            0 => format!("{whole} {name}"),
            _ if nanos > 0 && whole == 0 && parts == 0 => format!("<0.{:0decimals$} {name}", 1),
            _ => format!("{whole}.{parts:0decimals$} {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::width;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_unit_holds_for_long_and_short() {
        let slow = Scale::of(15_260_000_000);
        let said = [15_260_000_000, 9_562_104_000, 1_880_000, 999_999, 0];
        let said = said.map(|nanos| slow.show(nanos, Charset::Unicode));
        assert_eq!(said, ["15.260 s", "9.562 s", "0.001 s", "<0.001 s", "0.000 s"]);
        let fast = Scale::of(1_212_460_000);
        assert_eq!(fast.show(1_212_460_000, Charset::Unicode), "1212.46 ms");
        assert_eq!(fast.show(923_000, Charset::Unicode), "0.92 ms");
        assert_eq!(Scale::of(188_000).show(188_999, Charset::Ascii), "188 us");
        assert_eq!(Scale::of(u64::MAX).show(u64::MAX, Charset::Unicode), "213503.98 d");
    }

    proptest! {
        #[test]
        fn what_is_no_longer_than_the_longest_fits_and_only_nothing_shows_as_nothing(
            longest in any::<u64>(), shift in 0u32..64,
        ) {
            let nanos = longest >> shift;
            let said = Scale::of(longest).show(nanos, Charset::Unicode);
            prop_assert!(width(&said) <= 11, "{said}");
            let nothing = said.bytes().all(|b| !b.is_ascii_digit() || b == b'0');
            prop_assert_eq!(nothing, nanos == 0, "{} of {}", said, nanos);
        }
    }
}
