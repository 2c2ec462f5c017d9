//! Cuts what was read into lines. Owns the rule for long lines; never holds more than one capped line and one read.

use memchr::memchr_iter;

/// A line longer than this many bytes becomes several records, all but the last marked as partial.
pub const LINE_CAP: usize = 64 * 1024;

/// Whether a piece ends its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// The line, or the end of a long one.
    Last,
    /// More of the same line follows.
    Partial,
}

/// What there is to cut.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input<'a> {
    /// Bytes that were read.
    Read(&'a [u8]),
    /// The end of the stream.
    End,
}

/// Takes a part of a stream.
pub(super) fn cut(rest: &mut Vec<u8>, input: Input<'_>, emit: &mut impl FnMut(&[u8], Piece)) {
    match input {
        Input::Read(data) => feed(rest, data, emit),
        Input::End => finish(rest, emit),
    }
}

/// Takes one read. What has no newline yet stays in `rest`, which allocates only then.
fn feed(rest: &mut Vec<u8>, data: &[u8], emit: &mut impl FnMut(&[u8], Piece)) {
    let mut start = 0;
    for end in memchr_iter(b'\n', data) {
        let line = data.get(start..end).unwrap_or_default();
        start = end + 1;
        if rest.is_empty() {
            whole(line, emit);
        } else {
            rest.extend_from_slice(line);
            whole(&std::mem::take(rest), emit);
        }
    }
    rest.extend_from_slice(data.get(start..).unwrap_or_default());
    if rest.len() > LINE_CAP {
        let left = cut_long(rest, emit).to_vec();
        *rest = left;
    }
}

/// The last words of a stream that ended without a newline.
fn finish(rest: &mut Vec<u8>, emit: &mut impl FnMut(&[u8], Piece)) {
    if !rest.is_empty() {
        whole(&std::mem::take(rest), emit);
    }
}

fn whole(line: &[u8], emit: &mut impl FnMut(&[u8], Piece)) {
    let line = if line.len() > LINE_CAP { cut_long(line, emit) } else { line };
    emit(line.strip_suffix(b"\r").unwrap_or(line), Piece::Last);
}

/// Emits pieces until at most [`LINE_CAP`] bytes are left, and returns those.
pub(super) fn cut_long<'a>(mut line: &'a [u8], emit: &mut impl FnMut(&[u8], Piece)) -> &'a [u8] {
    while line.len() > LINE_CAP {
        let (piece, left) = line.split_at(boundary(line));
        emit(piece, Piece::Partial);
        line = left;
    }
    line
}

/// The last place at or before the cap that is not inside a UTF-8 character. A character has at most three
/// continuation bytes, so with four in a row the fourth is stray and a cut before it harms nothing.
fn boundary(line: &[u8]) -> usize {
    let starts = |at: &usize| line.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    (LINE_CAP - 3..=LINE_CAP).rev().find(starts).unwrap_or(LINE_CAP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(parts: &[Vec<u8>]) -> Vec<(Vec<u8>, Piece)> {
        let (mut rest, mut out) = (Vec::new(), Vec::new());
        for part in parts {
            feed(&mut rest, part, &mut |piece, kind| out.push((piece.to_vec(), kind)));
        }
        finish(&mut rest, &mut |piece, kind| out.push((piece.to_vec(), kind)));
        out
    }

    proptest! {
        #[test]
        fn pieces_do_not_depend_on_the_reads(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..400), size in 1_usize..50) {
            let parts: Vec<Vec<u8>> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
            prop_assert_eq!(split(&parts), split(&[bytes]));
        }
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_loses_nothing() {
        let line = "xé€".repeat(40_000);
        let pieces = split(&[line.clone().into_bytes()]);
        assert_eq!(pieces.len(), 4);
        assert!(
            pieces.iter().all(|(piece, _)| piece.len() <= LINE_CAP && std::str::from_utf8(piece).is_ok())
        );
        assert_eq!(pieces.iter().filter(|(_, kind)| *kind == Piece::Last).count(), 1);
        assert_eq!(pieces.concat_bytes(), line.into_bytes());
    }

    trait ConcatBytes {
        fn concat_bytes(&self) -> Vec<u8>;
    }
    impl ConcatBytes for Vec<(Vec<u8>, Piece)> {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|(piece, _)| piece.clone()).collect()
        }
    }
}
