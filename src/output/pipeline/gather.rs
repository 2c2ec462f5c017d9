//! Puts the pieces of long lines together, so that no pattern is looked for in a piece alone. Owns what waits for the end of
//! a line, within a bound; knows no pattern.

use super::super::lines::{self, Input, Piece};

/// So many bytes of a line, or of several that belong together, are one text at most.
pub(in super::super) const LONGEST: usize = 256 << 10;

/// What is judged at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Text<'a> {
    /// Without the newline at its end.
    pub(in super::super) bytes: &'a [u8],
    /// Lines in it.
    pub(in super::super) lines: u64,
    /// Whether the line ends with it.
    pub(in super::super) piece: Piece,
}

/// See the top of the file.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// What has no newline yet, up to the cap of a piece.
    rest: Vec<u8>,
    /// The pieces of a long line.
    long: Vec<u8>,
}

impl Gather {
    /// Gives each line whole, or what is longer than a text in several texts.
    pub(super) fn cut(&mut self, input: Input<'_>, emit: &mut impl FnMut(&[u8], Piece)) {
        let Self { rest, long } = self;
        lines::cut(rest, input, &mut |piece, kind| {
            if kind == Piece::Last && long.is_empty() {
                return emit(piece, kind);
            }
            if long.len() + piece.len() > LONGEST {
                emit(long, Piece::Partial);
                long.clear();
            }
            long.extend_from_slice(piece);
            if kind == Piece::Last {
                emit(&std::mem::take(long), kind);
            }
        });
        // Ended after a whole piece of a line.
        if matches!(input, Input::End) && !long.is_empty() {
            emit(&std::mem::take(long), Piece::Last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(parts: &[&[u8]]) -> Vec<(Vec<u8>, Piece)> {
        let (mut gather, mut out) = (Gather::default(), Vec::new());
        for part in parts {
            gather.cut(Input::Read(part), &mut |text, piece| out.push((text.to_vec(), piece)));
        }
        gather.cut(Input::End, &mut |text, piece| out.push((text.to_vec(), piece)));
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        #[test]
        fn no_byte_of_a_long_line_is_lost_or_doubled(lengths in prop::collection::vec(0..700_000usize, 1..4), size in 1..200_000usize) {
            let line = |n: usize| (0..n).map(|i| b'a' + (i % 26) as u8).chain([b'\n']).collect::<Vec<u8>>();
            let bytes: Vec<u8> = lengths.iter().flat_map(|n| line(*n)).collect();
            let texts = cut(&bytes.chunks(size).collect::<Vec<_>>());
            let mut again = Vec::new();
            for (text, piece) in &texts {
                prop_assert!(text.len() <= LONGEST);
                again.extend_from_slice(text);
                again.extend((*piece == Piece::Last).then_some(b'\n'));
            }
            prop_assert!(again == bytes, "{} bytes became {}", bytes.len(), again.len());
            let whole = lengths.iter().filter(|n| **n <= LONGEST - lines::LINE_CAP).count();
            prop_assert!(texts.len() >= lengths.len() && texts.iter().filter(|t| t.1 == Piece::Last).count() >= whole);
        }
    }
}
