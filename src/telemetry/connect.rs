//! One way to connect for gRPC and HTTP: TCP or a unix socket, then TLS where the endpoint wants it. Owns the bound on
//! the time of a connection. Never falls back to plain text. Lives on the telemetry arbiter; called by tonic and hyper.

use super::grpc::TargetError;
use super::tls::{TlsClient, TlsError};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use phpeek_settings::endpoint::Address;
use phpeek_settings::proxy::Proxy;
use phpeek_settings::tls::Alpn;
use phpeek_settings::tracing::Receiver;
use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tower_service::Service;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
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
    #[error("the TLS handshake with {to} failed")]
    Handshake {
        /// With whom.
        to: String,
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
    #[error("no connection to {0} within 3 s")]
    Timeout(String),
}

/// Connects to one endpoint, whatever URI it is asked for.
#[derive(Debug, Clone)]
pub struct Connector(Arc<Target>);

#[derive(Debug)]
struct Target {
    address: Address,
    proxy: Option<Proxy>,
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
        Ok(Self(Arc::new(Target { address, proxy, tls, alpn })))
    }
}

impl Target {
    async fn connect(&self) -> Result<Stream, ConnectError> {
        let to = self.address.to_string();
        let failed = |source| ConnectError::Network { to: to.clone(), source };
        let plain = match &self.address {
            Address::Unix(path) => {
                return Ok(Stream::new(UnixStream::connect(path).await.map_err(failed)?));
            }
            Address::Tcp { host, port } => {
                let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
                match &self.proxy {
                    Some(proxy) => self.tunnel(proxy).await?,
                    None => TcpStream::connect((host, *port)).await.map_err(failed)?,
                }
            }
        };
        plain.set_nodelay(true).map_err(failed)?;
        let Some(tls) = &self.tls else { return Ok(Stream::new(plain)) };
        let connector = TlsConnector::from(tls.config()?);
        let stream =
            connector.connect(tls.server_name(), plain).await.map_err(|source| match refusal(&source) {
                Some(rustls::Error::InvalidMessage(_)) => ConnectError::NotTls(to.clone()),
                Some(rustls::Error::NoApplicationProtocol) => ConnectError::NoHttp2(to.clone()),
                _ => ConnectError::Handshake { to: to.clone(), source },
            })?;
        if self.alpn == Alpn::Http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(ConnectError::NoHttp2(to));
        }
        Ok(Stream::new(stream))
    }
}

impl Target {
    async fn tunnel(&self, proxy: &Proxy) -> Result<TcpStream, ConnectError> {
        let failed = |source: Box<dyn Error + Send + Sync>| ConnectError::Proxy {
            to: self.address.to_string(),
            proxy: proxy.to_string(),
            source,
        };
        let destination =
            Uri::builder().scheme("https").authority(self.address.to_string()).path_and_query("/").build();
        let destination = destination.map_err(|e| failed(e.into()))?;
        let mut tunnel = Tunnel::new(proxy.uri.clone(), HttpConnector::new());
        if let Some(authorization) = &proxy.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let stream = tunnel.call(destination).await.map_err(|e| failed(e.into()))?;
        Ok(stream.into_inner())
    }
}

/// What TLS itself says, inside of the error of the stream.
fn refusal(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let target = self.0.clone();
        Box::pin(async move {
            match tokio::time::timeout(TIMEOUT, target.connect()).await {
                Ok(result) => result,
                Err(_) => Err(ConnectError::Timeout(target.address.to_string())),
            }
        })
    }
}

trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A connection, of whatever kind.
pub struct Stream(TokioIo<Box<dyn Bytes>>);

impl Stream {
    fn new(stream: impl Bytes + 'static) -> Self {
        Self(TokioIo::new(Box::new(stream)))
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
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
