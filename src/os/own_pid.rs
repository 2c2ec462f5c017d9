//! WATCHDOG_PID, which names the pid of the program that reads it (sd_watchdog_enabled(3)): nobody knows that before there
//! is a child, so the child writes it, in our memory, before its exec.

use std::ffi::c_char;
use std::sync::atomic::{AtomicU8, Ordering};

/// What stands before the digits.
const NAME: &[u8] = b"WATCHDOG_PID=";
/// Digits of a pid at most.
const DIGITS: usize = 10;
const ROOM: usize = NAME.len() + DIGITS + 1;

/// The variable, for one child.
#[derive(Debug)]
pub(super) struct OwnPid([AtomicU8; ROOM]);

impl OwnPid {
    /// Without a pid yet.
    pub(super) fn new() -> Self {
        let byte = |place: usize| NAME.get(place).copied().unwrap_or(0);
        Self(std::array::from_fn(|place| AtomicU8::new(byte(place))))
    }

    /// For execve: ends with a NUL, and lives no longer than this.
    pub(super) fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    /// Writes the pid. Allocates nothing: the child calls it.
    pub(super) fn write(&self, pid: u32) {
        let mut digits = [0_u8; DIGITS];
        let (mut rest, mut count) = (pid, 0);
        for digit in &mut digits {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        let written = digits.iter().take(count).rev();
        for (room, digit) in self.0.iter().skip(NAME.len()).zip(written) {
            room.store(*digit, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_written_as_it_is_read() {
        for pid in [1, 10, 4_194_304, u32::MAX] {
            let variable = OwnPid::new();
            variable.write(pid);
            let bytes = variable.0.iter().map(|byte| byte.load(Ordering::Relaxed));
            let text: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
            assert_eq!(String::from_utf8_lossy(&text), format!("WATCHDOG_PID={pid}"));
        }
    }
}
