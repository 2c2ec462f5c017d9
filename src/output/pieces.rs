//! Keeps the pieces of a long line together. Owns the rule that a line which has begun in the records is ended there:
//! by its own last piece, or by a mark in the place of the first piece that was lost. Never keeps a piece whose
//! beginning was lost. Asked for each piece by the pipes.

use super::lines::Piece;

/// Whether the queue takes lines at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It does.
    Free,
    /// It is full.
    Full,
}

/// What becomes of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It becomes a record.
    Keep,
    /// The mark of a truncated line stands in its place. Each needs a kept piece of 64 KiB before it, so marks can be
    /// taken into a full queue: they cannot grow it without bound.
    Truncate,
    /// It is lost.
    Drop,
}

/// Where a stream is in its line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// The next piece begins a line.
    #[default]
    Start,
    /// The line has begun in the records.
    Open,
    /// A piece of the line was lost, so the rest of it goes too.
    Lost,
}

impl Progress {
    pub(super) fn step(&mut self, piece: Piece, room: Room) -> Fate {
        let fate = match (*self, room) {
            (Self::Lost, _) | (Self::Start, Room::Full) => Fate::Drop,
            (Self::Open, Room::Full) => Fate::Truncate,
            (Self::Start | Self::Open, Room::Free) => Fate::Keep,
        };
        *self = match (piece, fate) {
            (Piece::Last, _) => Self::Start,
            (Piece::Partial, Fate::Keep) => Self::Open,
            (Piece::Partial, Fate::Truncate | Fate::Drop) => Self::Lost,
        };
        fate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_in_the_records_is_whole_or_marked(pieces in prop::collection::vec((any::<bool>(), any::<bool>()), 0..60)) {
            let mut progress = Progress::Start;
            let (mut line, mut number) = (Vec::new(), 0);
            for (last, free) in pieces {
                let piece = if last { Piece::Last } else { Piece::Partial };
                let fate = progress.step(piece, if free { Room::Free } else { Room::Full });
                line.push((number, fate));
                number += 1;
                if last {
                    let kept = line.iter().take_while(|(_, fate)| *fate == Fate::Keep).count();
                    let rest: Vec<Fate> = line.iter().skip(kept).map(|(_, fate)| *fate).collect();
                    // Whole; or kept pieces, one mark, and nothing more; or nothing at all.
                    let marks = rest.iter().filter(|fate| **fate == Fate::Truncate).count();
                    prop_assert!(rest.iter().all(|fate| *fate != Fate::Keep), "{line:?}");
                    prop_assert_eq!(marks, usize::from(kept > 0 && !rest.is_empty()), "{:?}", line);
                    prop_assert!(marks == 0 || rest.first() == Some(&Fate::Truncate), "{line:?}");
                    line.clear();
                }
            }
        }
    }
}
