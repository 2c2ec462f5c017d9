//! TLS towards a real gRPC receiver: whom we trust, who we are, what a request carries; and that nothing ever falls
//! back to plain text. The certificates are those of `tests/telemetry/tls`.

use super::http_server::HttpServer;
use super::{LIMIT, Said, assert_law, launch, spans, until};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use phpeek_actors::telemetry::FlushOutcome;
use phpeek_pm::telemetry::tls::{TlsClient, TlsError};
use phpeek_settings::compression::Compression;
use phpeek_settings::endpoint::{Endpoint, Protocol, Security};
use phpeek_settings::headers::Header;
use phpeek_settings::proxy::ProxySettings;
use phpeek_settings::tls::{Alpn, ClientFiles, TlsSettings};
use phpeek_settings::tracing::{ExporterSettings, Receiver};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tonic::codec::CompressionEncoding;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/telemetry/tls").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(pem(name)).expect("it is in the repository")
}

/// What the receiver saw: the `x-team` header and the encoding of each request, and how many spans.
#[derive(Debug, Default)]
struct Seen {
    requests: Vec<(Option<String>, Option<String>)>,
    spans: usize,
}

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Seen>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let header = |name: &str| request.metadata().get(name).map(|v| v.to_str().expect("text").to_owned());
        let request_seen = (header("x-team"), header("grpc-encoding"));
        let blocks = request.get_ref().resource_spans.iter().flat_map(|r| &r.scope_spans);
        let count = blocks.map(|s| s.spans.len()).sum::<usize>();
        let mut seen = self.0.lock().expect("no panic in here");
        seen.requests.push(request_seen);
        seen.spans += count;
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    fn spans(&self) -> usize {
        self.0.lock().expect("no panic in here").spans
    }

    /// Serves TLS on a port of 127.0.0.1; with `mutual`, only to clients that the authority knows.
    fn serve(&self, mutual: bool) -> u16 {
        self.serve_as("server", mutual)
    }

    fn serve_as(&self, name: &str, mutual: bool) -> u16 {
        let (certificate, key) = (text(&format!("{name}.pem")), text(&format!("{name}.key")));
        let mut tls = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
        if mutual {
            tls = tls.client_ca_root(Certificate::from_pem(text("ca.pem")));
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("non-blocking");
        let port = listener.local_addr().expect("an address").port();
        let service = TraceServiceServer::new(self.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let incoming = tonic::transport::server::TcpIncoming::from(listener);
                let server = Server::builder().tls_config(tls).expect("sound TLS").add_service(service);
                server.serve_with_incoming(incoming).await
            })
        });
        port
    }
}

fn receiver(host: &str, port: u16, tls: TlsSettings) -> Receiver {
    let endpoint = Endpoint::parse_as(&format!("{host}:{port}"), Protocol::Grpc, Security::Tls);
    Receiver { tls, ..Receiver::from(endpoint.expect("an endpoint")) }
}

fn trusting(ca: &str) -> TlsSettings {
    TlsSettings { ca_file: Some(pem(ca)), ..TlsSettings::default() }
}

fn as_client() -> TlsSettings {
    let client = ClientFiles { certificate: pem("client.pem"), key: pem("client.key") };
    TlsSettings { client: Some(client), ..trusting("ca.pem") }
}

#[actix::test]
async fn mutual_tls_carries_spans_headers_and_compression() {
    for (compression, encoding) in [
        (Compression::None, None),
        (Compression::Gzip, Some("gzip".to_owned())),
        (Compression::Zstd, Some("zstd".to_owned())),
    ] {
        let collector = Collector::default();
        let receiver = Receiver {
            headers: vec![Header::new("x-team", "k3y").expect("sound")],
            compression,
            ..receiver("127.0.0.1", collector.serve(true), as_client())
        };
        let (handle, said, clock) = launch(ExporterSettings::OtlpGrpc(receiver));
        spans(&handle, clock, 3);
        assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{:?}", said.text());
        assert_eq!(collector.spans(), 3);
        let seen = collector.0.lock().expect("no panic in here").requests.clone();
        assert_eq!(seen, [(Some("k3y".to_owned()), encoding)]);
        assert!(!said.text().contains("k3y"));
        assert_law(handle.stats());
    }
}

/// Exports to `receiver`, which cannot work, and returns what is said about it.
async fn failed(receiver: Receiver, collector: &Collector) -> String {
    let (handle, said, clock) = launch(ExporterSettings::OtlpGrpc(receiver));
    spans(&handle, clock, 3);
    until(|| said.warnings() > 0).await;
    assert_eq!((collector.spans(), handle.stats().exported), (0, 0));
    said.text()
}

#[actix::test]
async fn who_is_not_trusted_gets_nothing() {
    let collector = Collector::default();
    let port = collector.serve(false);
    let said = failed(receiver("127.0.0.1", port, trusting("stranger.pem")), &collector).await;
    assert!(said.contains("TLS handshake") && said.contains("UnknownIssuer"), "{said}");
    // The system's authorities do not know ours either.
    if let Ok(client) = TlsClient::load(&TlsSettings::default(), "localhost", Alpn::Http2) {
        drop(client);
        let said = failed(receiver("127.0.0.1", port, TlsSettings::default()), &collector).await;
        assert!(said.contains("UnknownIssuer"), "{said}");
    }
    let named = TlsSettings { server_name: Some("other.example".to_owned()), ..trusting("ca.pem") };
    let said = failed(receiver("127.0.0.1", port, named), &collector).await;
    assert!(said.contains("not valid for name"), "{said}");
    let plain = Receiver::from(Endpoint::parse(&format!("127.0.0.1:{port}")).expect("an endpoint"));
    let (handle, said, clock) = launch(ExporterSettings::OtlpGrpc(plain));
    spans(&handle, clock, 3);
    until(|| said.warnings() > 0).await;
    assert!(said.text().contains("set tracing_use_tls"), "{}", said.text());
    assert_eq!((handle.stats().failed, handle.stats().pending), (0, 3), "a mistake in TLS loses nothing");
}

#[actix::test]
async fn a_receiver_may_be_its_own_authority() {
    let collector = Collector::default();
    let port = collector.serve_as("itself", false);
    let (handle, said, clock) =
        launch(ExporterSettings::OtlpGrpc(receiver("localhost", port, trusting("itself.pem"))));
    spans(&handle, clock, 3);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{:?}", said.text());
    assert_eq!(collector.spans(), 3);
    // It has to be that one, and has to have the name.
    let other = Collector::default();
    let port = other.serve_as("itself", false);
    let said = failed(receiver("localhost", port, trusting("ca.pem")), &other).await;
    assert!(said.contains("name it in tracing_ca_file"), "{said}");
    let said = failed(receiver("127.0.0.1", port, trusting("itself.pem")), &other).await;
    assert!(said.contains("tracing_server_name"), "{said}");
}

#[actix::test]
async fn a_receiver_without_tls_is_told_apart() {
    let server = HttpServer::default();
    let port = server.serve();
    let said = failed(receiver("127.0.0.1", port, trusting("ca.pem")), &Collector::default()).await;
    assert!(said.contains("does not speak TLS") || said.contains("TLS handshake"), "{said}");
    assert!(server.posts().is_empty());
    let healthy = super::receiver::Receiver::start(super::receiver::Mood::Healthy);
    let at = healthy.address();
    let port = at.rsplit_once(':').and_then(|(_, p)| p.parse().ok()).expect("a port");
    let said = failed(receiver("127.0.0.1", port, trusting("ca.pem")), &Collector::default()).await;
    assert!(said.contains("does not speak TLS"), "{said}");
}

#[actix::test]
async fn a_client_without_a_certificate_is_turned_away() {
    let collector = Collector::default();
    let port = collector.serve(true);
    failed(receiver("127.0.0.1", port, trusting("ca.pem")), &collector).await;
}

#[actix::test]
async fn the_server_may_have_another_name_than_the_endpoint() {
    let collector = Collector::default();
    let tls = TlsSettings { server_name: Some("localhost".to_owned()), ..trusting("ca.pem") };
    let (handle, said, clock) =
        launch(ExporterSettings::OtlpGrpc(receiver("127.0.0.1", collector.serve(false), tls)));
    spans(&handle, clock, 3);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{:?}", said.text());
}

#[actix::test]
async fn a_certificate_that_is_replaced_is_used_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, text("stranger.pem")).expect("written");
    let collector = Collector::default();
    let tls = TlsSettings { ca_file: Some(ca.clone()), ..TlsSettings::default() };
    let (handle, said, clock) =
        launch(ExporterSettings::OtlpGrpc(receiver("127.0.0.1", collector.serve(false), tls)));
    spans(&handle, clock, 3);
    until(|| said.warnings() > 0).await;
    std::fs::write(&ca, text("ca.pem")).expect("written");
    until(|| collector.spans() == 3).await;
}

#[actix::test]
async fn a_proxy_is_a_tunnel_that_sees_nothing() {
    let (collector, (proxy, asked)) = (Collector::default(), super::http_server::proxy());
    let port = collector.serve(true);
    let url = Some(format!("http://user:s3cret@127.0.0.1:{proxy}"));
    let proxy = ProxySettings { tls: url, ..ProxySettings::default() };
    let receiver = Receiver { proxy, ..receiver("127.0.0.1", port, as_client()) };
    let (handle, said, clock) = launch(ExporterSettings::OtlpGrpc(receiver));
    spans(&handle, clock, 3);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{:?}", said.text());
    assert_eq!(collector.spans(), 3);
    let asked = asked.lock().expect("no panic in here");
    assert!(asked[0].starts_with(&format!("CONNECT 127.0.0.1:{port} ")), "{asked:?}");
    assert!(asked[0].contains("Proxy-Authorization: Basic dXNlcjpzM2NyZXQ="), "{asked:?}");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let load = |tls: &TlsSettings| TlsClient::load(tls, "localhost", Alpn::Http2).expect_err("refused");
    let missing = load(&trusting("nothing.pem"));
    assert!(missing.to_string().contains("nothing.pem"), "{missing}");
    assert!(matches!(load(&trusting("client.key")), TlsError::Pem { .. }));
    let client = ClientFiles { certificate: pem("client.pem"), key: pem("server.key") };
    let mixed = TlsSettings { client: Some(client), ..trusting("ca.pem") };
    assert!(matches!(load(&mixed), TlsError::Client { .. }));
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("damaged.pem");
    std::fs::write(&damaged, text("ca.pem").replace("MI", "!!s3cret")).expect("written");
    let tls = TlsSettings { ca_file: Some(damaged), ..TlsSettings::default() };
    let error = load(&tls);
    assert!(matches!(error, TlsError::Pem { .. }) && !format!("{error:?}").contains("s3cret"), "{error:?}");
}

impl Said {
    /// All that was said, with its fields.
    pub(super) fn text(&self) -> String {
        let records = self.0.lock().expect("no panic in here");
        records.iter().map(|r| format!("{} {:?}\n", r.message, r.fields)).collect()
    }
}
