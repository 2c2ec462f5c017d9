//! The keys about servers that others reach: where they listen, TLS, access lists, the token. Owns what of that is
//! enough beyond loopback. Nothing falls open: what cannot be used is an error.

use super::block::Block;
use super::federate;
use super::globals::socket;
use super::keys::{ACL, GLOBAL, TLS, TOKEN};
use super::report::{Finding, Findings};
use super::tree::{Node, Place};
use phpeek_settings::acl::{Acl, Network, Proxies};
use phpeek_settings::tls::{TlsJudge, TlsPart};
use phpeek_settings::web::{
    ApiSettings, ClientCertificates, Grant, Listen, MetricsSettings, OTHER_SUITES, ResourceSettings, Role,
    SUITES, ServerTls, Token, host,
};
use std::path::PathBuf;
use std::time::Duration;

/// Largest body when nobody says it, and for 0, in bytes.
const BODY: usize = 8 << 20;

/// Nobody needs to look at what instances use more often, whatever the file says.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// Reads the keys of one server: `api_…`, `metrics_…`.
pub(crate) struct Server<'a> {
    global: &'a Node,
    block: Block<'a>,
    prefix: &'static str,
    findings: &'a mut Findings,
    judge: &'a dyn TlsJudge,
}

/// Reads `api_…`.
pub(crate) fn api(global: &Node, judge: &dyn TlsJudge, findings: &mut Findings) -> Option<ApiSettings> {
    let block = Block::new(Some(global), GLOBAL);
    let mut server = Server { global, block, prefix: "api", findings, judge };
    let tokens = server.tokens();
    let tcp = if block.truth("api_enabled")? { server.listen() } else { None };
    if let Some(listen) = tcp.as_ref().filter(|listen| listen.reaches_out()) {
        let known = !tokens.is_empty() || listen.knows_clients();
        if !known {
            let message = "the API would be open to everybody who reaches this address";
            let advice = "set api_auth to a token, or api_tokens, or let api_tls require client certificates, or leave api_host out";
            server.error("host", None, message.to_owned(), advice);
        }
    }
    let socket = socket(global, "api_socket", findings);
    let max_body = block.int("api_max_request_body").and_then(|bytes| usize::try_from(bytes).ok());
    let max_body = max_body.filter(|bytes| *bytes > 0).unwrap_or(BODY);
    let allow_exec = Block::new(Some(global), GLOBAL).truth("api_allow_exec")?;
    Some(ApiSettings { tcp, socket, tokens, max_body, allow_exec })
}

/// Reads `metrics_…`; `None` when there is no page, or it cannot be.
pub(crate) fn metrics(
    global: &Node,
    tokens: &[Grant],
    judge: &dyn TlsJudge,
    findings: &mut Findings,
) -> Option<MetricsSettings> {
    let federated = federate::federated(global, findings);
    let block = Block::new(Some(global), GLOBAL);
    if !block.truth("metrics_enabled")? {
        return None;
    }
    let mut server = Server { global, block, prefix: "metrics", findings, judge };
    let tcp = server.listen()?;
    // Who has a token for metrics alone thinks that it takes one.
    let wanted = tokens.iter().any(|grant| grant.role == Role::Metrics);
    let tokens = if wanted { tokens.to_vec() } else { Vec::new() };
    if tcp.reaches_out() && !tcp.knows_addresses() && !tcp.knows_clients() && tokens.is_empty() {
        let message = "metrics would be open to everybody who reaches this address".to_owned();
        let advice = "name who may read them in metrics_acl (enabled, with an allow_list), let metrics_tls require client \
                      certificates, set a token of the role metrics in api_tokens, or leave metrics_host out";
        server.error("host", None, message, advice);
    }
    let path = block.text("metrics_path")?;
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'));
    if !path.starts_with('/') || !plain || path == "/health" {
        let message = format!("{path:?} is no path that metrics can be at");
        server.error("path", None, message, "write one that begins with /, as /metrics; /health is taken");
    }
    Some(MetricsSettings {
        tcp,
        path,
        prefix: block.word("metrics_prefix", &MetricsSettings::PREFIXES)?,
        tokens,
        federated,
    })
}

/// Reads `resource_metrics_…`; `None` when nobody looks.
pub(crate) fn resources(global: &Node) -> Option<ResourceSettings> {
    let block = Block::new(Some(global), GLOBAL);
    let samples = block.int("resource_metrics_max_samples").and_then(|count| usize::try_from(count).ok())?;
    let interval = block.time("resource_metrics_interval")?.max(SHORTEST_INTERVAL);
    block.truth("resource_metrics_enabled")?.then_some(ResourceSettings { interval, samples })
}

impl Server<'_> {
    fn key(&self, key: &str) -> String {
        format!("{}_{key}", self.prefix)
    }

    /// An error at a key of the server, or at one of a block of it.
    fn error(&mut self, key: &str, below: Option<&str>, message: String, advice: &str) {
        let key = self.key(key);
        let written = self.global.get(&key);
        let inside = below.and_then(|below| written.and_then(|block| block.get(below)));
        let place = inside.or(written).map_or(Place::Nowhere, |node| node.place.clone());
        let path = below.map_or_else(|| format!("global.{key}"), |below| format!("global.{key}.{below}"));
        self.findings.push(Finding::error(path, place, message).advice(advice));
    }

    /// Who may what: `api_auth` may everything, the others as it is said of each.
    fn tokens(&mut self) -> Vec<Grant> {
        let written = self.block.text(&self.key("auth"));
        let auth = written.and_then(|text| {
            let token = Token::new(&text);
            if token.is_none() {
                self.error("auth", None, UNSENDABLE.to_owned(), "write one without spaces and umlauts");
            }
            token
        });
        let mut all: Vec<Grant> = auth.map(|token| Grant { token, role: Role::Admin }).into_iter().collect();
        let list = self.global.get("api_tokens").map(Node::items).unwrap_or_default();
        for (at, item) in list.iter().enumerate() {
            match grant(item, &all) {
                Ok(grant) => all.push(grant),
                Err((key, message, advice)) => {
                    let place = item.get(key).unwrap_or(item).place.clone();
                    let path = format!("global.api_tokens[{at}].{key}");
                    self.findings.push(Finding::error(path, place, message).advice(advice));
                }
            }
        }
        all
    }

    /// Where it listens; `None` when that cannot be.
    fn listen(&mut self) -> Option<Listen> {
        let written = self.block.text(&self.key("host")).unwrap_or_default();
        let port = self.block.int(&self.key("port")).and_then(|port| u16::try_from(port).ok())?;
        let address = host(&written);
        if address.is_none() {
            let message = format!("{written:?} is no address, and names are not looked up");
            self.error("host", None, message, "write an address as 127.0.0.1 or ::1");
        }
        let (tls, acl) = (self.tls(), self.acl());
        Some(Listen { at: (address?, port).into(), tls: tls?, acl })
    }

    /// `None` for what cannot be used; `Some(None)` when nothing is encrypted.
    fn tls(&mut self) -> Option<Option<ServerTls>> {
        let global = self.global;
        let block = Block::new(global.get(&self.key("tls")), TLS);
        if !block.truth("enabled")? {
            return Some(None);
        }
        let (certificate, key) = (block.text("cert_file"), block.text("key_file"));
        for (name, value) in [("cert_file", &certificate), ("key_file", &key)] {
            if value.is_none() {
                let message = format!("TLS is enabled, and {name} is missing");
                self.error("tls", Some(name), message, "name a PEM file");
            }
        }
        let clients = self.clients(&block)?;
        let least = block.text("min_version")?;
        let settings = ServerTls {
            certificate: certificate?.into(),
            key: key?.into(),
            clients,
            only_tls13: least == "TLS 1.3",
            suites: self.suites(),
            reload: if block.truth("auto_reload")? { block.time("auto_reload_interval") } else { None },
        };
        let Err(found) = self.judge.judge_server(&settings) else { return Some(Some(settings)) };
        let name = match found.part {
            TlsPart::Authorities => Some("ca_file"),
            TlsPart::Certificate => Some("cert_file"),
            TlsPart::Key => Some("key_file"),
            TlsPart::ServerName | TlsPart::Itself => None,
        };
        self.error("tls", name, found.message, "name PEM files that can be read and belong together");
        None
    }

    /// `None` for what cannot be used.
    fn clients(&mut self, block: &Block<'_>) -> Option<Option<ClientCertificates>> {
        let required = match block.text("client_auth")?.as_str() {
            "none" => return Some(None),
            "request" => false,
            _ => true,
        };
        let Some(authorities) = block.text("ca_file").map(PathBuf::from) else {
            let message = "client certificates are asked for, and nobody says whose are trusted";
            self.error("tls", Some("client_auth"), message.to_owned(), "set ca_file, or client_auth: none");
            return None;
        };
        Some(Some(ClientCertificates { authorities, required }))
    }

    /// The suites of TLS 1.2. Those that PHPeek PM takes and that are not safe are left out with a warning.
    fn suites(&mut self) -> Vec<&'static str> {
        let key = self.key("tls");
        let Some(list) = self.global.at(&[&key, "cipher_suites"]) else { return Vec::new() };
        let mut found = Vec::new();
        for item in list.items() {
            let name = item.text().unwrap_or_default();
            let path = format!("global.{key}.cipher_suites");
            let advice = format!("of TLS 1.2 there are {}", SUITES.join(", "));
            if let Some(known) = SUITES.iter().find(|known| **known == name) {
                found.push(*known);
            } else if OTHER_SUITES.contains(&name) {
                let message = match of_tls12(name) {
                    false => format!("{name} is of TLS 1.3, which needs no list"),
                    true => format!("{name} is not safe, and is left out"),
                };
                self.findings.push(Finding::warning(path, item.place.clone(), message).advice(advice));
            } else {
                let message = format!("{name:?} is no cipher suite");
                self.findings.push(Finding::error(path, item.place.clone(), message).advice(advice));
            }
        }
        let none_left = found.is_empty() && list.items().iter().any(|i| i.text().is_some_and(of_tls12));
        if none_left {
            let message = "no suite of the list is left".to_owned();
            self.error("tls", Some("cipher_suites"), message, "leave the list out: the safe ones are used");
        }
        found
    }

    fn acl(&mut self) -> Option<Acl> {
        let key = self.key("acl");
        let global = self.global;
        let written = global.get(&key);
        let block = Block::new(written, ACL);
        if !block.truth("enabled")? {
            return None;
        }
        // An entry that is no network was refused by the check of types, and nothing starts.
        let list = |name: &str| -> Vec<Network> {
            let items = written.and_then(|block| block.get(name)).map(Node::items).unwrap_or_default();
            items.iter().filter_map(Node::text).filter_map(Network::parse).collect()
        };
        let allow = (block.text("mode").as_deref() != Some("deny")).then(|| list("allow_list"));
        if allow.as_ref().is_some_and(Vec::is_empty) {
            let place = written.map_or(Place::Nowhere, |node| node.place.clone());
            let message = "allow_list is empty: nobody is let in";
            let finding = Finding::warning(format!("global.{key}.allow_list"), place, message);
            self.findings.push(finding.advice("write the addresses that may come"));
        }
        let trusted = list("trusted_proxies");
        let trusts = written.and_then(|block| block.get("trust_proxy")).is_some();
        let proxies = match (block.truth("trust_proxy")?, trusted.is_empty()) {
            (true, true) => Proxies::OnLoopback,
            (true, false) => Proxies::Listed(trusted),
            // Cbox Init 3 knows the list alone; who says that no proxy is trusted means it.
            (false, false) if !trusts => Proxies::Listed(trusted),
            (false, _) => Proxies::None,
        };
        Some(Acl { allow, deny: list("deny_list"), proxies })
    }
}

/// A token with its role; else the key that is wrong, why, and what to do.
fn grant(item: &Node, others: &[Grant]) -> Result<Grant, (&'static str, &'static str, &'static str)> {
    let block = Block::new(Some(item), TOKEN);
    let text =
        block.text("token").ok_or(("token", "a token is missing", "write one, or take the entry out"))?;
    let token = Token::new(&text).ok_or(("token", UNSENDABLE, "write one without spaces and umlauts"))?;
    if others.iter().any(|other| other.token == token) {
        let advice = "give each client a token of its own";
        return Err(("token", "this token is there twice, and cannot have two roles", advice));
    }
    let role = block.word("role", &Role::WORDS);
    let role =
        role.ok_or(("role", "nobody says what this token may", "write metrics, read, control or admin"))?;
    Ok(Grant { token, role })
}

/// What a token may not hold.
const UNSENDABLE: &str = "the token holds what no header can: only visible ASCII characters can be sent";

/// Whether a suite is one of TLS 1.2.
fn of_tls12(name: &str) -> bool {
    name.contains("_WITH_")
}
