//! A TCP connection that acknowledges at once what it has read. A receiver that writes an answer in several pieces, with
//! Nagle's algorithm on, keeps the last until the first is acknowledged, and the kernel of who only waits for that puts
//! it off for 40 ms (RFC 1122, 4.2.3.2).

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Prompt(pub(super) TcpStream);

impl Prompt {
    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

impl AsyncRead for Prompt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            // The kernel forgets it by itself (tcp(7)). Without it an answer is late and no worse.
            rustix::net::sockopt::set_tcp_quickack(&self.0, true).ok();
        }
        read
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use rustix::net::sockopt::tcp_quickack;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// After such questions and answers the kernel takes a connection for one on which an acknowledgement can go with the next
    /// question.
    async fn answers_come(mut client: impl AsyncRead + AsyncWrite + Unpin, server: TcpStream) -> bool {
        let (mut questions, mut answers) = server.into_split();
        let echo = tokio::spawn(async move { tokio::io::copy(&mut questions, &mut answers).await });
        for _ in 0..4 {
            client.write_all(b"?").await.expect("room");
            client.read_exact(&mut [0]).await.expect("an answer");
        }
        client.shutdown().await.expect("an end");
        echo.await.is_ok_and(|echoed| echoed.is_ok_and(|count| count == 4))
    }

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client =
            TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        (client, listener.accept().await.expect("a connection").0)
    }

    #[tokio::test]
    async fn what_was_read_is_acknowledged_at_once() {
        let (client, server) = pair().await;
        let mut prompt = Prompt(client);
        assert!(answers_come(&mut prompt, server).await);
        assert!(tcp_quickack(&prompt.0).expect("an answer"));
        let (mut client, server) = pair().await;
        assert!(answers_come(&mut client, server).await);
        assert!(!tcp_quickack(&client).expect("an answer"), "without it the kernel waits");
    }
}
