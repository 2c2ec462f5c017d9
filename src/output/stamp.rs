//! The time of a record as RFC 3339 in UTC with milliseconds. Formats once a millisecond; never reads a time zone.
//! Called for each read batch and each own record.

use std::time::{SystemTime, UNIX_EPOCH};

/// `2026-11-23T10:30:15.123Z`: the length holds until the year 9999.
pub(super) const LEN: usize = 24;

/// The text of the last millisecond asked for.
#[derive(Debug)]
pub(super) struct Rfc3339 {
    millis: u64,
    text: [u8; LEN],
}

impl Rfc3339 {
    pub(super) fn new() -> Self {
        Self { millis: 0, text: *b"1970-01-01T00:00:00.000Z" }
    }

    /// The text of a time. Times before 1970 show as 1970, after 9999 as its last day.
    pub(super) fn of(&mut self, time: SystemTime) -> &[u8; LEN] {
        const LAST: u64 = 253_402_300_799_999;
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(LAST).min(LAST);
        if millis != self.millis {
            self.millis = millis;
            self.text = format(millis);
        }
        &self.text
    }
}

fn format(millis: u64) -> [u8; LEN] {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let mut out = *b"0000-00-00T00:00:00.000Z";
    let fields = [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, second / 3600),
        (14, 2, second / 60 % 60),
        (17, 2, second % 60),
        (20, 3, millis),
    ];
    for (start, width, mut value) in fields {
        for place in out.iter_mut().skip(start).take(width).rev() {
            *place = b'0' + u8::try_from(value % 10).unwrap_or(0);
            value /= 10;
        }
    }
    out
}

/// Year, month and day of a day since 1970, by Howard Hinnant's `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + u64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        #[test]
        fn agrees_with_jiff(millis in 0_i64..253_402_300_799_000) {
            let at = UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs());
            let ours = String::from_utf8_lossy(Rfc3339::new().of(at)).into_owned();
            let parsed: Result<jiff::Timestamp, _> = ours.parse();
            prop_assert_eq!(parsed.map(|t| t.as_millisecond()).ok(), Some(millis));
        }
    }
}
