//! The management API behind TLS: with a token, with certificates of clients, with files that change, and what somebody gets who comes with the
//! wrong thing. What is refused takes nothing from others.

use crate::support::web::{Ask, Reply, own_address};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

fn pem(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/telemetry/tls").join(name)
}

/// A supervisor whose API has these certificates.
struct Api {
    // First, so that it has ended before the folder goes.
    supervisor: Supervisor,
    _sandbox: Sandbox,
    at: SocketAddr,
}

impl Api {
    fn with(sandbox: Sandbox, tls: Value, more: Value) -> Self {
        let at = own_address();
        let mut global = json!({
            "api_enabled": true, "api_host": at.ip(), "api_port": at.port(), "api_tls": {"enabled": true},
            "control_socket": sandbox.path("control.sock"),
        });
        global["api_tls"].as_object_mut().expect("a map").extend(tls.as_object().expect("a map").clone());
        global.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        let config = sandbox.config(global, json!({"w": {"command": sandbox.worker("w")}}));
        let supervisor = Supervisor::start(&sandbox, &config);
        sandbox.started("w", 1);
        wait_until(LONG, "it listens", || TcpStream::connect(at).is_ok());
        Self { supervisor, _sandbox: sandbox, at }
    }

    /// What a client gets that trusts this authority and shows this certificate.
    fn get(&self, ask: &Ask, trusted: &str, own: Option<&str>) -> std::io::Result<Reply> {
        self.met(ask, trusted, own).map(|(reply, _)| reply)
    }

    /// The same, and the certificate that the server has shown.
    fn met(
        &self,
        ask: &Ask,
        trusted: &str,
        own: Option<&str>,
    ) -> std::io::Result<(Reply, CertificateDer<'static>)> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(pem(trusted)).expect("a certificate")).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.expect("versions").with_root_certificates(roots);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let chain =
                    vec![CertificateDer::from_pem_file(pem(&format!("{name}.pem"))).expect("it is there")];
                let key = PrivateKeyDer::from_pem_file(pem(&format!("{name}.key"))).expect("its key");
                builder.with_client_auth_cert(chain, key).expect("they fit together")
            }
        };
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let stream = TcpStream::connect(self.at)?;
        stream.set_read_timeout(Some(LONG))?;
        let mut stream = StreamOwned::new(connection, stream);
        let reply = ask.over(&mut stream)?;
        let shown =
            stream.conn.peer_certificates().and_then(|chain| chain.first()).expect("it has shown one");
        Ok((reply, shown.clone().into_owned()))
    }

    fn status(&self, ask: &Ask, own: Option<&str>) -> Option<u16> {
        self.get(ask, "ca.pem", own).ok().map(|reply| reply.status)
    }
}

fn server() -> Value {
    json!({"cert_file": pem("server.pem"), "key_file": pem("server.key")})
}

fn list() -> Ask {
    Ask::get("/api/v1/processes")
}

fn with_token(token: &str) -> Ask {
    list().header("Authorization", &format!("Bearer {token}"))
}

#[test]
fn a_token_counts_behind_tls_and_nothing_is_said_in_plain_text() {
    let mut api = Api::with(Sandbox::new(), server(), json!({"api_auth": "hunter2hunter2"}));
    assert_eq!(api.status(&with_token("hunter2hunter2"), None), Some(200));
    assert_eq!(api.status(&with_token("hunter2"), None), Some(401));
    assert_eq!(api.status(&list(), None), Some(401));
    // A certificate that is not asked for is no token.
    assert_eq!(api.status(&list(), Some("client")), Some(401));
    // Whoever speaks HTTP there gets no answer of ours, and his connection ends.
    let mut plain = TcpStream::connect(api.at).expect("a connection");
    plain.set_read_timeout(Some(LONG)).expect("a time");
    let asked =
        "GET /api/v1/processes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hunter2hunter2\r\n\r\n";
    plain.write_all(asked.as_bytes()).expect("it takes it");
    let mut got = Vec::new();
    drop(plain.read_to_end(&mut got)); // a reset ends it, too
    assert!(!got.windows(4).any(|part| part == b"HTTP"), "{got:?}");
    // Nor does anybody whose authority vouches for another server.
    assert!(api.get(&with_token("hunter2hunter2"), "stranger.pem", None).is_err());
    assert_eq!(api.status(&with_token("hunter2hunter2"), None), Some(200), "all others go on");
    assert_eq!(api.supervisor.stop(), 0);
}

#[test]
fn only_clients_by_the_authority_and_in_their_time_may_ask() {
    let tls = |authority: &str| {
        let mut all = server();
        all["client_auth"] = json!("verify");
        all["ca_file"] = json!(pem(authority));
        all
    };
    let mut api = Api::with(Sandbox::new(), tls("ca.pem"), json!({}));
    assert_eq!(api.status(&list(), Some("client")), Some(200));
    for stranger in [None, Some("itself"), Some("expired")] {
        assert_eq!(api.status(&list(), stranger), None, "{stranger:?}");
    }
    assert_eq!(api.status(&list(), Some("client")), Some(200), "all others go on");
    // A form that a browser would send with the certificate of its user changes nothing.
    let form = Ask::of("POST", "/api/v1/processes/w/scale").header("Content-Type", "text/plain");
    assert_eq!(api.status(&form, Some("client")), Some(415));
    assert_eq!(api.supervisor.stop(), 0);

    let mut api = Api::with(Sandbox::new(), tls("old-ca.pem"), json!({}));
    assert_eq!(api.status(&list(), Some("expired")), None, "its authority is right, and its time is over");
    assert_eq!(api.supervisor.stop(), 0);

    let mut api = Api::with(Sandbox::new(), tls("ca.pem"), json!({"api_auth": "hunter2hunter2"}));
    assert_eq!(api.status(&list(), Some("client")), Some(401), "both are asked for");
    assert_eq!(api.status(&with_token("hunter2hunter2"), Some("client")), Some(200));
    assert_eq!(api.status(&with_token("hunter2hunter2"), None), None);
    assert_eq!(api.supervisor.stop(), 0);
}

#[test]
fn certificates_that_change_are_served_and_broken_ones_are_told_of() {
    let sandbox = Sandbox::new();
    let (cert, key) = (sandbox.path("own.pem"), sandbox.path("own.key"));
    let put = |name: &str| {
        fs::copy(pem(&format!("{name}.key")), &key).expect("a key");
        fs::copy(pem(&format!("{name}.pem")), &cert).expect("a certificate");
    };
    put("server");
    let tls = json!({"cert_file": cert, "key_file": key, "auto_reload": true, "auto_reload_interval": 1});
    let mut api = Api::with(sandbox, tls, json!({"api_auth": "hunter2hunter2"}));
    let served = |api: &Api| {
        let (reply, shown) = api.met(&with_token("hunter2hunter2"), "ca.pem", None).expect("an answer");
        assert_eq!(reply.status, 200, "{}", reply.body);
        shown
    };
    let of = |name: &str| CertificateDer::from_pem_file(pem(name)).expect("a certificate");
    assert_eq!(served(&api), of("server.pem"));
    fs::write(&cert, "no certificate").expect("a file");
    let told =
        || api.supervisor.records().iter().any(|r| r["msg"].as_str().is_some_and(|m| m.contains("own.pem")));
    wait_until(LONG, "what is broken is told of, and the old one served", || {
        served(&api) == of("server.pem") && told()
    });
    put("client");
    wait_until(LONG, "the new one is served", || served(&api) == of("client.pem"));
    assert_eq!(api.supervisor.stop(), 0);
}
