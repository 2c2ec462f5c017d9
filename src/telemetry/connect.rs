//! One way to connect for gRPC and HTTP: TCP or a unix socket, then TLS where the endpoint wants it. Owns the bounds of
//! a connection: the name, each address and the handshake have one of their own. Never falls back to plain text. Lives
//! on the telemetry arbiter.

use super::dial::Dialer;
use super::names::{Lookup, NameError};
use super::prompt::Prompt;
use super::target::TargetError;
use super::tls::{TlsClient, TlsError};
use super::trust::advice;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use phpeek_settings::endpoint::Address;
use phpeek_settings::proxy::Proxy;
use phpeek_settings::tls::Alpn;
use phpeek_settings::tracing::Receiver;
use std::error::Error;
use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// For the handshake of TLS, and for the word of a proxy, which connects on its side meanwhile.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name of the receiver, or of the proxy.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The network, or nobody listens.
    #[error("cannot connect to {to}")]
    Network {
        /// Where to.
        to: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The proxy is not there, or does not want to.
    #[error("cannot connect to {to} through the proxy {proxy}")]
    Proxy {
        /// Where to.
        to: String,
        /// Through which proxy.
        proxy: String,
        /// Why not.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The other side is no TLS server, or one that we or that does not trust us.
    #[error("the TLS handshake with {to} failed{advice}")]
    Handshake {
        /// With whom.
        to: String,
        /// What to do about it; may be empty.
        advice: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The answer to our greeting is none of TLS.
    #[error("{0} does not speak TLS: write http:// or tracing_use_tls: false if plain text is meant")]
    NotTls(String),
    /// gRPC needs HTTP/2.
    #[error("{0} speaks TLS and does not offer HTTP/2: is this its OTLP/gRPC port?")]
    NoHttp2(String),
    /// A certificate file was replaced by one that cannot be used.
    #[error("the TLS files cannot be used")]
    Tls(#[from] TlsError),
    /// It took too long.
    #[error("{0} took the connection and said nothing for 10 s")]
    Timeout(String),
}

/// Connects to one endpoint. Clones share the look-up of its name.
#[derive(Debug, Clone)]
pub struct Connector(Arc<Target>);

#[derive(Debug)]
struct Target {
    address: Address,
    proxy: Option<Proxy>,
    /// Of whom the connection is made to: the receiver, or the proxy. Not for a socket.
    lookup: Lookup,
    dialer: Dialer,
    tls: Option<TlsClient>,
    alpn: Alpn,
}

impl Connector {
    /// Prepares connections to `receiver`; reads and judges the TLS files when it wants TLS.
    ///
    /// # Errors
    /// When the TLS files or the proxy cannot be used.
    pub fn new(receiver: &Receiver, alpn: Alpn) -> Result<Self, TargetError> {
        let (endpoint, tls) = (&receiver.endpoint, &receiver.tls);
        let address = endpoint.address().clone();
        let proxy = receiver.proxy.for_endpoint(endpoint)?;
        let tls = match &address {
            Address::Tcp { host, .. } if endpoint.tls() => Some(TlsClient::load(tls, host, alpn)?),
            Address::Tcp { .. } | Address::Unix(_) => None,
        };
        let (host, port) = match (&proxy, &address) {
            (Some(proxy), _) => (proxy.uri.host().unwrap_or_default(), proxy.port()),
            (None, Address::Tcp { host, port }) => (host.as_str(), *port),
            (None, Address::Unix(_)) => ("localhost", 0),
        };
        let (lookup, dialer) = (Lookup::new(bare(host), port), Dialer::default());
        Ok(Self(Arc::new(Target { address, proxy, lookup, dialer, tls, alpn })))
    }

    /// A new connection.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(&self) -> Result<Stream, ConnectError> {
        self.0.connect().await
    }

    /// An answer has come over a connection to this address: until then it is not known to be any good.
    pub fn trust(&self, peer: Option<SocketAddr>) {
        peer.into_iter().for_each(|peer| self.0.dialer.trust(peer));
    }
}

/// An IPv6 address without the brackets that it has in a URI.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
}

impl Target {
    async fn connect(&self) -> Result<Stream, ConnectError> {
        let to = self.address.to_string();
        let plain = match (&self.address, &self.proxy) {
            (Address::Unix(path), _) => {
                let connected = UnixStream::connect(path).await;
                return Ok(Stream::new(
                    connected.map_err(|source| ConnectError::Network { to, source })?,
                    None,
                ));
            }
            (Address::Tcp { .. }, Some(proxy)) => self.tunnel(proxy).await?,
            (Address::Tcp { .. }, None) => self.dial(to.clone()).await?,
        };
        let peer = plain.peer_addr().ok();
        let Some(tls) = &self.tls else { return Ok(Stream::new(plain, peer)) };
        let connector = TlsConnector::from(tls.config()?);
        let shaken = timeout(HANDSHAKE, connector.connect(tls.server_name(), plain)).await;
        let stream =
            shaken.map_err(|_| ConnectError::Timeout(to.clone()))?.map_err(|source| {
                match refusal(&source) {
                    Some(rustls::Error::InvalidMessage(_)) => ConnectError::NotTls(to.clone()),
                    Some(rustls::Error::NoApplicationProtocol) => ConnectError::NoHttp2(to.clone()),
                    known => ConnectError::Handshake { to: to.clone(), advice: advice(known), source },
                }
            })?;
        if self.alpn == Alpn::Http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(ConnectError::NoHttp2(to));
        }
        Ok(Stream::new(stream, peer))
    }

    /// Resolves and connects.
    async fn dial(&self, to: String) -> Result<Prompt, ConnectError> {
        let addresses = self.lookup.addresses().await?;
        let dialed = self.dialer.dial(addresses).await;
        dialed.map(Prompt).map_err(|source| ConnectError::Network { to, source })
    }

    async fn tunnel(&self, proxy: &Proxy) -> Result<Prompt, ConnectError> {
        let (to, through) = (self.address.to_string(), proxy.to_string());
        let failed = |source: Box<dyn Error + Send + Sync>| ConnectError::Proxy {
            to: to.clone(),
            proxy: through.clone(),
            source,
        };
        let destination = Uri::builder().scheme("https").authority(to.as_str()).path_and_query("/").build();
        let destination = destination.map_err(|e| failed(e.into()))?;
        let stream = self.dial(through.clone()).await.map_err(|e| failed(e.into()))?;
        let mut tunnel = Tunnel::new(proxy.uri.clone(), Once(Some(stream)));
        if let Some(authorization) = &proxy.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let stream = timeout(HANDSHAKE, tunnel.call(destination)).await;
        let stream = stream.map_err(|_| ConnectError::Timeout(format!("the proxy {through}")))?;
        Ok(stream.map_err(|e| failed(e.into()))?.into_inner())
    }
}

/// What TLS itself says, inside of the error of the stream.
fn refusal(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Gives the tunnel the connection to the proxy that there is.
struct Once(Option<Prompt>);

impl Service<Uri> for Once {
    type Response = TokioIo<Prompt>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// Whether anything has come over a connection.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<AtomicBool>);

impl Pulse {
    /// Whether it has.
    #[must_use]
    pub fn beats(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// A connection, of whatever kind.
pub struct Stream(TokioIo<Box<dyn Bytes>>, Pulse, Option<SocketAddr>);

impl Stream {
    fn new(stream: impl Bytes + 'static, peer: Option<SocketAddr>) -> Self {
        Self(TokioIo::new(Box::new(stream)), Pulse::default(), peer)
    }

    /// The address at its other end, in the network.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.2
    }

    /// Its sign of life, which outlives it.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.1.clone()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = read {
            self.1.0.store(true, Relaxed);
        }
        read
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, buffers)
    }
}
