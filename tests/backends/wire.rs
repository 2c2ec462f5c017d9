//! A tap: a TCP connection through which the program talks to a backend itself, and which keeps what the program sent.
//! So what a backend tells can be held against what it was told, byte for byte and without the program's help.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What one connection has sent so far.
type Sent = Arc<Mutex<Vec<u8>>>;

/// A port that leads to a backend.
#[derive(Debug)]
pub(crate) struct Tap {
    port: u16,
    connections: Arc<Mutex<Vec<Sent>>>,
}

impl Tap {
    /// Leads to this port of the loopback address, as long as the test runs.
    pub(crate) fn to(backend: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let connections: Arc<Mutex<Vec<Sent>>> = Arc::default();
        let all = Arc::clone(&connections);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", backend)).expect("the backend listens");
                let sent = Sent::default();
                all.lock().expect("no panic in here").push(Arc::clone(&sent));
                let twin = |s: &TcpStream| s.try_clone().expect("a second handle");
                let (from, to) = (twin(&client), twin(&server));
                std::thread::spawn(move || pass(from, to, Some(&sent)));
                std::thread::spawn(move || pass(server, client, None));
            }
        });
        Self { port, connections }
    }

    /// For `tracing_endpoint`.
    pub(crate) fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn sent(&self) -> Vec<Vec<u8>> {
        let connections = self.connections.lock().expect("no panic in here");
        connections.iter().map(|c| c.lock().expect("no panic in here").clone()).collect()
    }

    /// The requests of OTLP/gRPC.
    pub(crate) fn grpc(&self) -> Vec<ExportTraceServiceRequest> {
        let decode = |body: Vec<u8>| ExportTraceServiceRequest::decode(body.as_slice()).expect("OTLP");
        self.sent().iter().flat_map(|bytes| grpc_messages(bytes)).map(decode).collect()
    }

    /// The bodies of HTTP/1.1 requests, each with its path.
    pub(crate) fn http(&self) -> Vec<(String, Vec<u8>)> {
        self.sent().iter().flat_map(|bytes| http_bodies(bytes)).collect()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, keep: Option<&Sent>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some(sent) = keep {
            sent.lock().expect("no panic in here").extend(&buffer[..count]);
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // The other end may be gone already.
    drop(to.shutdown(Shutdown::Write));
}

/// RFC 9113, section 4.1: 24 bits of length, type, flags, stream; DATA frames (type 0) without padding, which hyper
/// never sends. In them the messages of gRPC: a flag, 32 bits of length, the message.
fn grpc_messages(sent: &[u8]) -> Vec<Vec<u8>> {
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
    let mut rest = sent.get(preface..).unwrap_or_default();
    let mut streams: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    while let Some((head, body)) = rest.split_at_checked(9) {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let Some((payload, next)) = body.split_at_checked(length) else { break };
        if head[3] == 0 {
            assert_eq!(head[4] & 8, 0, "a padded frame");
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            streams.entry(stream).or_default().extend(payload);
        }
        rest = next;
    }
    let message = |data: Vec<u8>| {
        assert_eq!(data[0], 0, "a compressed message");
        data[5..].to_vec()
    };
    streams.into_values().filter(|data| data.len() >= 5).map(message).collect()
}

fn http_bodies(sent: &[u8]) -> Vec<(String, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let (mut rest, mut bodies) = (sent, Vec::new());
    while let Some(end) = rest.windows(END.len()).position(|w| w == END) {
        let head = String::from_utf8_lossy(&rest[..end]).to_lowercase();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let start = end + END.len();
        let stop = start + length.expect("hyper says the length of what it has in full");
        let Some(body) = rest.get(start..stop) else { break };
        bodies.push((path, body.to_vec()));
        rest = &rest[stop..];
    }
    bodies
}
