//! How a receiver of spans is reached: endpoint, TLS, certificates. Owns the order in which they are said and what
//! contradicts what. Never turns TLS that was asked for into plain text.

use super::names::truth;
use super::tracing::{Chosen, Reader};
use super::tree::{Node, Place};
use phpeek_settings::endpoint::{Address, Endpoint, Protocol, Security};
use phpeek_settings::tls::{Alpn, ClientFiles, TlsPart, TlsSettings};
use std::path::PathBuf;

const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const ENDPOINT: [&str; 2] = [TRACES_ENDPOINT, "OTEL_EXPORTER_OTLP_ENDPOINT"];
const INSECURE: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"];
const CA: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];
const CERT: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"];
const KEY: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"];

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
        let variables: &[_] = if zipkin { &["OTEL_EXPORTER_ZIPKIN_ENDPOINT"] } else { &ENDPOINT };
        let chosen = self.pick("tracing_endpoint", variables);
        let exact = chosen.as_ref().and_then(|c| c.variable) == Some(TRACES_ENDPOINT);
        let protocol =
            if exact && protocol == Protocol::OtlpHttp { Protocol::OtlpHttpExact } else { protocol };
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
                self.error("tracing_endpoint", place, error.to_string(), "");
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
        let insecure = INSECURE.iter().find_map(|name| Some((*name, self.variable(name)?)));
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
        let certificate = CA.iter().chain(&CERT).any(|name| self.variable(name).is_some());
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
        let ca_file = self.pem(CA_FILE, of(&CA))?.map(|c| PathBuf::from(c.text));
        let certificate = self.pem(CERT_FILE, of(&CERT))?;
        let key = self.pem(KEY_FILE, of(&KEY))?;
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
}
