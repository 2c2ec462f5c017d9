//! One FastCGI request over a unix socket (FastCGI Specification 1.0, sections 3.3, 3.4 and 5), as a web server sends
//! it to php-fpm. Called by the tests of php-fpm, so that they need no web server.

use std::io::{Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

const BEGIN: u8 = 1;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;
const END: u8 = 3;

/// Version 1, the type, request 1, the length, no padding.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a short record").to_be_bytes();
    let mut record = vec![1, kind, 0, 1, length[0], length[1], 0, 0];
    record.extend(content);
    record
}

/// Names and values of up to 127 bytes have lengths of one byte, longer ones of four with the highest bit set.
fn parameter(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| match u8::try_from(text.len()) {
        Ok(short @ ..=127) => vec![short],
        _ => (u32::try_from(text.len()).expect("a short text") | 1 << 31).to_be_bytes().to_vec(),
    };
    [length(name), length(value), name.into(), value.into()].concat()
}

/// GETs a script; gives headers and body as php-fpm wrote them.
pub(crate) fn get(socket: &Path, script: &Path) -> Result<String> {
    let script = script.display().to_string();
    let parameters =
        [("SCRIPT_FILENAME", script.as_str()), ("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", "/work.php")];
    let parameters = parameters.map(|(name, value)| parameter(name, value)).concat();
    let responder_that_closes = [0, 1, 0, 0, 0, 0, 0, 0];
    let request = [
        record(BEGIN, &responder_that_closes),
        record(PARAMS, &parameters),
        record(PARAMS, &[]),
        record(STDIN, &[]),
    ];
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(&request.concat())?;
    let mut out = Vec::new();
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        let mut content = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]])) + usize::from(head[6])];
        stream.read_exact(&mut content)?;
        content.truncate(content.len() - usize::from(head[6]));
        match head[1] {
            STDOUT => out.extend(content),
            END => return Ok(String::from_utf8_lossy(&out).into_owned()),
            _ => {}
        }
    }
}
