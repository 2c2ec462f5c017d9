//! The supervised workload, a program of its own: `workload.rs` compiles this file with `rustc` alone. It appends
//! fixed records to an event file, so neither the clock nor the scheduling of the harness is in a latency. It has no
//! runtime of Rust around it (`no_main`), so that its start costs what a small C program's does. It must never
//! allocate more than its arguments, and never outlive its limit: it arms an alarm(2) first.
//!
//! ```text
//! worker idle    EVENTS INDEX LIMIT_S             record a start, then wait for a signal
//! worker crash   EVENTS INDEX LIMIT_S             record a start, then exit with 1
//! worker chatty  EVENTS INDEX LIMIT_S RATE BYTES  the same as idle, and RATE lines of BYTES bytes a second
//! worker launch  EVENTS PROGRAM [ARGUMENT ...]    record, then become PROGRAM; it dies when the harness does
//! ```
//! A record is 32 bytes in the machine's byte order: kind u32, index u32, pid u32, unused u32, CLOCK_MONOTONIC in ns
//! u64, unused u64. One write(2) on a descriptor opened with O_APPEND: records are never torn or interleaved.
#![no_main]

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_ulong, c_void};

const KIND_START: u32 = 1;
const KIND_LAUNCH: u32 = 2;
const O_WRONLY: c_int = 1;
const O_APPEND: c_int = 0o2000;
const O_CLOEXEC: c_int = 0o2000000;
const CLOCK_MONOTONIC: c_int = 1;
const PR_SET_PDEATHSIG: c_int = 1;
const SIGKILL: c_ulong = 9;
/// How often a chatty worker wakes up: each time it prints what is due.
const TICK_NS: u64 = 10_000_000;

#[repr(C)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

unsafe extern "C" {
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn write(fd: c_int, bytes: *const c_void, length: usize) -> isize;
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
    fn nanosleep(time: *const Timespec, left: *mut Timespec) -> c_int;
    fn getpid() -> c_int;
    fn pause() -> c_int;
    fn alarm(seconds: c_uint) -> c_uint;
    fn prctl(option: c_int, ...) -> c_int;
    fn execv(path: *const c_char, argv: *const *const c_char) -> c_int;
}

fn now() -> u64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: `time` is a valid place for the result.
    unsafe { clock_gettime(CLOCK_MONOTONIC, &mut time) };
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}

/// Appends a record. False when it could not be written.
fn record(events: &CStr, kind: u32, index: u32) -> bool {
    let mut bytes = [0u8; 32];
    // SAFETY: no argument.
    let pid = unsafe { getpid() } as u32;
    bytes[0..4].copy_from_slice(&kind.to_ne_bytes());
    bytes[4..8].copy_from_slice(&index.to_ne_bytes());
    bytes[8..12].copy_from_slice(&pid.to_ne_bytes());
    // SAFETY: `events` ends with a zero byte.
    let fd = unsafe { open(events.as_ptr(), O_WRONLY | O_APPEND | O_CLOEXEC) };
    bytes[16..24].copy_from_slice(&now().to_ne_bytes());
    // SAFETY: `bytes` is 32 bytes long; a bad descriptor is an error of the call.
    fd >= 0 && unsafe { write(fd, bytes.as_ptr().cast(), bytes.len()) } == 32
}

/// Prints `rate` lines a second until a signal ends it: `chatty PID NUMBER xxx…`.
fn chatter(rate: u64, length: usize) {
    // SAFETY: no argument.
    let pid = unsafe { getpid() };
    let begin = now();
    let mut number: u64 = 0;
    let mut block = Vec::with_capacity(64 * 1024);
    loop {
        let due = (now() - begin) as u128 * rate as u128 / 1_000_000_000;
        while (number as u128) < due {
            block.clear();
            while (number as u128) < due && block.len() + length < 32 * 1024 {
                let begin_of_line = block.len();
                block.extend_from_slice(format!("chatty {pid} {number} ").as_bytes());
                let end = (begin_of_line + length).max(block.len() + 1) - 1;
                block.resize(end, b'x');
                block.push(b'\n');
                number += 1;
            }
            let mut at = 0;
            while at < block.len() {
                // SAFETY: the range is within `block`.
                let wrote = unsafe { write(1, block.as_ptr().add(at).cast(), block.len() - at) };
                if wrote <= 0 {
                    return; // nobody reads any more
                }
                at += wrote as usize;
            }
        }
        let tick = Timespec { seconds: 0, nanoseconds: TICK_NS as c_long };
        // SAFETY: `tick` is valid, and the second argument may be null.
        unsafe { nanosleep(&tick, std::ptr::null_mut()) };
    }
}

fn number(text: Option<&&CStr>) -> Option<u64> {
    text?.to_str().ok()?.parse().ok()
}

fn launch(events: &CStr, argv: *const *const c_char, first: usize) -> c_int {
    // SAFETY: argv has `first` entries before its program, and ends with a null.
    unsafe {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong);
        if !record(events, KIND_LAUNCH, 0) {
            return 112;
        }
        execv(*argv.add(first), argv.add(first));
    }
    127
}

/// The program. Its exit codes: 1 a planned crash, 111 usage, 112 no event file, 127 no program.
///
/// # Safety
/// The C runtime calls it with a valid `argv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    // SAFETY: argv holds argc strings (execve(2)).
    let words: Vec<&CStr> = (0..argc as usize).map(|i| unsafe { CStr::from_ptr(*argv.add(i)) }).collect();
    let (Some(mode), Some(events)) = (words.get(1), words.get(2)) else { return 111 };
    if mode.to_bytes() == b"launch" {
        return if words.len() > 3 { launch(events, argv, 3) } else { 111 };
    }
    let (Some(index), Some(limit)) = (number(words.get(3)), number(words.get(4))) else { return 111 };
    // SAFETY: no pointer. SIGALRM ends the program by its default disposition.
    unsafe { alarm(limit as c_uint) };
    if !record(events, KIND_START, index as u32) {
        return 112;
    }
    match mode.to_bytes() {
        b"crash" => return 1,
        b"chatty" => match (number(words.get(5)), number(words.get(6))) {
            (Some(rate), Some(length)) => chatter(rate, length as usize),
            _ => return 111,
        },
        b"idle" => {}
        _ => return 111,
    }
    loop {
        // SAFETY: no argument.
        unsafe { pause() };
    }
}
