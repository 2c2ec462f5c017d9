//! How a receiver is reached: endpoint, TLS, certificates, proxy. Owns the order in which they are said and what
//! contradicts what. Never turns TLS that was asked for into plain text.

use super::names::truth;
use super::tracing::{Chosen, Reader};
use super::tree::{Node, Place};
use phpeek_settings::endpoint::{Address, Endpoint, Protocol, Security};
use phpeek_settings::otlp::variables;
use phpeek_settings::proxy::{LOOPBACK, ProxyError, ProxySettings};
use phpeek_settings::tls::{Alpn, ClientFiles, TlsPart, TlsSettings};
use phpeek_settings::tracing::Receiver;
use std::path::PathBuf;

const CA_FILE: &str = "tracing_ca_file";
const CERT_FILE: &str = "tracing_client_cert_file";
const KEY_FILE: &str = "tracing_client_key_file";
const SERVER_NAME: &str = "tracing_server_name";
const USE_TLS: &str = "tracing_use_tls";

impl Reader<'_> {
    /// The endpoint and what TLS needs; `given` replaces what is written.
    pub(super) fn connection(
        &mut self,
        protocol: Protocol,
        given: Option<String>,
    ) -> Option<(Endpoint, TlsSettings)> {
        let zipkin = protocol == Protocol::Zipkin;
        let variables: &[_] =
            if zipkin { &["OTEL_EXPORTER_ZIPKIN_ENDPOINT"] } else { &variables(self.signal).endpoint };
        let chosen = self.pick("tracing_endpoint", variables);
        self.connect(protocol, ("tracing_endpoint", chosen), given)
    }

    /// The same of an endpoint that was chosen, or not, by this key.
    pub(super) fn connect(
        &mut self,
        protocol: Protocol,
        (key, chosen): (&str, Option<Chosen>),
        given: Option<String>,
    ) -> Option<(Endpoint, TlsSettings)> {
        let zipkin = protocol == Protocol::Zipkin;
        let [own, _] = variables(self.signal).endpoint;
        let exact = chosen.as_ref().and_then(|c| c.variable) == Some(own);
        let plain = matches!(protocol, Protocol::Grpc | Protocol::Zipkin);
        let protocol = if exact && !plain { Protocol::OtlpHttpExact } else { protocol };
        let place = chosen.as_ref().map_or(Place::Nowhere, |c| c.place.clone());
        let variable = chosen.as_ref().and_then(|c| c.variable).filter(|_| given.is_none());
        let usual = || format!("localhost:{}", protocol.port());
        let text = given.or(chosen.map(|c| c.text)).unwrap_or_else(usual);
        let tls = self.tls(zipkin);
        let security = self.security(protocol, &text, zipkin)?;
        let endpoint = match (Endpoint::parse_as(&text, protocol, security), variable) {
            (Ok(endpoint), _) => endpoint,
            (Err(error), Some(name)) => {
                self.warn_of(name, &format!("{name}: {error}; the default holds"), "write http://HOST:PORT");
                let security = self.security(protocol, &usual(), zipkin)?;
                Endpoint::parse_as(&usual(), protocol, security).ok()?
            }
            (Err(error), None) => {
                self.error(key, place, error.to_string(), "");
                return None;
            }
        };
        let tls = tls?;
        if endpoint.tls() {
            self.judge(&endpoint, &tls, protocol)?;
        }
        Some((endpoint, tls))
    }

    /// `tracing_failover`: endpoints that share everything but their address with the first.
    pub(super) fn failover(
        &mut self,
        protocol: Protocol,
        first: &Endpoint,
        tls: &TlsSettings,
    ) -> Option<Vec<Endpoint>> {
        let mut others = Vec::new();
        let items = self.global.get("tracing_failover").map(Node::items).unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            let (text, place) = (item.text().unwrap_or_default(), item.place.clone());
            let key = format!("tracing_failover[{index}]");
            let security = self.security(protocol, text, protocol == Protocol::Zipkin)?;
            match Endpoint::parse_as(text, protocol, security) {
                Err(error) => {
                    self.error(&key, place, error.to_string(), "");
                    return None;
                }
                // A key must not go in plain text to one place when it goes by TLS to the other.
                Ok(other) if first.tls() && !other.tls() && !matches!(other.address(), Address::Unix(_)) => {
                    let message = "the first endpoint is reached by TLS, and this one in plain text";
                    self.error(&key, place, message, "write https://");
                    return None;
                }
                Ok(other) => {
                    if other.tls() {
                        self.judge(&other, tls, protocol)?;
                    }
                    others.push(other);
                }
            }
        }
        Some(others)
    }

    /// `tracing_use_tls`, then whether a certificate was given, then OTEL_EXPORTER_OTLP_INSECURE.
    fn security(&mut self, protocol: Protocol, endpoint: &str, zipkin: bool) -> Option<Security> {
        let keys = [CA_FILE, CERT_FILE, KEY_FILE, SERVER_NAME];
        let given = keys.into_iter().find(|key| self.global.get(key).is_some());
        match (truth(self.global, USE_TLS), given) {
            (Some(true), _) | (None, Some(_)) => return Some(Security::Tls),
            (Some(false), Some(key)) => {
                self.warn(key, "it has no effect: tracing_use_tls is false", "remove one of the two");
                return Some(Security::Plain);
            }
            (Some(false), None) => return Some(Security::Plain),
            (None, None) => {}
        }
        // What the variables say counts only where the endpoint's scheme leaves it open.
        if zipkin || endpoint.contains("://") || endpoint.starts_with("unix:") {
            return Some(Security::ByPort);
        }
        let names = variables(self.signal);
        let insecure = names.insecure.iter().find_map(|name| Some((*name, self.variable(name)?)));
        let insecure = insecure.filter(|_| protocol == Protocol::Grpc);
        match insecure.as_ref().map(|(name, text)| (name, text.trim().to_ascii_lowercase())) {
            Some((_, text)) if text == "true" => return Some(Security::Plain),
            Some((_, text)) if text == "false" => return Some(Security::Tls),
            Some((name, text)) => {
                // As the specification has it: what is not "true" is false.
                let message = format!("{name}: {text:?} is neither true nor false; it is taken for false");
                self.warn_of(name, &message, "write true or false");
                return Some(Security::Tls);
            }
            None => {}
        }
        let certificate = names.certificate.iter().chain(&names.client_certificate);
        let certificate = certificate.into_iter().any(|name| self.variable(name).is_some());
        Some(if certificate { Security::Tls } else { Security::ByPort })
    }

    /// The name of a PEM file. What such a file holds is refused before any message could repeat it.
    fn pem(&mut self, key: &str, variables: &[&'static str]) -> Option<Option<Chosen>> {
        let chosen = self.pick(key, variables);
        if let Some(written) = chosen.as_ref().filter(|c| c.text.contains("-----BEGIN")) {
            let message = "this is the content of a PEM file, and its name is wanted";
            self.error(key, written.place.clone(), message, "write it to a file, and name the file here");
            return None;
        }
        Some(chosen)
    }

    fn tls(&mut self, zipkin: bool) -> Option<TlsSettings> {
        let of = |variables: &'static [&'static str; 2]| -> &[&'static str] {
            if zipkin { &[] } else { variables }
        };
        let names = variables(self.signal);
        let ca_file = self.pem(CA_FILE, of(&names.certificate))?.map(|c| PathBuf::from(c.text));
        let certificate = self.pem(CERT_FILE, of(&names.client_certificate))?;
        let key = self.pem(KEY_FILE, of(&names.client_key))?;
        let name = self.pick(SERVER_NAME, &[]);
        let path = |chosen: Chosen| PathBuf::from(chosen.text);
        let client = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                Some(ClientFiles { certificate: path(certificate), key: path(key) })
            }
            (Some(alone), None) => {
                self.error(
                    CERT_FILE,
                    alone.place,
                    "a client certificate needs its key",
                    "set tracing_client_key_file",
                );
                return None;
            }
            (None, Some(alone)) => {
                self.error(
                    KEY_FILE,
                    alone.place,
                    "a client key needs its certificate",
                    "set tracing_client_cert_file",
                );
                return None;
            }
        };
        if let Some(chosen) = &name
            && let Err(error) = self.judge.judge_name(&chosen.text)
        {
            self.error(
                SERVER_NAME,
                chosen.place.clone(),
                error.to_string(),
                "write a DNS name or an address",
            );
            return None;
        }
        Some(TlsSettings { ca_file, client, server_name: name.map(|c| c.text) })
    }

    /// Reads the files, when they are going to be used.
    fn judge(&mut self, endpoint: &Endpoint, tls: &TlsSettings, protocol: Protocol) -> Option<()> {
        if !self.on {
            return Some(());
        }
        let alpn = if protocol == Protocol::Grpc { Alpn::Http2 } else { Alpn::Http1 };
        let Err(found) = self.judge.judge(tls, endpoint.host(), alpn) else { return Some(()) };
        let key = match found.part {
            TlsPart::Authorities => CA_FILE,
            TlsPart::Certificate => CERT_FILE,
            TlsPart::Key => KEY_FILE,
            TlsPart::ServerName => SERVER_NAME,
            TlsPart::Itself => USE_TLS,
        };
        let place = self.place(key);
        self.error(key, place, found.message, "name a PEM file that can be read");
        None
    }

    /// The receiver behind the proxy that is on the way to it, if there is one.
    pub(super) fn through_proxy(&mut self, receiver: Receiver) -> Option<Receiver> {
        let proxy = self.proxy();
        let written = self.global.get("tracing_proxy").is_none_or(|node| node.text().is_some());
        let all = std::iter::once(&receiver.endpoint).chain(&receiver.failover);
        let unusable = all.into_iter().find(|e| proxy.for_endpoint(e).is_err()).map(Endpoint::tls);
        if unusable.is_some() || !written {
            let place = match (self.global.get("tracing_proxy"), unusable) {
                (Some(node), _) => node.place.clone(),
                (None, tls) => {
                    Place::Variable(self.proxy_variable(tls.unwrap_or(false)).unwrap_or("HTTP_PROXY").into())
                }
            };
            let advice = "mend it, or write none to go without";
            self.error("tracing_proxy", place, ProxyError.to_string(), advice);
            return None;
        }
        Some(Receiver { proxy, ..receiver })
    }

    /// `tracing_proxy` for everything, or the variables that every HTTP client knows.
    fn proxy(&self) -> ProxySettings {
        match self.global.get("tracing_proxy").and_then(Node::text) {
            Some("none") => ProxySettings::default(),
            Some(url) => {
                let url = Some(url.to_owned());
                ProxySettings { plain: url.clone(), tls: url, except: String::new() }
            }
            None => {
                let of = |tls| self.proxy_variable(tls).and_then(|name| self.variable(name));
                let except = ["no_proxy", "NO_PROXY"].iter().find_map(|name| self.variable(name));
                let except = except.unwrap_or_default();
                ProxySettings { plain: of(false), tls: of(true), except: format!("{except},{LOOPBACK}") }
            }
        }
    }

    /// The variable that names the proxy, in the order of most clients.
    fn proxy_variable(&self, tls: bool) -> Option<&'static str> {
        let own = if tls { ["https_proxy", "HTTPS_PROXY"] } else { ["http_proxy", "HTTP_PROXY"] };
        own.into_iter().chain(["all_proxy", "ALL_PROXY"]).find(|name| self.variable(name).is_some())
    }
}
