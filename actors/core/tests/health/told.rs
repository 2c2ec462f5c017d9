//! What follows from all that a program has said, by its whole history: another way than that of the machine.

use crate::world::{Check, Piece, Way, ms};
use phpeek_core::health::Role;
use std::time::Duration;

/// When something was said, and what.
type Said = (Duration, Piece);

fn last(said: &[Said], which: impl Fn(Piece) -> bool) -> Option<Said> {
    said.iter().rev().find(|(_, piece)| which(*piece)).copied()
}

/// Whether a check passes, or fails, which listens since then.
pub(crate) fn verdict(
    (place, check): (usize, &Check),
    said: &[Said],
    since: Duration,
    now: Duration,
) -> (bool, bool) {
    let (passes, fails) = match check.way {
        Way::Log => (last(said, |piece| piece == Piece::Line(place)).is_some(), false),
        Way::Notify(time) => notified(check, said, since, now, time),
        Way::Ask | Way::Exec => (false, false),
    };
    if check.role != Role::Startup {
        return (passes, fails);
    }
    let patience = since + ms(check.delay + check.period * u64::from(check.failures));
    let asked = said.iter().filter_map(|(at, piece)| match piece {
        Piece::Extend(more) => Some(*at + ms(*more)),
        _ => None,
    });
    (passes, !passes && now >= asked.chain([patience]).max().unwrap_or_default())
}

/// What was said says of a check of this role; `time` is that of the watchdog that was configured.
fn notified(check: &Check, said: &[Said], since: Duration, now: Duration, time: u64) -> (bool, bool) {
    let is = |found: Option<Said>, piece| found.is_some_and(|(_, own)| own == piece);
    let state = last(said, |piece| matches!(piece, Piece::Ready | Piece::Stopping));
    let ready = is(state, Piece::Ready);
    if check.role == Role::Startup || is(state, Piece::Stopping) {
        return (ready, false);
    }
    if is(last(said, |piece| matches!(piece, Piece::Ready | Piece::Ping | Piece::Trigger)), Piece::Trigger) {
        return (false, true);
    }
    let sign = last(said, |piece| matches!(piece, Piece::Ready | Piece::Ping)).map(|(at, _)| at);
    // A new time of the watchdog begins with it, once it was ready.
    let mut was_ready = false;
    let mut anew = None;
    for (at, piece) in said {
        match piece {
            Piece::Ready => was_ready = true,
            Piece::Stopping => was_ready = false,
            Piece::Watchdog(_) if was_ready => anew = Some(*at),
            _ => {}
        }
    }
    let alive = sign.max(anew);
    let first = (check.role == Role::Liveness).then(|| since + ms(check.delay));
    let time =
        last(said, |piece| matches!(piece, Piece::Watchdog(_))).map_or(time, |(_, piece)| match piece {
            Piece::Watchdog(own) => own,
            _ => time,
        });
    let silent = alive.max(first).filter(|_| time > 0).is_some_and(|from| now >= from + ms(time));
    let speaks = if check.role == Role::Liveness { alive.is_some() } else { ready };
    (speaks && !silent, silent)
}
