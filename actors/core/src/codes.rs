//! A set of exit codes, as small as it can be: which ends are no failure, and which are the end of a worker that wants
//! to be started anew.

use crate::outcome::Exit;

/// Some of the 256 codes that a program may end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes([u64; 4]);

impl Codes {
    /// No code.
    pub const NONE: Self = Self([0; 4]);
    /// Code 0 alone.
    pub const ZERO: Self = Self([1, 0, 0, 0]);

    /// Whether a run that ended so has ended with one of them; a signal is no code.
    #[must_use]
    pub fn has(self, exit: Exit) -> bool {
        match exit {
            Exit::Code(code) => {
                self.0.get(usize::from(code / 64)).is_some_and(|word| word & (1 << (code % 64)) != 0)
            }
            Exit::Signal { .. } => false,
        }
    }
}

impl FromIterator<u8> for Codes {
    fn from_iter<I: IntoIterator<Item = u8>>(codes: I) -> Self {
        let mut all = Self::NONE;
        for code in codes {
            if let Some(word) = all.0.get_mut(usize::from(code / 64)) {
                *word |= 1 << (code % 64);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Signal;

    #[test]
    fn a_set_has_what_was_put_into_it_and_nothing_else() {
        for wanted in [&[][..], &[0], &[0, 3, 63, 64, 127, 128, 191, 192, 255]] {
            let codes: Codes = wanted.iter().copied().collect();
            for code in 0..=255 {
                assert_eq!(codes.has(Exit::Code(code)), wanted.contains(&code), "{code} of {wanted:?}");
            }
        }
        assert_eq!((Codes::NONE, Codes::ZERO), ([].into_iter().collect(), [0].into_iter().collect()));
        let all: Codes = (0..=255).collect();
        assert!(!all.has(Exit::Signal { signal: Signal::TERM, core: false }));
    }
}
