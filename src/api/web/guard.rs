//! Whether a request may be answered at all, before any route sees it: address, origin, size, rate, token, in this
//! order. Owns what is refused and how it is told; opens to nobody by accident.

use super::super::refusal::Refusal;
use super::audit::{Audit, Event};
use super::origin::{self, Shown};
use super::rate::Rate;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use phpeek_settings::acl::{Acl, Denied};
use phpeek_settings::web::{Grant, Role};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Somebody at this address.
    Tcp(IpAddr),
    /// Somebody of this machine whom the kernel vouches for, by his user id.
    Unix(u32),
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(uid) => write!(f, "uid {uid}"),
        }
    }
}

/// What somebody may do, beside a request: nothing but what is open to all, when it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted(pub Option<Role>);

/// Beside an answer: this role was needed, and not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeedsMore(pub Role);

/// Who asks, and what he may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) peer: Peer,
    pub(super) granted: Granted,
}

/// What a server asks of those who ask it.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// One of these must be shown, when there are any; else everybody may everything.
    pub tokens: Vec<Grant>,
    /// Paths that are answered without.
    pub open: &'static [&'static str],
    /// Largest body, in bytes.
    pub max_body: usize,
    /// Whether who comes from an address that was named may use any name for us: what is shown is no secret, and
    /// nothing can be changed.
    pub any_name: bool,
}

/// What one way in asks beside that.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// Addresses that may come.
    pub(super) acl: Option<Acl>,
    /// Whether a certificate of the client was verified, or our own name is in one of ours.
    pub(super) tls: bool,
}

/// What an audit hears of a request.
struct Told<'a> {
    kind: &'static str,
    status: &'static str,
    who: Peer,
    role: Option<Role>,
    message: &'a str,
}

/// Judges requests.
pub(super) struct Guard {
    pub(super) rules: Rules,
    rate: Mutex<Rate>,
    audit: Option<Audit>,
}

impl Guard {
    pub(super) fn new(rules: Rules, audit: Option<Audit>) -> Self {
        Self { rules, rate: Mutex::new(Rate::new(Instant::now())), audit }
    }

    /// Who asks; or the answer for somebody who may not.
    pub(super) fn judge<B>(&self, way: &Way, peer: Peer, request: &Request<B>) -> Result<Who, Box<Response>> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let asked = |kind, who: Peer, message: &str| {
            let told = Told { kind, status: "denied", who, role: None, message };
            self.tell(&told, (method, uri.path()));
        };
        let mut who = peer;
        if let Peer::Tcp(address) = peer {
            if let Some(acl) = &way.acl {
                let client = address_of(acl, address, headers);
                who = Peer::Tcp(client.map_err(|(status, message)| {
                    asked("acl.deny", peer, message);
                    Box::new((status, message).into_response())
                })?);
            }
            let named = self.rules.any_name && way.acl.as_ref().is_some_and(|acl| acl.allow.is_some());
            let secret = !self.rules.tokens.is_empty() || way.tls || named;
            let shown = if secret { Shown::Secret } else { Shown::Nothing };
            origin::judge(shown, method, uri, headers).map_err(|refusal| {
                asked("origin.deny", who, &refusal.1);
                Box::new(refusal.into_response())
            })?;
        }
        self.size(headers)?;
        if let Peer::Tcp(address) = peer {
            let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
            if !rate.allows(address, Instant::now()) {
                drop(rate);
                asked("rate_limit.exceed", who, "too many requests");
                return Err(Box::new(too_many()));
            }
        }
        let granted = Granted(self.role(headers));
        if granted.0.is_none() && !self.rules.open.contains(&uri.path()) {
            asked("auth.failure", who, "no token, or a wrong one");
            return Err(Box::new(unknown()));
        }
        Ok(Who { peer: who, granted })
    }

    fn size(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let said =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if said.is_some_and(|length| length > self.rules.max_body as u64) {
            return Err(Box::new(too_large(self.rules.max_body).into_response()));
        }
        Ok(())
    }

    /// The role of the token that is shown, exactly as it is written, in a time that tells neither how much of it is right
    /// nor which it is.
    fn role(&self, headers: &HeaderMap) -> Option<Role> {
        if self.rules.tokens.is_empty() {
            return Some(Role::Admin);
        }
        let shown =
            headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))?;
        let roles = self.rules.tokens.iter().map(|grant| {
            let right: bool = shown.ct_eq(grant.token.as_bytes()).into();
            right.then_some(grant.role)
        });
        roles.max().flatten()
    }

    /// For an audit: what has come of a request that was let in, when it was to change something or went too far.
    pub(super) fn answered(&self, who: Who, (method, path): (&Method, &str), response: &Response) {
        let role = who.granted.0;
        if let Some(NeedsMore(needed)) = response.extensions().get() {
            let message = &format!("the role {} is needed", needed.as_str());
            let told = Told { kind: "auth.failure", status: "denied", who: who.peer, role, message };
            return self.tell(&told, (method, path));
        }
        if !method.is_safe() {
            let good = response.status().is_success();
            let status = if good { "success" } else { "failure" };
            let message = &format!("answered by {}", response.status().as_u16());
            let told = Told { kind: "api.request", status, who: who.peer, role, message };
            self.tell(&told, (method, path));
            // What a reload came to is told for whoever has asked for it; a save is asked for here alone.
            if path.ends_with("/config/save") {
                self.tell(&Told { kind: "config.save", ..told }, (method, path));
            }
        }
    }

    fn tell(&self, told: &Told<'_>, (method, resource): (&Method, &str)) {
        let Some(audit) = &self.audit else { return };
        let &Told { kind, status, who, role, message } = told;
        let (actor, action) = (who.to_string(), method.as_str());
        let role = role.map(Role::as_str);
        let event = Event { kind, actor: &actor, role, action, resource, status, message };
        if status == "denied" { audit.tell_calmly(&event) } else { audit.tell(&event) }
    }
}

/// The answer to a body that is too large.
fn too_large(most: usize) -> Refusal {
    Refusal(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is larger than {most} bytes (api_max_request_body)"),
    )
}

fn address_of(acl: &Acl, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, (StatusCode, &'static str)> {
    // What is no text is no address.
    let forwarded = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("?"));
    acl.judge(peer, forwarded).map_err(|denied| match denied {
        Denied::Address(_) => (StatusCode::FORBIDDEN, "Access denied\n"),
        Denied::Unreadable => (StatusCode::BAD_REQUEST, "the address of the client cannot be told\n"),
    })
}

fn too_many() -> Response {
    let message = "too many requests: 100 a second, 200 at once".to_owned();
    let mut response = Refusal(StatusCode::TOO_MANY_REQUESTS, message).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(Rate::AGAIN.as_secs()));
    response
}

fn unknown() -> Response {
    let message = "Authorization: Bearer TOKEN is needed, with a token of api_auth or api_tokens".to_owned();
    let mut response = Refusal(StatusCode::UNAUTHORIZED, message).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_settings::acl::{Network, Proxies};
    use phpeek_settings::web::Token;

    const HERE: Peer = Peer::Tcp(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn guard(token: Option<&str>) -> Guard {
        let rules = Rules {
            tokens: token.and_then(Token::new).map(admin).into_iter().collect(),
            open: &["/health"],
            max_body: 100,
            any_name: false,
        };
        Guard::new(rules, None)
    }

    fn admin(token: Token) -> Grant {
        Grant { token, role: Role::Admin }
    }

    fn status(guard: &Guard, way: &Way, peer: Peer, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        guard.judge(way, peer, &request).map_or_else(|response| response.status().as_u16(), |_| 200)
    }

    fn only(network: &str) -> Way {
        let allow = vec![Network::parse(network).expect("a network")];
        Way { acl: Some(Acl { allow: Some(allow), deny: Vec::new(), proxies: Proxies::None }), tls: false }
    }

    #[test]
    fn a_token_is_wanted_everywhere_but_where_it_is_not() {
        let (guard, way) = (guard(Some("tok-1")), Way::default());
        let with = |path, header: &str| status(&guard, &way, HERE, path, &[("authorization", header)]);
        assert_eq!(status(&guard, &way, HERE, "/x", &[]), 401);
        for (header, wanted) in [
            ("Bearer tok-1", 200),
            ("Bearer tok-2", 401),
            ("Bearer tok-1 ", 401),
            ("Bearer tok", 401),
            ("Bearer ", 401),
            ("Bearer", 401),
            ("bearer tok-1", 401),
            ("tok-1", 401),
        ] {
            // A server sees no blanks at the end of a value: they are no part of it.
            let wanted = if header.ends_with("1 ") { 401 } else { wanted };
            assert_eq!(with("/x", header), wanted, "{header}");
        }
        assert_eq!((with("/health", "x"), with("/health/", "x"), with("//health", "x")), (200, 401, 401));
        assert_eq!(status(&guard, &way, Peer::Unix(0), "/x", &[]), 401, "also on a socket");
    }

    #[test]
    fn a_token_grants_its_role_and_none_grants_nothing() {
        let mut guard = guard(None);
        let of = |guard: &Guard, headers: &HeaderMap| guard.role(headers);
        assert_eq!(of(&guard, &HeaderMap::new()), Some(Role::Admin), "nobody has said who may");
        let grants = [("r", Role::Read), ("c", Role::Control), ("a", Role::Admin), ("m", Role::Metrics)];
        guard.rules.tokens = grants
            .iter()
            .filter_map(|(token, role)| Some(Grant { token: Token::new(token)?, role: *role }))
            .collect();
        for (token, role) in grants.into_iter().map(|(t, r)| (t, Some(r))).chain([("x", None), ("", None)]) {
            let shown = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header");
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, shown)]);
            assert_eq!(of(&guard, &headers), role, "{token:?}");
        }
        assert_eq!(of(&guard, &HeaderMap::new()), None);
    }

    #[test]
    fn the_address_comes_before_the_token() {
        let guard = guard(Some("tok-1"));
        for header in [&[][..], &[("authorization", "Bearer tok-1")]] {
            assert_eq!(status(&guard, &only("10.0.0.0/8"), HERE, "/x", header), 403);
            assert_eq!(status(&guard, &only("10.0.0.0/8"), HERE, "/health", header), 403);
        }
        assert_eq!(status(&guard, &only("127.0.0.0/8"), HERE, "/health", &[]), 200);
    }

    #[test]
    fn the_rate_is_that_of_the_peer_whatever_he_says_and_holds_for_what_is_open() {
        let guard = guard(None);
        let mut way = only("0.0.0.0/0");
        if let Some(acl) = &mut way.acl {
            acl.proxies = Proxies::OnLoopback;
        }
        let all = (0..600).map(|n| {
            let claimed = format!("10.0.{}.{}", n / 200, n % 200);
            status(&guard, &way, HERE, "/health", &[("x-forwarded-for", &claimed)])
        });
        let (good, many): (Vec<u16>, Vec<u16>) = all.partition(|status| *status == 200);
        assert!(good.len() < 400 && many.iter().all(|status| *status == 429), "{}", good.len());
        assert_eq!(
            status(&guard, &Way::default(), Peer::Unix(0), "/x", &[]),
            200,
            "a socket has no such bound"
        );
    }

    #[test]
    fn a_body_that_says_that_it_is_too_large_is_not_read() {
        let (guard, way) = (guard(None), Way::default());
        assert_eq!(status(&guard, &way, HERE, "/x", &[("content-length", "100")]), 200);
        assert_eq!(status(&guard, &way, HERE, "/x", &[("content-length", "101")]), 413);
        assert_eq!(status(&guard, &way, Peer::Unix(0), "/x", &[("content-length", "101")]), 413);
    }
}
